/** The log of a run's events: written once each, read on from a number, and set aside where the run goes back over them. */
import { type Advisory, withAdvisory } from '../protocol/advisories.ts';
import { StudioError } from '../protocol/errors.ts';
import { faultLine } from '../protocol/issues.ts';
import { type RunEvent, type RunEventBody, runEventBody } from '../protocol/records.ts';
import type { Database } from './database.ts';

/** An event as it is kept: one of a group by the group's key, the others by their body. */
interface KeptEvent {
  readonly seq: number;
  readonly at: number;
  readonly groupKey: number | null;
  readonly body: RunEventBody | null;
}

type BodyOf<T extends RunEventBody['type']> = Extract<RunEventBody, { type: T }>;

interface EventRow {
  seq: number;
  at: number;
  group_key: number | null;
  body: string | null;
}

const keptEvent = ({ seq, at, group_key: groupKey, body }: EventRow): KeptEvent => ({
  seq,
  at,
  groupKey,
  body: body === null ? null : (JSON.parse(body) as RunEventBody),
});

export class EventTable {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /** @param groupKey of a `group` event, whose body lies in the tables of rollouts */
  write({ seq, at, body }: Omit<RunEvent, 'runId'>, groupKey: number | null): void {
    this.database.run(
      'INSERT INTO events (seq, at, step, group_key, body) VALUES (?, ?, ?, ?, ?)',
      seq,
      at,
      stepOf(body),
      groupKey,
      groupKey === null ? JSON.stringify(body) : null,
    );
  }

  /** Sets aside the events of later steps; each reads as `rewound` from then on. @returns the number of this going back */
  supersedeAfter(toStep: number): number {
    const tombstone: BodyOf<'rewound'> = { type: 'rewound', toStep };
    const attempt = this.database.get<{ number: number }>(
      'INSERT INTO attempts (number, at, to_step) SELECT coalesce(max(number), 0) + 1, ?, ? FROM attempts RETURNING number',
      Date.now(),
      toStep,
    )?.number as number;
    this.database.run(
      `INSERT INTO superseded_events (seq, attempt, step, group_key, body)
       SELECT seq, ?, step, group_key, body FROM events WHERE step > ?`,
      attempt,
      toStep,
    );
    this.database.run(
      'UPDATE events SET body = ?, group_key = NULL, step = NULL WHERE step > ?',
      JSON.stringify(tombstone),
      toStep,
    );
    return attempt;
  }

  /** The last step that neither this going back nor a later one has voided. */
  keptSince(attempt: number): number {
    const kept = this.database.get<{ step: number | null }>(
      'SELECT min(to_step) AS step FROM attempts WHERE number >= ?',
      attempt,
    );
    return kept?.step ?? -1;
  }

  /** At most `limit` events with a number above `since`, in order, as they lie there. */
  rowsSince(since: number, limit: number): EventRow[] {
    return this.database.all<EventRow>(
      'SELECT seq, at, group_key, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?',
      since,
      limit,
    );
  }

  since(since: number, limit: number): KeptEvent[] {
    return this.rowsSince(since, limit).map(keptEvent);
  }

  /** The newest `limit` of a type, newest first. */
  newest(type: RunEventBody['type'], limit: number): KeptEvent[] {
    return this.database
      .all<EventRow>(
        `SELECT seq, at, group_key, body FROM events
         WHERE body IS NOT NULL AND json_extract(body, '$.type') = ? ORDER BY seq DESC LIMIT ?`,
        type,
        limit,
      )
      .map(keptEvent);
  }

  /** What stands of the advisories, in the order in which they began. */
  advisories(): Advisory[] {
    return this.database
      .all<{ body: string }>(
        `SELECT body FROM events WHERE body IS NOT NULL AND step IS NOT NULL
         AND json_extract(body, '$.type') IN ('advisory', 'advisory-ended') ORDER BY seq`,
      )
      .reduce((standing: Advisory[], row) => {
        const body = JSON.parse(row.body) as BodyOf<'advisory' | 'advisory-ended'>;
        return body.type === 'advisory'
          ? withAdvisory(standing, body.advisory)
          : standing.filter(({ key }) => key !== body.key);
      }, []);
  }

  /** The bodies of some types but groups, oldest first, read as they are taken. Void ones read as `rewound`. */
  *ofTypes<T extends Exclude<RunEventBody['type'], 'group'>>(types: readonly T[]): Generator<BodyOf<T>, void> {
    for (let after = 0; ; ) {
      const rows = this.database.all<{ seq: number; body: string }>(
        `SELECT seq, body FROM events WHERE seq > ? AND body IS NOT NULL
         AND json_extract(body, '$.type') IN (SELECT value FROM json_each(?)) ORDER BY seq LIMIT 500`,
        after,
        JSON.stringify(types),
      );
      for (const { seq, body } of rows) {
        after = seq;
        yield JSON.parse(body) as BodyOf<T>;
      }
      if (rows.length === 0) return;
    }
  }

  /** Those of a type that the run went back over, with the number of that going back; in each of them the oldest first. */
  superseded<T extends RunEventBody['type']>(type: T): { attempt: number; body: BodyOf<T> }[] {
    return this.database
      .all<{ attempt: number; body: string }>(
        `SELECT attempt, body FROM superseded_events
         WHERE body IS NOT NULL AND json_extract(body, '$.type') = ? ORDER BY attempt, step`,
        type,
      )
      .map(({ attempt, body }) => ({ attempt, body: JSON.parse(body) as BodyOf<T> }));
  }
}

/** The step that an event is about, where a rewind can void it. */
function stepOf(body: RunEventBody): number | null {
  switch (body.type) {
    case 'step':
      return body.metrics.step;
    case 'group':
      return body.group.step;
    case 'checkpoint':
      return body.checkpoint.step;
    case 'evaluation':
      return body.evaluation.step;
    case 'masked':
      return body.masked.step;
    case 'corrected':
      return body.correction.step;
    case 'advisory':
      return body.advisory.since;
    case 'advisory-ended':
    case 'references':
    case 'receipt':
    case 'skipped':
      return body.step;
    default:
      return null;
  }
}

/**
 * A body that a reader's validation would refuse must not get into the log: it would stop every reader for good.
 * @throws StudioError `internal`
 */
export function checkBody(body: RunEventBody): RunEventBody {
  const checked = runEventBody.safeParse(body);
  if (checked.success) return checked.data;
  throw new StudioError(
    'internal',
    `A ${body.type} event does not fit the contract: ${faultLine(runEventBody, body, checked.error, 'it')}.`,
  );
}
