/** A row of the list as the page keeps it: what its columns show, and no text of the answer. */
import type { RolloutRow as FullRow } from '../../../trainer/protocol/messages.ts';
import { feltOf } from '../../../trainer/protocol/paid-and-felt.ts';
import type { FrameOrder, Group, GroupPurpose, GroupWithRollouts, Rollout } from '../../../trainer/protocol/records.ts';
import type { ToldOfAnswers } from '../../../trainer/protocol/updated-group.ts';
import type { RowPart } from '../../rollout/reward-parts.tsx';

export interface RolloutRow {
  readonly id: string;
  readonly groupId: string;
  readonly step: number;
  readonly purpose: GroupPurpose;
  readonly order: FrameOrder;
  readonly index: number;
  readonly answer: string;
  readonly accuracy: number;
  readonly correct: boolean;
  readonly total: number;
  readonly parts: readonly RowPart[];
  readonly advantage: number | null;
  /** The temporal reward changed its advantage; null where there is nothing to say. */
  readonly felt: boolean | null;
  readonly tokenCount: number;
  /** The highest tier; 0 for none. */
  readonly ahaTier: number;
  /** Nats; null where no reference was asked or it was not kept yet. */
  readonly kl: number | null;
  /** Null where nobody told it. */
  readonly meanEntropy: number | null;
  readonly meanLogprob: number;
  /** Between sampler and trainer: mean difference in nats, and the largest importance weight; null where they are one program. */
  readonly mismatch: number | null;
  readonly importance: number | null;
  /** Of the temporal test of its group; null where there was none. */
  readonly p: number | null;
  readonly pShuffled: number | null;
  /** What the order of the frames is worth to it, in nats; null where it was not weighed or has no order. */
  readonly orderWorth: number | null;
  readonly orderError: number | null;
  /** When its group was made, milliseconds since 1970; null where that is not known. */
  readonly at: number | null;
  readonly flags: number;
  /** Words that it holds and that people had flagged. */
  readonly flagged: readonly string[];
  /** It was left out of the update. */
  readonly masked: boolean;
  readonly problem: string;
  readonly problemType: string;
}

/** The rows of a question share one string. */
const problems = new Map<string, string>();

function shared(problem: string): string {
  const known = problems.get(problem);
  if (known !== undefined) return known;
  if (problems.size > 20_000) problems.clear();
  problems.set(problem, problem);
  return problem;
}

export function compactRow(row: FullRow): RolloutRow {
  const { purpose, p, pShuffled, at, flags, problem, problemType } = row;
  return {
    ...ofRollout(row),
    felt: row.felt ?? null,
    purpose,
    p,
    pShuffled,
    at,
    flags,
    problem: shared(problem),
    problemType,
  };
}

/** Rows of a group that has just arrived, in the order in which the list shows them: newest first. */
export function rowsOfGroup(group: GroupWithRollouts): RolloutRow[] {
  const asked = ofGroup(group);
  return group.rollouts
    .map((rollout) => ({
      ...ofRollout(rollout),
      ...asked,
      felt: feltOf(group, rollout),
      flags: 0,
    }))
    .reverse();
}

/** The row with what the update of its step tells of its answer. */
export function rowWithTold(row: RolloutRow, told: ToldOfAnswers): RolloutRow {
  const own = told.get(row.id);
  if (own === undefined) return row;
  const { orderWorth: order } = own;
  return {
    ...row,
    kl: own.kl ?? row.kl,
    masked: row.masked || own.masked !== undefined,
    ...(order && { orderWorth: order.worth, orderError: order.error }),
  };
}

function ofGroup({ purpose, temporal, at, question }: Group) {
  return {
    purpose,
    p: temporal?.p ?? null,
    pShuffled: temporal?.pShuffled ?? null,
    at,
    problem: shared(question.problem),
    problemType: question.problemType,
  };
}

function ofRollout(rollout: Omit<Rollout, 'text' | 'parsed'>) {
  return {
    id: rollout.id,
    groupId: rollout.groupId,
    step: rollout.step,
    order: rollout.order,
    index: rollout.index,
    answer: rollout.answer,
    accuracy: rollout.accuracy,
    correct: rollout.correct,
    total: rollout.reward.total,
    parts: rollout.reward.parts.map(({ name, value, possible }) => ({ name, value, possible })),
    advantage: rollout.advantage,
    tokenCount: rollout.tokenCount,
    ahaTier: rollout.aha.reduce((highest, { tier }) => Math.max(highest, tier), 0),
    kl: rollout.kl ?? null,
    orderWorth: rollout.orderWorth?.worth ?? null,
    orderError: rollout.orderWorth?.error ?? null,
    flagged: rollout.flagged ?? [],
    masked: rollout.masked !== undefined,
    meanEntropy: rollout.meanEntropy,
    mismatch: rollout.mismatch?.difference ?? null,
    importance: rollout.mismatch?.weight ?? null,
    meanLogprob: rollout.meanLogprob,
  };
}
