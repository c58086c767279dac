/** The lines that name what stands under them: of a pane, of a section in a pane, of a part of a document. */
import type { ComponentChildren } from 'preact';
import styles from './heads.module.css';

interface PaneHeadProps {
  readonly title: string;
  readonly meta: ComponentChildren;
  /** At the right end. */
  readonly tools?: ComponentChildren;
}

export function PaneHead({ title, meta, tools }: PaneHeadProps) {
  return (
    <div class={styles.paneHead}>
      <h2 class={styles.title}>{title}</h2>
      <span class={`${styles.meta} cut`}>{meta}</span>
      {tools && <div class={styles.tools}>{tools}</div>}
    </div>
  );
}

export function Section({
  title,
  meta,
  tools,
  id,
}: {
  title: string;
  meta?: ComponentChildren;
  tools?: ComponentChildren;
  id?: string;
}) {
  return (
    <div class={styles.section} id={id}>
      <h2 class={styles.title}>{title}</h2>
      {meta && <span class="cut">{meta}</span>}
      {tools && <span class={styles.tools}>{tools}</span>}
    </div>
  );
}

/** As `Section`, in line with text; what comes after the title is the children's to place. */
export function Bar({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class={styles.bar}>
      <h2 class={styles.title}>{title}</h2>
      {children}
    </div>
  );
}
