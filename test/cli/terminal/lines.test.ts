import fc from 'fast-check';
import { expect, it } from 'vitest';
import { linesOf } from '../../../trainer/cli/terminal/lines.ts';

it('are the same however the stream is cut, the last one without a line end too', async () => {
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
        const lines: string[] = [];
        for await (const { number, bytes: line } of linesOf(stream)) {
          expect(number).toBe(lines.length + 1);
          lines.push(line.toString('utf8'));
        }
        const expected = text.split('\n');
        if (expected.at(-1) === '') expected.pop();
        expect(lines).toEqual(expected);
      },
    ),
  );
});
