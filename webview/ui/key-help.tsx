/** The keys of a page. It takes the focus, and gives it back. */
import { useEffect, useRef } from 'preact/hooks';
import styles from './key-help.module.css';

interface KeyHelpProps {
  /** Keys with a space between them, and what they do. */
  readonly rows: readonly (readonly [string, string])[];
  readonly onClose: () => void;
}

export function KeyHelp({ rows, onClose }: KeyHelpProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    box.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <div
      ref={box}
      class={styles.help}
      role="dialog"
      aria-label="Keys"
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        /* What lies under it is left by the next. */
        event.stopPropagation();
        event.preventDefault();
        onClose();
      }}
    >
      <dl>
        {rows.map(([keys, meaning]) => (
          <div key={keys} class={styles.row}>
            <dt>
              {keys.split(' ').map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <p class="dim">
        How a number comes about: rest the pointer on it or on its label, tap the label, or go to it with <kbd>Tab</kbd>
        .
      </p>
      <button type="button" class="link" onClick={onClose}>
        Close <kbd>Esc</kbd>
      </button>
    </div>
  );
}
