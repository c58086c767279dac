/** Interventions are data drawn from a seed: shuffles are distinct and never what was seen; what makes no sense says why. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planInterventions, shuffles } from '../../../trainer/evidence/interventions/plan.ts';
import { interventionKinds } from '../../../trainer/protocol/evidence.ts';
import { answered } from './answered.ts';

test('shuffles are permutations, distinct, never the identity, and the same for a seed', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 1, max: 8 }), fc.nat(1000), (n, count, seed) => {
      const drawn = shuffles(n, count, seed);
      const possible = Array.from({ length: n }, (_, i) => i + 1).reduce((product, i) => product * i, 1) - 1;
      expect(drawn.length).toBe(Math.min(count, possible));
      const identity = Array.from({ length: n }, (_, i) => i);
      for (const order of drawn) {
        expect([...order].sort((a, b) => a - b)).toEqual(identity);
        expect(order).not.toEqual(identity);
      }
      expect(new Set(drawn.map(String)).size).toBe(drawn.length);
      expect(shuffles(n, count, seed)).toEqual(drawn);
    }),
  );
});

const all = { kinds: interventionKinds, shuffles: 4, seed: 1 };

test('a video of four pairs has them all', () => {
  const { interventions, without } = planInterventions(answered({ frames: 8 }), all);
  const counts = interventionKinds.map((kind) => interventions.filter((one) => one.kind === kind).length);
  expect(Object.fromEntries(interventionKinds.map((kind, i) => [kind, counts[i]]))).toEqual({
    ...{ order: 4, reversed: 1, pair: 4, 'one frame': 3, blind: 1, 'no medium': 1, 'no question': 1 },
    ...{ 'options permuted': 1, 'no reasoning': 1 },
  });
  expect(without).toEqual([]);
});

test('shuffles are of what the answer saw, and never that', () => {
  const seen = [3, 1, 0, 2];
  const { interventions } = planInterventions(answered({ frames: 4, seen }), {
    ...all,
    kinds: ['order'],
    shuffles: 23,
  });
  expect(interventions).toHaveLength(23);
  expect(interventions.map((one) => (one.kind === 'order' ? one.order : []))).not.toContainEqual(seen);
});

test('an image, one frame and one pair say what they lack', () => {
  const image = planInterventions(answered({ frames: 1, seen: null }), all);
  expect(image.without.map(({ kind }) => kind)).toEqual(['order', 'reversed', 'pair', 'one frame']);
  const pair = planInterventions(answered({ frames: 2 }), all);
  expect(pair.without).toEqual([{ kind: 'pair', why: 'There is one frame pair alone, and none to put in its place.' }]);
  expect(pair.interventions.filter(({ kind }) => kind === 'order')).toHaveLength(1);
  expect(planInterventions(answered({ frames: 1 }), all).without.map(({ kind }) => kind)).toContain('order');
});

test('a kind that is asked for twice is planned once', () => {
  const { interventions } = planInterventions(answered({ frames: 4 }), { ...all, kinds: ['reversed', 'reversed'] });
  expect(interventions).toEqual([{ kind: 'reversed' }]);
});
