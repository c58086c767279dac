/** What an update or a weighing tells of answers that somebody holds already. */
import { toldByMask } from './masked-answers.ts';
import type { GroupWithRollouts, Rollout, RunEventBody } from './records.ts';

/** By rollout id. */
export type ToldOfAnswers = ReadonlyMap<
  string,
  Partial<Pick<Rollout, 'kl' | 'masked' | 'updatedAdvantage' | 'orderWorth'>>
>;

/** Null for an event that tells nothing of answers. */
export function toldOfAnswers(body: RunEventBody): ToldOfAnswers | null {
  switch (body.type) {
    case 'references':
      return new Map(Object.entries(body.kl).map(([id, kl]) => [id, { kl }]));
    case 'masked':
      return toldByMask(body.masked);
    case 'weighed':
      return new Map(
        Object.entries(body.answers).map(([id, worth]) => [id, worth === null ? {} : { orderWorth: worth }]),
      );
    default:
      return null;
  }
}

/** Its answers with what is told of them; the group itself where nothing is. */
export function groupWithTold(group: GroupWithRollouts, told: ToldOfAnswers): GroupWithRollouts {
  if (!group.rollouts.some(({ id }) => told.has(id))) return group;
  return { ...group, rollouts: group.rollouts.map((rollout) => ({ ...rollout, ...told.get(rollout.id) })) };
}
