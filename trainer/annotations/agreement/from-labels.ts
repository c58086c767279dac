/** What agreement asks of the labels of a project. */
import { authorKey, type FlagEntry } from '../../protocol/annotations/entries.ts';
import type { LabelBook } from '../../protocol/annotations/label-book.ts';
import type { Judgement } from './judgements.ts';
import type { FlaggedItem, SuggestionAnswer } from './suggestions.ts';

/** Items and authors by their keys, as `itemKey` and `authorKey` make them. */
export interface LabelsForAgreement {
  readonly judgements: readonly Judgement[];
  /** Items with a settlement that stands, and that leaves nothing open. */
  readonly settled: ReadonlySet<string>;
  /** For the scores of detectors. */
  readonly answers: readonly SuggestionAnswer[];
  /** For the same; flags of drafts too. */
  readonly flagged: readonly FlaggedItem[];
}

/** @param items keys of those that are asked about; all when absent */
export function labelsForAgreement(book: LabelBook, items: Iterable<string> = book.keys()): LabelsForAgreement {
  const judgements: Judgement[] = [];
  const settled = new Set<string>();
  const answers: SuggestionAnswer[] = [];
  const flagged: FlaggedItem[] = [];
  for (const item of items) {
    const labels = book.get(item);
    if (!labels) continue;
    const verdicts = new Map(labels.verdicts.map((given) => [authorKey(given.author), given]));
    const flags = Map.groupBy(labels.flags, ({ author }) => authorKey(author));
    for (const author of new Set([...verdicts.keys(), ...flags.keys()])) {
      const marks = (flags.get(author) ?? []).map(markOf);
      const given = verdicts.get(author);
      judgements.push({ item, author, verdict: given?.verdict ?? null, marks, fixed: given?.fixed ?? null });
    }
    if (labels.outcome.state === 'settled') settled.add(item);
    for (const { detector, accepted } of labels.answers) answers.push({ detector, accepted });
    for (const { category } of labels.flags) flagged.push({ item, category });
  }
  return { judgements, settled, answers, flagged };
}

const markOf = ({ category, span }: FlagEntry) => ({ category, span: span && { start: span.start, end: span.end } });
