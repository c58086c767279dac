/** What a place says while there is nothing to show in it. */
import type { ComponentChildren } from 'preact';
import styles from './blank.module.css';

/** `status` announces what it says. */
export function Blank({ status, children }: { status?: boolean; children: ComponentChildren }) {
  return (
    <div class={styles.blank} role={status ? 'status' : undefined}>
      {children}
    </div>
  );
}
