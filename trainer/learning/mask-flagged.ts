/** The rule that leaves flagged answers out of an update: those that hold flagged words, and those flagged while their group was open. */
import type { ScoredGroup } from './groups.ts';
import type { OpenGroups } from './open-groups.ts';
import type { Training } from './training.ts';

export async function maskFlagged(
  training: Pick<Training, 'flaggedOf' | 'onMasked'>,
  groups: readonly ScoredGroup[],
  open: OpenGroups,
  step: number,
): Promise<void> {
  const answers = groups.flatMap(({ group }) => group.rollouts.filter(({ order }) => order === 'ordered'));
  const flagged = await training.flaggedOf(answers);
  const rollouts = answers.flatMap(({ id, flagged: words = [] }) =>
    words.length > 0 || flagged.has(id) ? [{ id, words }] : [],
  );
  if (rollouts.length === 0) return;
  const advantages = open.leaveOut(rollouts.map(({ id }) => id));
  training.onMasked({ step, rollouts, advantages });
}
