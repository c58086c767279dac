/** The first thing in which two records of the same work differ: which part of it, and what each has there. No clock, no disk. */
import { isDeepStrictEqual } from 'node:util';
import {
  computedOf,
  type Evaluation,
  type GroupWithRollouts,
  type Rollout,
  type StepMetrics,
} from '../../protocol/records.ts';

export interface Difference {
  /** Of a step, or of the evaluation after it. */
  readonly step: number;
  /** What differs, for people: `loss`, `answer s3-0-o1: text`. */
  readonly what: string;
  readonly original: unknown;
  readonly replayed: unknown;
  /** Where in the pages to look; absent for what belongs to the step as a whole. */
  readonly groupId?: string;
  readonly rolloutId?: string;
}

interface Part {
  readonly name: string;
  readonly original: unknown;
  readonly replayed: unknown;
}

/** The innermost part in which two JSON values differ, by the order of the first one's keys; null where they are equal. */
export function firstPart(original: unknown, replayed: unknown, name = ''): Part | null {
  if (isDeepStrictEqual(original, replayed)) return null;
  if (!isRecord(original) || !isRecord(replayed)) return { name, original, replayed };
  for (const key of new Set([...Object.keys(original), ...Object.keys(replayed)])) {
    const inside = Array.isArray(original) ? `${name}[${key}]` : name === '' ? key : `${name}.${key}`;
    const found = firstPart(original[key], replayed[key], inside);
    if (found) return found;
  }
  return { name, original, replayed };
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** What a step computed. */
export function metricsDifference(original: StepMetrics, replayed: StepMetrics): Difference | null {
  const part = firstPart(computedOf(original), computedOf(replayed));
  return part && { step: original.step, what: part.name, original: part.original, replayed: part.replayed };
}

/** What of a step does not follow from its answers. @param ofQuestions which questions it asks does */
export function givenDifference(
  original: StepMetrics,
  replayed: StepMetrics,
  { ofQuestions }: { readonly ofQuestions: boolean },
): Difference | null {
  const given = ({ learningRate, questions, skipped }: StepMetrics) => ({
    learningRate,
    ...(!ofQuestions && { questions, skipped }),
  });
  const part = firstPart(given(original), given(replayed));
  return part && { step: original.step, what: part.name, original: part.original, replayed: part.replayed };
}

export function evaluationDifference(original: Evaluation, replayed: Evaluation): Difference | null {
  const part = firstPart(resultsOf(original), resultsOf(replayed));
  return part && { step: original.step, ...told(part, 'evaluation') };
}

function resultsOf({ id: _id, at: _at, durationMs: _ms, ...results }: Evaluation) {
  return results;
}

/** Groups of one step and purpose, each with its answers, as both runs asked them. */
export function groupsDifference(
  step: number,
  original: Iterable<GroupWithRollouts>,
  replayed: Iterable<GroupWithRollouts>,
): Difference | null {
  return eachGroup(step, original, replayed, groupDifference);
}

/** What was asked in groups of one step and purpose, whatever was answered. */
export function askedDifference(
  step: number,
  original: Iterable<GroupWithRollouts>,
  replayed: Iterable<GroupWithRollouts>,
): Difference | null {
  return eachGroup(step, original, replayed, (a, b) => {
    const answers = ({ rollouts }: GroupWithRollouts) => rollouts.map(({ order, index }) => ({ order, index }));
    const part = firstPart(askedOf(a), askedOf(b)) ?? firstPart(answers(a), answers(b), 'answers');
    return part && told(part, `group ${a.id}`);
  });
}

/** Answers that both have, and those of them whose texts differ. */
export function answersApart(
  original: Iterable<GroupWithRollouts>,
  replayed: Iterable<GroupWithRollouts>,
): { free: number; otherwise: number } {
  const texts = new Map(
    Array.from(replayed, ({ rollouts }) => rollouts.map(({ id, text }) => [id, text] as const)).flat(),
  );
  const shared = Array.from(original, ({ rollouts }) => rollouts.filter(({ id }) => texts.has(id))).flat();
  return { free: shared.length, otherwise: shared.filter(({ id, text }) => texts.get(id) !== text).length };
}

function eachGroup(
  step: number,
  original: Iterable<GroupWithRollouts>,
  replayed: Iterable<GroupWithRollouts>,
  differenceOf: (a: GroupWithRollouts, b: GroupWithRollouts) => Omit<Difference, 'step'> | null,
): Difference | null {
  const others = new Map(Array.from(replayed, (group) => [group.id, group]));
  for (const group of original) {
    const other = others.get(group.id);
    others.delete(group.id);
    if (!other) return { step, what: `group ${group.id}`, original: 'is there', replayed: 'is not', groupId: group.id };
    const found = differenceOf(group, other);
    if (found) return { step, groupId: group.id, ...found };
  }
  const [more] = others.keys();
  return more === undefined ? null : { step, what: `group ${more}`, original: 'is not there', replayed: 'is' };
}

function groupDifference(a: GroupWithRollouts, b: GroupWithRollouts): Omit<Difference, 'step'> | null {
  // The question first: where it is another, all else follows from that.
  const asked = firstPart(askedOf(a), askedOf(b));
  if (asked) return told(asked, `group ${a.id}`);
  for (const [i, rollout] of a.rollouts.entries()) {
    const other = b.rollouts[i];
    if (other === undefined) break;
    const part = firstPart(answerOf(rollout), answerOf(other));
    if (part) return { ...told(part, `answer ${rollout.id}`), rolloutId: rollout.id };
  }
  const part =
    firstPart({ rollouts: a.rollouts.length }, { rollouts: b.rollouts.length }) ?? firstPart(paidOf(a), paidOf(b));
  return part && told(part, `group ${a.id}`);
}

const told = ({ name, original, replayed }: Part, of: string) => ({ what: `${of}: ${name}`, original, replayed });

const askedOf = ({ question, prompt, media, purpose }: GroupWithRollouts) => ({ question, purpose, prompt, media });
const paidOf = ({ temporal, credit, stats, leftOut, arms }: GroupWithRollouts) => ({
  ...{ temporal, credit, stats, leftOut, arms },
});

/** What sampling, scoring and the update made of an answer; not what other rules or people found in it afterwards. */
function answerOf(rollout: Rollout) {
  const { text, order, index, tokenCount, stopReason, answer, accuracy, correct } = rollout;
  const { parts, total } = rollout.reward;
  const { advantage, updatedReward, updatedAdvantage, masked, rescored, kl, credit } = rollout;
  const { meanLogprob, trainerLogprob, meanEntropy, mismatch } = rollout;
  return {
    ...{ text, order, index, tokenCount, stopReason, meanLogprob, meanEntropy, answer, accuracy, correct },
    reward: { total, ...Object.fromEntries(parts.map(({ name, value }) => [name, value])) },
    ...{ advantage, updatedReward, updatedAdvantage, kl, credit, trainerLogprob, mismatch },
    // Whose word it was is not what became of it.
    ...{ masked: masked && { words: masked.words, advantage: masked.advantage } },
    ...{ rescored: rescored && { accuracy: rescored.accuracy, format: rescored.format } },
  };
}
