/** Which rows a filter by labels lists. */
import { disagreements } from '../../trainer/annotations/agreement/disagreements.ts';
import { labelsForAgreement } from '../../trainer/annotations/agreement/from-labels.ts';
import { authorOfSetting } from '../../trainer/annotations/author.ts';
import { itemNameOf } from '../../trainer/annotations/rows/row-item.ts';
import type { RowRule } from '../../trainer/data/editable/search-rows.ts';
import { type Author, authorKey, isUnnamed, itemKey } from '../../trainer/protocol/annotations/entries.ts';
import type { ItemLabels, LabelBook } from '../../trainer/protocol/annotations/label-book.ts';
import { fits, isWaitingFor, type LabelFilter, seenBy } from '../../trainer/protocol/annotations/label-filter.ts';
import type { LabelChoice } from '../../trainer/protocol/dataset-editor.ts';
import type { EarlierTexts } from './earlier-texts.ts';

export interface LabelledRows {
  /** As `datasetName` names it. */
  readonly dataset: string;
  readonly book: LabelBook;
  /** Who looks: a row that waits for their verdict is found by what they said themselves alone. */
  readonly viewer: Author;
}

/** Holds for the rows that a filter keeps, and for none that nobody has said anything of. */
export function keepsLabelled({ author, category, verdict }: LabelChoice, rows: LabelledRows): RowRule {
  const { dataset, book, viewer } = rows;
  const filter: LabelFilter = {
    ...(author !== null && { author: authorOfSetting(author) }),
    ...(category !== null && { category }),
    ...(verdict === 'waiting'
      ? { waitingFor: viewer }
      : verdict !== null && verdict !== 'unsettled' && verdict !== 'earlier' && { verdict }),
  };
  const unsettled = verdict === 'unsettled' ? new Set(unsettledOf(book, book.keys())) : null;
  const kept = new Set<string>();
  const ids = new Set<string | null>();
  for (const key of book.keys()) {
    const said = book.get(key);
    if (said?.item.kind !== 'row' || said.item.dataset !== dataset) continue;
    const labels = seenBy(authorKey(viewer), said);
    if (!(verdict === 'waiting' || isSaid(labels)) || !fits(labels, filter)) continue;
    if (unsettled !== null && (!unsettled.has(key) || isWaitingFor(authorKey(viewer), said))) continue;
    kept.add(key);
    ids.add(said.item.row);
  }
  return {
    ids: namesIn(ids),
    holds: (values) => {
      const item = itemNameOf(dataset, values);
      return item !== null && kept.has(itemKey(item));
    },
  };
}

/** Holds for rows of an earlier text of which something was said that the filter keeps. @param present as `AskedOfRow` has it, of all ids */
export function keepsEarlier(
  { author, category }: LabelChoice,
  present: ReadonlySet<string>,
  { dataset, viewer, earlier }: Omit<LabelledRows, 'book'> & { readonly earlier: EarlierTexts },
): RowRule {
  const by = author === null ? null : authorKey(authorOfSetting(author));
  return {
    ids: namesIn(earlier.idsBut(present)),
    holds: (values) => {
      const item = itemNameOf(dataset, values);
      if (item === null) return false;
      return earlier
        .statements({ item, viewer: authorKey(viewer), present })
        .some(
          (entry) =>
            (by === null || authorKey(entry.author) === by) &&
            (category === null || (entry.kind === 'flag' && entry.category === category)),
        );
    },
  };
}

/** Those that people differ in and nobody settled, of these. */
export function unsettledOf(book: LabelBook, keys: Iterable<string>): readonly string[] {
  const { judgements, settled } = labelsForAgreement(book, keys);
  return disagreements(judgements, settled).map(({ item }) => item);
}

/** Null where rows have nothing to be found by. */
function namesIn(ids: ReadonlySet<string | null>): ReadonlySet<string> | null {
  const names = Array.from(ids).flatMap((id) => (id === null || isUnnamed(id) ? [] : [id]));
  return names.length < ids.size ? null : new Set(names);
}

/** Not all of it was taken back. */
const isSaid = ({ flags, verdicts, settlement }: ItemLabels) =>
  flags.length > 0 || verdicts.length > 0 || settlement !== null;
