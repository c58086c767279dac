import { describe, expect, it } from 'vitest';
import { othersLabels } from '../../../trainer/annotations/agreement/blind.ts';

const authors = (...keys: string[]) => new Set(keys);

describe('labels of others', () => {
  it('are hidden from whoever is still to judge the item, with the reason, and shown once the verdict is in', () => {
    const item = { assigned: authors('ada', 'bea'), judged: authors('bea') };
    expect(othersLabels('ada', item)).toEqual({ shown: false, why: expect.stringMatching('until your verdict is in') });
    expect(othersLabels('bea', item)).toEqual({ shown: true });
  });

  it('are shown to those to whom the item is not assigned', () => {
    expect(othersLabels('cyd', { assigned: authors('ada'), judged: authors() }).shown).toBe(true);
  });

  it('are hidden from everyone without a verdict where nothing is assigned', () => {
    const open = { assigned: null, judged: authors('ada') };
    expect(othersLabels('cyd', open).shown).toBe(false);
    expect(othersLabels('ada', open).shown).toBe(true);
  });
});
