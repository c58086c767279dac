/** What an update moved, as the group shows it: by side, in this group and in the whole step, and by answer. Values in, values out. */
import {
  type MovedTogether,
  type MovedToken,
  mostMoved,
  movedTogether,
  moveOf,
  type Side,
  sideOf,
} from '../../../trainer/evidence/receipts.ts';
import type { MovedAnswer, Receipt, TriedUpdate } from '../../../trainer/protocol/receipts.ts';
import type { GroupWithRollouts } from '../../../trainer/protocol/records.ts';

export const sides = ['rewarded', 'punished', 'neither'] as const satisfies readonly Side[];

/** One side; null where nothing of it is there. */
export interface SideRow {
  readonly side: Side;
  readonly group: MovedTogether | null;
  readonly step: MovedTogether | null;
}

const ofGroup = ({ answers }: Receipt, { rollouts }: GroupWithRollouts): MovedAnswer[] => {
  const ids = new Set(rollouts.map(({ id }) => id));
  return answers.filter(({ rolloutId }) => ids.has(rolloutId));
};

/** Sides that the step has. */
export function sideRows(receipt: Receipt, group: GroupWithRollouts): SideRow[] {
  const own = ofGroup(receipt, group);
  return sides
    .map((side): SideRow => {
      const of = (answers: readonly MovedAnswer[]) =>
        movedTogether(answers.filter((answer) => sideOf(answer) === side));
      return { side, group: of(own), step: of(receipt.answers) };
    })
    .filter(({ step }) => step !== null);
}

/** The tokens of a group that moved most. */
export const movedMost = (receipt: Receipt, group: GroupWithRollouts, count: number): MovedToken[] =>
  mostMoved(ofGroup(receipt, group), count);

export interface TriedRow {
  readonly id: string;
  readonly index: number;
  /** Of the whole answer, in nats, by the update as it is and by the one that was tried. */
  readonly plain: number;
  readonly tried: number;
  /** Left out of either. */
  readonly leftOut: { readonly plain: boolean; readonly tried: boolean };
}

/** The answers of a group; empty where neither update was made of it. */
export function triedRows({ plain, tried }: TriedUpdate, group: GroupWithRollouts): TriedRow[] {
  const without = new Map(ofGroup(plain, group).map((answer) => [answer.rolloutId, answer]));
  const other = new Map(ofGroup(tried, group).map((answer) => [answer.rolloutId, answer]));
  return group.rollouts.flatMap(({ id, index }) => {
    const [a, b] = [without.get(id), other.get(id)];
    if (!a || !b) return [];
    const leftOut = { plain: a.advantage === null, tried: b.advantage === null };
    return [{ id, index, plain: moveOf(a), tried: moveOf(b), leftOut }];
  });
}

/** In words: of how many answers, and how many of them became likelier. */
export const likelierWords = ({ answers, likelier }: MovedTogether): string => `${likelier} of ${answers}`;
