/** What a part of the bench is asked for, and what it gives. */
import type { TfjsSettings } from '../../trainer/protocol/runfile.ts';

export interface BenchOptions {
  /** Null where none was named: each part takes what fits it. */
  readonly backend: TfjsSettings['backend'] | null;
  readonly threads: number;
  /** How long the inspector's page is used between two looks at its memory. */
  readonly minutes: number;
  /** Installs what a part is compared with, where that is missing. */
  readonly setup: boolean;
}

export interface BenchFigure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly note: string;
}

/** Parts that take long give their figures as they come. */
export type BenchPart = (options: BenchOptions) => Promise<readonly BenchFigure[]> | AsyncIterable<BenchFigure>;

/** The value below which `share` of the values lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Milliseconds that the work took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
