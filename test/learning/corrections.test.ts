/** What people change of the open groups, one change after the other. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupAdvantages, type ScoredAnswer } from '../../trainer/advantages/advantages.ts';
import { type CorrectionAsked, Corrections } from '../../trainer/learning/corrections.ts';
import type { SampledGroup } from '../../trainer/learning/groups.ts';
import { OpenGroups } from '../../trainer/learning/open-groups.ts';
import { presetParameters } from '../../trainer/learning/presets.ts';
import { correction, correctionWords } from '../../trainer/protocol/corrections.ts';
import { aGroup, aRollout } from '../store/records.ts';

const p = { ...presetParameters('paper', 'tgrpo'), omega: 0, formatWeight: 0.5 };
const ann = { by: 'ann', why: 'the label is wrong' };

const answer = (accuracy: number): ScoredAnswer => ({
  ...{ accuracy, accuracyExplanation: '', format: 1, formatExplanation: '', length: 3, flagged: [] },
});

/** A group as it is recorded: rewards and advantages are those of its scores. */
function sampled(id: string, ordered: readonly number[], shuffled: readonly number[]): SampledGroup {
  const found = groupAdvantages(ordered.map(answer), shuffled.map(answer), p);
  const rollout = (order: 'ordered' | 'shuffled', index: number) =>
    aRollout({
      ...{ id: `${id}-${order === 'ordered' ? 'o' : 's'}${index}`, groupId: id, order, index },
      reward: { parts: found[order][index]?.parts ?? [], total: found[order][index]?.total ?? 0 },
      advantage: order === 'ordered' ? (found.advantages[index] ?? 0) : null,
    });
  const one = Float32Array.of(-0.5);
  return {
    group: aGroup(1, {
      id,
      rollouts: [...ordered.map((_, i) => rollout('ordered', i)), ...shuffled.map((_, i) => rollout('shuffled', i))],
    }),
    promptTokens: { ids: [], pieces: [] },
    ...{ tokens: new Map(), weighed: [] },
    ...{ prompt: [], old: null },
    completions: ordered.map((_, i) => ({
      ...{ tokens: Int32Array.of(i), pieces: [], text: '', logprobs: one, entropy: one, alternatives: null },
      stopReason: 'stop',
    })),
    scores: { ordered: ordered.map(answer), shuffled: shuffled.map(answer) },
  };
}

const opened = () => new OpenGroups([sampled('g', [1, 0, 0, 1], [0, 0]), sampled('h', [1, 0], [])], p);
const mask = (masked: boolean, ...rollouts: string[]): CorrectionAsked => ({ kind: 'mask', rollouts, masked });

describe('an answer that is left out', () => {
  it('is gone from the update, with a receipt of what that does to every answer of its group and of no other', () => {
    const open = opened();
    const changed = new Corrections(1, open).make(mask(true, 'g-o0'), ann);
    expect(changed.map(({ rolloutId }) => rolloutId)).toEqual(['g-o0', 'g-o1', 'g-o2', 'g-o3', 'g-s0', 'g-s1']);
    const without = groupAdvantages([0, 0, 1].map(answer), [0, 0].map(answer), p);
    expect(changed.map(({ advantage }) => advantage.to)).toEqual([null, ...without.advantages, null, null]);
    expect(changed[0]?.now.masked).toMatchObject({ ...ann, words: [], advantage: changed[0]?.advantage.from });
    expect(changed[1]?.now).toMatchObject({ masked: null, updatedAdvantage: without.advantages[0] });
    expect(open.sequences().map(({ rolloutId }) => rolloutId)).not.toContain('g-o0');
    expect(correctionWords({ answers: changed })).toMatch(/^3 advantages change, by \d\.\d{3} at most$/);
  });

  it('is put back as if nothing had been', () => {
    const open = opened();
    const made = new Corrections(1, open);
    const before = open.sequences();
    made.make(mask(true, 'g-o0', 'g-o3'), ann);
    const back = made.make(mask(false, 'g-o0', 'g-o3'), ann);
    expect(open.sequences()).toEqual(before);
    expect(back.map(({ now }) => now)).toEqual(
      back.map(() => ({ masked: null, rescored: null, updatedReward: null, updatedAdvantage: null })),
    );
  });

  it('is refused, before anything is another, where it is on shuffled frames, not there, or left out already', () => {
    const open = opened();
    const made = new Corrections(1, open);
    const before = open.sequences();
    expect(() => made.make(mask(true, 'g-o0', 'g-s0'), ann)).toThrow(/shuffled frames/);
    expect(() => made.make(mask(true, 'g-o0', 'k-o0'), ann)).toThrow('Step 1 has no answer k-o0.');
    expect(() => made.make(mask(false, 'g-o0'), ann)).toThrow('None of them is left out.');
    expect(open.sequences()).toEqual(before);
    made.make(mask(true, 'g-o0'), ann);
    expect(() => made.make(mask(true, 'g-o0'), ann)).toThrow('They are left out already.');
  });
});

describe('an answer that is scored anew', () => {
  const rescore = (rollout: string, scores: { accuracy?: number; format?: number } | null): CorrectionAsked => ({
    ...{ kind: 'rescore', rollout, scores },
  });

  it('is paid by the scores that were given, and so are all that are paid by its group', () => {
    const changed = new Corrections(1, opened()).make(rescore('g-o1', { accuracy: 1 }), ann);
    const now = groupAdvantages([1, 1, 0, 1].map(answer), [0, 0].map(answer), p);
    const ordered = changed.slice(0, 4);
    expect(ordered.map(({ reward }) => reward.to)).toEqual(now.ordered.map(({ total }) => total));
    expect(ordered.map(({ advantage }) => advantage.to)).toEqual(now.advantages);
    expect(ordered[1]?.now.rescored).toEqual({ accuracy: 1, ...ann });
    expect(correctionWords({ answers: changed })).toMatch(/^1 reward changes; 4 advantages change/);
  });

  it('takes the place of what was given before, and is as found when that is asked', () => {
    const open = opened();
    const made = new Corrections(1, open);
    const before = open.sequences();
    made.make(rescore('g-o1', { accuracy: 1, format: 0 }), ann);
    const second = made.make(rescore('g-o1', { accuracy: 0.5 }), { by: 'ben', why: 'half' });
    expect(second.find(({ rolloutId }) => rolloutId === 'g-o1')?.now.rescored).toEqual({
      accuracy: 0.5,
      by: 'ben',
      why: 'half',
    });
    made.make(rescore('g-o1', null), ann);
    expect(open.sequences()).toEqual(before);
    expect(() => made.make(rescore('g-o1', null), ann)).toThrow('Its scores are those that scoring found.');
  });

  it('changes the temporal reward of the others where it is on shuffled frames', () => {
    const made = new Corrections(1, opened());
    // 0.5 against 0.8 × 0.5 is still paid.
    made.make(rescore('g-s1', { accuracy: 1 }), ann);
    const changed = made.make(rescore('g-s0', { accuracy: 1 }), ann);
    expect(changed.filter(({ reward }) => reward.from !== reward.to).map(({ rolloutId }) => rolloutId)).toEqual([
      ...['g-o0', 'g-o3', 'g-s0'],
    ]);
  });
});

it('any changes that are all taken back leave the update as it was, and each receipt says what the next one begins with', () => {
  const ids = ['g-o0', 'g-o1', 'g-o2', 'g-o3', 'h-o0', 'h-o1'];
  const anId = fc.constantFrom(...ids);
  const anAsked: fc.Arbitrary<CorrectionAsked> = fc.oneof(
    fc.record({
      kind: fc.constant('mask' as const),
      rollouts: fc.uniqueArray(anId, { minLength: 1 }),
      masked: fc.boolean(),
    }),
    fc.record({
      kind: fc.constant('rescore' as const),
      rollout: anId,
      scores: fc.option(fc.record({ accuracy: fc.constantFrom(0, 0.5, 1), format: fc.constantFrom(0, 1) })),
    }),
  );
  fc.assert(
    fc.property(fc.array(anAsked, { maxLength: 12 }), (asked) => {
      const open = opened();
      const made = new Corrections(1, open);
      const before = open.sequences();
      const stands = new Map([...open.standing()].map(([id, now]) => [id, now]));
      for (const one of asked) {
        try {
          const answers = made.make(one, ann);
          correction.parse({ step: 1, command: 'c', ...ann, answers });
          for (const { rolloutId, reward, advantage } of answers) {
            expect(stands.get(rolloutId)).toEqual({ reward: reward.from, advantage: advantage.from });
            stands.set(rolloutId, { reward: reward.to, advantage: advantage.to });
          }
        } catch (thrown) {
          if (!(thrown instanceof Error) || !/left out|scoring found/.test(thrown.message)) throw thrown;
        }
      }
      expect([...stands]).toEqual([...open.standing()]);
      const trained = open.sequences().map(({ rolloutId, advantage }) => [rolloutId, advantage] as const);
      for (const [id, advantage] of trained) expect(stands.get(id)?.advantage).toBe(advantage);
      for (const id of ids) {
        for (const one of [mask(false, id), { kind: 'rescore', rollout: id, scores: null } as const])
          try {
            made.make(one, ann);
          } catch {
            // It stood as recorded.
          }
      }
      expect(open.sequences()).toEqual(before);
    }),
  );
});
