/** What was said of an item, line by line in words, as far as somebody may know it. */
import type { HistoryLine, ItemHistory } from '../../protocol/annotations/agreement.ts';
import type { Categories } from '../../protocol/annotations/categories.ts';
import { type Author, authorKey, authorLine } from '../../protocol/annotations/entries.ts';
import type { ItemLabels, Statement } from '../../protocol/annotations/label-book.ts';
import { othersLabels } from './blind.ts';

interface HistoryAsked {
  /** What others say is hidden from those who are still to judge the item. */
  readonly viewer: Author;
  /** To settle what others differ in: only those to whom the item was dealt out are to judge it. */
  readonly settling: boolean;
}

export function historyFor(
  { viewer, settling }: HistoryAsked,
  labels: ItemLabels,
  named: Categories['named'],
): ItemHistory {
  const { history, assignment, verdicts, settlement } = labels;
  const keysOf = (authors: readonly Author[]) => new Set(authors.map(authorKey));
  const others = othersLabels(authorKey(viewer), {
    assigned: assignment === null && !settling ? null : keysOf(assignment?.annotators ?? []),
    judged: keysOf(verdicts.map(({ author }) => author)),
  });
  const isShown = ({ author, kind }: Statement) =>
    others.shown || kind === 'assignment' || authorKey(author) === authorKey(viewer);
  const byId = new Map(history.map(({ entry }) => [entry.id, entry]));
  const current = currentOf(labels);
  return {
    lines: history
      .filter(({ entry }) => isShown(entry))
      .map(
        ({ entry, stands }): HistoryLine => ({
          ...{ id: entry.id, at: Date.parse(entry.at), author: authorLine(entry.author) },
          what: wordsOf(entry, byId, named),
          stands: stands && (entry.kind === 'retraction' || current.has(entry.id)),
        }),
      ),
    settled:
      settlement && others.shown
        ? { verdict: settlement.verdict, author: authorLine(settlement.author), at: Date.parse(settlement.at) }
        : null,
    hidden: others.shown ? null : others.why,
    annotators: assignment?.annotators.map(authorLine) ?? null,
  };
}

/** Ids of what no later word of the same author took the place of. */
function currentOf({ flags, verdicts, answers, settlement, assignment }: ItemLabels): ReadonlySet<string> {
  const last = [settlement ?? [], assignment?.entries ?? []].flat();
  return new Set([...flags, ...verdicts, ...answers, ...last].map(({ id }) => id));
}

function wordsOf(entry: Statement, byId: ReadonlyMap<string, Statement>, named: Categories['named']): string {
  switch (entry.kind) {
    case 'flag': {
      const from = entry.from === null ? '' : `, suggested by ${entry.from}`;
      const where = entry.span === null ? '' : `: “${entry.span.quote}”`;
      return `flag, ${named(entry.category).name}, ${entry.severity}${from}${where}`;
    }
    case 'verdict':
      return `verdict ${entry.verdict}${entry.fixed === null ? '' : ', with a fixed text'}`;
    case 'answer':
      return `${entry.accepted ? 'accepted' : 'dismissed'} what ${entry.detector} suggests`;
    case 'settlement':
      return `settled: ${entry.verdict}${entry.fixed === null ? '' : ', with a fixed text'}`;
    case 'assignment':
      return `given to ${entry.annotators.map(({ name }) => name).join(' and ')}`;
    case 'retraction': {
      const target = byId.get(entry.of);
      return `took back: ${target === undefined ? 'what is not here' : wordsOf(target, byId, named)}`;
    }
  }
}
