/** A text of the row in a text area that is as high as it. What is typed becomes an edit when typing rests, and when it is left. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { useStore } from '../ui/store.ts';
import type { DatasetModel } from './dataset-model.ts';
import styles from './field-editor.module.css';
import { keepUndo } from './own-undo.ts';

export function FieldEditor({ model, label }: { model: DatasetModel; label: string }) {
  const draft = useStore(model.state, (state) => state.editing?.draft ?? '');
  const area = useRef<HTMLTextAreaElement>(null);
  // At once: a key that follows is typed here.
  useLayoutEffect(() => area.current?.focus(), []);
  useLayoutEffect(() => {
    const { current } = area;
    if (!current) return;
    current.style.height = 'auto';
    current.style.height = `${current.scrollHeight + 2}px`;
  }, [draft]);
  return (
    <div class={styles.editor}>
      <textarea
        ref={area}
        aria-label={label}
        value={draft}
        spellcheck={false}
        onInput={({ currentTarget }) => model.type(currentTarget.value)}
        onBlur={() => model.commit()}
        onKeyDown={(event) => {
          const { key } = event;
          const withControl = (event.ctrlKey || event.metaKey) && !event.altKey;
          if (keepUndo(event)) return;
          if (withControl && key.toLowerCase() === 's' && !event.shiftKey) model.commit(true);
          else if (key === 'Escape' || key === 'F2' || (withControl && key === 'Enter')) model.leave();
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
      <p class="dim">
        <kbd>Esc</kbd> leaves the text and keeps what you typed; <kbd>Ctrl+Z</kbd> then takes it back.
      </p>
    </div>
  );
}
