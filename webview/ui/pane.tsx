/** A part of a page that scrolls by itself. How wide it is, and where it stands, is up to the page. */
import type { ComponentChildren } from 'preact';
import styles from './pane.module.css';

interface PaneProps {
  readonly label: string;
  /** What the page's layout knows it by, as `data-pane`. */
  readonly name: string;
  /** On the ground of a side bar. */
  readonly side?: boolean;
  readonly children?: ComponentChildren;
}

export function Pane({ label, name, side, children }: PaneProps) {
  return (
    <section class={`${styles.pane} ${side ? styles.side : ''}`} aria-label={label} data-pane={name}>
      {children}
    </section>
  );
}

export function PaneBody({ id, children }: { id?: string; children: ComponentChildren }) {
  return (
    <div class={styles.body} id={id}>
      {children}
    </div>
  );
}
