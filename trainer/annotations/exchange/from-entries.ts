/** From label files to what is exchanged. */
import type { Span } from '../../protocol/records.ts';
import { spanOfCodePoints } from '../../protocol/text-spans.ts';
import type { Entry, ItemContent, ItemReference } from './entry.ts';
import type { ExchangedItem } from './exchanged.ts';
import type { Notices } from './notices.ts';
import { standingLabels } from './standing.ts';

export const itemKey = (item: ItemReference): string =>
  JSON.stringify(
    item.kind === 'row' ? ['row', item.dataset, item.row, item.hash] : ['rollout', item.run, item.rollout, item.hash],
  );

/**
 * The items of label entries, in the order in which they first come, each with all its entries and what stands of them.
 * @param entries of any number of authors; a line that comes twice counts once
 * @param notices told of entries that can't go along: those of an item whose text is not among them
 */
export function exchangedItems(
  entries: Iterable<Entry>,
  notices: Notices,
): (ExchangedItem & { readonly id: string })[] {
  const byId = new Map<string, Entry>();
  for (const entry of entries) if (!byId.has(entry.id)) byId.set(entry.id, entry);
  const groups = new Map<string, { entries: Entry[]; content: ItemContent | null }>();
  for (const entry of byId.values()) {
    const about = entry.kind === 'retraction' ? byId.get(entry.of) : entry;
    if (!about || about.kind === 'retraction') {
      notices.tell('A retraction of an entry that is not among these is left out.', `entry ${entry.id}`);
      continue;
    }
    const key = itemKey(about.item);
    const group = groups.get(key) ?? { entries: [], content: null };
    group.entries.push(entry);
    if (entry.kind === 'item') group.content ??= entry;
    groups.set(key, group);
  }
  return Array.from(groups).flatMap(([key, { entries: of, content }]) => {
    if (content) return [exchangedItem(key, of, content, notices)];
    for (const { id } of of) notices.tell('Left out: the text of its item is not among these labels.', `entry ${id}`);
    return [];
  });
}

function exchangedItem(
  key: string,
  entries: readonly Entry[],
  { question, options, text, solution, answer }: ItemContent,
  notices: Notices,
): ExchangedItem & { readonly id: string } {
  const spanIn = (id: string, anchor: Span | null): Span | null => {
    const span = anchor && spanOfCodePoints(text, anchor);
    if (anchor && !span)
      notices.tell('A flagged span does not fit the text of its item; there it is shown without.', `entry ${id}`);
    return span;
  };
  const judgements = standingLabels(entries).map(({ author, flags, verdict }) => ({
    author: { id: null, ...author },
    at: [...flags, ...(verdict ? [verdict] : [])].map(({ at }) => at).reduce((last, at) => (at > last ? at : last)),
    verdict: verdict && { id: verdict.id, verdict: verdict.verdict, fixed: verdict.fixed },
    flags: flags.map(({ id, category, span, severity, note, from }) => ({
      id,
      category,
      span: spanIn(id, span),
      severity,
      note: note === '' ? null : note,
      from,
    })),
    place: `labels of ${author.name}`,
  }));
  return {
    id: key,
    place: key,
    text,
    shown: { question, options: options.join('\n'), solution, answer },
    judgements,
    entries,
  };
}
