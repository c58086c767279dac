/**
 * One step of T-GRPO (Video-R1 eq. 1 to 5), and of GRPO, which draws no shuffled answers:
 * questions -> answers on ordered and shuffled frames -> rewards -> advantages -> update. Advantages are made after
 * `before-update`, of the groups as they are then.
 */
import type { LossScored, PolicySequence } from '../engines/engine.ts';
import type { StepMetrics } from '../protocol/records.ts';
import { maskFlagged } from './mask-flagged.ts';
import { OpenGroups } from './open-groups.ts';
import { alternativesOf, groupMetrics, sampleGroups } from './sampling.ts';
import { learningRateAt, optimStepAt } from './schedule.ts';
import { emptyMetrics, StepClock, type Training, timed } from './training.ts';

/** @returns the step's numbers. @throws Interrupted, leaving weights and optimizer untouched. */
export async function tgrpoStep(training: Training, step: number, method: 'tgrpo' | 'grpo'): Promise<StepMetrics> {
  const { engine, policy, reference } = training;
  const clock = new StepClock(training);
  await clock.start();
  const p = training.parameters();
  const metrics = emptyMetrics(step, learningRateAt(step, p));
  const { durations } = metrics;

  const questions = await timed(durations, 'decode', () => training.nextQuestions(p.questionsPerStep));
  const groups = await sampleGroups(
    questions,
    {
      engine,
      model: policy,
      template: training.template,
      parameters: p,
      seed: training.seed,
      step,
      purpose: 'train',
      prefix: `s${step}`,
      ordered: p.groupSize,
      shuffled: method === 'tgrpo' ? p.shuffledGroupSize : 0,
      sampling: {
        maxTokens: p.maxNewTokens,
        temperature: p.temperature,
        topP: p.topP,
        topK: p.topK,
        alternatives: alternativesOf(engine, p),
      },
      signal: training.signal,
      onSampling: (hint) => training.onSampling(hint),
    },
    durations,
  );
  await timed(durations, 'store', () => training.recordGroups(groups));
  Object.assign(metrics, groupMetrics(groups), { questions: questions.length });
  await clock.pass('after-sampling');

  const open = new OpenGroups(groups, p);
  await clock.pass('before-update', open);
  if (p.maskFlagged) await maskFlagged(training, groups, open, step);
  const sequences = open.sequences();
  const updated = new Map<string, LossScored>();
  await timed(durations, 'update', async () => {
    if (sequences.length === 0) return;
    const withKl = p.beta > 0 ? reference : null;
    const exactKl = p.klEstimator === 'exact' ? withKl : null;
    const references = withKl !== null && exactKl === null ? await engine.forward(withKl, sequences) : null;
    const withReference: PolicySequence[] = sequences.map(({ rolloutId: _, ...sequence }, i) => ({
      ...sequence,
      refLogprobs: references?.[i]?.logprobs ?? null,
    }));
    for (let update = 0; update < p.updatesPerSampling; update++) {
      const report = await engine.forwardBackward(policy, {
        kind: 'policy',
        sequences: withReference,
        clipEpsilon: p.clipEpsilon,
        beta: p.beta,
        mean: p.lossMean,
        ...(exactKl === null ? {} : { exactKl }),
      });
      // The answers' own weights are those before the first update.
      if (update === 0)
        sequences.forEach(({ rolloutId }, i) => {
          updated.set(rolloutId, report.scored?.[i] as LossScored);
        });
      const { gradNorm } = await engine.optimStep(policy, optimStepAt(metrics.learningRate, p));
      Object.assign(metrics, {
        loss: report.loss,
        kl: report.kl,
        clipped: report.clipped,
        gradNorm,
        trainedTokens: report.tokens,
      });
    }
  });
  const ordered = groups.flatMap(({ group }) => group.rollouts.filter(({ order }) => order === 'ordered'));
  const leftOut = { logprobs: null, refLogprobs: null };
  training.onUpdated(ordered.map(({ id }) => ({ rolloutId: id, ...(updated.get(id) ?? leftOut) })));
  clock.stop(metrics);
  return metrics;
}
