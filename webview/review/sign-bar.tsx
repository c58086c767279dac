/** Asks in a browser, once, who says what is said here. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import styles from './sign-bar.module.css';

interface SignBarProps {
  /** Grows with every try to say something that nobody signs. */
  readonly asked: number;
  /** False where it is no name, which is shown. */
  readonly onSign: (name: string) => Promise<boolean>;
}

export function SignBar({ asked, onSign }: SignBarProps) {
  const [name, setName] = useState('');
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    if (asked > 0) field.current?.focus();
  }, [asked]);
  return (
    <form
      class={styles.bar}
      aria-label="Who judges"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() !== '') void onSign(name.trim());
      }}
    >
      <label>
        Who judges here? Name, or name &lt;e-mail&gt;
        <input
          ref={field}
          value={name}
          autocomplete="name"
          spellcheck={false}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
          onKeyDown={(event) => {
            event.stopPropagation();
            if (event.key === 'Escape') event.currentTarget.blur();
          }}
        />
      </label>
      <button type="submit">Sign</button>
    </form>
  );
}
