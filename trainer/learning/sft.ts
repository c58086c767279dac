/**
 * One step of the supervised cold start on chain-of-thought rows: the answer's tokens are trained, the prompt's are not
 * (unless `trainPromptTokens` says so), nor is the newline behind the answer's turn (unless `trainTurnNewline` does). Every
 * `probeEvery` steps the model is asked, so that one sees what it has learned.
 */
import type { Sequence } from '../engines/engine.ts';
import { learningRateAt } from '../protocol/learning-rate.ts';
import type { StepMetrics } from '../protocol/records.ts';
import { buildPrompt } from '../reasoning/prompt.ts';
import { groupMetrics } from './group-metrics.ts';
import { optimStepAt } from './optim-step.ts';
import { sampleGroups, trainingSampling } from './sampling.ts';
import { emptyMetrics, StepClock, type Training, timed } from './training.ts';

const probeAnswers = { ordered: 2, shuffled: 2 } as const;

/** @returns the step's numbers. @throws Interrupted, leaving weights and optimizer untouched. */
export async function sftStep(training: Training, step: number): Promise<StepMetrics> {
  const { engine, policy } = training;
  const clock = new StepClock(training);
  await clock.start();
  const p = training.parameters();
  const metrics = emptyMetrics(step, learningRateAt(step, p));
  const { durations } = metrics;

  const questions = await timed(durations, 'decode', () => training.nextQuestions(p.questionsPerStep));
  metrics.questions = questions.length;
  const sequences: Sequence[] = questions.map(({ question, frames, target }) => ({
    prompt: buildPrompt(
      question,
      frames,
      question.dataType === 'video' ? Array.from({ length: frames.count }, (_, i) => i) : null,
      training.template,
    ),
    answer: { text: target ?? '', turnNewline: p.trainTurnNewline },
  }));
  await clock.pass('before-update');
  await timed(durations, 'update', async () => {
    const report = await engine.forwardBackward(policy, {
      kind: 'cross-entropy',
      sequences,
      promptTokens: p.trainPromptTokens,
    });
    const { gradNorm } = await engine.optimStep(policy, optimStepAt(metrics.learningRate, p));
    Object.assign(metrics, { loss: report.loss, gradNorm, trainedTokens: report.tokens });
  });

  if (p.probeEvery > 0 && (step === 1 || step % p.probeEvery === 0)) {
    const probed = await timed(durations, 'decode', () => training.probeQuestions(step, p.probeQuestions));
    const groups = await sampleGroups(
      probed,
      {
        engine,
        model: policy,
        template: training.template,
        parameters: p,
        seed: training.seed,
        step,
        purpose: 'probe',
        prefix: `p${step}`,
        ...probeAnswers,
        sampling: trainingSampling(engine, p),
        signal: training.signal,
        gate: clock.gate,
        onSampling: (hint) => training.onSampling(hint),
      },
      durations,
    );
    await timed(durations, 'store', () => training.recordGroups(groups));
    Object.assign(metrics, groupMetrics(groups));
  }
  clock.stop(metrics);
  return metrics;
}
