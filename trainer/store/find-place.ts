/** What stands at a place of a run now. A link outlives what it names: steps are gone back over, and then their ids are given again. */
import { nearestStepNote, type Place } from '../protocol/place.ts';
import type { Database } from './database.ts';

export interface FoundPlace {
  readonly groupId: string | null;
  readonly rolloutId: string | null;
  /** For people: what of the place is not there, or is not what it was. */
  readonly note: string | null;
}

type Sought = Pick<Place, 'step' | 'groupId' | 'rolloutId'>;

interface Row {
  readonly id: string;
  readonly group: string;
  readonly rollout: string;
  readonly step: number;
  readonly superseded: number;
}

const columns = {
  rollouts: `SELECT r.id, g.id AS "group", r.id AS rollout, r.step, r.superseded FROM rollouts r JOIN groups g ON g.key = r.group_key`,
  groups: `SELECT g.id, g.id AS "group", r.id AS rollout, g.step, g.superseded FROM groups g JOIN rollouts r ON r.group_key = g.key`,
};

/** @param sought the rollout decides, then the group, then the step */
export function findPlace(database: Database, { rolloutId, groupId, step }: Sought): FoundPlace {
  const named = rolloutId === undefined ? groupId : rolloutId;
  if (named === undefined) return step === undefined ? nothing : atStep(database, step, null);
  const [table, alias, noun] =
    rolloutId === undefined ? (['groups', 'g', 'group'] as const) : (['rollouts', 'r', 'rollout'] as const);
  const first = `${columns[table]} WHERE ${alias}.id = ? ORDER BY r.place LIMIT 1`;
  const there = database.get<Row>(first, named);
  /** The newest that was once called so. */
  const before = database.get<Row>(
    `${columns[table]} WHERE ${alias}.id >= ? || '~' AND ${alias}.id < ? || '~:' ORDER BY ${alias}.superseded DESC, r.place LIMIT 1`,
    named,
    named,
  );
  if (there && there.superseded > 0)
    return found(there, `The run has gone back over step ${there.step}: ${named} is superseded, and kept as it was.`);
  if (there && before)
    return found(
      there,
      `The run has gone back over step ${there.step} and done it again: this is ${named} as it stands; the one before it is ${before.id}.`,
    );
  if (there) return found(there, null);
  if (before)
    return found(
      before,
      `The run has gone back over step ${before.step}, and there is no ${named} any more; shown is what was called so, kept as ${before.id}.`,
    );
  const missing = `There is no ${noun} ${named} in this run`;
  return atStep(database, step ?? stepOf(named), missing);
}

/** The first group of a step, or of the nearest that has one. @param missing what was sought and is not there */
function atStep(database: Database, step: number | null, missing: string | null): FoundPlace {
  const standing = 'g.superseded = 0';
  const row =
    step === null
      ? undefined
      : [
          database.get<Row>(
            `${columns.groups} WHERE ${standing} AND g.step <= ? ORDER BY g.step DESC, g.key, r.place LIMIT 1`,
            step,
          ),
          database.get<Row>(
            `${columns.groups} WHERE ${standing} AND g.step > ? ORDER BY g.step, g.key, r.place LIMIT 1`,
            step,
          ),
        ]
          .filter((one) => one !== undefined)
          .sort((a, b) => Math.abs(a.step - step) - Math.abs(b.step - step))[0];
  if (row === undefined) {
    const none = step === null ? missing : (missing ?? `There are no rollouts near step ${step}`);
    return { ...nothing, note: none && `${none}.` };
  }
  if (missing !== null) return found(row, `${missing}; shown is the nearest, of step ${row.step}.`);
  return found(row, step === null || row.step === step ? null : nearestStepNote(step, row.step));
}

const nothing: FoundPlace = { groupId: null, rolloutId: null, note: null };

const found = ({ group, rollout }: Row, note: string | null): FoundPlace => ({
  groupId: group,
  rolloutId: rollout,
  note,
});

/** Ids begin with the step, as `s150-g0-o1` does. */
function stepOf(id: string): number | null {
  const step = /^s(\d{1,9})-/.exec(id)?.[1];
  return step === undefined ? null : Number(step);
}
