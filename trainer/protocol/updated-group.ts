/** What an update or a weighing tells of answers that somebody holds already. */
import { toldByCorrection } from './corrections.ts';
import { toldByMask } from './masked-answers.ts';
import type { GroupWithRollouts, Rollout, RunEventBody } from './records.ts';

/** By rollout id. */
export type ToldOfAnswers = ReadonlyMap<
  string,
  {
    readonly [K in 'kl' | 'masked' | 'rescored' | 'updatedReward' | 'updatedAdvantage' | 'orderWorth']?:
      | Rollout[K]
      | undefined;
  }
>;

/** Null for an event that tells nothing of answers. */
export function toldOfAnswers(body: RunEventBody): ToldOfAnswers | null {
  switch (body.type) {
    case 'references':
      return new Map(Object.entries(body.kl).map(([id, kl]) => [id, { kl }]));
    case 'masked':
      return toldByMask(body.masked);
    case 'corrected':
      return toldByCorrection(body.correction);
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
