/** Buttons of which one is pressed, joined to one control. */
import type { ComponentChildren } from 'preact';
import styles from './segments.module.css';

/** The children are buttons with `aria-pressed`. */
export function Segments({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <fieldset class={styles.segments} aria-label={label}>
      {children}
    </fieldset>
  );
}
