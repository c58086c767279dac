/** The report counts what stands, and says how far people agree, or why that is not known. */
import { describe, expect, it } from 'vitest';
import { labelReport } from '../../../trainer/annotations/report/label-report.ts';
import { reportSections } from '../../../trainer/annotations/report/report-sections.ts';
import { reportText } from '../../../trainer/annotations/report/report-text.ts';
import { categoriesOf } from '../../../trainer/protocol/annotations/categories.ts';
import type { Entry } from '../../../trainer/protocol/annotations/entries.ts';
import { LabelBook } from '../../../trainer/protocol/annotations/label-book.ts';
import { ann, retraction, verdictOf } from '../../protocol/annotations/made-entries.ts';
import { itemOf, labels, settledRow2 } from '../labelled-project.ts';

const categories = categoriesOf(null);
const reportOf = (entries: readonly Entry[]) =>
  labelReport(new LabelBook(entries.filter((entry) => entry.kind !== 'item')), categories);
const textOf = (entries: readonly Entry[], most = 20) =>
  reportText(reportSections(reportOf(entries), categories, most));

describe('a report of labels', () => {
  it('counts flags and verdicts by category, annotator, source and day', () => {
    const report = reportOf(labels());
    expect(report).toMatchObject({ items: 6, flags: 4, verdicts: 9, settlements: 0 });
    expect(report.outcomes).toEqual({ keep: 1, fix: 1, drop: 2, disputed: 1, none: 1 });
    expect(report.authors).toEqual([
      { author: 'Ann <ann@example.org>', items: 6, flags: 3, drafts: 1, keep: 2, fix: 1, drop: 2 },
      { author: 'Ben', items: 4, flags: 1, drafts: 0, keep: 1, fix: 0, drop: 3 },
    ]);
    expect(report.categories[0]).toEqual({
      category: 'wrong-order',
      name: 'wrong order of events',
      flags: 2,
      items: 1,
      major: 1,
      minor: 1,
      spans: 2,
    });
    expect(report.categories.map(({ category }) => category)).toEqual(['wrong-order', 'format', 'repetition']);
    expect(report.sources).toEqual([{ kind: 'row', source: 'data/cot.json', items: 6, flags: 4, verdicts: 9 }]);
    expect(report.flagsFrom).toEqual([
      { detector: null, flags: 3 },
      { detector: 'repetition', flags: 1 },
    ]);
    expect(report.days).toEqual([
      { day: '2026-01-01', flags: 4, verdicts: 8 },
      { day: '2026-01-02', flags: 0, verdicts: 1 },
    ]);
  });

  it('has the kappa that one computes by hand, and says what is undefined instead of a number', () => {
    const { agreement } = reportOf(labels());
    expect(agreement.verdict.pairs).toMatchObject([
      { first: 'Ann <ann@example.org>', second: 'Ben', items: 4, agreeing: 3, kappa: { value: 0.5 } },
    ]);
    const text = textOf(labels());
    expect(text).toMatch(/verdict +4 +Ann and Ben +kappa 0\.500 \[/);
    expect(text).toMatch(/Ann and Ben +4 +all +1\.000, no interval: no spread/);
    expect(text).toMatch(/wrong order of events +4 +all +alpha 1\.000/);
    const alone = textOf(labels().filter(({ author }) => author.name === 'Ann'));
    expect(alone).toMatch(/verdict +0 +all +alpha undefined: no item in common/);
    expect(alone).toContain('“no item in common”: No item has labels of two of them.');
  });

  it('lists what is to be settled until it is, with who says what', () => {
    const [first, ...others] = reportOf(labels()).disagreements;
    expect(first).toMatchObject({
      about: 'data/cot.json, row 2',
      verdicts: [
        { author: 'Ann <ann@example.org>', verdict: 'keep' },
        { author: 'Ben', verdict: 'drop' },
      ],
    });
    expect(others.map(({ about }) => about)).toEqual(['data/cot.json, row 3']);
    expect(textOf(labels(), 1)).toMatch(
      /Disagreements to settle: 2\n.*most disputed first; the first 1 of them\.\n.*\n +data\/cot\.json, row 2 +keep: Ann; drop: Ben/,
    );
    const settled = reportOf([...labels(), settledRow2()]);
    expect(settled.disagreements.map(({ about }) => about)).toEqual(['data/cot.json, row 3']);
    expect(settled.outcomes).toMatchObject({ keep: 2, disputed: 0 });
  });

  it('calls authors by their whole line where two have a name', () => {
    const other = { name: 'Ben', email: 'ben@example.org' };
    const text = textOf([...labels(), verdictOf(other, 40, 'keep', { item: itemOf(2) })]);
    expect(text).toContain('keep: Ann, Ben <ben@example.org>; drop: Ben');
  });

  it('counts nothing that was taken back', () => {
    const all = labels();
    const taken = all.filter(({ kind, author }) => kind === 'flag' && author.name === 'Ann');
    const report = reportOf([...all, ...taken.map((entry) => retraction(ann, 90, entry))]);
    expect(report).toMatchObject({ items: 5, flags: 1, verdicts: 9 });
  });

  it('says how often people accept what a detector suggests', () => {
    const answer = (second: number, accepted: boolean): Entry => ({
      v: 1,
      id: `a${second}`,
      at: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(),
      author: ann,
      kind: 'answer',
      item: { kind: 'rollout', run: 'r', rollout: `s${second}`, hash: '0'.repeat(32) },
      detector: 'repetition',
      span: null,
      accepted,
    });
    const report = reportOf([answer(1, true), answer(2, true), answer(3, true), answer(4, false)]);
    expect(report.detectors).toMatchObject([
      { detector: 'repetition', accepted: 3, answered: 4, precision: { share: 0.75 } },
    ]);
    expect(report.items).toBe(0);
  });
});
