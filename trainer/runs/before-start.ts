/** What a run is told before it trains: that nothing can be learned as it is set, which refuses it, or less than was meant. */
import type { Dataset } from '../data/dataset.ts';
import { datasetFacts } from '../data/dataset-facts.ts';
import type { Leak } from '../data/leak.ts';
import { StudioError } from '../protocol/errors.ts';
import { type Hindrance, hindrances } from '../protocol/hindrances.ts';
import type { Method, ParameterValues } from '../protocol/parameters.ts';

/** @throws StudioError `bad-run-file` naming everything that is certain to keep a run from learning */
export function refuseCertain(found: readonly Hindrance[], place: string): void {
  const certain = found.filter(({ isCertain }) => isCertain);
  if (certain.length === 0) return;
  throw new StudioError('bad-run-file', `${certain.map(({ message }) => message).join('; ')}.`, {
    place,
    remedy: certain.map(({ remedy }) => remedy).join(' '),
  });
}

/** A run's files as they were opened. */
export interface OpenedFiles {
  readonly dataset: Dataset;
  /** Those that are trained on. */
  readonly rows: readonly number[];
  /** What the questions that it is evaluated on share with them; null without any. Read through once. */
  leak(signal: AbortSignal): Promise<Leak | null>;
}

/**
 * Judges a run that is about to train. Its files are read through only where it begins, not where it goes on.
 * @returns what a person may mean, and whether its files were read for that
 * @throws StudioError `bad-run-file`; the signal's reason
 */
export async function judgeBeforeStart(
  run: {
    readonly method: Method;
    readonly parameters: ParameterValues;
    readonly step: number;
    readonly runFile: string;
  },
  { dataset, rows, leak }: OpenedFiles,
  signal: AbortSignal,
): Promise<{ found: Hindrance[]; ofFiles: boolean }> {
  const begins = run.step === 0;
  const facts = begins ? { ...(await datasetFacts(dataset, rows, signal)), evaluation: await leak(signal) } : null;
  const found = hindrances(run.method, run.parameters, facts);
  refuseCertain(found, run.runFile);
  return { found, ofFiles: begins };
}
