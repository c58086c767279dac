/** What the heading of the charts says. */
import { grouped } from '../ui/numbers.ts';
import type { Zoom } from './chart-group.ts';
import type { Drawn } from './drawn-runs.ts';

/**
 * Which steps are drawn, of how many, how many a point stands for, and how they are smoothed.
 * @param superseded where the curves are shown as before a going back: its number, of how many
 */
export function drawnWords(
  { total, size, extent }: Pick<Drawn, 'total' | 'size' | 'extent'>,
  zoom: Zoom,
  smoothing: number,
  superseded: { readonly before: number; readonly of: number } | null,
): string {
  const steps = total === 1 ? 'one step' : `${grouped(total)} steps`;
  const from = Math.max(extent?.[0] ?? 0, Math.ceil(zoom?.[0] ?? 0));
  const to = Math.min(extent?.[1] ?? 0, Math.floor(zoom?.[1] ?? 0));
  return [
    zoom === null
      ? total === 1
        ? steps
        : `all ${steps}`
      : `steps ${grouped(from)} to ${grouped(Math.max(from, to))} of ${grouped(total)}`,
    ...(superseded === null ? [] : [`as before going back (${superseded.before} of ${superseded.of})`]),
    ...(size > 1 ? [`${grouped(size)} steps a point`] : []),
    smoothing <= size ? (size > 1 ? 'their mean' : 'not smoothed') : `smoothed over ${smoothing}`,
  ].join(', ');
}
