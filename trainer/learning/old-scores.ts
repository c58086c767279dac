/**
 * What the trainer's weights make of a step's ordered answers before its update: the old log-probabilities of the policy loss. Where
 * sampler and trainer are one program the sampler has told them, and nothing is scored.
 */
import type { Engine, ModelHandle, Scored, Sequence } from '../engines/engine.ts';
import type { DrawnGroup, OldScores } from './sampling.ts';
import { Interrupted } from './training.ts';

/**
 * Scores the answers in one call of the engine, with their entropy where its sampler tells none.
 * @throws Interrupted when the signal ended it; StudioError as `forward` does
 */
export async function oldScores(
  groups: readonly DrawnGroup[],
  { engine, model, signal }: { readonly engine: Engine; readonly model: ModelHandle; readonly signal: AbortSignal },
): Promise<OldScores> {
  const { samplerIsTrainer, sampledEntropy, entropy } = engine.capabilities;
  if (samplerIsTrainer || groups.length === 0) return new Map();
  const sequences = groups.flatMap(({ prompt, completions }) =>
    completions.ordered.map(({ tokens }): Sequence => ({ prompt, answer: { tokens } })),
  );
  const scored = await engine.forward(model, sequences, { entropy: entropy && !sampledEntropy });
  if (signal.aborted) throw new Interrupted();
  let next = 0;
  return new Map(groups.map((group) => [group, group.completions.ordered.map(() => scored[next++] as Scored)]));
}
