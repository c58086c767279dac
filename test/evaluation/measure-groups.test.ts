import { describe, expect, it } from 'vitest';
import { temporalRewardIsFelt } from '../../trainer/evaluation/measure-groups.ts';
import { presetParameters } from '../../trainer/learning/presets.ts';
import type { RewardPart } from '../../trainer/protocol/records.ts';
import { aGroup, aRollout } from '../store/records.ts';

const p = presetParameters('sample', 'tgrpo');
const right = { total: 2.3, temporal: 0.3 };
const wrong = { total: 1, temporal: 0 };

const groupOf = (answers: readonly { readonly total: number; readonly temporal: number }[]) =>
  aGroup(0, {
    rollouts: answers.map(({ total, temporal }, index) => {
      const part: RewardPart = { name: 'temporal', value: temporal, possible: 0.3, explanation: '' };
      const reward = { parts: [part], total };
      return aRollout({ id: `o${index}`, groupId: 'g', index, reward, advantage: null });
    }),
  });

describe('the temporal reward of a group', () => {
  it('is not felt where answers are right or wrong and nothing else: dividing by the standard deviation takes it out', () => {
    for (let count = 0; count <= 8; count++) {
      const answers = Array.from({ length: 8 }, (_, i) => (i < count ? right : wrong));
      expect(temporalRewardIsFelt(groupOf(answers), p)).toBe(false);
    }
  });

  it('is felt where advantages are not divided, and where a third reward is in the group', () => {
    const mixed = groupOf([right, right, wrong, wrong]);
    expect(temporalRewardIsFelt(mixed, { ...p, advantageScale: 'none' as const })).toBe(true);
    expect(temporalRewardIsFelt(groupOf([right, right, wrong, { total: 0, temporal: 0 }]), p)).toBe(true);
  });

  it('is felt where the whole batch is what advantages are divided by, as the group records it', () => {
    const { rollouts, stats } = groupOf([right, right, wrong, wrong]);
    const { stdDegrees, stdEpsilon } = p;
    const normalised = { stdDegrees, stdEpsilon, advantageScale: 'batch', batchStd: 0.5 } as const;
    expect(temporalRewardIsFelt({ rollouts, stats: { ...stats, normalised } }, p)).toBe(true);
  });

  it('is not felt where it was not paid, or where all are right', () => {
    const undivided = { ...p, advantageScale: 'none' as const };
    expect(temporalRewardIsFelt(groupOf([{ total: 2, temporal: 0 }, wrong]), undivided)).toBe(false);
    expect(temporalRewardIsFelt(groupOf([right, right]), undivided)).toBe(false);
  });
});
