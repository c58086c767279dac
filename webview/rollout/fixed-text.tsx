/** The text that is to stand in place of the one that is judged, which goes with the verdict `fix`. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import styles from './fixed-text.module.css';

interface FixedTextProps {
  readonly value: string;
  /** What becomes of it, in words. */
  readonly use: string;
  /** Keys go here. */
  readonly isEntered: boolean;
  readonly onEnter: (isEntered: boolean) => void;
  readonly onType: (text: string) => void;
  readonly onSave: () => void;
  /** What was typed stays. */
  readonly onLeave: () => void;
}

export function FixedText({ value, use, isEntered, onEnter, onType, onSave, onLeave }: FixedTextProps) {
  const part = useRef<HTMLDivElement>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    const { current } = area;
    if (!current) return;
    current.style.height = 'auto';
    current.style.height = `${current.scrollHeight + 2}px`;
  }, [value]);
  // At once: a key that follows is typed here.
  useLayoutEffect(() => {
    if (!isEntered) return;
    area.current?.focus({ preventScroll: true });
    part.current?.scrollIntoView({ block: 'nearest' });
  }, [isEntered]);
  return (
    <div ref={part} class={styles.fixed}>
      <textarea
        ref={area}
        class="model-text"
        aria-label="Fixed text"
        value={value}
        spellcheck={false}
        onFocus={() => onEnter(true)}
        onBlur={() => onEnter(false)}
        onInput={({ currentTarget }) => onType(currentTarget.value)}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) onSave();
          else if (event.key === 'Escape' || event.key === 'F2') {
            event.currentTarget.blur();
            onLeave();
          } else return;
          event.preventDefault();
        }}
      />
      <p class="dim">
        <kbd>F2</kbd> how it should be: {use}. <kbd>Ctrl+Enter</kbd> saves, <kbd>Esc</kbd> leaves the text. Left as it
        is, or empty, it only asks for a fix.
      </p>
    </div>
  );
}
