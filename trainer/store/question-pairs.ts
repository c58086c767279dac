/** Questions that two runs, or two evaluations, were both asked, paired by content. Runs in slices; nothing here writes. */

import { StudioError } from '../protocol/errors.ts';
import type { EvaluationPair, PairMeasure, SharedQuestion } from '../protocol/questions.ts';
import { pairMeasures } from '../protocol/questions.ts';
import type { Group, GroupPurpose } from '../protocol/records.ts';
import type { Database } from './database.ts';
import { filledShare } from './filling.ts';
import { groupOf } from './group-body.ts';
import { groupBody } from './question-history.ts';

export interface SharedAsked {
  readonly purpose: GroupPurpose;
  /** Those that differ most by this come first. */
  readonly by: PairMeasure;
  /** How many to pass over. */
  readonly from: number;
  readonly limit: number;
}

/** Sums of pairs, from which a mean and its interval follow. */
export interface PairSums {
  readonly count: number;
  readonly first: number;
  readonly second: number;
  /** Mean of second minus first, and the sum of its squared deviations. */
  readonly difference: number;
  readonly squares: number;
}

export interface SharedPage {
  readonly questions: SharedQuestion[];
  readonly total: number;
  readonly atSameSteps: number;
  readonly onlyIn: { readonly first: number; readonly second: number };
  /** Null without questions. */
  readonly sums: Readonly<Record<PairMeasure, PairSums>> | null;
  readonly filled: number;
}

interface GroupMeans {
  asked: string;
  step: number;
  key: number;
  right: number;
  reward: number;
  length: number;
}

interface Joined {
  readonly asked: string;
  readonly sharedSteps: number;
  /** Keys of the newest pair. */
  readonly keys: readonly [number, number];
  readonly first: Readonly<Record<PairMeasure, number>>;
  readonly second: Readonly<Record<PairMeasure, number>>;
}

/** By question, the means of its groups, by step. */
function meansOf(database: Database, purpose: GroupPurpose): Map<string, GroupMeans[]> {
  const rows = database.all<GroupMeans>(
    `SELECT asked, step, key, right_answers * 1.0 / answers AS right, reward, length FROM groups
     WHERE superseded = 0 AND purpose = ? AND answers > 0 AND asked IS NOT NULL ORDER BY asked, step, key`,
    purpose,
  );
  return Map.groupBy(rows, ({ asked }) => asked);
}

export function* sharedQuestions(first: Database, second: Database, asked: SharedAsked): Generator<null, SharedPage> {
  const a = meansOf(first, asked.purpose);
  yield null;
  const b = meansOf(second, asked.purpose);
  yield null;
  const joined = [...a].flatMap(([key, groups]) => {
    const others = b.get(key);
    return others ? [join(key, groups, others)] : [];
  });
  const gap = (pair: Joined) => Math.abs(pair.second[asked.by] - pair.first[asked.by]);
  joined.sort((x, y) => gap(y) - gap(x) || (x.asked < y.asked ? -1 : 1));
  yield null;
  const atSameSteps = joined.filter(({ sharedSteps }) => sharedSteps > 0);
  const averaged = atSameSteps.length > 0 ? atSameSteps : joined;
  return {
    questions: joined.slice(asked.from, asked.from + asked.limit).map((pair) => sharedQuestionOf(first, second, pair)),
    total: joined.length,
    atSameSteps: atSameSteps.length,
    onlyIn: { first: a.size - joined.length, second: b.size - joined.length },
    sums: averaged.length === 0 ? null : mapMeasures((measure) => sumsOf(averaged, measure)),
    filled: Math.min(filledShare(first), filledShare(second)),
  };
}

const mapMeasures = <T>(of: (measure: PairMeasure) => T) =>
  Object.fromEntries(pairMeasures.map((measure) => [measure, of(measure)])) as Record<PairMeasure, T>;

const average = (groups: readonly GroupMeans[]) =>
  mapMeasures((measure) => groups.reduce((sum, group) => sum + group[measure], 0) / groups.length);

/** Groups of steps that both have; where there is none, the two that are nearest, of these the latest. */
function join(asked: string, a: readonly GroupMeans[], b: readonly GroupMeans[]): Joined {
  const stepsOf = (groups: readonly GroupMeans[]) => new Set(groups.map(({ step }) => step));
  const [stepsA, stepsB] = [stepsOf(a), stepsOf(b)];
  const sharedSteps = [...stepsA].filter((step) => stepsB.has(step)).length;
  const [left, right] =
    sharedSteps > 0
      ? [a.filter(({ step }) => stepsB.has(step)), b.filter(({ step }) => stepsA.has(step))]
      : nearest(a, b).map((group) => [group]);
  const [ofA, ofB] = [left ?? [], right ?? []];
  const keys = [ofA.at(-1)?.key ?? 0, ofB.at(-1)?.key ?? 0] as const;
  return { asked, sharedSteps, keys, first: average(ofA), second: average(ofB) };
}

/** @param a by step, as `b` is, both with at least one */
function nearest(a: readonly GroupMeans[], b: readonly GroupMeans[]): [GroupMeans, GroupMeans] {
  let best: [GroupMeans, GroupMeans] | null = null;
  for (let [i, j] = [0, 0]; i < a.length && j < b.length; ) {
    const pair: [GroupMeans, GroupMeans] = [a[i] as GroupMeans, b[j] as GroupMeans];
    const apart = ([x, y]: [GroupMeans, GroupMeans]) => Math.abs(x.step - y.step);
    if (best === null || apart(pair) <= apart(best)) best = pair;
    if (pair[0].step < pair[1].step) i++;
    else j++;
  }
  return best as [GroupMeans, GroupMeans];
}

function sumsOf(pairs: readonly Joined[], measure: PairMeasure): PairSums {
  return pairSums(pairs.map(({ first, second }) => [first[measure], second[measure]]));
}

/** @param pairs at least one */
export function pairSums(pairs: readonly (readonly [number, number])[]): PairSums {
  const count = pairs.length;
  const mean = (of: (pair: readonly [number, number]) => number) =>
    pairs.reduce((sum, pair) => sum + of(pair), 0) / count;
  const difference = mean(([a, b]) => b - a);
  return {
    count,
    first: mean(([a]) => a),
    second: mean(([, b]) => b),
    difference,
    squares: pairs.reduce((sum, [a, b]) => sum + (b - a - difference) ** 2, 0),
  };
}

function sharedQuestionOf(first: Database, second: Database, pair: Joined): SharedQuestion {
  const [a, b] = [groupBody(first, pair.keys[0]), groupBody(second, pair.keys[1])];
  const both = (measure: PairMeasure) => ({ first: pair.first[measure], second: pair.second[measure] });
  return {
    key: pair.asked,
    problem: a.question.problem,
    problemType: a.question.problemType,
    sharedSteps: pair.sharedSteps,
    newest: { first: { groupId: a.id, step: a.step }, second: { groupId: b.id, step: b.step } },
    right: both('right'),
    reward: both('reward'),
    length: both('length'),
  };
}

// ---- evaluations ----------------------------------------------------------------------------------------------------

export interface EvaluationPairs {
  readonly pairs: EvaluationPair[];
  readonly leftOut: { readonly first: number; readonly second: number };
  readonly otherFrames: number;
  readonly otherPrompts: number;
}

interface Answered {
  readonly group: Group;
  readonly answer: EvaluationPair['first'];
}

/** By question, and number of the time that an evaluation asks the same again. */
function answersOf(database: Database, evaluationId: string): Map<string, Answered> {
  const rows = database.all<{
    asked: string | null;
    body: string;
    id: string;
    answer: string;
    accuracy: number;
    correct: number;
  }>(
    `SELECT g.asked, b.body, r.id, json_extract(rb.body, '$.answer') AS answer, r.accuracy, f.correct
     FROM groups g JOIN group_bodies b ON b.key = g.key JOIN rollouts r ON r.group_key = g.key
       JOIN rollout_bodies rb ON rb.key = r.key JOIN facets f ON f.id = r.facet
     WHERE g.id >= ? AND g.id < ? AND g.purpose = 'evaluation' AND g.superseded = 0 AND f.frame_order = 'ordered'
     ORDER BY g.row, g.key, r.place`,
    // Groups of evaluation e1 are e1-0-…; the character after the dash ends the range.
    `${evaluationId}-`,
    `${evaluationId}.`,
  );
  const times = new Map<string, number>();
  return new Map(
    rows.map(({ asked, body, id, answer, accuracy, correct }) => {
      if (asked === null)
        throw new StudioError('conflict', 'This run is being indexed anew, and this evaluation is not reached yet.', {
          remedy: 'Ask again in a moment.',
        });
      const time = times.get(asked) ?? 0;
      times.set(asked, time + 1);
      const group = groupOf(body);
      return [
        `${asked} ${time}`,
        { group, answer: { groupId: group.id, rolloutId: id, answer, accuracy, correct: correct === 1 } },
      ];
    }),
  );
}

/** What both were asked besides. */
function armsOf(one: Answered, other: Answered): Pick<EvaluationPair, 'direct' | 'reversal'> {
  const direct = ({ group }: Answered) => group.arms?.direct;
  const reversal = ({ group, answer }: Answered) => {
    const reversed = group.arms?.reversed;
    const correct = answer.correct && reversed?.correct === true;
    return reversed && { accuracy: Number(correct), correct };
  };
  const sides = (of: (answered: Answered) => { accuracy: number; correct: boolean } | undefined) => {
    const [first, second] = [of(one), of(other)].map(
      (scored) => scored && { accuracy: scored.accuracy, correct: scored.correct },
    );
    return first && second && { first, second };
  };
  const [ofDirect, ofReversal] = [sides(direct), sides(reversal)];
  return { ...(ofDirect && { direct: ofDirect }), ...(ofReversal && { reversal: ofReversal }) };
}

export function* evaluationPairs(
  first: { readonly database: Database; readonly evaluationId: string },
  second: { readonly database: Database; readonly evaluationId: string },
): Generator<null, EvaluationPairs> {
  const a = answersOf(first.database, first.evaluationId);
  yield null;
  const b = answersOf(second.database, second.evaluationId);
  const both = [...a].flatMap(([key, answered]) => {
    const partner = b.get(key);
    return partner ? [{ key: key.split(' ')[0] as string, first: answered, second: partner }] : [];
  });
  const differ = (of: (group: Group) => unknown) =>
    both.filter((pair) => JSON.stringify(of(pair.first.group)) !== JSON.stringify(of(pair.second.group))).length;
  return {
    pairs: both.map(({ key, first: one, second: other }) => {
      const { problem, problemType, family, source, needsOrder } = one.group.question;
      return {
        ...{ key, problem, problemType, family: family ?? source, needsOrder: needsOrder === true },
        first: one.answer,
        second: other.answer,
        ...armsOf(one, other),
      };
    }),
    leftOut: { first: a.size - both.length, second: b.size - both.length },
    otherFrames: differ(({ media }) => [media.indices, media.times, media.width, media.height]),
    otherPrompts: differ(({ prompt }) => prompt),
  };
}
