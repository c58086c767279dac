/** The table of the main job: figures that are not over the same questions are marked, with what they are over. */
import { expect, it, onTestFinished } from 'vitest';
import { summarize } from '../../../trainer/cli/commands/summary.ts';
import type { Evaluation } from '../../../trainer/protocol/records.ts';
import { RunStore } from '../../../trainer/store/run-store.ts';
import { temporaryFolder } from '../../store/folders.ts';
import { anEvaluation, aRun, someMetrics } from '../../store/records.ts';

function storeWith(evaluations: readonly Evaluation[], given: Parameters<typeof aRun>[0] = {}): RunStore {
  const store = RunStore.create(temporaryFolder(), aRun(given));
  onTestFinished(() => store.dispose());
  for (const evaluation of evaluations) store.append({ type: 'evaluation', evaluation });
  for (let step = 1; step <= 5; step++) store.append({ type: 'step', metrics: someMetrics(step) });
  return store;
}
const evaluation = (step: number, given: Partial<Evaluation> = {}): Evaluation => ({
  ...anEvaluation(step),
  at: step,
  ...given,
});
const marks = (table: string) => table.split('\n').find((line) => line.startsWith('all questions')) ?? '';

it('marks nothing where all three asked the same', () => {
  const table = summarize(storeWith([evaluation(0), evaluation(1)]), storeWith([evaluation(2)]));
  expect(marks(table)).not.toContain('*');
  expect(table).not.toContain('not to be compared');
});

it.each<[string, Partial<Evaluation>, string]>([
  ['another number of questions', { all: { ...anEvaluation(0).all, count: 6 } }, 'over 6 questions of eval.json, 0'],
  ['as many of another dataset', { dataset: 'other.json' }, 'over 10 questions of other.json, 0'],
  ['as many with others left out', { skipped: 2 }, 'over 10 questions of eval.json, 2'],
])('marks an evaluation of %s', (_, given, said) => {
  const table = summarize(storeWith([evaluation(0, given), evaluation(1)]), storeWith([evaluation(2)]));
  expect(marks(table).match(/\*/g)).toHaveLength(1);
  expect(table).toContain(`* before SFT: ${said} left out, so not to be compared with the rest`);
});

it('says that first and last fifth of the steps asked different questions, unless each goes through all of them', () => {
  const evaluations = [evaluation(0)];
  const { parameters } = aRun();
  const of = (questions: number, questionsPerStep: number) =>
    summarize(
      storeWith(evaluations),
      storeWith(evaluations, { questions, parameters: { ...parameters, questionsPerStep } }),
    );
  const said = 'of the first fifth and of the last, which are over different questions';
  // Five steps: a fifth is one step.
  expect(of(12, 12)).not.toContain(said);
  expect(of(6, 12)).not.toContain(said);
  expect(of(24, 12)).toContain(said);
});
