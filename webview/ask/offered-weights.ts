/** Weights that an ask can be put to, each once: a run's start is the checkpoint of another run where it was made from one. Computes only. */
import type { WeightsNamed } from '../../trainer/protocol/ask.ts';
import { weightsWords } from '../../trainer/protocol/ask-words.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';

type StartedRun = Pick<RunSummary, 'id' | 'from' | 'parent'>;

export const keyOf = ({ run, step }: WeightsNamed): string => `${step} ${run}`;

/** The name under which weights are offered: those that the run began with by the run itself. */
export function ownName(weights: WeightsNamed, { id, from, parent }: StartedRun): WeightsNamed {
  const isStart = weights.run !== id && weightsWords(weights, id) === from;
  return isStart ? { run: id, step: parent?.step ?? 0 } : weights;
}

/** @param own @param others what can be had of the run itself and of others, in their order */
export function eachOnce(
  own: readonly WeightsNamed[],
  others: readonly WeightsNamed[],
  run: StartedRun,
): readonly WeightsNamed[] {
  const known = new Set(own.map(keyOf));
  return [...own, ...others.filter((one) => !known.has(keyOf(ownName(one, run))))];
}

/** As they are called beside the run; of its start with what that is called where it was made. */
export function offeredWords(weights: WeightsNamed, run: StartedRun): string {
  const words = weightsWords(weights, run.id);
  const isStart = weights.run === run.id && weights.step === (run.parent?.step ?? 0);
  /* `from` says the size of a model that was made from nothing, or a folder's name. */
  return isStart && run.from !== '' ? `${words} (${run.from})` : words;
}
