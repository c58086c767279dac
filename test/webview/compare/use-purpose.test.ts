/** What is looked through for questions of both runs: what was asked for first, then what tells most, each once. */
import { describe, expect, it } from 'vitest';
import { purposeOfBoth, purposesFor } from '../../../webview/compare/use-purpose.ts';

describe('purposes', () => {
  it('begin with training, or with the probes where a run of the two was supervised', () => {
    expect(purposesFor(null, ['tgrpo', 'grpo'])).toEqual(['train', 'probe', 'evaluation']);
    expect(purposesFor(null, ['tgrpo', 'sft'])).toEqual(['probe', 'evaluation', 'train']);
  });

  it('begin with that which is wanted, and hold the others once', () => {
    expect(purposesFor('evaluation', ['tgrpo', 'tgrpo'])).toEqual(['evaluation', 'train', 'probe']);
  });

  it('are the first for which both runs were asked the question that is read', () => {
    const order = purposesFor('train', ['tgrpo', 'sft']);
    const trained = [{ purpose: 'train' }, { purpose: 'evaluation' }] as const;
    expect(purposeOfBoth(order, trained, [{ purpose: 'evaluation' }, { purpose: 'probe' }])).toBe('evaluation');
    expect(purposeOfBoth(order, trained, [{ purpose: 'probe' }])).toBeUndefined();
  });
});
