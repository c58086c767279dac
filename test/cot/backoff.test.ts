import { describe, expect, it } from 'vitest';
import { backoffMs, retryAfterMs } from '../../trainer/cot/backoff.ts';

describe('backoffMs', () => {
  it('doubles from one second to one minute, and draws from its upper half', () => {
    expect([1, 2, 3, 6, 7, 8, 1000].map((attempt) => backoffMs(attempt, 0))).toEqual([
      500, 1000, 2000, 16_000, 30_000, 30_000, 30_000,
    ]);
    expect([1, 2, 7].map((attempt) => backoffMs(attempt, 1 - 1e-9))).toEqual([1000, 2000, 60_000]);
  });
});

describe('retryAfterMs', () => {
  const now = Date.parse('Fri, 01 Jan 2027 00:00:00 GMT');
  it.each([
    [null, null],
    ['', null],
    ['soon', null],
    ['-3', 0],
    ['0', 0],
    [' 12 ', 12_000],
    ['1e3', null],
    ['1000000000000', null],
    ['121', 120_000],
    ['Fri, 01 Jan 2027 00:00:30 GMT', 30_000],
    ['Fri, 01 Jan 2027 01:00:00 GMT', 120_000],
    ['Thu, 31 Dec 2026 00:00:00 GMT', 0],
  ])('reads %j as %j', (header, ms) => {
    expect(retryAfterMs(header, now)).toBe(ms);
  });
});
