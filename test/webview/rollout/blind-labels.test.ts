/** Who is still to judge an item sees what they said themselves, and of others only how many there are. */
import { describe, expect, it } from 'vitest';
import { blindLabels, hiddenWords } from '../../../webview/rollout/blind-labels.ts';
import { anAnnotation } from '../../store/records.ts';

const said = ['Ann', 'Bob', 'Eve', 'Bob'].map((author, id) => anAnnotation(id, 'o', { author }));

describe('what is said of an item', () => {
  it('is shown whole where nothing is hidden', () => {
    expect(blindLabels(said, 'Ann', false)).toEqual({ labels: said, hidden: 0 });
  });

  it('is one’s own where others’ are hidden, which are counted by person', () => {
    expect(blindLabels(said, 'Bob', true)).toEqual({ labels: [said[1], said[3]], hidden: 2 });
    expect(blindLabels(said, null, true)).toEqual({ labels: [], hidden: 3 });
  });

  it('is counted in words, with the reason', () => {
    expect(hiddenWords(1, 'Not yet.')).toBe('1 other has labelled this answer. Not yet.');
    expect(hiddenWords(2, '')).toBe('2 others have labelled this answer.');
  });
});
