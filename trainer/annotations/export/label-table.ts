/** Labels as a table with a row for each flag, verdict and settlement that stands, for Parquet. */

import type { Column, ColumnType } from '../../export/columns.ts';
import {
  type FlagEntry,
  type ItemEntry,
  isUnnamed,
  itemKey,
  type SettlementEntry,
  type VerdictEntry,
} from '../../protocol/annotations/entries.ts';

export interface LabelRow {
  readonly entry: FlagEntry | VerdictEntry | SettlementEntry;
  /** Null where no label file says what the item was. */
  readonly content: ItemEntry | null;
  /** What training obeys: a verdict, `disputed` or `none`. */
  readonly outcome: string;
}

const ofFlag = (pick: (flag: FlagEntry) => unknown) => (row: LabelRow) =>
  row.entry.kind === 'flag' ? pick(row.entry) : null;
const ofVerdict = (pick: (verdict: VerdictEntry | SettlementEntry) => unknown) => (row: LabelRow) =>
  row.entry.kind === 'flag' ? null : pick(row.entry);

const listed: readonly (readonly [string, ColumnType, (row: LabelRow) => unknown])[] = [
  ['kind', 'string', ({ entry }) => entry.kind],
  ['id', 'string', ({ entry }) => entry.id],
  ['at', 'time', ({ entry }) => Date.parse(entry.at)],
  ['author', 'string', ({ entry }) => entry.author.name],
  ['author_email', 'string', ({ entry }) => entry.author.email],
  ['item', 'string', ({ entry }) => itemKey(entry.item)],
  ['item_kind', 'string', ({ entry }) => entry.item.kind],
  ['dataset', 'string', ({ entry: { item } }) => (item.kind === 'row' ? item.dataset : null)],
  ['problem_id', 'string', ({ entry: { item } }) => (item.kind === 'row' && !isUnnamed(item.row) ? item.row : null)],
  ['run', 'string', ({ entry: { item } }) => (item.kind === 'rollout' ? item.run : null)],
  ['rollout_id', 'string', ({ entry: { item } }) => (item.kind === 'rollout' ? item.rollout : null)],
  ['category', 'string', ofFlag(({ category }) => category)],
  ['severity', 'string', ofFlag(({ severity }) => severity)],
  ['note', 'string', ofFlag(({ note }) => note)],
  ['quote', 'string', ofFlag(({ span }) => span?.quote)],
  ['span_start', 'integer', ofFlag(({ span }) => span?.start)],
  ['span_end', 'integer', ofFlag(({ span }) => span?.end)],
  ['detector', 'string', ofFlag(({ from }) => from)],
  ['verdict', 'string', ofVerdict(({ verdict }) => verdict)],
  ['fixed_text', 'string', ofVerdict(({ fixed }) => fixed)],
  ['outcome', 'string', ({ outcome }) => outcome],
  ['problem', 'string', ({ content }) => content?.question],
  ['problem_type', 'string', ({ content }) => content?.problemType],
  ['options', 'strings', ({ content }) => content?.options],
  ['text', 'string', ({ content }) => content?.text],
  ['solution', 'string', ({ content }) => content?.solution],
  ['answer', 'string', ({ content }) => content?.answer],
  ['media', 'strings', ({ content }) => content?.media],
];

/** Spans count code points of `text`, end exclusive. */
export const labelTable = {
  name: 'labels',
  columns: listed.map(([name, type, of]): Column => ({ name, type, of: (row) => of(row as LabelRow) })),
};
