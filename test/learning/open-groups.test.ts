/** The groups of a step between sampling and update. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupAdvantages, type ScoredAnswer } from '../../trainer/advantages/advantages.ts';
import type { SampledGroup } from '../../trainer/learning/groups.ts';
import { OpenGroups } from '../../trainer/learning/open-groups.ts';
import { presetParameters } from '../../trainer/learning/presets.ts';
import { aGroup, aRollout } from '../store/records.ts';

const p = { ...presetParameters('paper', 'tgrpo'), omega: 0, formatWeight: 0 };

const answer = (accuracy: number): ScoredAnswer => ({
  ...{ accuracy, accuracyExplanation: '', format: 1, formatExplanation: '', length: 3, flagged: [] },
});

/** A group called g, with answers of these accuracies. */
function sampled(ordered: readonly number[], shuffled: readonly number[]): SampledGroup {
  const rollouts = [
    ...ordered.map((_, index) => aRollout({ id: `g-o${index}`, groupId: 'g', index })),
    ...shuffled.map((_, index) => aRollout({ id: `g-s${index}`, groupId: 'g', order: 'shuffled', index })),
  ];
  const one = Float32Array.of(-0.5, -0.5, -0.5);
  return {
    group: aGroup(1, { id: 'g', rollouts }),
    promptTokens: { ids: [], pieces: [] },
    ...{ tokens: new Map(), weighed: [] },
    ...{ prompt: [], old: null },
    completions: ordered.map((_, i) => ({
      ...{ tokens: Int32Array.of(i, i, 0), pieces: [], text: '', logprobs: one, entropy: one, alternatives: null },
      stopReason: 'stop',
    })),
    scores: { ordered: ordered.map(answer), shuffled: shuffled.map(answer) },
  };
}

/** The answers of a group that is to be called h. */
const renamed = ({ group }: SampledGroup) =>
  group.rollouts.map((one) => ({ ...one, id: one.id.replace('g-', 'h-'), groupId: 'h' }));

describe('open groups', () => {
  it('make sequences with the advantages that the group was sampled with, in its order', () => {
    const open = new OpenGroups([sampled([1, 0, 0], [0])], p);
    const { advantages } = groupAdvantages([1, 0, 0].map(answer), [answer(0)], p);
    expect(open.sequences().map(({ advantage, answer: { tokens } }) => [advantage, tokens[0]])).toEqual(
      advantages.map((advantage, i) => [advantage, i]),
    );
    expect(open.sequences().every(({ answer: given }) => !('weights' in given))).toBe(true);
  });

  it('are divided by the standard deviation of all of them as they stand, where that is wanted', () => {
    const other = sampled([1, 1, 0, 0], []);
    const groups = [sampled([1, 0], []), { ...other, group: { ...other.group, id: 'h', rollouts: renamed(other) } }];
    const open = new OpenGroups(groups, { ...p, advantageScale: 'batch', stdDegrees: 'n' });
    // All are half a point from their group's mean, so the batch's deviation is 1/2.
    expect(open.sequences().map(({ advantage }) => advantage)).toEqual([1, -1, 1, 1, -1, -1]);
    open.rescore('h-o0', { accuracy: 0 });
    // Now 1/2 -1/2 and -1/4 3/4 -1/4 -1/4: squares 1/2 + 3/4 over six.
    const std = Math.sqrt(1.25 / 6);
    expect(open.advantagesOf('g').advantages[0]).toBeCloseTo(0.5 / std, 12);
    const moved = open.leaveOut(['h-o1']);
    // The other group is flat then: 1/2 -1/2 and 0 0 0 over five.
    expect(open.advantagesOf('g').advantages[0]).toBeCloseTo(0.5 / Math.sqrt(0.5 / 5), 12);
    expect(moved.map(({ rolloutId }) => rolloutId)).toContain('g-o0');
  });

  it('count another score of a shuffled answer in the temporal test of all ordered ones', () => {
    const open = new OpenGroups([sampled([1, 0], [0])], p);
    expect(open.advantagesOf('g').ordered[0]?.total).toBeCloseTo(1.3, 12);
    open.rescore('g-s0', { accuracy: 1 });
    // 0.5 > 0.8 × 1 does not hold any more.
    expect(open.advantagesOf('g').ordered[0]?.total).toBe(1);
    expect(open.advantagesOf('g').temporal).toMatchObject({ pShuffled: 1, passed: false });
  });

  it('are trained on once they are no longer flat, and left out once they are', () => {
    const open = new OpenGroups([sampled([1, 1], [])], { ...p, skipFlatGroups: true });
    expect(open.sequences()).toEqual([]);
    open.rescore('g-o1', { accuracy: 0 });
    expect(open.sequences().map(({ advantage }) => Math.sign(advantage))).toEqual([1, -1]);
  });

  it('weigh tokens of an answer without a change to its group, until that is taken back', () => {
    const open = new OpenGroups([sampled([1, 0], [])], p);
    const before = open.sequences();
    open.weigh('g-o1', Float32Array.of(1, 0, 1));
    expect(open.sequences()[1]).toEqual({
      ...before[1],
      answer: { tokens: before[1]?.answer.tokens, weights: Float32Array.of(1, 0, 1) },
    });
    expect(open.sequences()[0]).toEqual(before[0]);
    open.weigh('g-o1', null);
    expect(open.sequences()).toEqual(before);
  });

  it('without an answer that is left out are those of a group in which it was not sampled, and say what that changes', () => {
    const open = new OpenGroups([sampled([1, 0, 0], [])], p);
    const changed = open.leaveOut(['g-o2']);
    // Of 1, 0, 0 with n - 1: mean 1/3, standard deviation √(1/3); of 1, 0: mean 1/2, √(1/2).
    expect(changed.map(({ rolloutId, to }) => [rolloutId, to === null ? null : Math.sign(to)])).toEqual([
      ['g-o0', 1],
      ['g-o1', -1],
      ['g-o2', null],
    ]);
    expect(changed[0]?.from).toBeCloseTo(2 / Math.sqrt(3), 12);
    expect(changed[0]?.to).toBeCloseTo(Math.SQRT1_2, 12);
    expect(changed[2]?.from).toBeCloseTo(-1 / Math.sqrt(3), 12);
    const whole = new OpenGroups([sampled([1, 0], [])], p).sequences();
    expect(open.sequences()).toEqual(whole);
    expect(open.advantagesOf('g')).toEqual(groupAdvantages([1, 0].map(answer), [], p));
  });

  it('of which all answers are left out are no part of the update', () => {
    const open = new OpenGroups([sampled([1, 0], [0])], p);
    expect(open.leaveOut(['g-o0', 'g-o1']).map(({ to }) => to)).toEqual([null, null]);
    expect(open.sequences()).toEqual([]);
    expect(() => open.leaveOut(['g-s0'])).toThrow(/shuffled frames are not trained on/);
    expect(() => open.leaveOut(['g-o9'])).toThrow(expect.objectContaining({ kind: 'not-found' }));
  });

  it('refuse what can not be meant, and say why', () => {
    const open = new OpenGroups([sampled([1, 0], [0])], p);
    expect(() => open.rescore('g-o9', { accuracy: 1 })).toThrow(expect.objectContaining({ kind: 'not-found' }));
    expect(() => open.advantagesOf('h')).toThrow(expect.objectContaining({ kind: 'not-found' }));
    expect(() => open.weigh('g-s0', null)).toThrow(/shuffled frames are not trained on/);
    expect(() => open.weigh('g-o0', Float32Array.of(1))).toThrow(/1 weights were given for 3 tokens/);
  });

  it('leave what was sampled as it is', () => {
    const group = sampled([1, 0], [0]);
    const open = new OpenGroups([group], p);
    open.rescore('g-o0', { accuracy: 0 });
    expect(group.scores.ordered[0]?.accuracy).toBe(1);
  });

  it('have, after any changes, the advantages of a group that was scored so from the start', () => {
    const score = fc.integer({ min: 0, max: 4 }).map((quarters) => quarters / 4);
    const group = fc.tuple(fc.array(score, { minLength: 1, maxLength: 6 }), fc.array(score, { maxLength: 3 }));
    const changes = fc.array(fc.tuple(fc.boolean(), fc.nat(5), score), { maxLength: 8 });
    fc.assert(
      fc.property(group, changes, ([ordered, shuffled], made) => {
        const open = new OpenGroups([sampled(ordered, shuffled)], p);
        const now = { o: [...ordered], s: [...shuffled] };
        for (const [isOrdered, index, accuracy] of made) {
          const half = isOrdered ? 'o' : 's';
          if (index >= now[half].length) continue;
          now[half][index] = accuracy;
          open.rescore(`g-${half}${index}`, { accuracy });
        }
        expect(open.advantagesOf('g')).toEqual(groupAdvantages(now.o.map(answer), now.s.map(answer), p));
      }),
    );
  });
});
