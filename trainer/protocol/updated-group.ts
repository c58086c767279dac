/** What the update of a step tells of answers that somebody holds already. */
import type { GroupWithRollouts, Rollout } from './records.ts';

/** By rollout id, as a `references` event tells it. */
export type KlById = Readonly<Record<string, number | null>>;

/** An answer with what is told of it, a rollout or a row of a list; itself where nothing is. */
export function withKl<R extends Pick<Rollout, 'id' | 'kl'>>(rollout: R, kl: KlById): R {
  const told = kl[rollout.id];
  return told === undefined ? rollout : { ...rollout, kl: told };
}

/** Its answers with what is told of them; the group itself where nothing is. */
export function groupWithKl(group: GroupWithRollouts, kl: KlById): GroupWithRollouts {
  const rollouts = group.rollouts.map((rollout) => withKl(rollout, kl));
  return rollouts.every((rollout, i) => rollout === group.rollouts[i]) ? group : { ...group, rollouts };
}
