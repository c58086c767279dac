/** Every sequence goes to exactly one shard, prompts stay together, and loads are even. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EncodedPrompt } from '../../../trainer/engines/tfjs/model/batch.ts';
import { groupByPrompt, shard } from '../../../trainer/engines/tfjs/sharding.ts';

const prompt = (tokens: number): EncodedPrompt => ({
  tokens: new Int32Array(tokens),
  positions: new Int32Array(3 * tokens),
  next: tokens,
  media: [],
});

test('sequences are divided without loss or repetition, alike each time', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 12 })), {
        minLength: 1,
        maxLength: 15,
      }),
      fc.integer({ min: 1, max: 5 }),
      (sizes, count) => {
        const prompts = sizes.flatMap(([tokens, answers]) => {
          const shared = prompt(tokens);
          return Array.from({ length: answers }, () => shared);
        });
        const divide = (): number[][] =>
          shard(groupByPrompt(prompts), (i) => 10 + (i % 7), count).map((groups) =>
            groups.flatMap(({ sequences }) => sequences),
          );
        expect(divide().length).toBe(count);
        expect(
          divide()
            .flat()
            .sort((a, b) => a - b),
        ).toEqual(prompts.map((_, i) => i));
        expect(divide()).toEqual(divide());
      },
    ),
  );
});

test('equal questions are divided evenly, and each whole', () => {
  const prompts = Array.from({ length: 12 }, () => prompt(50)).flatMap((shared) =>
    Array.from({ length: 8 }, () => shared),
  );
  const shards = shard(groupByPrompt(prompts), () => 35, 2);
  expect(shards.map((groups) => groups.length)).toEqual([6, 6]);
  expect(shards.flat().every(({ sequences }) => sequences.length === 8)).toBe(true);
});

test('a single question is cut rather than left to one thread', () => {
  const shared = prompt(20);
  const shards = shard(groupByPrompt(Array.from({ length: 8 }, () => shared)), () => 100, 2);
  expect(shards.map((groups) => groups.flatMap(({ sequences }) => sequences).length)).toEqual([4, 4]);
});
