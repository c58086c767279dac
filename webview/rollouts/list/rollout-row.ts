/** A row of the list as the page keeps it: small enough for a hundred thousand of them. */
import type { RolloutRow as FullRow } from '../../../trainer/protocol/messages.ts';
import type { FrameOrder, GroupPurpose, GroupWithRollouts } from '../../../trainer/protocol/records.ts';
import type { RowPart } from '../../rollout/reward-parts.tsx';

export interface RolloutRow {
  /** Position in the store; null until the trainer's list has told it. */
  readonly key: number | null;
  readonly id: string;
  readonly groupId: string;
  readonly step: number;
  readonly purpose: GroupPurpose;
  readonly order: FrameOrder;
  readonly index: number;
  readonly accuracy: number;
  readonly correct: boolean;
  readonly total: number;
  readonly parts: readonly RowPart[];
  readonly advantage: number | null;
  readonly tokenCount: number;
  /** The highest tier; 0 for none. */
  readonly ahaTier: number;
  readonly flags: number;
  readonly problem: string;
  readonly problemType: string;
  readonly dataType: string;
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
  return {
    key: row.key,
    id: row.id,
    groupId: row.groupId,
    step: row.step,
    purpose: row.purpose,
    order: row.order,
    index: row.index,
    accuracy: row.accuracy,
    correct: row.correct,
    total: row.reward.total,
    parts: row.reward.parts.map(({ name, value, possible }) => ({ name, value, possible })),
    advantage: row.advantage,
    tokenCount: row.tokenCount,
    ahaTier: highestTier(row.aha),
    flags: row.flags,
    problem: shared(row.problem),
    problemType: row.problemType,
    dataType: row.dataType,
  };
}

/** Rows of a group that has just arrived, in the order in which the list shows them: newest first. */
export function rowsOfGroup(group: GroupWithRollouts): RolloutRow[] {
  return group.rollouts
    .map((rollout) => ({
      key: null,
      id: rollout.id,
      groupId: group.id,
      step: group.step,
      purpose: group.purpose,
      order: rollout.order,
      index: rollout.index,
      accuracy: rollout.accuracy,
      correct: rollout.correct,
      total: rollout.reward.total,
      parts: rollout.reward.parts.map(({ name, value, possible }) => ({ name, value, possible })),
      advantage: rollout.advantage,
      tokenCount: rollout.tokenCount,
      ahaTier: highestTier(rollout.aha),
      flags: 0,
      problem: shared(group.question.problem),
      problemType: group.question.problemType,
      dataType: group.question.dataType,
    }))
    .reverse();
}

function highestTier(aha: readonly { readonly tier: number }[]): number {
  return aha.reduce((highest, moment) => Math.max(highest, moment.tier), 0);
}
