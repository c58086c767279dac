/** A written time is the milliseconds that it names, UTC where it says nothing else. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readTime, timeText } from '../../../trainer/protocol/query/times.ts';

it('reads days, minutes, seconds and fractions as the time that they last', () => {
  const noon = Date.UTC(2025, 10, 28, 12);
  for (const [typed, start, lasts] of [
    ['2025-11-28', Date.UTC(2025, 10, 28), 86_400_000],
    ['2024-02-29', Date.UTC(2024, 1, 29), 86_400_000],
    ['2025-11-28T12:00', noon, 60_000],
    ['2025-11-28t12:00z', noon, 60_000],
    ['2025-11-28T12:00:00', noon, 1000],
    ['2025-11-28T12:00:00.5Z', noon + 500, 100],
    ['2025-11-28T12:00:00.123Z', noon + 123, 1],
    ['2025-11-28T12:00-05:30', noon + 330 * 60_000, 60_000],
  ] as const) {
    expect(readTime(typed), typed).toEqual([start, start + lasts - 1]);
  }
  for (const typed of ['2025-02-29', '2025-13-01', '2025-11-28T24:01', '1969-12-31', '12:00', '2025-11-28T12', '']) {
    expect(readTime(typed), typed).toBeNull();
  }
});

it('reads what it wrote', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (at) => {
      expect(readTime(timeText(at))).toEqual([at, at]);
    }),
  );
});
