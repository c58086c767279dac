/** What the charts of a page share: the step under the pointer, the steps that are drawn, and how the strong lines are smoothed. */
import { Store } from '../ui/store.ts';
import type { Smoothing } from './smoothing.ts';

/** First and last step that are drawn; null draws all. */
export type Zoom = readonly [number, number] | null;

export class ChartGroup {
  /** Index among the steps that are drawn. */
  readonly hover = new Store<number | null>(null);
  readonly zoom = new Store<Zoom>(null);
  readonly smoothing: Store<Smoothing>;
  /** Number of the going back before which the curves are shown; null shows them as they stand. */
  readonly before = new Store<number | null>(null);
  private static made = 0;
  readonly syncKey: string;

  constructor(smoothing: Store<Smoothing> = new Store<Smoothing>(10)) {
    ChartGroup.made += 1;
    this.syncKey = `charts-${ChartGroup.made}`;
    this.smoothing = smoothing;
  }

  /** Makes the range `factor` times as long around its middle, inside what there is. */
  scaleBy(factor: number, first: number, last: number): void {
    const [from, to] = this.zoom.get() ?? [first, last];
    const middle = (from + to) / 2;
    const half = Math.max(1, ((to - from) / 2) * factor);
    const next: [number, number] = [Math.max(first, middle - half), Math.min(last, middle + half)];
    this.zoom.set(next[0] <= first && next[1] >= last ? null : next);
  }

  /** Moves the range, as long as it is and inside what there is, so that a step is in its middle; where it is drawn nothing moves. */
  show(step: number, first: number, last: number): void {
    const zoom = this.zoom.get();
    if (zoom === null || (step >= zoom[0] && step <= zoom[1])) return;
    const long = zoom[1] - zoom[0];
    const from = Math.max(first, Math.min(last - long, step - long / 2));
    this.zoom.set([from, from + long]);
  }
}

/** First and last step that a chart draws. */
export function shownSteps(steps: readonly number[], zoom: Zoom): readonly [number, number] {
  const [from, to] = zoom ?? [steps[0] ?? 0, steps.at(-1) ?? 1];
  return to > from ? [from, to] : [from - 0.5, from + 0.5];
}

/** Index of the last point that is drawn; -1 for none. */
export function lastShown(steps: readonly number[], zoom: Zoom): number {
  return zoom === null ? steps.length - 1 : steps.findLastIndex((step) => step <= zoom[1]);
}
