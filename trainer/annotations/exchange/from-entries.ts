/** From label files to what is exchanged. */
import { type Anchor, spanInSameText } from '../../protocol/annotations/anchors.ts';
import { type Entry, type ItemEntry, itemKey } from '../../protocol/annotations/entries.ts';
import type { Span } from '../../protocol/records.ts';
import { answeredAll, type ExchangedJudgement, type IdentifiedItem } from './exchanged.ts';
import { fixedText } from './fixed-text.ts';
import type { Notices } from './notices.ts';
import { ownLabels } from './standing.ts';

/** All entries of one item, as they came. */
export interface ItemGroup {
  readonly key: string;
  readonly entries: readonly Entry[];
  /** The entry that says what the item is. */
  readonly content: ItemEntry;
}

/**
 * Label entries by item, in the order in which these first come.
 * @param entries of any number of authors; a line that comes twice counts once
 * @param notices told of entries that can't go along: those of an item whose text is not among them
 */
export function itemGroups(entries: Iterable<Entry>, notices: Notices): ItemGroup[] {
  const byId = new Map<string, Entry>();
  for (const entry of entries) if (!byId.has(entry.id)) byId.set(entry.id, entry);
  const groups = new Map<string, Entry[]>();
  for (const entry of byId.values()) {
    const key = keyOf(entry, byId);
    const group = key === null ? undefined : groups.get(key);
    if (key === null)
      notices.tell('A retraction of an entry that is not among these is left out.', `entry ${entry.id}`);
    else if (group) group.push(entry);
    else groups.set(key, [entry]);
  }
  return Array.from(groups).flatMap(([key, of]) => {
    const content = of.find((entry) => entry.kind === 'item');
    if (content) return [{ key, entries: of, content }];
    for (const { id } of of) notices.tell('Left out: the text of its item is not among these labels.', `entry ${id}`);
    return [];
  });
}

/** The item that an entry is about; null for a retraction of what is not there, or of itself. */
function keyOf(entry: Entry, byId: ReadonlyMap<string, Entry>): string | null {
  const seen = new Set<string>();
  let about: Entry | undefined = entry;
  while (about?.kind === 'retraction' && !seen.has(about.id)) {
    seen.add(about.id);
    about = byId.get(about.of);
  }
  return about && about.kind !== 'retraction' ? itemKey(about.item) : null;
}

/** The item with what stands of its entries, and all of these. */
export function exchangedItem({ key, entries, content }: ItemGroup, notices: Notices): IdentifiedItem {
  const { item, question, options, text, solution, answer } = content;
  const spanIn = (id: string, anchor: Anchor | null): Span | null => {
    const span = anchor && spanInSameText(text, anchor);
    if (anchor && !span)
      notices.tell(
        'A flagged span is not in the text of its item; the flag is shown for the whole of it.',
        `entry ${id}`,
      );
    return span;
  };
  const judgements = ownLabels(entries, key).standing.map(
    ({ author, flags, verdict }): ExchangedJudgement => ({
      author: { id: null, ...author },
      at: [...flags, ...(verdict ? [verdict] : [])].map(({ at }) => at).reduce((last, at) => (at > last ? at : last)),
      verdict: verdict && { id: verdict.id, verdict: verdict.verdict, fixed: fixedText(verdict.fixed) },
      flags: flags.map(({ id, category, span, severity, note, from }) => ({
        id,
        category,
        span: spanIn(id, span),
        severity,
        note: note === '' ? null : note,
        from,
      })),
      answered: answeredAll,
      place: `labels of ${author.name}`,
    }),
  );
  return {
    id: key,
    place: key,
    text,
    shown: {
      ...(item.kind === 'row' && item.row !== null && { problem_id: item.row }),
      question,
      options: options.join('\n'),
      solution,
      ...(answer !== null && { answer }),
    },
    judgements,
    silent: [],
    isWhole: true,
    entries,
  };
}
