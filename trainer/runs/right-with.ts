/** How often a group's question is answered right with less than its video: from asks of the group, which are made on demand. */
import { randomUUID } from 'node:crypto';
import {
  type Ask,
  type Experiment,
  type RightOf,
  type RightWith,
  type RightWithFrames,
  rightWithAnswers,
  rightWithFrames,
  theSameAgain,
} from '../protocol/ask.ts';
import type { GroupWithRollouts } from '../protocol/records.ts';
import type { RunStore } from '../store/run-store.ts';

/** The three asks differ from the group in their frames alone. */
export function rightWithAsk(frames: RightWithFrames): Ask {
  return { ...theSameAgain, frames, n: rightWithAnswers };
}

/** Those that make sense: an image has no frames to leave out or turn round. */
export function rightWithKinds({ media }: Pick<GroupWithRollouts, 'media'>): RightWithFrames[] {
  return media.kind === 'video' && media.indices.length > 1 ? [...rightWithFrames] : ['none'];
}

/** @throws StudioError `not-found` */
export function rightWithOf(store: RunStore, groupId: string): RightWith {
  const group = store.group(groupId);
  const asked = store.experimentsAbout({ groupId });
  const newest = (frames: RightWithFrames): Experiment | undefined =>
    asked.findLast(({ ask }) => JSON.stringify({ ...ask, seed: null }) === JSON.stringify(rightWithAsk(frames)));
  const counted = (answers: readonly { readonly correct: boolean }[]): RightOf => ({
    right: answers.filter(({ correct }) => correct).length,
    total: answers.length,
  });
  const of = (frames: RightWithFrames): RightOf | null => {
    const answers = newest(frames)?.parts[0]?.answers;
    return answers ? counted(answers) : null;
  };
  const half = (order: 'ordered' | 'shuffled') => group.rollouts.filter((rollout) => rollout.order === order);
  const shuffled = half('shuffled');
  const { options, problemType } = group.question;
  return {
    asSeen: counted(half('ordered')),
    shuffled: shuffled.length === 0 ? null : counted(shuffled),
    ...{ none: of('none'), one: of('one'), reversed: of('reversed') },
    kinds: rightWithKinds(group),
    weights: rightWithKinds(group).flatMap((frames) => newest(frames)?.parts[0]?.weights ?? [])[0] ?? null,
    chance: problemType === 'multiple choice' && options.length > 0 ? 1 / options.length : null,
  };
}

/** The asks that are to be made of a group, each with an id of its own. */
export function rightWithAsks(group: GroupWithRollouts): { id: string; ask: Ask }[] {
  return rightWithKinds(group).map((frames) => ({ id: randomUUID(), ask: rightWithAsk(frames) }));
}
