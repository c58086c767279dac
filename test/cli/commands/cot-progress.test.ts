import { describe, expect, it } from 'vitest';
import { progressText, rates, reportTable } from '../../../trainer/cli/commands/cot-progress.ts';
import { defaultRules } from '../../../trainer/cot/filter.ts';
import type { Progress } from '../../../trainer/cot/generate.ts';
import type { CotReport } from '../../../trainer/cot/output.ts';

const progress: Progress = {
  total: 1000,
  done: 120,
  answers: 100,
  passing: 71,
  unanswered: 5,
  lastFailure: null,
  retries: 3,
  elapsedMs: 20_000,
  tokensIn: 480_000,
  tokensOut: 40_000,
};
const none = { in: null, out: null };

describe('the progress of a generation', () => {
  it('says how far, how good, how fast, what it cost and when it ends', () => {
    expect(progressText(progress, { in: 2, out: 6 })).toBe(
      'cot  asked  120/1000 | 71 % pass | 480k tokens in, 40k out | 5.4 requests/s | 3 sent again | 5 unanswered | ' +
        'cost 1.20 of about 10.00 | 2 min 55 s left',
    );
  });

  it('divides by what this sitting did, and by nothing when nothing was done', () => {
    expect(rates(progress, { in: null, out: 6 })).toEqual({
      keptShare: 0.71,
      requestsPerSecond: 5.4,
      remainingMs: 175_000,
      cost: 0.24,
      expectedCost: 2,
    });
    const start = { ...progress, done: 0, answers: 0, passing: 0, unanswered: 0, retries: 0, elapsedMs: 0 };
    expect(rates(start, none)).toEqual({
      keptShare: null,
      requestsPerSecond: null,
      remainingMs: null,
      cost: null,
      expectedCost: null,
    });
  });
});

describe('the table at the end', () => {
  it('has a column for each type that was asked and a line for each reason that occurred', () => {
    const report: CotReport = {
      version: 1,
      all: { rows: 3, answers: 6, kept: 2, dropped: { reward: 3, 'cut-off': 1 } },
      byType: {
        OCR: { rows: 1, answers: 2, kept: 0, dropped: { reward: 2 } },
        'multiple choice': { rows: 2, answers: 4, kept: 2, dropped: { reward: 1, 'cut-off': 1 } },
      },
      questionsKept: 2,
      unreadable: [],
      datasetFaults: [],
      tokens: { in: 0, out: 0 },
      rules: defaultRules,
      settings: {
        kind: 'video-r1 cot journal',
        version: 1,
        dataset: { sha256: '', rows: 3 },
        teacher: { endpoint: '', model: '' },
        sampling: { temperature: 1, topP: 1, maxTokens: 1, seed: 1 },
        media: {},
        template: {},
      },
    };
    const cells = reportTable(report)
      .split('\n')
      .map((line) => line.trim().split(/ {2,}/));
    expect(cells).toEqual([
      ['multiple choice', 'OCR', 'all'],
      ['questions asked', '2', '1', '3'],
      ['answers', '4', '2', '6'],
      ['kept', '2', '0', '2'],
      ['dropped: cut off at the token limit', '1', '0', '1'],
      ['dropped: reward too low', '1', '2', '3'],
    ]);
    expect(
      new Set(
        reportTable(report)
          .split('\n')
          .map((line) => line.length),
      ).size,
    ).toBe(1);
  });
});
