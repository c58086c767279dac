/** The one notice of a page: what happened, where, and what to do. */
import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icons.tsx';
import styles from './notice.module.css';

export interface NoticeProps {
  readonly kind: 'info' | 'warning' | 'error';
  readonly icon?: IconName;
  /** In place of the icon. */
  readonly mark?: ComponentChildren;
  readonly title: string;
  /** What it says changes all the time: the title alone is read out, when it changes. */
  readonly lively?: boolean;
  readonly children?: ComponentChildren;
  readonly actions?: ComponentChildren;
}

export function Notice({ kind, icon, mark, title, lively, children, actions }: NoticeProps) {
  const named = lively
    ? ({ role: 'region', 'aria-label': 'Notice' } as const)
    : ({ role: kind === 'error' ? 'alert' : 'status' } as const);
  return (
    <div
      class={`${styles.notice} ${kind === 'info' ? '' : kind === 'warning' ? styles.warning : styles.error}`}
      {...named}
    >
      {mark ?? <Icon name={icon ?? (kind === 'info' ? 'info' : 'warning')} />}
      <span class={styles.words}>
        <b role={lively ? 'status' : undefined}>{title}</b> {children}
      </span>
      {actions}
    </div>
  );
}
