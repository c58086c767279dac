/** The parts of a reward as tiny bars in fixed places, so that a gap says which part is missing. */

import type { RewardPart } from '../../trainer/protocol/records.ts';
import { fixed } from '../ui/numbers.ts';
import styles from './reward-parts.module.css';

export type RowPart = Pick<RewardPart, 'name' | 'value' | 'possible'>;

export const partFill: Readonly<Record<RowPart['name'], string | undefined>> = {
  accuracy: styles.accuracy,
  format: styles.format,
  temporal: styles.temporal,
  credit: styles.credit,
  length: styles.length,
  overlong: styles.overlong,
  flagged: styles.flagged,
};

const gap = 0.8;
const barHeight = 8;

export function RewardParts({ parts, width }: { parts: readonly RowPart[]; width: number }) {
  const possible = parts.map((part) => Math.max(part.possible, part.value, 0));
  const whole = possible.reduce((sum, value) => sum + value, 0) || 1;
  const drawn = width - gap * Math.max(0, parts.length - 1);
  let at = 0;
  return (
    <svg
      width={width}
      height={barHeight}
      role="img"
      aria-label={parts.map(({ name, value }) => `${name} ${fixed(value, 2)}`).join(', ')}
    >
      {parts.map((part, index) => {
        const slot = ((possible[index] ?? 0) / whole) * drawn;
        const x = at;
        at += slot + gap;
        const paid =
          part.possible > 0 ? Math.max(0, Math.min(1, part.value / part.possible)) * slot : part.value > 0 ? slot : 0;
        return (
          <g key={part.name}>
            <rect class={styles.track} x={x} width={slot} height={barHeight} />
            {paid > 0 && <rect class={partFill[part.name]} x={x} width={Math.max(paid, 1)} height={barHeight} />}
          </g>
        );
      })}
    </svg>
  );
}
