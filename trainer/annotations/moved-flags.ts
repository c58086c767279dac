/** The flags of a run's database as entries of label files. The same flags give the same entries, so that to move them twice adds nothing. */
import { createHash } from 'node:crypto';
import { type Anchor, anchorOf } from '../protocol/annotations/anchors.ts';
import { categoryOfOldFlag } from '../protocol/annotations/categories.ts';
import {
  type Author,
  authorKey,
  type Entry,
  entryVersion,
  type FlagEntry,
  type Item,
  type ItemEntry,
  itemKey,
  type VerdictEntry,
} from '../protocol/annotations/entries.ts';
import { shownLine } from '../protocol/hostile-text.ts';
import { spanOfCodePoints } from '../protocol/text-spans.ts';
import type { ExportedAnnotation } from '../store/annotation-table.ts';
import { textHash } from './label-files.ts';

/** @param flags of one run, oldest first. Their authors had no e-mail addresses, and keep the names that they had */
export function entriesOfFlags(flags: readonly ExportedAnnotation[]): Entry[] {
  const described = new Set<string>();
  return flags.flatMap((flag) => {
    const author: Author = { name: shownLine(flag.author, 150) || 'unnamed', email: null };
    const item: Item = { kind: 'rollout', run: flag.run, rollout: flag.rolloutId, hash: textHash(flag.text) };
    const head = (kind: string, ...what: readonly unknown[]) => ({
      v: entryVersion,
      id: idOf([kind, flag.at, ...what]),
      at: flag.at,
      author,
    });
    const entries: Entry[] = [];
    const key = `${authorKey(author)} ${itemKey(item)}`;
    if (!described.has(key)) entries.push({ ...head('item', key), ...itemOf(flag, item) });
    described.add(key);
    entries.push({ ...head('flag', flag.run, flag.id), ...flagOf(flag, item) });
    if (flag.verdict !== null)
      entries.push({ ...head('verdict', flag.run, flag.id), ...verdictOf(flag.verdict, item) });
    return entries;
  });
}

type Said<E extends Entry> = Omit<E, 'v' | 'id' | 'at' | 'author'>;

const itemOf = ({ question, text, solution, answer }: ExportedAnnotation, item: Item): Said<ItemEntry> => ({
  kind: 'item',
  item,
  question: question.problem,
  options: question.options,
  problemType: question.problemType,
  text,
  solution,
  answer: answer === '' ? null : answer,
  media: [question.path],
});

const flagOf = (flag: ExportedAnnotation, item: Item): Said<FlagEntry> => ({
  kind: 'flag',
  item,
  category: categoryOfOldFlag[flag.category ?? ''] ?? flag.category ?? 'other',
  severity: 'major',
  note: flag.note,
  span: spanOf(flag),
  from: null,
  moved: { annotation: Number(flag.id), category: flag.was ?? flag.category ?? '' },
});

const verdictOf = (verdict: VerdictEntry['verdict'], item: Item): Said<VerdictEntry> => ({
  kind: 'verdict',
  item,
  verdict,
  fixed: null,
});

/** An empty span, which older versions took, flags the whole. */
function spanOf({ text, span }: ExportedAnnotation): Anchor | null {
  const found = span && spanOfCodePoints(text, span);
  return found === null || found.start === found.end ? null : anchorOf(text, found);
}

const idOf = (parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
