/** How much there is to compute where all rows that sequences have in common stand once: before anything is packed for good. */
import { type PackedGroup, Packer } from './batch.ts';

/**
 * Rows that each sequence adds to a batch with all rows in common: the prompt's count for its first answer. A vision token that was
 * not there counts twice, as the vision tower has a row of work for it too.
 */
export function rowsAdded(groups: readonly PackedGroup[]): number[][] {
  const packer = new Packer('all rows');
  let before = 0;
  const added = (): number => {
    const own = packer.work - before;
    before = packer.work;
    return own;
  };
  return groups.map(({ prompt, answers }) => {
    const packed = packer.prompt(prompt);
    return answers.map((answer) => {
      packer.answer(prompt, packed, answer);
      return added();
    });
  });
}

/**
 * Ranges of groups that make batches with all rows in common of at most `mostRows` rows. A group is never cut, and makes a batch of
 * its own where it has more.
 */
export function sharedBatches(groups: readonly PackedGroup[], mostRows: number): [number, number][] {
  // Most calls fit whatever is in common, which then needs no looking up.
  const rows = ({ prompt, answers }: PackedGroup): number =>
    answers.reduce((sum, { length }) => sum + length, prompt.tokens.length);
  if (groups.reduce((sum, group) => sum + rows(group), 0) <= mostRows)
    return groups.length > 0 ? [[0, groups.length]] : [];
  const ranges: [number, number][] = [];
  let packer = new Packer('all rows');
  let start = 0;
  groups.forEach((group, i) => {
    packer.group(group);
    if (i === start || packer.index.length <= mostRows) return;
    ranges.push([start, i]);
    start = i;
    packer = new Packer('all rows');
    packer.group(group);
  });
  if (start < groups.length) ranges.push([start, groups.length]);
  return ranges;
}
