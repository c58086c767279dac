/**
 * What tells overlaid runs apart, beside colour: each has a mark of its own, which its lines carry too, and lines with as many
 * dots in their dashes as its place among the runs.
 */
import styles from './run-marks.module.css';

/** By place among the runs; the page's own has the first. */
export const runMarks = ['filled disc', 'open disc', 'filled square', 'open square'] as const;
const radius = 4;

/** A mark around a point, as the path of an SVG. */
export function markPath(place: number, x = 0, y = 0, size = radius): string {
  const [left, right, top, bottom] = [x - size, x + size, y - size, y + size].map((value) => Number(value.toFixed(2)));
  if (place >= 2) return `M${left} ${top}H${right}V${bottom}H${left}Z`;
  return `M${left} ${y}A${size} ${size} 0 1 1 ${right} ${y}A${size} ${size} 0 1 1 ${left} ${y}Z`;
}

export const isFilled = (place: number) => place % 2 === 0;

/** Lengths of dash and gap of a line, in CSS pixels: those of its own, with a dot for each run before this one. */
export function runDash(own: readonly number[] | undefined, place: number): readonly number[] | undefined {
  if (place === 0) return own;
  return [...(own ?? [14, 3]), ...Array.from({ length: place }, () => [1.5, 3]).flat()];
}

export function RunMark({ place }: { place: number }) {
  return (
    <svg class={styles.mark} viewBox="0 0 10 10" role="img" aria-label={runMarks[place] ?? ''}>
      <path d={markPath(place, 5, 5, 3.6)} class={isFilled(place) ? styles.filled : styles.open} />
    </svg>
  );
}
