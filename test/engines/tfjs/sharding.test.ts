/** Every sequence goes to exactly one shard, prompts stay together, and loads are even. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EncodedPrompt } from '../../../trainer/engines/qwen/prompts.ts';
import { groupByPrompt, shard, shardInOrder } from '../../../trainer/engines/tfjs/sharding.ts';

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

test('in order, sequences that follow each other stay together, work is even, and none is lost', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 9 }), {
        minLength: 1,
        maxLength: 12,
      }),
      fc.integer({ min: 1, max: 4 }),
      (work, count) => {
        const prompts = work.flatMap((own) => {
          const shared = prompt(20);
          return own.map(() => shared);
        });
        const shards = shardInOrder(groupByPrompt(prompts), work, count);
        expect(shards).toHaveLength(count);
        expect(shards.flat().flatMap(({ sequences }) => sequences)).toEqual(prompts.map((_, i) => i));
        const flat = work.flat();
        const fair = flat.reduce((sum, own) => sum + own, 0) / count;
        const largest = Math.max(...flat);
        for (const own of shards) {
          const load = own.flatMap(({ sequences }) => sequences).reduce((sum, i) => sum + (flat[i] ?? 0), 0);
          expect(load).toBeLessThanOrEqual(fair + largest);
        }
      },
    ),
  );
});
