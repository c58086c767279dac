import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ItemLines } from '../../trainer/annotations/item-lines.ts';
import { labelFileName, labelFolderOf } from '../../trainer/annotations/label-files.ts';
import { readLabelLine } from '../../trainer/annotations/label-lines.ts';
import { appendEntries } from '../../trainer/annotations/label-writer.ts';
import type { ItemEntry } from '../../trainer/protocol/annotations/entries.ts';
import { ann, ben, itemEntry } from '../protocol/annotations/made-entries.ts';
import { signal, temporaryProject, textOf } from './projects.ts';

const inFull = (bytes: Buffer) => readLabelLine('x.jsonl', { number: 1, offset: 0, bytes, whole: true });
const itemHead = (line: Buffer) => new ItemLines().head(line);
const headOf = ({ id, author, item }: ItemEntry) => ({ id, author, item });

const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), fc.constant('"\\n\\"\\\\\u0000'));
const described = fc
  .record({
    question: text,
    options: fc.array(text),
    text,
    solution: text,
    answer: fc.option(text),
    media: fc.array(text),
    problemType: fc.constantFrom('OCR' as const, 'free-form' as const, null),
  })
  .map((change) => itemEntry(ann, 1, change));

describe('a line of an item', () => {
  it('that this program wrote is checked without its texts, whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(described, async ({ item, text: judged, ...rest }) => {
        // Keys in any order, as whoever makes an entry has them.
        const entry: ItemEntry = { text: judged, ...rest, item };
        const project = temporaryProject();
        await appendEntries(project, [entry], signal);
        const [line = ''] = textOf(`${labelFolderOf(project)}/${labelFileName(ann)}`).split('\n');
        expect(itemHead(Buffer.from(line))).toEqual(headOf(entry));
      }),
      { numRuns: 20 },
    );
  });

  it('is not taken for sound where reading it in full finds a fault', () => {
    let taken = 0;
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('"\\{}[],:nul\n')));
    fc.assert(
      fc.property(described, fc.array(fc.tuple(fc.nat(), byte, fc.boolean()), { maxLength: 2 }), (entry, damage) => {
        const bytes = [...Buffer.from(JSON.stringify(entry))];
        for (const [at, value, isMore] of damage) bytes.splice(at % bytes.length, isMore ? 0 : 1, value);
        const line = Buffer.from(bytes);
        const head = itemHead(line);
        if (head === null) return;
        taken++;
        const { entries, troubles } = inFull(line);
        expect(troubles).toEqual([]);
        expect(entries.map((read) => headOf(read.entry as ItemEntry))).toEqual([head]);
      }),
      { numRuns: 3000 },
    );
    expect(taken).toBeGreaterThan(300);
  });

  it('has its own author, also after another’s', () => {
    const lines = new ItemLines();
    for (const author of [ann, ben, { name: 'Ann', email: null }, ann])
      expect(lines.head(Buffer.from(JSON.stringify(itemEntry(author, 1))))?.author).toEqual(author);
  });

  it('that is longer than a mebibyte, or is no item, is read in full', () => {
    const long = Buffer.from(JSON.stringify(itemEntry(ann, 1, { text: 'x'.repeat(1024 * 1024) })));
    expect([itemHead(long), inFull(long).troubles]).toEqual([null, []]);
    expect(itemHead(Buffer.from('{}'))).toBeNull();
    expect(itemHead(Buffer.alloc(0))).toBeNull();
  });
});
