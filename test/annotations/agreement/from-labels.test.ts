import { describe, expect, it } from 'vitest';
import { agreementOf } from '../../../trainer/annotations/agreement/agreement.ts';
import { disagreements } from '../../../trainer/annotations/agreement/disagreements.ts';
import { labelsForAgreement } from '../../../trainer/annotations/agreement/from-labels.ts';
import { detectorScores } from '../../../trainer/annotations/agreement/suggestions.ts';
import { anchorOf } from '../../../trainer/protocol/annotations/anchors.ts';
import { authorKey, type Item, itemKey } from '../../../trainer/protocol/annotations/entries.ts';
import { LabelBook, type Statement } from '../../../trainer/protocol/annotations/label-book.ts';

const text = '🎬 First red, then blue.';
const ada = { name: 'Ada', email: 'ada@example.org' };
const bea = { name: 'Bea', email: null };
const item = (row: number): Item => ({ kind: 'row', dataset: 'cot.json', row: `${row}`, hash: 'a'.repeat(32) });
const at = '2026-02-13T10:00:00.000Z';

let made = 0;
const line = (author: typeof ada | typeof bea) => ({ v: 1 as const, id: `entry-${made++}`, at, author });
const verdict = (author: typeof ada | typeof bea, row: number, said: 'keep' | 'drop'): Statement => ({
  ...line(author),
  kind: 'verdict',
  item: item(row),
  verdict: said,
  fixed: null,
});
const flag = (author: typeof ada | typeof bea, row: number): Statement => ({
  ...line(author),
  kind: 'flag',
  item: item(row),
  category: 'wrong-order',
  severity: 'major',
  note: '',
  span: anchorOf(text, { start: 3, end: 12 }),
  from: null,
});

/** Ada: keep keep drop drop; Bea: keep drop drop drop, in rows 1 to 4. */
const undone = flag(ada, 1);
const entries: Statement[] = [
  ...[1, 2].map((row) => verdict(ada, row, 'keep')),
  ...[3, 4].map((row) => verdict(ada, row, 'drop')),
  verdict(bea, 1, 'keep'),
  ...[2, 3, 4].map((row) => verdict(bea, row, 'drop')),
  flag(ada, 3),
  flag(bea, 3),
  flag(bea, 4),
  flag(bea, 5),
  undone,
  { ...line(ada), kind: 'retraction', of: undone.id },
  { ...line(bea), kind: 'answer', item: item(3), detector: 'turns', span: null, accepted: true },
];

describe('the labels of a project', () => {
  it('have the kappa that is worked out by hand of what stands of them', () => {
    const found = agreementOf(labelsForAgreement(new LabelBook(entries)).judgements, [], 1);
    expect(found.authors).toEqual([authorKey(ada), authorKey(bea)]);
    // 3 of 4 agree; by chance 2/4 · 1/4 + 2/4 · 3/4 = 1/2.
    expect(found.verdict.pairs[0]?.kappa).toEqual({ value: 0.5 });
    // Flagged: Ada 3, Bea 3 and 4; the flag that was taken back is not there, and one without a verdict is a draft.
    expect(found.categories[0]).toMatchObject({ category: 'wrong-order', pairs: [{ items: 4, agreeing: 3 }] });
    expect(found.drafts).toBe(1);
    expect(found.spans[0]?.overall).toMatchObject({ both: 1, onlyFirst: 0, onlySecond: 1 });
  });

  it('have disagreements until they are settled', () => {
    const settlement: Statement = { ...line(bea), kind: 'settlement', item: item(2), verdict: 'drop', fixed: null };
    const open = (list: readonly Statement[]) => {
      const { judgements, settled } = labelsForAgreement(new LabelBook(list));
      return disagreements(judgements, settled).map((one) => one.item);
    };
    expect(open(entries)).toEqual([itemKey(item(2)), itemKey(item(4))]);
    expect(open([...entries, settlement])).toEqual([itemKey(item(4))]);
  });

  it('score the detectors', () => {
    const { answers, flagged } = labelsForAgreement(new LabelBook(entries));
    const keys = [3, 4, 5].map((row) => itemKey(item(row)));
    const detector = {
      detector: 'turns',
      category: 'wrong-order',
      looked: new Set(keys),
      suggested: new Set(keys.slice(0, 1)),
    };
    expect(detectorScores([detector], answers, flagged)[0]).toMatchObject({
      accepted: 1,
      answered: 1,
      flaggedWithSuggestion: 1,
      flaggedWithout: 2,
    });
  });
});
