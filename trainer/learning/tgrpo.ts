/**
 * One step of T-GRPO (Video-R1 eq. 1 to 5), and of GRPO, which draws no shuffled answers:
 * questions -> answers on ordered and shuffled frames -> rewards -> advantages -> update. Advantages are made after
 * `before-update`, of the groups as they are then.
 */
import type { LossScored } from '../engines/engine.ts';
import { learningRateAt } from '../protocol/learning-rate.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import type { StepMetrics } from '../protocol/records.ts';
import { fillGroups } from './fill-groups.ts';
import { groupMetrics } from './group-metrics.ts';
import { maskFlagged } from './mask-flagged.ts';
import { oldScores } from './old-scores.ts';
import { OpenGroups } from './open-groups.ts';
import { updatePolicy } from './policy-update.ts';
import { type GroupSampling, scoreGroups, trainingSampling } from './sampling.ts';
import { emptyMetrics, StepClock, type Training, timed } from './training.ts';

/** @returns the step's numbers. @throws Interrupted, leaving weights and optimizer untouched. */
export async function tgrpoStep(training: Training, step: number, method: 'tgrpo' | 'grpo'): Promise<StepMetrics> {
  const { engine, policy } = training;
  const clock = new StepClock(training);
  await clock.start();
  const p = parametersOf(training.parameters(), method);
  const metrics = emptyMetrics(step, learningRateAt(step, p));
  const { durations } = metrics;

  const how: GroupSampling = {
    engine,
    model: policy,
    template: training.template,
    parameters: p,
    seed: training.seed,
    step,
    purpose: 'train',
    prefix: `s${step}`,
    ordered: p.groupSize,
    // Credit by answer compares with no group, so none is drawn.
    shuffled: method === 'tgrpo' && p.temporalCredit !== 'answer' ? p.shuffledGroupSize : 0,
    credited: p.temporalCredit !== 'group',
    sampling: trainingSampling(engine, p),
    signal: training.signal,
    gate: clock.gate,
    onSampling: (hint) => training.onSampling(hint),
  };
  const { drawn, leftOut } = await fillGroups(training, how, durations);
  const trained = drawn.filter((group) => !leftOut.has(group));
  const old = await timed(durations, 'oldLogprobs', () => oldScores(trained, how));
  const groups = await scoreGroups(drawn, how, durations, { leftOut, old });
  await timed(durations, 'store', () => training.recordGroups(groups));
  Object.assign(metrics, groupMetrics(groups), { questions: groups.length });
  const open = new OpenGroups(groups, p);
  await clock.pass('after-sampling', open);
  await clock.pass('before-update', open);
  if (p.maskFlagged) await maskFlagged(training, groups, open, step);
  const sequences = open.sequences();
  const update = await timed(durations, 'update', () => updatePolicy(training, sequences, p, metrics.learningRate));
  if (update !== null) {
    const { report, gradNorm } = update;
    const { loss, kl, clipped, tokens: trainedTokens } = report;
    Object.assign(metrics, { loss, kl, clipped, gradNorm, trainedTokens });
  }
  const updated: ReadonlyMap<string, LossScored> = update?.scored ?? new Map();
  const ordered = groups.flatMap(({ group }) => group.rollouts.filter(({ order }) => order === 'ordered'));
  const untrained = { logprobs: null, refLogprobs: null };
  training.onUpdated(ordered.map(({ id }) => ({ rolloutId: id, ...(updated.get(id) ?? untrained) })));
  clock.stop(metrics);
  return metrics;
}

/** GRPO pays nothing for order, whatever a run file of T-GRPO says of it. */
function parametersOf(given: ParameterValues, method: 'tgrpo' | 'grpo'): ParameterValues {
  return method === 'grpo' ? { ...given, temporalCredit: 'group' } : given;
}
