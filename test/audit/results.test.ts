import { describe, expect, it } from 'vitest';
import { auditPage } from '../../trainer/audit/audit-page.ts';
import { auditReport } from '../../trainer/audit/report.ts';
import { auditResultsOf, cueShare, guessShare, isOrderUnused, needsOf, sliceOf } from '../../trainer/audit/results.ts';
import { rightness } from '../../trainer/audit/right.ts';
import { reportText } from '../../trainer/evaluation/table.ts';
import { type AuditedLine, type AuditLine, auditResults } from '../../trainer/protocol/audit.ts';
import { audited, auditHeader, imageOf, questions } from './made-audit.ts';

const right = { answer: 'A', correct: true };
const wrong = { answer: 'B', correct: false };
/** Shown in one other order alone. */
const oneOther = (line: AuditedLine): AuditedLine => ({
  ...line,
  seen: line.seen.map((answer) => ({ ...answer, order: answer.order && { ...answer.order, error: null } })),
  shuffled: line.shuffled.slice(0, 1),
});
const resultsOf = (lines: readonly AuditLine[]) => auditResultsOf(auditHeader, lines, new Map([['eval', 'eval.json']]));

describe('the answers to a question', () => {
  it('are right in any order when they are under each shuffle', () => {
    const line = audited(0, { without: ['any order'] });
    expect(cueShare(line, 'any order')).toBe(1);
    expect(cueShare({ ...line, shuffled: [[right], [wrong], [right], [right]] }, 'any order')).toBe(0);
    expect(
      cueShare(
        {
          ...line,
          shuffled: [
            [right, wrong],
            [right, right],
          ],
        },
        'any order',
      ),
    ).toBe(0.5);
    expect(cueShare(imageOf(line), 'any order')).toBeNull();
    expect(cueShare(imageOf(line), 'one frame')).toBeNull();
  });

  it('say what its row needs, or nothing where they are wrong in all cases', () => {
    expect(needsOf(audited(0))).toEqual(['needs video', 'needs order']);
    expect(needsOf(audited(0, { without: ['blind'] }))).toEqual(['without video', 'needs order']);
    expect(needsOf(audited(0, { without: ['any order'] }))).toEqual(['needs video']);
    expect(needsOf(audited(0, { order: [0.4, 0.1] }))).toEqual(['needs video']);
    expect(needsOf(audited(0, { order: [3, 2] }))).toEqual(['needs video']);
    expect(needsOf(audited(0, { right: false }))).toEqual([]);
    expect(needsOf(audited(0, { right: false, without: ['no video'] }))).toEqual(['without video']);
    expect(needsOf(imageOf(audited(0)))).toEqual(['needs video']);
  });

  it('are right by the benchmarks, an OCR answer when all of it is, a free-form one from half of the reward on', () => {
    const of = (problemType: 'OCR' | 'free-form' | 'regression', solution: string, answer: string) =>
      rightness(`<answer>${answer}</answer>`, { problemType, solution }).correct;
    expect(of('OCR', 'one two', 'one two')).toBe(true);
    expect(of('OCR', 'one two', 'one three')).toBe(false);
    expect(of('free-form', 'a red square on grey', 'a red square')).toBe(true);
    expect(of('free-form', 'a red square on grey', 'nothing')).toBe(false);
    expect(of('regression', '3', '2')).toBe(false);
  });
});

describe('the figures of a family', () => {
  it('guess as someone does who knows the questions and not the medium', () => {
    expect(guessShare([audited(0), audited(1)])).toBe(0.25);
    const open = ['2', '2', '3'].map((solution, row) => audited(row, {}, { options: 0, solution }));
    expect(guessShare(open)).toBeCloseTo(2 / 3);
    expect(guessShare([...open, audited(3)])).toBeCloseTo((3 * (2 / 3) + 0.25) / 4);
  });

  it('are means over questions with their intervals, and the worth of order is over right answers', () => {
    const lines = [
      audited(0, { without: ['one frame'], order: [4, 1] }),
      audited(1, { order: [6, 1] }),
      audited(2, { right: false }),
      audited(3, { right: false, without: ['one frame'] }),
    ];
    const { seen, cues, order, count } = sliceOf('direction', lines, true);
    expect(count).toBe(4);
    // Wilson by hand: (0.5 + z² / 8) / (1 + z² / 4) = 0.5, half 0.350.
    expect(seen?.share).toBe(0.5);
    expect(seen?.low).toBeCloseTo(0.15, 2);
    const one = cues.find(({ cue }) => cue === 'one frame');
    expect(one).toMatchObject({ count: 4, right: { share: 0.5 }, difference: { mean: 0 } });
    // Mean 5, s = √2: t(0.975, 1) · √2 / √2 = 12.706.
    expect(order).toMatchObject({ count: 2, worth: { mean: 5 }, unused: { share: 0 } });
    expect(order?.worth.high).toBeCloseTo(5 + 12.706, 2);
  });

  it('call no answer unused that was shown in one other order alone: there is no error to judge it by', () => {
    const lines = questions(16, (row) => oneOther(audited(row)));
    const slice = sliceOf('direction', lines, true);
    expect(slice.order).toMatchObject({ count: 16, worth: { mean: 8 }, unused: null });
    expect(slice.verdict).toEqual({ kind: 'needs order' });
    expect(lines.some(isOrderUnused)).toBe(false);
    // Of answers with and without an error, those with one are judged.
    const some = [...lines, audited(16, { order: [0, 0.1] }), audited(17)];
    expect(sliceOf('direction', some, true).order).toMatchObject({ count: 18, unused: { share: 0.5 } });
  });

  it('count what could not be asked, and have no order for images', () => {
    const {
      outcome: _outcome,
      options: _options,
      seen: _seen,
      changed: _changed,
      shuffled: _shuffled,
      ...asked
    } = audited(9);
    const lines: AuditLine[] = [
      ...questions(3, (row) => imageOf(audited(row))),
      { ...asked, outcome: 'skipped', message: 'cut off' },
    ];
    const slice = sliceOf('chart', lines, true);
    expect(slice).toMatchObject({ count: 3, skipped: 1, videos: 0, order: null });
    expect(slice.cues.map(({ cue }) => cue)).toEqual(['no video', 'blind', 'no question']);
  });
});

describe('a report', () => {
  const hostile = '<img src=x onerror=alert(1)>\u202e';
  const lines = questions(16, (row) => audited(row, { without: ['one frame'] }, { family: hostile, problem: hostile }));

  it('is what its schema says, by family, by type and for all', () => {
    const results = resultsOf([...lines, ...questions(8, (row) => audited(20 + row))]);
    expect(auditResults.parse(results)).toEqual(results);
    expect(results.datasets[0]?.byFamily.map(({ verdict }) => verdict?.kind)).toEqual(['shortcut', 'needs order']);
    expect(results.datasets[0]?.all).toMatchObject({ count: 24, verdict: null });
    expect(results.datasets[0]?.rowsThat).toEqual({ 'needs video': 24, 'without video': 0, 'needs order': 24 });
    expect(reportText(auditReport(results))).toContain('direction: needs order');
  });

  it('keeps text of the dataset and the model as text', () => {
    const page = auditPage(auditReport(resultsOf(lines)), lines);
    expect(page).not.toContain('<img');
    expect(page).not.toContain('\u202e');
    expect(page).toContain('&lt;img src=x');
    expect(page).toContain("default-src 'none'");
    expect(reportText(auditReport(resultsOf(lines)))).not.toContain('\u202e');
  });
});
