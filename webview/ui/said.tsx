/** What just happened, in words: shown for a while at the foot of the page and read out quietly, such as that something was copied. */
import { useEffect, useState } from 'preact/hooks';
import styles from './said.module.css';
import { Store, useStore } from './store.ts';

export interface SaidAction {
  readonly label: string;
  act(): void;
}

interface Words {
  readonly text: string;
  readonly action: SaidAction | null;
}

const words = new Store<Words | null>(null);
const shownMs = 8000;

export function say(text: string, action: SaidAction | null = null): void {
  words.set({ text, action });
}

/** The region is always there, so that readers hear what is put into it. It stays while the pointer or the focus is on it. */
export function Said() {
  const said = useStore(words, (held) => held);
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (said === null || held) return;
    const timer = setTimeout(() => words.set(null), shownMs);
    return () => clearTimeout(timer);
  }, [said, held]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the pointer that rests on it keeps it; nothing is done by it
    <div
      class={styles.said}
      data-empty={said === null ? '' : undefined}
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocusCapture={() => setHeld(true)}
      onBlurCapture={() => setHeld(false)}
    >
      <span role="status" aria-live="polite">
        {said?.text}
      </span>
      {said?.action && (
        <button type="button" class="link" onClick={() => said.action?.act()}>
          {said.action.label}
        </button>
      )}
    </div>
  );
}
