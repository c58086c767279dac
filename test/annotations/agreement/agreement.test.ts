import { describe, expect, it } from 'vitest';
import { agreementOf } from '../../../trainer/annotations/agreement/agreement.ts';
import type { Judgement, Mark } from '../../../trainer/annotations/agreement/judgements.ts';
import { undefinedBecause } from '../../../trainer/annotations/agreement/measure.ts';

const mark = (category: string, start?: number, end = (start ?? 0) + 5): Mark => ({
  category,
  span: start === undefined ? null : { start, end },
});

function judgements(author: string, of: Record<string, [Judgement['verdict'], ...Mark[]]>): Judgement[] {
  return Object.entries(of).map(([item, [verdict, ...marks]]) => ({ item, author, verdict, marks }));
}

const ada = judgements('ada', {
  a: ['keep'],
  b: ['drop', mark('order', 0), mark('format')],
  c: ['fix', mark('order', 10)],
  d: ['keep'],
  e: ['drop', mark('order')],
});
const bea = judgements('bea', {
  a: ['keep'],
  b: ['drop', mark('order', 2)],
  c: ['drop', mark('order', 10), mark('frames', 20)],
  d: ['keep'],
  f: ['drop', mark('order')],
});

describe('agreement of authors', () => {
  it('is kappa for each pair and alpha over all, of verdicts and of each category', () => {
    const found = agreementOf([...ada, ...bea], ['order', 'frames'], 1);
    expect(found).toMatchObject({ items: 6, authors: ['ada', 'bea'], drafts: 0 });
    const [pair] = found.verdict.pairs;
    // In common: a, b, c, d. Rows keep, fix, drop; chance: (2·2 + 1·0 + 1·2) / 16.
    expect(pair).toMatchObject({ first: 'ada', second: 'bea', items: 4, agreeing: 3 });
    expect(pair?.table).toEqual([
      [2, 0, 0],
      [0, 0, 1],
      [0, 0, 1],
    ]);
    expect(pair?.kappa.value).toBeCloseTo((3 / 4 - 6 / 16) / (1 - 6 / 16), 12);
    // Coincidences of 8 ratings: keep 4, fix 1, drop 3; one item in dispute.
    expect(found.verdict.overall.alpha.value).toBeCloseTo(1 - (7 * 2) / (4 * 4 + 1 * 7 + 3 * 5), 12);
    const byCategory = new Map(found.categories.map((category) => [category.category, category]));
    expect(byCategory.get('order')?.pairs[0]?.table).toEqual([
      [2, 0],
      [0, 2],
    ]);
    expect(byCategory.get('order')?.pairs[0]?.kappa).toEqual({ value: 1 });
    expect(byCategory.get('frames')?.pairs[0]?.kappa).toEqual({ value: 0 });
  });

  it('names a category that is not asked for too, when somebody flagged it', () => {
    const names = (categories: string[]) =>
      agreementOf([...ada, ...bea], categories, 1).categories.map(({ category }) => category);
    expect(names(['repetition', 'order'])).toEqual(['repetition', 'order', 'format', 'frames']);
    const repetition = agreementOf([...ada, ...bea], ['repetition'], 1).categories[0];
    expect(repetition?.overall.alpha).toEqual({ value: null, why: 'one-category' });
    expect(undefinedBecause['one-category']).toMatch('All labels are the same');
  });

  it('leaves drafts out and says how many: who has not decided has not said that nothing is wrong', () => {
    const draft: Judgement = { item: 'e', author: 'bea', verdict: null, marks: [mark('harmful')] };
    const found = agreementOf([...ada, ...bea, draft], ['order'], 1);
    expect(found.drafts).toBe(1);
    expect(found.verdict).toEqual(agreementOf([...ada, ...bea], ['order'], 1).verdict);
    expect(found.categories.map(({ category }) => category)).not.toContain('harmful');
  });

  it('matches spans within their category, for each pair exactly and overlapping', () => {
    const found = agreementOf([...ada, ...bea], ['order', 'frames'], 1).spans;
    expect(found.map(({ matching, items }) => [matching, items])).toEqual([
      ['exact', 4],
      ['overlapping', 4],
    ]);
    const [exact, overlapping] = found;
    expect(exact?.overall).toMatchObject({ both: 1, onlyFirst: 1, onlySecond: 2, f1: { value: 2 / 5 } });
    expect(overlapping?.overall).toMatchObject({ both: 2, onlyFirst: 0, onlySecond: 1, f1: { value: 4 / 5 } });
    expect(overlapping?.categories.find(({ category }) => category === 'frames')).toMatchObject({
      both: 0,
      onlySecond: 1,
      f1: { value: 0 },
    });
    // A whole item that is flagged is no span.
    expect(overlapping?.categories.find(({ category }) => category === 'format')?.f1.value).toBeNull();
  });

  it('is the same in any order of judgements, and asking for one category more moves nothing else', () => {
    const one = agreementOf([...ada, ...bea], ['order'], 1);
    expect(agreementOf([...bea, ...ada].toReversed(), ['order'], 1)).toEqual(one);
    const more = agreementOf([...ada, ...bea], ['order', 'harmful'], 1);
    expect(more.verdict).toEqual(one.verdict);
    expect(more.categories[0]).toEqual(one.categories[0]);
    expect(agreementOf([...ada, ...bea], ['order'], 2).verdict.overall.interval).not.toEqual(
      one.verdict.overall.interval,
    );
  });

  it('of one author, or of nobody, has no pairs and no values', () => {
    expect(agreementOf(ada, ['order'], 1).verdict).toMatchObject({
      pairs: [],
      overall: { items: 0, alpha: { value: null, why: 'no-item-in-common' } },
    });
    expect(agreementOf([], [], 1)).toMatchObject({ items: 0, authors: [], spans: [], categories: [] });
  });

  it('refuses two judgements of one author on one item', () => {
    expect(() => agreementOf([...ada, ...ada], [], 1)).toThrow('An author judges a twice.');
  });
});
