/** Records as schema 1 holds them, written as schema 2 holds them: states with what belongs to them, commands with ids. */
import { paceSteps } from '../protocol/run-state.ts';
import type { Database } from './database.ts';

interface OldFault {
  readonly kind: string;
  readonly message: string;
}

/** A run's summary of schema 1; what it has besides is the same in schema 2. */
interface OldSummary {
  readonly state:
    | 'created'
    | 'starting'
    | 'running'
    | 'pausing'
    | 'paused'
    | 'stopping'
    | 'stopped'
    | 'completed'
    | 'failed';
  readonly detail: string | null;
  readonly error: OldFault | null;
  readonly remainingMs: number | null;
  readonly step: number;
  readonly engine: object | null;
}

interface OldCommand {
  readonly id: number;
  readonly request: unknown;
  readonly by: string;
  readonly state: 'requested' | 'rejected' | 'scheduled' | 'applied' | 'failed';
  readonly requestedAt: number;
  readonly finishedAt: number | null;
  readonly safePoint: string | null;
  readonly step: number | null;
  readonly oldValue: unknown;
  readonly newValue: unknown;
  readonly note: string | null;
}

type OldBody =
  | { readonly type: 'state'; readonly run: OldSummary }
  | { readonly type: 'command'; readonly command: OldCommand };

/** What a plain pause said of itself. */
const heldAt = /^(before-step|after-sampling|before-update|after-update), step (\d+)(?:: (.*))?$/s;

/** The state with what belongs to it, which was a sentence in `detail`. */
function standingOf({ state, detail, error, step }: OldSummary): object {
  switch (state) {
    case 'created':
    case 'stopped':
    case 'completed':
      return { state };
    case 'starting':
    case 'running':
      return { state, doing: detail };
    case 'pausing':
      return { state, release: detail === 'at the end of this step' };
    case 'stopping':
      return { state, when: detail === 'after this step' ? 'after-step' : 'now' };
    case 'failed':
      return { state, fault: error ?? { kind: 'internal', message: detail ?? 'The run failed.' } };
    case 'paused': {
      const held = detail === null ? null : heldAt.exec(detail);
      return {
        state,
        at: held ? { point: held[1], step: Number(held[2]) } : { point: 'after-update', step },
        why: held ? (held[3] ?? null) : detail,
        fault: error,
        memory: held ? 'held' : 'released',
      };
    }
  }
}

function summaryOf(old: OldSummary, pace: readonly number[]): object {
  const { state: _, detail: __, error: ___, remainingMs: ____, ...same } = old;
  const engine = old.engine && { capabilities: null, ...old.engine };
  return { ...same, engine, pace, evaluationDataset: null, ...standingOf(old) };
}

function commandOf(old: OldCommand): object {
  const { id, request, by, requestedAt, finishedAt, safePoint, step, oldValue, newValue, note } = old;
  const taken = { id: `#${id}`, number: id, request, by, requestedAt };
  const ended = { ...taken, endedAt: finishedAt ?? requestedAt };
  const at = safePoint === null || step === null ? null : { point: safePoint, step };
  const change = oldValue === null && newValue === null ? null : { from: oldValue, to: newValue };
  switch (old.state) {
    case 'requested':
      return { ...taken, state: 'requested' };
    case 'scheduled':
      return { ...taken, state: 'scheduled', point: safePoint, change };
    case 'rejected':
      return { ...ended, state: 'rejected', why: note ?? '' };
    case 'applied':
      return { ...ended, state: 'applied', at, change, note };
    case 'failed':
      return { ...ended, state: 'failed', at, why: note ?? '' };
  }
}

/** Rewrites the summary and the events of a database of schema 1; gives its commands for the table of schema 2. */
export function rewriteRecords(database: Database): { number: number; id: string; body: string }[] {
  const heldMs = 'durations.held';
  database.run(`UPDATE steps SET body = json_set(body, '$.${heldMs}', 0)`);
  database.run(
    `UPDATE events SET body = json_set(body, '$.metrics.${heldMs}', 0) WHERE json_extract(body, '$.type') = 'step'`,
  );
  const rows = database.all<{ seq: number; body: string }>(
    "SELECT seq, body FROM events WHERE json_extract(body, '$.type') IN ('state', 'command')",
  );
  for (const { seq, body } of rows) {
    const old = JSON.parse(body) as OldBody;
    const rewritten =
      old.type === 'state'
        ? { type: old.type, run: summaryOf(old.run, []) }
        : { type: old.type, command: commandOf(old.command) };
    database.run('UPDATE events SET body = ? WHERE seq = ?', JSON.stringify(rewritten), seq);
  }
  const pace = database
    .all<{ total: number }>(
      "SELECT json_extract(body, '$.durations.total') AS total FROM steps ORDER BY step DESC LIMIT ?",
      paceSteps,
    )
    .map(({ total }) => total)
    .reverse();
  for (const { summary } of database.all<{ summary: string }>('SELECT summary FROM run')) {
    database.run('UPDATE run SET summary = ?', JSON.stringify(summaryOf(JSON.parse(summary) as OldSummary, pace)));
  }
  return database
    .all<{ id: number; body: string }>('SELECT id, body FROM commands ORDER BY id')
    .map(({ id, body }) => ({
      number: id,
      id: `#${id}`,
      body: JSON.stringify(commandOf(JSON.parse(body) as OldCommand)),
    }));
}
