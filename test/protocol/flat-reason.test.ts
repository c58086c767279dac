import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { groupAdvantages } from '../../trainer/advantages/advantages.ts';
import { presetParameters } from '../../trainer/learning/presets.ts';
import { flatReasonOf, flatReasons, flatSentence } from '../../trainer/protocol/flat-reason.ts';
import type { GroupWithRollouts } from '../../trainer/protocol/records.ts';
import { aGroup, aRollout } from '../store/records.ts';

const parameters = presetParameters('sample', 'tgrpo');

/** A group as training records it of these answers: accuracy, format and tokens of each. */
function groupOf(
  answers: readonly (readonly [accuracy: number, format: number, length: number])[],
  shuffled: readonly number[] = [],
  changed: Partial<typeof parameters> = {},
): GroupWithRollouts {
  const scored = ([accuracy, format, length]: readonly [number, number, number]) => ({
    accuracy,
    accuracyExplanation: '',
    format,
    formatExplanation: '',
    length,
    flagged: [],
  });
  const made = groupAdvantages(
    answers.map(scored),
    shuffled.map((accuracy) => scored([accuracy, 1, 10])),
    { ...parameters, ...changed },
  );
  const rolloutOf = (order: 'ordered' | 'shuffled') => (answer: (typeof made.ordered)[number], index: number) =>
    aRollout({
      id: `g-${order}-${index}`,
      groupId: 'g',
      order,
      index,
      accuracy: order === 'ordered' ? (answers[index]?.[0] ?? 0) : (shuffled[index] ?? 0),
      correct: answer.correct,
      reward: { parts: answer.parts, total: answer.total },
    });
  return aGroup(1, {
    id: 'g',
    temporal: made.temporal,
    stats: { mean: made.mean, std: made.std, count: answers.length },
    rollouts: [...made.ordered.map(rolloutOf('ordered')), ...made.shuffled.map(rolloutOf('shuffled'))],
  });
}

describe('why a group is flat', () => {
  test('all right, all wrong, or alike; a group whose rewards differ has no reason', () => {
    const off = { omega: 0 };
    expect(
      flatReasonOf(
        groupOf(
          [
            [1, 1, 9],
            [1, 1, 9],
          ],
          [],
          off,
        ),
      ),
    ).toBe('all right');
    expect(
      flatReasonOf(
        groupOf(
          [
            [0, 1, 9],
            [0, 1, 9],
          ],
          [],
          off,
        ),
      ),
    ).toBe('all wrong');
    expect(
      flatReasonOf(
        groupOf(
          [
            [0.5, 1, 9],
            [0.5, 1, 9],
          ],
          [],
          off,
        ),
      ),
    ).toBe('alike');
    expect(
      flatReasonOf(
        groupOf(
          [
            [1, 1, 9],
            [0, 1, 9],
          ],
          [],
          off,
        ),
      ),
    ).toBeNull();
  });

  test('what shuffled answers were paid does not make a group differ', () => {
    expect(
      flatReasonOf(
        groupOf(
          [
            [1, 1, 9],
            [1, 1, 9],
          ],
          [0, 1],
          { omega: 0 },
        ),
      ),
    ).toBe('all right');
  });

  test('an answer that is nearly right is no right one, and an exact regression answer is', () => {
    expect(
      flatReasonOf(
        groupOf(
          [
            [0.99, 1, 9],
            [0.99, 1, 9],
          ],
          [],
          { omega: 0 },
        ),
      ),
    ).toBe('alike');
    const exact = 1 - 1e-9 / (5 + 1e-9);
    expect(
      flatReasonOf(
        groupOf(
          [
            [exact, 1, 9],
            [1, 1, 9],
          ],
          [],
          { omega: 0 },
        ),
      ),
    ).toBe('all right');
  });

  test('sums that agree although the parts differ are alike, and the parts are named', () => {
    const made = groupOf(
      [
        [1, 0, 9],
        [0, 1, 9],
      ],
      [],
      { omega: 0, formatWeight: 1 },
    );
    expect(flatReasonOf(made)).toBe('alike');
    expect(flatSentence(made)).toBe(
      'Both answers come to 1, though accuracy and format differ: the parts make up for each other.',
    );
    // Right answers too: one short of the form, the other of the length.
    const right = groupOf(
      [
        [1, 0, 400],
        [1, 1, 9],
        [1, 1, 9],
      ],
      [],
      { omega: 1, formatWeight: 1, lengthMin: 320, lengthMax: 512 },
    );
    expect(flatReasonOf(right)).toBe('alike');
  });

  test('the sentence names what was paid alike', () => {
    expect(
      flatSentence(
        groupOf(
          [
            [0, 1, 9],
            [0, 1, 9],
            [0, 1, 9],
          ],
          [],
          { omega: 0, formatWeight: 1 },
        ),
      ),
    ).toBe('All 3 answers are wrong and were paid the same: accuracy 0 + format 1 + temporal 0 + length 0 = 1.');
    expect(
      flatSentence(
        groupOf(
          [
            [0.5, 1, 9],
            [0.5, 1, 9],
          ],
          [],
          { omega: 0, formatWeight: 1 },
        ),
      ),
    ).toBe(
      'Both answers are alike in every part, with an accuracy of 0.50 each: accuracy 0.5 + format 1 + temporal 0 + length 0 = 1.5.',
    );
    expect(flatSentence(groupOf([[1, 1, 9]], [], { omega: 0, formatWeight: 1 }))).toBe(
      'One answer, 2: there is none to compare it with.',
    );
  });

  test('every flat group has exactly one reason, and no other has one', () => {
    const accuracy = fc.oneof(fc.constantFrom(0, 1, 0.5), fc.double({ min: 0, max: 1, noNaN: true }));
    const answer = fc.tuple(accuracy, fc.constantFrom(0, 1), fc.constantFrom(9, 400));
    const alike = fc.tuple(answer, fc.integer({ min: 1, max: 6 })).map(([one, count]) => Array(count).fill(one));
    fc.assert(
      fc.property(fc.oneof(fc.array(answer, { minLength: 1, maxLength: 6 }), alike), (answers) => {
        const made = groupOf(answers, [], { formatWeight: 1, omega: 1 });
        const reason = flatReasonOf(made);
        if (made.stats.std === 0) expect(flatReasons).toContain(reason);
        else expect(reason).toBeNull();
        expect(flatSentence(made) === null).toBe(reason === null);
      }),
    );
  });
});
