/** What answers stood on, as a table: an answer that was weighed has one record for each intervention. */
import { answerDelta, deltasOf } from '../evidence/deltas.ts';
import type { ChangedScore, Weighing } from '../protocol/evidence.ts';
import type { RunStore } from '../store/run-store.ts';
import { columns } from './columns.ts';

export interface EvidenceRecord {
  readonly weighing: Weighing;
  readonly change: ChangedScore;
}

export function* evidenceRecords(store: Pick<RunStore, 'weighings'>): Generator<EvidenceRecord> {
  for (const weighing of store.weighings()) for (const change of weighing.changes) yield { weighing, change };
}

export const evidenceColumns = columns<EvidenceRecord>(
  ['rollout_id', 'string', ({ weighing }) => weighing.rolloutId],
  ['weights_run', 'string', ({ weighing }) => weighing.by.run],
  ['weights_step', 'integer', ({ weighing }) => weighing.by.step],
  ['weights_answered', 'boolean', ({ weighing }) => weighing.by.same],
  ['version', 'integer', ({ weighing }) => weighing.version],
  ['at', 'time', ({ weighing }) => weighing.at],
  ['intervention', 'string', ({ change }) => change.intervention.kind],
  ['detail', 'json', ({ change }) => change.intervention],
  ['first_token', 'integer', ({ change }) => change.first],
  ['delta', 'number', ({ weighing, change }) => answerDelta(weighing, change)],
  ['token_deltas', 'numbers', ({ weighing, change }) => deltasOf(weighing, change)],
  ['seen_logprobs', 'numbers', ({ weighing }) => weighing.seen],
  ['changed_logprobs', 'numbers', ({ change }) => change.logprobs],
);
