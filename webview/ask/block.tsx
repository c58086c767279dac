/** A part of what can be changed, with the settings' bar where it is. */
import type { ComponentChildren } from 'preact';
import styles from './block.module.css';

export function Block({
  title,
  changed,
  meta,
  tools,
  children,
}: {
  title: string;
  changed: boolean;
  meta?: ComponentChildren;
  tools?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <section class={styles.block} aria-label={title} data-changed={changed}>
      <div class={styles.head}>
        <h2 class={changed ? styles.changed : undefined}>{title}</h2>
        {meta && <span class="cut">{meta}</span>}
        {tools && <span class={styles.tools}>{tools}</span>}
      </div>
      {children}
    </section>
  );
}
