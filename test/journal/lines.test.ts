import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { type Line, linesOf, linesOfFile } from '../../trainer/journal/lines.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'lines-'));
afterAll(() => rmSync(folder, { recursive: true }));

function ofFile(bytes: Uint8Array): Line[] {
  const file = path.join(folder, 'file');
  writeFileSync(file, bytes);
  const descriptor = openSync(file, 'r');
  try {
    return [...linesOfFile(descriptor)];
  } finally {
    closeSync(descriptor);
  }
}

describe('lines', () => {
  it('are the same however the stream is cut, and from a file, each with its number and place', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.constantFrom('a', 'é', '\n', '\r') }),
        fc.infiniteStream(fc.integer({ min: 1, max: 4 })),
        async (text, sizes) => {
          const bytes = Buffer.from(text);
          const pieces: Buffer[] = [];
          for (let at = 0; at < bytes.length; ) {
            const size = sizes.next().value as number;
            pieces.push(bytes.subarray(at, at + size));
            at += size;
          }
          const stream = (async function* () {
            yield* pieces;
          })();
          const expected = text.split('\n');
          if (expected.at(-1) === '') expected.pop();
          const streamed: Line[] = [];
          for await (const line of linesOf(stream)) streamed.push(line);
          for (const lines of [streamed, ofFile(bytes)]) {
            expect(lines.map((line) => line.bytes.toString('utf8'))).toEqual(expected);
            lines.forEach(({ number, offset, bytes: own, whole }, i) => {
              expect(number).toBe(i + 1);
              expect(bytes.subarray(offset, offset + own.length)).toEqual(own);
              expect(whole).toBe(bytes[offset + own.length] === 10);
            });
          }
        },
      ),
    );
  });

  it('longer than a reading of the file are whole, and what was read before stays as it was', () => {
    const long = 'x'.repeat(2.5 * 1024 * 1024);
    const lines = ofFile(Buffer.from(`first\n${long}\nlast`));
    expect(lines.map(({ bytes }) => bytes.toString())).toEqual(['first', long, 'last']);
    expect(lines.map(({ offset, whole }) => [offset, whole])).toEqual([
      [0, true],
      [6, true],
      [7 + long.length, false],
    ]);
  });
});
