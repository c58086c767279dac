/** The update of T-GRPO (Video-R1 eq. 4) from the sequences that it is made of; it leaves questions, rewards and record to others. */
import type { LossReport, LossScored, PolicySequence } from '../engines/engine.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import type { OpenSequence } from './open-groups.ts';
import { optimStepAt } from './optim-step.ts';
import type { Models } from './training.ts';

export type UpdateParameters = LossParameters &
  Pick<
    ParameterValues,
    'beta' | 'klEstimator' | 'updatesPerSampling' | 'beta1' | 'beta2' | 'weightDecay' | 'gradClipNorm'
  >;

/** What the loss is made with, whatever it is made of. */
export type LossParameters = Pick<ParameterValues, 'clipLow' | 'clipHigh' | 'ratio' | 'lossMean' | 'maxNewTokens'>;

export const lossOf = (p: LossParameters) => ({
  clip: { low: p.clipLow, high: p.clipHigh },
  ratio: p.ratio,
  mean: p.lossMean === 'constant' ? { constant: p.maxNewTokens } : p.lossMean,
});

export interface PolicyUpdate {
  /** Of the last of its optimizer steps. */
  readonly report: LossReport;
  readonly gradNorm: number;
  /** By rollout id, by the weights before the first optimizer step. */
  readonly scored: ReadonlyMap<string, LossScored>;
}

/**
 * Changes the policy by `updatesPerSampling` optimizer steps on the same sequences.
 * @param learningRate of these steps, as the schedule has it
 * @returns null without sequences: nothing is changed then
 * @throws StudioError as the engine does; what was done before stays done
 */
export async function updatePolicy(
  { engine, policy, reference }: Models,
  sequences: readonly OpenSequence[],
  p: UpdateParameters,
  learningRate: number,
): Promise<PolicyUpdate | null> {
  if (sequences.length === 0) return null;
  const withKl = p.beta > 0 ? reference : null;
  const exactKl = p.klEstimator === 'exact' ? withKl : null;
  const references = withKl !== null && exactKl === null ? await engine.forward(withKl, sequences) : null;
  const withReference: PolicySequence[] = sequences.map(({ rolloutId: _, ...sequence }, i) => ({
    ...sequence,
    refLogprobs: references?.[i]?.logprobs ?? null,
  }));
  const scored = new Map<string, LossScored>();
  let made: PolicyUpdate | null = null;
  for (let update = 0; update < p.updatesPerSampling; update++) {
    const report = await engine.forwardBackward(policy, {
      kind: 'policy',
      sequences: withReference,
      ...lossOf(p),
      beta: p.beta,
      ...(exactKl === null ? {} : { exactKl }),
    });
    if (update === 0)
      sequences.forEach(({ rolloutId }, i) => {
        scored.set(rolloutId, report.scored?.[i] as LossScored);
      });
    const { gradNorm } = await engine.optimStep(policy, optimStepAt(learningRate, p));
    made = { report, gradNorm, scored };
  }
  return made;
}
