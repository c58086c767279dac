/** Two texts word by word: which words of the first are gone in the second, and which are new there. Computes only. */
import { diffArrays } from 'diff';

export type DiffKind = 'same' | 'gone' | 'new';

/** A run of words in its text, with the space before it. Offsets are UTF-16 code units; runs follow one another without gaps. */
export interface DiffRun {
  readonly kind: DiffKind;
  /** Where the space before the words begins. */
  readonly from: number;
  readonly start: number;
  readonly end: number;
}

export interface WordDiff {
  /** Runs of the first text, same and gone. */
  readonly first: readonly DiffRun[];
  /** Runs of the second text, same and new. */
  readonly second: readonly DiffRun[];
  /** Both in one order; offsets of what is gone are those of the first text, all others of the second. */
  readonly inline: readonly DiffRun[];
  readonly words: { readonly first: number; readonly gone: number; readonly second: number; readonly new: number };
  /** Words at the beginning that are the same in both. */
  readonly sameAtStart: number;
}

/** Words end at space; where a script writes none, each character is a word. */
const word =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[^\s\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]+/gu;

/** Milliseconds after which a page gives up on a pair of texts that have little in common. */
const patienceMs = 1000;

interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const wordsOf = (text: string): Word[] =>
  [...text.matchAll(word)].map((match) => ({
    text: match[0],
    start: match.index,
    end: match.index + match[0].length,
  }));

interface Block {
  readonly same: boolean;
  /** Counts of words. */
  gone: number;
  new: number;
}

/** Changes that touch are one, and so are those with a lone common word between them, which says nothing by itself. */
function blocksOf(
  changes: readonly { readonly added: boolean; readonly removed: boolean; readonly count: number }[],
): Block[] {
  const blocks: Block[] = [];
  for (const [index, { added, removed, count }] of changes.entries()) {
    const isSame = !added && !removed;
    const isLone = isSame && count === 1 && index > 0 && index < changes.length - 1;
    const last = blocks.at(-1);
    if (isSame && !isLone) blocks.push({ same: true, gone: count, new: count });
    else if (last && !last.same) {
      if (!added) last.gone += count;
      if (!removed) last.new += count;
    } else blocks.push({ same: false, gone: added ? 0 : count, new: removed ? 0 : count });
  }
  return blocks;
}

/** Null where the texts are too long and too unlike to be compared while somebody waits. */
export function wordDiff(first: string, second: string): WordDiff | null {
  const [a, b] = [wordsOf(first), wordsOf(second)];
  const text = ({ text: own }: Word) => own;
  const changes = diffArrays(a.map(text), b.map(text), { timeout: patienceMs });
  if (!changes) return null;
  const runs = { first: [] as DiffRun[], second: [] as DiffRun[], inline: [] as DiffRun[] };
  const read = { a: 0, b: 0 };
  const ends = { a: 0, b: 0 };
  const take = (side: 'a' | 'b', count: number, kind: DiffKind): DiffRun => {
    const words = side === 'a' ? a : b;
    const from = ends[side];
    const start = words[read[side]]?.start ?? from;
    read[side] += count;
    const end = words[read[side] - 1]?.end ?? start;
    ends[side] = end;
    return { kind, from, start, end };
  };
  const counts = { gone: 0, new: 0 };
  const blocks = blocksOf(changes);
  for (const block of blocks) {
    if (block.same) {
      runs.first.push(take('a', block.gone, 'same'));
      const run = take('b', block.new, 'same');
      runs.second.push(run);
      runs.inline.push(run);
      continue;
    }
    if (block.gone > 0) {
      const run = take('a', block.gone, 'gone');
      runs.first.push(run);
      runs.inline.push(run);
      counts.gone += block.gone;
    }
    if (block.new > 0) {
      const run = take('b', block.new, 'new');
      runs.second.push(run);
      runs.inline.push(run);
      counts.new += block.new;
    }
  }
  const [opening] = blocks;
  return {
    ...runs,
    words: { first: a.length, gone: counts.gone, second: b.length, new: counts.new },
    sameAtStart: opening?.same ? opening.gone : 0,
  };
}
