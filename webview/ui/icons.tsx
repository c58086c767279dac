/** Icons of one stroke in a 16 by 16 field, and the small marks that stand for ordered and shuffled. */
import type { JSX } from 'preact';
import styles from './icons.module.css';

const paths = {
  check: <path d="M3 8.5l3.2 3.2L13 4.8" stroke-width="1.6" />,
  cross: <path d="M4 4l8 8M12 4l-8 8" stroke-width="1.6" />,
  search: <path d="M10 10l4 4M11 7a4 4 0 1 1-8 0 4 4 0 0 1 8 0z" />,
  flag: <path d="M4 14V2.5h8l-2 3 2 3H4" />,
  chevron: <path d="M6 3.5L10.5 8 6 12.5" />,
  down: <path d="M3.5 6L8 10.5 12.5 6" />,
  up: <path d="M3.5 10L8 5.5l4.5 4.5" />,
  play: <path d="M5 3v10l8-5z" />,
  pause: <path d="M5.5 3v10M10.5 3v10" stroke-width="1.8" />,
  step: <path d="M2.5 7A5.5 5.5 0 0 1 13 6.2M13.3 2.8v3.6H9.8M9.4 12.5a1.4 1.4 0 1 1-2.8 0 1.4 1.4 0 0 1 2.8 0z" />,
  stop: <path d="M3.5 3.5h9v9h-9z" />,
  save: <path d="M3 3h8l2 2v8H3zM5.5 3v3.5h4V3M5.5 13V9.5h5V13" />,
  evaluate: <path d="M6 2.5h4M6.8 2.5v4L3 13.5h10L9.2 6.5v-4M5 10h6" />,
  choice: (
    <path d="M5.6 4.5a1.6 1.6 0 1 1-3.2 0 1.6 1.6 0 0 1 3.2 0zM5.6 11.5a1.6 1.6 0 1 1-3.2 0 1.6 1.6 0 0 1 3.2 0zM8 4.5h6M8 11.5h6" />
  ),
  number: <path d="M6 2.5l-1 11M11 2.5l-1 11M3 6h10.500M2.500 10H13" />,
  ocr: <path d="M2.500 5V2.500H5M11 2.500h2.500V5M13.500 11v2.500H11M5 13.500H2.500V11M5.500 6h5M8 6v5" />,
  text: <path d="M2.500 4h11M2.500 8h11M2.500 12h6" />,
  regression: <path d="M2.500 2.500v11h11M5 11l8-7" />,
  link: (
    <path d="M6.500 9.500l3-3M7 4.500l1.500-1.500a3 3 0 0 1 4.500 4.500L11.500 9M9 11.500L7.500 13A3 3 0 0 1 3 8.500L4.500 7" />
  ),
  export: <path d="M8 10V2.500M5 5l3-3 3 3M3 9.500v4h10v-4" />,
  info: <path d="M13.500 8a5.500 5.500 0 1 1-11 0 5.500 5.500 0 0 1 11 0zM8 7.500v3.500M8 5.200v.01" />,
  warning: <path d="M8 2.500l6 11H2zM8 6.500v3.500M8 11.800v.01" />,
  plug: <path d="M5.500 2v4M10.500 2v4M3.500 6h9v2a4.500 4.500 0 0 1-9 0zM8 12.500V15" />,
  pin: <path d="M5.500 2.500h5M6.500 2.500v4.500L4.500 9.500h7L9.500 7V2.500M8 9.500v4.500" />,
  circle: <path d="M12.500 8a4.500 4.500 0 1 1-9 0 4.500 4.500 0 0 1 9 0z" />,
  clock: <path d="M13.500 8a5.500 5.500 0 1 1-11 0 5.500 5.500 0 0 1 11 0zM8 5v3.200l2.300 1.300" />,
  rollouts: <path d="M2.500 3.500h11v9h-11zM6 3.500v9M6 8h7.500" />,
  dashboard: <path d="M2.500 13.500v-11M2.500 13.500h11M4.500 10.500l3-3.500 2.500 2 3.500-5" />,
  sun: (
    <path d="M10.500 8a2.500 2.500 0 1 1-5 0 2.500 2.500 0 0 1 5 0zM8 1.500v2M8 12.500v2M1.500 8h2M12.500 8h2M3.400 3.400l1.400 1.400M11.200 11.200l1.400 1.400M12.600 3.400l-1.400 1.400M4.800 11.200l-1.400 1.400" />
  ),
  star: <path d="M8 2l1.8 3.900 4.200.500-3.100 2.900.800 4.200L8 11.400l-3.700 2.100.800-4.200L2 6.400l4.200-.500z" />,
  columns: <path d="M2.500 3h11v10h-11zM6.200 3v10M9.900 3v10" />,
  keyboard: <path d="M1.500 4.500h13v7h-13zM4 7h.01M6.700 7h.01M9.300 7h.01M12 7h.01M5 9.500h6" />,
  swap: <path d="M2.500 5.500h11M10.500 2.500l3 3-3 3M13.500 10.500h-11M5.500 7.500l-3 3 3 3" />,
  plus: <path d="M8 3v10M3 8h10" />,
  undo: <path d="M6 3L3 6l3 3M3 6h6.500a3.500 3.500 0 0 1 0 7H7" />,
  flip: <path d="M5 13V3M2.500 5.500L5 3l2.500 2.500M11 3v10M8.500 10.500L11 13l2.500-2.500" />,
  document: <path d="M9 2.500H4v11h8V5.500zM9 2.500v3h3M6 8.500h4M6 11h4" />,
  more: <path d="M3.500 8h.01M8 8h.01M12.500 8h.01" stroke-width="2" />,
  sidebar: <path d="M2.500 3h11v10h-11zM6.500 3v10" />,
  steps: <path d="M2.500 12.500l3.500-3 3 1.500 4.500-6.500M2.500 4h3M7 4h2M2.500 6.500h2" />,
  people: (
    <path d="M8 5.500a2 2 0 1 1-4 0 2 2 0 0 1 4 0zM2.500 13c0-2 1.500-3.500 3.500-3.500S9.500 11 9.500 13M10.200 3.600a2 2 0 0 1 0 3.800M11 9.700c1.600.3 2.500 1.600 2.500 3.300" />
  ),
  scale: <path d="M8 2.500v11M5 13.500h6M2.500 4.500h11M4 4.500l-2 5h4zM12 4.500l-2 5h4z" />,
  changed: <path d="M3 13l.7-3L11 2.700 13.300 5 6 12.300z" />,
} as const satisfies Record<string, JSX.Element>;

export type IconName = keyof typeof paths;

/** Hidden from screen readers unless it has a label of its own. */
export function Icon({
  name,
  label,
  class: className = '',
}: {
  name: IconName;
  label?: string;
  class?: string | undefined;
}) {
  return (
    // biome-ignore lint/a11y/noSvgWithoutTitle: named by its label, or hidden
    <svg
      class={`${styles.icon} ${className}`}
      viewBox="0 0 16 16"
      {...(label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': 'true' })}
    >
      {paths[name]}
    </svg>
  );
}

/** Blue and solid for ordered, orange and hatched for shuffled. */
export function OrderMark({ order }: { order: 'ordered' | 'shuffled' }) {
  return (
    <svg
      class={`${styles.mark} ${order === 'ordered' ? styles.ordered : styles.shuffled}`}
      viewBox="0 0 10 10"
      role="img"
      aria-label={order}
    >
      {order === 'ordered' ? (
        <rect x="0.5" y="0.5" width="9" height="9" fill="currentColor" />
      ) : (
        <>
          <rect x="0.6" y="0.6" width="8.8" height="8.8" fill="none" stroke="currentColor" stroke-width="1.2" />
          <path d="M1 5L5 1M1 9L9 1M5 9L9 5" stroke="currentColor" stroke-width="1.2" />
        </>
      )}
    </svg>
  );
}

export function TickOrCross({ tick, label }: { tick: boolean; label: string }) {
  return <Icon name={tick ? 'check' : 'cross'} label={label} class={tick ? styles.right : styles.wrong} />;
}

const typeIcons: Readonly<Record<string, IconName>> = {
  'multiple choice': 'choice',
  numerical: 'number',
  OCR: 'ocr',
  'free-form': 'text',
  regression: 'regression',
};

export function TypeIcon({ type }: { type: string }) {
  return <Icon name={typeIcons[type] ?? 'text'} label={type} />;
}
