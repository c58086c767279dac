/**
 * Questions in, scored groups out. One batch holds the ordered and the shuffled answers of all questions; training, probes and
 * evaluation all sample through here, so a rollout means the same everywhere.
 */

import { setImmediate } from 'node:timers/promises';
import { batchStdOf, groupAdvantages, type ScoredAnswer } from '../advantages/advantages.ts';
import type { LoadedQuestion } from '../data/questions.ts';
import { hash32, permutation, randomFrom } from '../data/random.ts';
import type { Completion, Engine, Prompt, SampleOptions, SampleRequest, Scored } from '../engines/engine.ts';
import { orderWorthOf } from '../evidence/deltas.ts';
import { flaggedIn } from '../protocol/annotations/flagged-words.ts';
import { isCorrect } from '../protocol/correctness.ts';
import { answeredBy } from '../protocol/evidence.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import type { FrameOrder, GroupPurpose, Rollout, RolloutTokens, StepMetrics } from '../protocol/records.ts';
import { analyse } from '../reasoning/analysis.ts';
import { parseCompletion } from '../reasoning/completion.ts';
import { buildPrompt } from '../reasoning/prompt.ts';
import type { PromptTemplate } from '../reasoning/template.ts';
import { score } from '../rewards/score.ts';
import { creditTermsOf, type GroupCredit, measureCredits } from './credit.ts';
import { type Drawing, drawAnswers } from './draw-answers.ts';
import type { SampledGroup } from './groups.ts';
import { mismatchOf } from './importance.ts';
import { Interrupted, mean, timed } from './training.ts';

export interface GroupSampling extends Drawing {
  readonly template: PromptTemplate;
  readonly parameters: ParameterValues;
  readonly seed: number;
  readonly step: number;
  readonly purpose: GroupPurpose;
  /** Groups are called `<prefix>-<number>`. */
  readonly prefix: string;
  /**
   * What each question's seeds, shuffle and name are drawn from: its place in the list when absent. With numbers of its own
   * a question is answered the same in whatever batch it comes.
   */
  readonly numbers?: readonly number[];
  readonly ordered: number;
  /** Answers on shuffled frames, for videos. */
  readonly shuffled: number;
  /** Whether right answers on videos are scored on shuffled frames, for the credit that the parameters pay; none is paid else. */
  readonly credited?: boolean;
  onSampling?(hint: { done: number; total: number; text: string; problem: string }): void;
}

/**
 * Order in which a video's frames are shown to the shuffled half: a permutation that is not the identity.
 * @returns place i shows frame `order[i]`; null where fewer than two frames leave nothing to shuffle
 */
export function shuffledOrder(count: number, seed: number): number[] | null {
  if (count < 2) return null;
  for (let attempt = 0; ; attempt++) {
    const order = permutation(count, randomFrom(seed, attempt));
    if (order.some((frame, place) => frame !== place)) return order;
  }
}

const inOrder = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Answers to one question with what scoring found, before it is known what batch they are of. */
export interface DrawnGroup {
  readonly loaded: LoadedQuestion;
  readonly number: number;
  readonly order: number[] | null;
  readonly prompt: Prompt;
  readonly completions: Readonly<Record<FrameOrder, readonly Completion[]>>;
  readonly scores: Readonly<Record<FrameOrder, readonly FoundAnswer[]>>;
  /** Null where none is paid. */
  readonly credit: GroupCredit | null;
}

type FoundAnswer = ScoredAnswer & { readonly answer: string };

/** What the trainer's weights make of ordered answers, by group; groups that are not in it have what the sampler told. */
export type OldScores = ReadonlyMap<DrawnGroup, readonly Scored[]>;

/** What is known of drawn groups besides. */
export interface DrawnBesides {
  /** Flat ones that are not of the batch: recorded, and not trained on. */
  readonly leftOut: ReadonlySet<DrawnGroup>;
  readonly old: OldScores;
}

/** Groups that are made advantages of together. @throws Interrupted when the signal ends sampling; StudioError as the engine does. */
export async function sampleGroups(
  questions: readonly LoadedQuestion[],
  how: GroupSampling,
  durations: StepMetrics['durations'],
): Promise<SampledGroup[]> {
  return scoreGroups(await drawGroups(questions, how, durations), how, durations);
}

/** @throws as `sampleGroups` */
export async function drawGroups(
  questions: readonly LoadedQuestion[],
  how: GroupSampling,
  durations: StepMetrics['durations'],
): Promise<DrawnGroup[]> {
  const plans = questions.map((loaded, i) => {
    const { frames, question } = loaded;
    const number = how.numbers?.[i] ?? i;
    const isVideo = question.dataType === 'video';
    const order =
      isVideo && how.shuffled > 0 ? shuffledOrder(frames.count, hash32(how.seed, how.step, number, 0x5f)) : null;
    const prompt = buildPrompt(question, frames, isVideo ? inOrder(frames.count) : null, how.template);
    const seeds = (half: number, count: number) =>
      Array.from({ length: count }, (_, k) => hash32(how.seed, how.step, number, half, k));
    const requests: (SampleRequest & { half: FrameOrder })[] = [
      { half: 'ordered', prompt, seeds: seeds(1, how.ordered) },
    ];
    if (order)
      requests.push({
        half: 'shuffled',
        prompt: buildPrompt(question, frames, order, how.template),
        seeds: seeds(2, how.shuffled),
      });
    return { loaded, number, order, prompt, requests };
  });
  const problem = plans[0]?.loaded.question.problem ?? '';
  const written = await drawAnswers(
    plans.flatMap(({ requests }) => requests),
    how,
    (work) => timed(durations, 'sample', work),
    (hint) => how.onSampling?.({ ...hint, problem }),
  );
  const completions = plans.map(({ requests }) => {
    const of = { ordered: [] as Completion[], shuffled: [] as Completion[] };
    for (const { half } of requests) of[half] = written.shift() ?? [];
    return of;
  });

  const drawn = await timed(durations, 'score', async () => {
    const drawn: DrawnGroup[] = [];
    for (const [i, { loaded, number, order, prompt }] of plans.entries()) {
      const answers = completions[i] as (typeof completions)[number];
      const { ordered, shuffled } = answers;
      const found = (completion: Completion) => findIn(completion, loaded, how.parameters);
      const scores = { ordered: ordered.map(found), shuffled: shuffled.map(found) };
      drawn.push({ loaded, number, order, prompt, completions: answers, scores, credit: null });
      // Between groups the trainer answers whoever asks.
      await setImmediate();
    }
    return drawn;
  });
  if (!how.credited) return drawn;
  const credits = await timed(durations, 'credit', () => creditsOf(drawn, how));
  if (how.signal.aborted) throw new Interrupted();
  return drawn.map((group, g) => {
    const credit = credits[g] as GroupCredit;
    const ordered = group.scores.ordered.map((answer, i) => ({ ...answer, credit: credit.credits[i] }));
    return { ...group, credit, scores: { ...group.scores, ordered } };
  });
}

function creditsOf(drawn: readonly DrawnGroup[], how: GroupSampling): Promise<GroupCredit[]> {
  const { correctThreshold, creditShuffles: shuffles } = how.parameters;
  const groups = drawn.map(({ loaded, number, completions, scores }) => ({
    ...{ loaded, number, ordered: completions.ordered },
    right: scores.ordered.map(({ accuracy }) => isCorrect(accuracy, correctThreshold)),
  }));
  return measureCredits(groups, { ...how, shuffles });
}

/** What answers are paid by: without credit where it is not measured, whatever the parameters say. */
const payingBy = ({ credited, parameters }: GroupSampling): ParameterValues =>
  credited ? parameters : { ...parameters, temporalCredit: 'group' };

function findIn(completion: Completion, { question, flagged }: LoadedQuestion, p: ParameterValues): FoundAnswer {
  const result = score(completion.text, question, p);
  return {
    accuracy: result.accuracy,
    accuracyExplanation: result.accuracyExplanation,
    format: result.format,
    formatExplanation: result.formatExplanation,
    answer: result.answer,
    length: completion.tokens.length,
    flagged: flaggedIn(completion.text, flagged),
  };
}

/** Rewards and advantages of drawn groups, and their records: one batch. */
export async function scoreGroups(
  drawn: readonly DrawnGroup[],
  how: GroupSampling,
  durations: StepMetrics['durations'],
  { leftOut, old }: DrawnBesides = { leftOut: new Set(), old: new Map() },
): Promise<SampledGroup[]> {
  return timed(durations, 'score', async () => {
    const batchStd = batchStdOf(
      drawn.filter((one) => !leftOut.has(one)).map(({ scores }) => scores),
      payingBy(how),
    );
    const sampled: SampledGroup[] = [];
    for (const one of drawn) {
      const { group, ...rest } = await scoreGroup(one, how, batchStd, old.get(one) ?? null);
      sampled.push({ ...rest, group: { ...group, ...(leftOut.has(one) && { leftOut: 'flat' as const }) } });
      await setImmediate();
    }
    return sampled;
  });
}

async function scoreGroup(
  plan: DrawnGroup,
  how: GroupSampling,
  batchStd: number,
  old: readonly Scored[] | null,
): Promise<SampledGroup> {
  const { completions, credit } = plan;
  const { ordered, shuffled } = plan.scores;
  const { question, view } = plan.loaded;
  const id = `${how.prefix}-${plan.number}`;
  const verdict = groupAdvantages(ordered, shuffled, { ...payingBy(how), batchStd });
  const trained = how.purpose === 'train';
  const { stdDegrees, stdEpsilon, advantageScale } = how.parameters;

  const tokens = new Map<string, RolloutTokens>();
  const rolloutOf = (half: FrameOrder, index: number): Rollout => {
    const completion = completions[half][index] as Completion;
    const scored = half === 'ordered' ? old?.[index] : undefined;
    const entropy = completion.entropy ?? scored?.entropy ?? null;
    const answer = plan.scores[half][index] as FoundAnswer;
    const rewarded = verdict[half][index] as (typeof verdict.ordered)[number];
    const rolloutId = `${id}-${half === 'ordered' ? 'o' : 's'}${index}`;
    const parsed = parseCompletion(completion.text);
    tokens.set(rolloutId, tokensOf(completion, entropy, scored));
    const answered = {
      text: completion.text,
      stopReason: completion.stopReason,
      parsed: { think: parsed.think, answer: parsed.answer, problems: parsed.problems },
      answer: answer.answer,
      correct: rewarded.correct,
      reward: { parts: rewarded.parts, total: rewarded.total },
    };
    return {
      id: rolloutId,
      groupId: id,
      step: how.step,
      order: half,
      index,
      ...answered,
      tokenCount: completion.tokens.length,
      accuracy: answer.accuracy,
      advantage: half === 'ordered' && trained ? (verdict.advantages[index] ?? null) : null,
      ...analyse(answered, { question, media: view, temporal: verdict.temporal }),
      meanLogprob: mean(Array.from(completion.logprobs)) ?? 0,
      meanEntropy: entropy && mean(Array.from(entropy)),
      ...(scored && {
        trainerLogprob: mean(Array.from(scored.logprobs)) ?? 0,
        mismatch: mismatchOf({ trainer: scored.logprobs, sampler: completion.logprobs }),
      }),
      ...(answer.flagged.length > 0 && { flagged: [...answer.flagged] }),
      // Of the others the update tells.
      ...(half === 'ordered' && trained ? {} : { kl: null }),
      ...(half === 'ordered' && worthOf(credit, index, how)),
    };
  };

  const rendered = await how.engine.render(how.model, plan.prompt);
  return {
    group: {
      id,
      step: how.step,
      purpose: how.purpose,
      question,
      prompt: rendered.text,
      media: { ...view, shuffledOrder: plan.order, visionTokens: rendered.visionTokens },
      temporal: verdict.temporal,
      ...(credit && { credit: creditTermsOf(credit, how.parameters) }),
      stats: {
        mean: verdict.mean,
        std: verdict.std,
        count: ordered.length,
        normalised: { stdDegrees, stdEpsilon, advantageScale, batchStd },
      },
      explanation: verdict.explanation,
      at: Date.now(),
      rollouts: [
        ...ordered.map((_, k) => rolloutOf('ordered', k)),
        ...shuffled.map((_, k) => rolloutOf('shuffled', k)),
      ],
    },
    promptTokens: { ids: Array.from(rendered.ids), pieces: [...rendered.pieces] },
    tokens,
    weighed: [...(credit?.weighed ?? [])].map(([i, found]) => ({ ...found, rolloutId: `${id}-o${i}` })),
    prompt: plan.prompt,
    completions: completions.ordered,
    old,
    scores: { ordered, shuffled },
  };
}

/** What lists say of an answer that was scored for its credit. */
function worthOf(
  credit: GroupCredit | null,
  index: number,
  how: GroupSampling,
): Pick<Rollout, 'credit' | 'orderWorth'> {
  const found = credit?.weighed.get(index);
  const worth = found && orderWorthOf(found);
  if (!worth) return {};
  return { credit: worth.worth, orderWorth: { ...worth, step: answeredBy(how), same: true } };
}

/** Of a probability of 0.1 %: a token below it is not kept as an alternative, unless it is the likeliest. */
const leastLogprob = Math.log(0.001);

function tokensOf(
  { tokens, pieces, logprobs, alternatives }: Completion,
  entropy: Float32Array | null,
  scored: Scored | undefined,
): RolloutTokens {
  return {
    pieces: [...pieces],
    logprobs: Array.from(logprobs),
    ...(entropy && { entropy: Array.from(entropy) }),
    ids: Array.from(tokens),
    ...(scored && { trainerLogprobs: Array.from(scored.logprobs) }),
    ...(alternatives && {
      alternatives: alternatives.map((likeliest) =>
        likeliest
          .filter(({ logprob }, i) => i === 0 || logprob >= leastLogprob)
          .map(({ token, piece, logprob }) => ({ id: token, piece, logprob })),
      ),
    }),
  };
}

/** Alternatives to ask for: as the parameter says, and no more than the engine tells. */
export function alternativesOf(engine: Engine, p: Pick<ParameterValues, 'alternatives'>): number {
  return Math.min(p.alternatives, engine.capabilities.topAlternatives);
}

/** How answers are drawn while a run trains; evaluations have parameters of their own. */
export function trainingSampling(engine: Engine, p: ParameterValues): SampleOptions {
  return {
    maxTokens: p.maxNewTokens,
    temperature: p.temperature,
    topP: p.topP,
    topK: p.topK,
    alternatives: alternativesOf(engine, p),
  };
}
