/** What a person says of a text that is read, as it is handed on. */
import { describe, expect, test } from 'vitest';
import type { Saying } from '../../../trainer/protocol/records.ts';
import { Flagging, type LabelledText } from '../../../webview/rollout/flagging.ts';

function flagging(read: Omit<LabelledText, 'within'>) {
  const said: Saying[] = [];
  const made = new Flagging(
    {
      add: async (saying) => ({ ids: [String(said.push(saying))] }),
      retract: async (id) => ({ id }),
      categories: async () => [],
      fail: (thrown) => {
        throw thrown;
      },
    },
    () => ({ ...read, within: { start: 0, end: read.text.length } }),
  );
  return { flagging: made, said };
}

describe('the fixed text', () => {
  const text = 'It goes left.\r\nIt stops.';
  const written = 'It goes right.\r\nIt stops.';
  test.each([
    ['is what was typed, with the line ends of the text', { text }, 'fix', 'It goes right.\nIt stops.', written],
    ['is none where nothing was typed', { text }, 'fix', null, null],
    ['is none where the text was typed as it is', { text }, 'fix', 'It goes left.\nIt stops.', null],
    ['is none where it was emptied', { text, fixed: written }, 'fix', ' \n', null],
    ['stays what was written before where nothing was typed', { text, fixed: written }, 'fix', null, written],
    ['goes with fix alone', { text, fixed: written }, 'drop', 'It goes right.', null],
  ] as const)('%s', async (_, read, verdict, fixed, expected) => {
    const { flagging: one, said } = flagging(read);
    one.begin(null);
    one.change({ verdict, fixed });
    expect(await one.save()).toBe(true);
    expect(said).toEqual([{ flag: null, verdict, fixed: expected }]);
  });

  test('that was written before stays with a verdict that is given at once', async () => {
    const { flagging: one, said } = flagging({ text, fixed: written });
    for (const verdict of ['fix', 'keep'] as const) await one.give(verdict);
    expect(said.map(({ fixed }) => fixed)).toEqual([written, null]);
  });
});
