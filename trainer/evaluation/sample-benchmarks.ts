/** Samples an answer to every question of some datasets that has none yet. */
import type { LoadedQuestion } from '../data/questions.ts';
import type { SampledGroup } from '../learning/groups.ts';
import { sampleGroups } from '../learning/sampling.ts';
import { emptyMetrics } from '../learning/training.ts';
import type { AnsweredLine, AnswersFile, GivenAnswer } from './answers-file.ts';
import { givenAnswer } from './given-answer.ts';
import { type QuestionWalk, questionFields, walkQuestions } from './question-walk.ts';

export interface BenchmarkSampling extends QuestionWalk<AnsweredLine> {
  /** How answers are sampled, wording and seed come from its header. */
  readonly kept: AnswersFile;
}

/**
 * An answer is a function of weights, settings, seed and row, as far as the engine's `seeds` hold: what was sampled in the same batch or
 * sitting does not matter where they are exact.
 * @throws Interrupted when the signal ends it; what was finished is in the file.
 */
export function sampleBenchmarks(a: BenchmarkSampling): Promise<void> {
  return walkQuestions(a, async (name, questions, onShare) => {
    const groups = await sampleBatch(a, questions, onShare);
    return groups.map((group) => lineOf(name, group));
  });
}

async function sampleBatch(
  a: BenchmarkSampling,
  questions: readonly LoadedQuestion[],
  onShare: (share: number) => void,
): Promise<SampledGroup[]> {
  const { sampling, shuffled, template } = a.kept.header;
  const how = {
    engine: a.engine,
    model: a.model,
    template,
    parameters: a.parameters,
    seed: sampling.seed,
    step: 0,
    purpose: 'evaluation' as const,
    prefix: 'evaluation',
    numbers: questions.map(({ question }) => question.row),
    ordered: 1,
    shuffled: shuffled ? 1 : 0,
    sampling: { maxTokens: sampling.maxTokens, temperature: sampling.temperature, topP: sampling.topP },
    signal: a.signal,
    onSampling: ({ done, total }: { done: number; total: number }) => onShare(done / total),
  };
  return sampleGroups(questions, how, emptyMetrics(0, 0).durations);
}

function lineOf(dataset: string, { group }: SampledGroup): AnsweredLine {
  const { question } = group;
  const given = (order: 'ordered' | 'shuffled'): GivenAnswer | null => {
    const rollout = group.rollouts.find((candidate) => candidate.order === order);
    if (!rollout) return null;
    const { text, tokenCount, stopReason, accuracy } = rollout;
    return givenAnswer({ text, tokens: tokenCount, stop: stopReason, reward: accuracy }, question);
  };
  const ordered = given('ordered') as GivenAnswer;
  return { outcome: 'answered', ...questionFields(dataset, question), ordered, shuffled: given('shuffled') };
}
