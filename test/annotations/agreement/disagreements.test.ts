import { describe, expect, it } from 'vitest';
import { disagreements } from '../../../trainer/annotations/agreement/disagreements.ts';
import type { Judgement } from '../../../trainer/annotations/agreement/judgements.ts';

const judge = (item: string, author: string, verdict: Judgement['verdict'], ...categories: string[]): Judgement => ({
  item,
  author,
  verdict,
  marks: categories.map((category) => ({ category, span: null })),
});

const all = [
  judge('agreed', 'ada', 'drop', 'order'),
  judge('agreed', 'bea', 'drop', 'order'),
  judge('alone', 'ada', 'drop', 'order'),
  judge('categories', 'ada', 'keep', 'order', 'format'),
  judge('categories', 'bea', 'keep', 'order'),
  judge('one of three', 'ada', 'keep'),
  judge('one of three', 'bea', 'keep'),
  judge('one of three', 'cyd', 'drop'),
  judge('draft', 'ada', 'keep'),
  judge('draft', 'bea', null, 'order'),
  judge('verdict', 'ada', 'keep'),
  judge('verdict', 'bea', 'fix'),
  judge('verdict and category', 'ada', 'keep'),
  judge('verdict and category', 'bea', 'drop', 'harmful'),
];

describe('disagreements', () => {
  it('are items where verdicts or flagged categories differ, most disputed first', () => {
    expect(disagreements(all, new Set()).map(({ item }) => item)).toEqual([
      'verdict and category',
      'verdict',
      'one of three',
      'categories',
    ]);
  });

  it('say who says what', () => {
    const [first] = disagreements(all, new Set());
    expect(first).toEqual({
      item: 'verdict and category',
      verdicts: [
        { author: 'ada', verdict: 'keep' },
        { author: 'bea', verdict: 'drop' },
      ],
      verdictDispute: 1,
      textsDiffer: false,
      categories: [{ category: 'harmful', flaggedBy: ['bea'], notFlaggedBy: ['ada'] }],
      categoryDispute: 1,
    });
    const three = disagreements(all, new Set()).find(({ item }) => item === 'one of three');
    // Of three pairs of authors two differ.
    expect(three?.verdictDispute).toBeCloseTo(2 / 3, 12);
    expect(three?.verdicts).toHaveLength(3);
  });

  it('are items that all would fix with different texts, before those where only flags differ', () => {
    const fix = (item: string, author: string, fixed: string | null) => ({ ...judge(item, author, 'fix'), fixed });
    const texts = [
      ...[fix('texts', 'ada', 'A'), fix('texts', 'bea', 'B')],
      ...[fix('one text', 'ada', 'A'), fix('one text', 'bea', null), fix('one text', 'cyd', ' ')],
    ];
    expect(disagreements([...all, ...texts], new Set()).map(({ item, textsDiffer }) => [item, textsDiffer])).toEqual([
      ...[
        ['verdict and category', false],
        ['verdict', false],
        ['one of three', false],
      ],
      ...[
        ['texts', true],
        ['categories', false],
      ],
    ]);
  });

  it('that are settled are left out', () => {
    expect(disagreements(all, new Set(['verdict', 'categories'])).map(({ item }) => item)).toEqual([
      'verdict and category',
      'one of three',
    ]);
  });

  it('come in the same order whatever the order of labels', () => {
    expect(disagreements(all.toReversed(), new Set())).toEqual(disagreements(all, new Set()));
  });
});
