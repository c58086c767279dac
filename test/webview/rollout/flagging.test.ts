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

test('what could not be taken back is what the next undo takes back', async () => {
  const taken: string[] = [];
  const faults: unknown[] = [];
  let fails = 1;
  let made = 0;
  const one = new Flagging(
    {
      add: async () => ({ ids: [`${++made}a`, `${made}b`] }),
      retract: async (id) => {
        if (id === '2a' && fails-- > 0) throw new Error('The disk is full.');
        taken.push(id);
        return { id };
      },
      categories: async () => [],
      fail: (thrown) => faults.push(thrown),
    },
    () => ({ text: 'a', within: { start: 0, end: 1 } }),
  );
  await one.give('keep');
  await one.give('drop');
  expect(await one.undo()).toEqual([]);
  expect([taken, faults.length]).toEqual([['2b'], 1]);
  expect(await one.undo()).toEqual(['2a']);
  expect(taken).toEqual(['2b', '2a']);
});
