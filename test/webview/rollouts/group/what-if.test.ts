/** What a recorded group would be under other parameters: the record itself with nothing changed, and the trainer's own numbers else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupAdvantages, type RewardParameters } from '../../../../trainer/advantages/advantages.ts';
import { presetParameters } from '../../../../trainer/learning/presets.ts';
import type { CommandRecord } from '../../../../trainer/protocol/commands.ts';
import { inPresentNames } from '../../../../trainer/protocol/former-names.ts';
import type { GroupWithRollouts } from '../../../../trainer/protocol/records.ts';
import {
  answersIf,
  candidateParameters,
  controlsOf,
  knownGroup,
  refusedValue,
  triedHere,
  whatIf,
  whatIfNames,
  withoutEffect,
  withoutTestSentence,
} from '../../../../webview/rollouts/group/what-if.ts';
import { anyAnswer, anyParameters, recordOf, scoredAnswer } from '../../../advantages/made-groups.ts';

const paper: RewardParameters = presetParameters('paper', 'tgrpo');
const halves = [fc.array(anyAnswer, { minLength: 1, maxLength: 8 }), fc.array(anyAnswer, { maxLength: 4 })] as const;

const set = (parameter: string, at: number, from: unknown, to: unknown): CommandRecord => ({
  id: `c${at}`,
  number: at,
  request: { kind: 'set', parameter, value: to },
  by: 'ada',
  requestedAt: at,
  state: 'applied',
  endedAt: at,
  at: null,
  change: { from, to },
  note: null,
});

describe('with nothing changed', () => {
  it('every made group has its recorded numbers, to the last bit', () => {
    fc.assert(
      fc.property(...halves, anyParameters, (ordered, shuffled, made) => {
        const group = recordOf(ordered, shuffled, made);
        const known = knownGroup(group, made, []);
        const again = whatIf(known, {});
        expect(known.giveTheRecord).toBe(true);
        expect([again.mean, again.std, again.temporal]).toEqual([group.stats.mean, group.stats.std, group.temporal]);
        for (const { rollout, total, recorded, advantage, flips } of answersIf(known, again)) {
          expect(total).toBe(rollout.reward.total);
          expect([recorded, flips]).toEqual([rollout.advantage, false]);
          if (rollout.order === 'ordered') expect(advantage).toBe(rollout.advantage);
        }
      }),
    );
  });

  it('every group of a real run has its recorded numbers', () => {
    const fixture = join(import.meta.dirname, '../../../fixtures/recorded-groups.json');
    const { groups, parameters: asWritten } = JSON.parse(readFileSync(fixture, 'utf8')) as {
      groups: GroupWithRollouts[];
      parameters: Record<string, unknown>;
    };
    const parameters = inPresentNames(asWritten).settings as unknown as RewardParameters;
    expect(groups.length).toBeGreaterThan(30);
    for (const group of groups) {
      const known = knownGroup(group, parameters, []);
      expect(known.giveTheRecord, group.id).toBe(true);
      const again = whatIf(known, {});
      expect([again.mean, again.std, again.temporal, again.explanation]).toEqual([
        group.stats.mean,
        group.stats.std,
        group.temporal,
        group.explanation,
      ]);
      for (const { rollout, total, advantage } of answersIf(known, again)) {
        expect(total).toBe(rollout.reward.total);
        if (rollout.advantage !== null) expect(advantage).toBe(rollout.advantage);
      }
    }
  });
});

describe('with something changed', () => {
  it('the group is what training would have made of the same answers under those parameters', () => {
    fc.assert(
      fc.property(...halves, anyParameters, anyParameters, (ordered, shuffled, made, other) => {
        fc.pre(made.formatWeight > 0);
        // What is not tried, since answers would have been drawn and scored otherwise, or the record does not tell.
        const { lengthNeedsMoreThanOne, lengthAdaptation, stdEpsilon, temporalCredit } = made;
        const tried = { ...other, lengthNeedsMoreThanOne, lengthAdaptation, stdEpsilon, temporalCredit };
        const known = knownGroup(recordOf(ordered, shuffled, made), made, []);
        expect(whatIf(known, tried)).toEqual(groupAdvantages(ordered, shuffled, tried));
      }),
    );
  });

  it('says which answers would be pulled the other way', () => {
    // 0.5 > 0.8 × 0.5: right answers get 0.3. At μ = 1 it is a tie, which does not pass.
    const group = recordOf(
      [scoredAnswer(1, 10, 0), scoredAnswer(1, 10), scoredAnswer(0, 10), scoredAnswer(0, 10)],
      [scoredAnswer(1), scoredAnswer(0)],
      { ...paper, formatWeight: 1.2 },
    );
    const known = knownGroup(group, { ...paper, formatWeight: 1.2 }, []);
    const made = whatIf(known, { mu: 1 });
    expect(made.temporal?.paid).toBe(0);
    // Rewards 1.3, 2.5, 1.2, 1.2 with mean 1.55; then 1, 2.2, 1.2, 1.2 with mean 1.4.
    expect(answersIf(known, made).map(({ flips }) => flips)).toEqual([false, false, false, false, false, false]);
    // Without a weight of the form: 1.3, 1.3, 0, 0.
    expect(answersIf(known, whatIf(known, { formatWeight: 0 })).map(({ flips }) => flips)).toEqual([
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
    expect(triedHere(known, { mu: 0.8, alpha: 1 })).toEqual({ alpha: 1 });
  });

  it('does not pretend to know the form of answers where it was weighed 0, nor a test where there was none', () => {
    const none = knownGroup(recordOf([scoredAnswer(1), scoredAnswer(0)], [], { ...paper, formatWeight: 0 }), paper, []);
    expect(withoutEffect(none, 'formatWeight')).toMatch('does not tell who had the form');
    expect(withoutEffect(none, 'mu')).toMatch('no shuffled answers');
    expect(withoutEffect(none, 'omega')).toBeNull();
    // What was tried on another group is not put upon this one.
    expect(triedHere(none, { formatWeight: 2, mu: 1, omega: 1 })).toEqual({ omega: 1 });
  });
});

describe('advantages divided by the batch’s standard deviation', () => {
  const answers = [scoredAnswer(1, 10), scoredAnswer(0, 10)];
  const plain = { ...paper, omega: 0, formatWeight: 1 };

  it('can be tried where it is recorded, which is what they are divided by then, and nowhere else', () => {
    const group = recordOf(answers, [], plain);
    const unknown = knownGroup(group, plain, []);
    expect(refusedValue(unknown, 'advantageScale', 'batch')).toMatch('does not tell');
    expect(refusedValue(unknown, 'advantageScale', 'none')).toBeNull();
    expect(triedHere(unknown, { advantageScale: 'batch' })).toEqual({});
    const { stdDegrees, stdEpsilon, advantageScale } = plain;
    const stats = { ...group.stats, normalised: { stdDegrees, stdEpsilon, advantageScale, batchStd: 0.25 } };
    const known = knownGroup({ ...group, stats }, plain, []);
    expect(known.giveTheRecord).toBe(true);
    expect(refusedValue(known, 'advantageScale', 'batch')).toBeNull();
    // Half a point from the mean.
    expect(whatIf(known, triedHere(known, { advantageScale: 'batch' })).advantages).toEqual([2, -2]);
  });
});

describe('the parameters that a group may have been made with', () => {
  it('are found through commands that named them as an older version did', () => {
    const commands = [set('divideByStd', 10, true, false)];
    const now: RewardParameters = { ...paper, advantageScale: 'none' };
    expect(candidateParameters({ at: 5 }, now, commands)[0].advantageScale).toBe('group');
    expect(candidateParameters({ at: 20 }, now, commands)[0].advantageScale).toBe('none');
  });

  const commands = [set('lengthMax', 10, 512, 600), set('lengthMax', 30, 600, 700), set('omega', 30, 0.2, 0.4)];
  const now: RewardParameters = { ...paper, lengthMax: 700, omega: 0.4 };

  it('are those of now without what was changed after it', () => {
    expect(candidateParameters({ at: 5 }, now, commands)[0]).toMatchObject({ lengthMax: 512, omega: 0.2 });
    expect(candidateParameters({ at: 20 }, now, commands)[0]).toMatchObject({ lengthMax: 600, omega: 0.2 });
    expect(candidateParameters({ at: 40 }, now, commands)[0]).toMatchObject({ lengthMax: 700, omega: 0.4 });
  });

  it('are found for a group that the run went back over, although its parameters went back too', () => {
    // Changed to 600 at 10; at 30 the run went back to a checkpoint from before it, and has 512 again.
    const log = [set('lengthMax', 10, 512, 600)];
    const before = { ...paper, lengthMax: 600 };
    const made = [scoredAnswer(1, 550), scoredAnswer(1, 100), scoredAnswer(0, 550)];
    const superseded = { ...recordOf(made, [], before), at: 20, superseded: 1 };
    const anew = { ...recordOf(made, [], paper), at: 40 };
    const runNow = { ...paper, lengthMax: 512 };
    expect(knownGroup(superseded, runNow, log)).toMatchObject({ giveTheRecord: true, parameters: { lengthMax: 600 } });
    expect(knownGroup(anew, runNow, log)).toMatchObject({ giveTheRecord: true, parameters: { lengthMax: 512 } });
  });
});

describe('without shuffled answers', () => {
  const seen = (kind: 'image' | 'video', frames: number) => {
    const group = recordOf([scoredAnswer(1)], [], paper);
    return { ...group, media: { ...group.media, kind, indices: Array.from({ length: frames }, (_, i) => i) } };
  };

  it('it is said why μ and α have nothing to act on', () => {
    const said = (group: GroupWithRollouts) => withoutTestSentence(knownGroup(group, paper, []));
    expect(said(seen('image', 1))).toContain('an image has no order of frames');
    expect(said(seen('video', 1))).toContain('one frame has no order');
    expect(said(seen('video', 8))).toContain('no answers on shuffled frames');
    expect(said(recordOf([scoredAnswer(1)], [scoredAnswer(1)], paper))).toBeNull();
  });

  it('what order is paid by stands above: the credit where that is by answer, else α, μ and ω; all is there once', () => {
    const shown = (temporalCredit: RewardParameters['temporalCredit']) =>
      controlsOf(knownGroup(recordOf([scoredAnswer(1)], [scoredAnswer(1)], { ...paper, temporalCredit }), paper, []));
    expect(shown('answer').above).toEqual(['creditWeight', 'creditLow', 'creditHigh']);
    expect(shown('both').above).toEqual(['alpha', 'mu', 'omega']);
    for (const by of ['answer', 'both'] as const)
      expect([...shown(by).above, ...shown(by).below].sort()).toEqual([...whatIfNames].sort());
    expect(shown('group')).toMatchObject({ above: ['alpha', 'mu', 'omega'] });
    expect(shown('group').below.some((name) => name.startsWith('credit'))).toBe(false);
  });

  it('the one reward of a group of one is told as one', () => {
    const { explanation } = whatIf(knownGroup(seen('image', 1), paper, []), {});
    expect(explanation.at(-1)).toMatch(/^The only reward is .*: there is none to compare it with/);
  });
});
