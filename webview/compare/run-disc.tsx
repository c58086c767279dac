/** Tells two runs apart: a filled disc for the first, an open one for the second. */
import styles from './run-disc.module.css';

export type SideName = 'first' | 'second';

export function RunDisc({ side }: { side: SideName }) {
  return (
    <svg class={styles.disc} viewBox="0 0 10 10" role="img" aria-label={side === 'first' ? 'first' : 'second'}>
      <circle class={side === 'first' ? styles.filled : styles.open} cx="5" cy="5" r="3.8" />
    </svg>
  );
}

interface DumbbellProps {
  readonly first: number;
  readonly second: number;
  /** Ends of the scale. */
  readonly low: number;
  readonly high: number;
  readonly label: string;
}

const width = 62;
const inset = 5;

/** Both values on one scale. */
export function Dumbbell({ first, second, low, high, label }: DumbbellProps) {
  const x = (value: number) => inset + ((value - low) / (high - low || 1)) * (width - 2 * inset);
  return (
    <svg class={styles.dumbbell} width={width} height="14" role="img" aria-label={label}>
      <title>{label}</title>
      <line class={styles.track} x1="0" x2={width} y1="7" y2="7" />
      <line class={styles.bar} x1={x(first)} x2={x(second)} y1="7" y2="7" />
      <circle class={styles.open} cx={x(second)} cy="7" r="3.4" />
      <circle class={styles.filled} cx={x(first)} cy="7" r={first === second ? 2 : 3.6} />
    </svg>
  );
}
