/**
 * Groups drawn as T-GRPO draws them, from a checkpoint on videos that it does not train on: how often the temporal reward would
 * be paid, and how often it would change what is learned. The same for every checkpoint, whatever it was trained by.
 */
import { z } from 'zod';
import type { Dataset } from '../data/dataset.ts';
import { type LoadedQuestion, QuestionLoader } from '../data/questions.ts';
import type { Engine, ModelHandle } from '../engines/engine.ts';
import { measureCredits } from '../learning/credit.ts';
import { groupMetrics } from '../learning/group-metrics.ts';
import type { SampledGroup } from '../learning/groups.ts';
import { longPrompt } from '../learning/long-prompt.ts';
import { sampleGroups } from '../learning/sampling.ts';
import { emptyMetrics, Interrupted, mean } from '../learning/training.ts';
import { isCorrect } from '../protocol/correctness.ts';
import type { Normalisation } from '../protocol/normalise.ts';
import { feltBy, temporalPaid } from '../protocol/paid-and-felt.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import type { PromptTemplate } from '../reasoning/template.ts';
import type { FrameLimits, MediaLoader } from '../video/load.ts';
import { rowsToSample } from './question-walk.ts';

/** What order is worth to answers, c in nats as credit measures it; null where there was no such answer to measure. */
const worthFigures = {
  /** Mean c of right answers. */
  right: z.number().nullable(),
  /** Mean c of wrong answers: dependence on order that is no use of it. */
  wrong: z.number().nullable(),
  /** Share of right answers with c below `creditLow`: right without order. */
  rightWithout: z.number().nullable(),
} as const;

/** Shares of groups; accuracies and length are means over answers. */
export const groupFigures = z.strictObject({
  /** Groups that were drawn; videos that could not be read, or whose prompt is too long, are not among them. */
  groups: z.number().int(),
  accuracy: z.number(),
  accuracyShuffled: z.number(),
  /** The temporal test passed, and an answer was there to be paid. */
  temporalPaid: z.number(),
  /** An answer's advantage is another one than without the temporal reward. */
  temporalFelt: z.number(),
  /** All rewards alike, so that nothing is learned. */
  flat: z.number(),
  tokens: z.number(),
  worth: z.strictObject(worthFigures),
});
export type GroupFigures = z.infer<typeof groupFigures>;

export interface GroupMeasuring {
  readonly engine: Engine;
  readonly model: ModelHandle;
  readonly media: MediaLoader;
  readonly limits: FrameLimits;
  readonly dataset: Dataset;
  readonly template: PromptTemplate;
  /** G, temperature, rewards: those of a T-GRPO run. */
  readonly parameters: ParameterValues;
  /** Fixes which videos are taken, their shuffles and the answers. */
  readonly seed: number;
  /** Videos to sample on; all where there are fewer. */
  readonly videos: number;
  readonly signal: AbortSignal;
  onProgress(done: number, total: number): void;
}

const batchQuestions = 16;

/** K of c: shuffles of an answer's frames, other ones than those that training drew. */
export const worthShuffles = 2;

/** Whether the temporal reward makes another advantage of any answer of a group. Nothing trains on it, so its record has none. */
export function temporalRewardIsFelt(
  { rollouts, stats }: Pick<SampledGroup['group'], 'rollouts' | 'stats'>,
  p: Normalisation,
): boolean {
  const ordered = rollouts.filter(({ order }) => order === 'ordered');
  const answers = ordered.map((rollout) => ({ total: rollout.reward.total, temporal: temporalPaid(rollout) }));
  return feltBy(answers, { ...p, ...stats.normalised }).includes(true);
}

/** @param measured each answer of the groups: whether it is right, and its c. @param low nats */
export function worthOf(
  measured: readonly { readonly right: boolean; readonly c: number }[],
  low: number,
): GroupFigures['worth'] {
  const of = (right: boolean) => measured.filter((one) => one.right === right).map(({ c }) => c);
  const right = of(true);
  return {
    right: mean(right),
    wrong: mean(of(false)),
    rightWithout: mean(right.map((c) => Number(c < low))),
  };
}

/** c of all answers of sampled groups, right and wrong. */
async function measureWorth(
  sampled: readonly SampledGroup[],
  readable: readonly LoadedQuestion[],
  { engine, model, template, seed, parameters: { correctThreshold } }: GroupMeasuring,
): Promise<{ right: boolean; c: number }[]> {
  const answered = sampled.map(({ completions }, i) => {
    const loaded = readable[i] as LoadedQuestion;
    return { loaded, number: loaded.question.row, ordered: completions, right: completions.map(() => true) };
  });
  const found = await measureCredits(answered, { engine, model, template, seed, step: 0, shuffles: worthShuffles });
  return found.flatMap(({ credits }, g) =>
    credits.flatMap((c, i) => {
      const accuracy = sampled[g]?.scores.ordered[i]?.accuracy;
      if (typeof c !== 'number' || accuracy === undefined) return [];
      return [{ right: isCorrect(accuracy, correctThreshold), c }];
    }),
  );
}

/** @returns null where no video could be read. @throws Interrupted when the signal ends it */
export async function measureGroups(s: GroupMeasuring): Promise<GroupFigures | null> {
  const { dataset, parameters: p } = s;
  const rows = rowsToSample(dataset.count, null, s.seed)
    .filter((row) => dataset.question(row).dataType === 'video')
    .slice(0, s.videos);
  const unfit = longPrompt(s.engine, s.model, s.template, p.maxPromptTokens);
  const questions = new QuestionLoader(dataset, s.media, s.limits, () => {}, unfit);
  const groups: SampledGroup[] = [];
  const measured: { right: boolean; c: number }[] = [];
  for (let from = 0; from < rows.length; from += batchQuestions) {
    s.onProgress(from, rows.length);
    const readable = await questions.loadReadable(rows.slice(from, from + batchQuestions));
    if (readable.length === 0) continue;
    const sampled = await sampleGroups(
      readable,
      {
        engine: s.engine,
        model: s.model,
        template: s.template,
        parameters: p,
        seed: s.seed,
        step: 0,
        purpose: 'evaluation',
        prefix: 'groups',
        numbers: readable.map(({ question }) => question.row),
        ordered: p.groupSize,
        shuffled: p.shuffledGroupSize,
        sampling: { maxTokens: p.maxNewTokens, temperature: p.temperature, topP: p.topP },
        signal: s.signal,
      },
      emptyMetrics(0, 0).durations,
    );
    groups.push(...sampled);
    if (s.signal.aborted) throw new Interrupted();
    measured.push(...(await measureWorth(sampled, readable, s)));
  }
  if (groups.length === 0) return null;
  const { accuracy, accuracyShuffled, temporal, flatGroups, length } = groupMetrics(groups);
  return {
    groups: groups.length,
    accuracy: accuracy ?? 0,
    accuracyShuffled: accuracyShuffled ?? 0,
    temporalPaid: temporal ?? 0,
    temporalFelt: groups.filter(({ group }) => temporalRewardIsFelt(group, p)).length / groups.length,
    flat: flatGroups ?? 0,
    tokens: length ?? 0,
    worth: worthOf(measured, p.creditLow),
  };
}
