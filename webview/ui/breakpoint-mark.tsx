/** What stands for a breakpoint: a disc where it pauses the run, a diamond where it is log only, a ring where it is off. */
import styles from './breakpoint-mark.module.css';

const shapes = {
  pause: <circle cx="4.5" cy="4.5" r="4" />,
  log: <path d="M4.5 0L9 4.5 4.5 9 0 4.500z" />,
  off: <circle cx="4.5" cy="4.5" r="3.3" fill="none" stroke-width="1.4" />,
} as const;

export function BreakpointMark({ kind }: { kind: keyof typeof shapes }) {
  return (
    <svg class={`${styles.mark} ${kind === 'off' ? styles.off : ''}`} viewBox="0 0 9 9" aria-hidden="true">
      {shapes[kind]}
    </svg>
  );
}
