/** What the guide says of `explain` and of paid and felt is what the program prints. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { explainedText } from '../../../trainer/cli/commands/explain.ts';
import { explainGroup, readGroupNumbers } from '../../../trainer/learning/explain.ts';
import { presetParameters } from '../../../trainer/learning/presets.ts';

const guide = (page: string) => readFileSync(path.resolve(import.meta.dirname, '../../../media/guide', page), 'utf8');
const paper = presetParameters('paper', 'tgrpo');

it('recipe.md shows what is printed', () => {
  const [, json = '', printed = ''] =
    /^\$ echo '(.*)' \| npx video-r1 explain\n(.*?)^```$/ms.exec(guide('recipe.md')) ?? [];
  const group = readGroupNumbers(JSON.parse(json), 'recipe.md');
  expect(`${explainedText(group, explainGroup(group, paper))}\n`).toBe(printed);
  expect(printed).toContain('r_t 0.300, felt;');
});

it('t-grpo.md shows a group that felt r_t and one that did not, with their numbers', () => {
  const rows = [...guide('t-grpo.md').matchAll(/^\| (\d.*) \| (yes|no) \|$/gm)];
  expect(rows.map(([, , felt]) => felt)).toEqual(['no', 'yes']);
  for (const [, cells = '', felt] of rows) {
    const [lengths = [], rewards, advantages, without] = cells.split(' | ').map((cell) => cell.split(', ').map(Number));
    const numbers = { data_type: 'video', accuracy: [1, 1, 1, 0], format: [1, 1, 1, 1], lengths };
    const group = readGroupNumbers({ ...numbers, shuffled_accuracy: [1, 0, 0, 1] }, 't-grpo.md');
    const made = explainGroup(group, paper);
    const three = (values: readonly number[]) => values.map((value) => Number(value.toFixed(3)));
    expect(three(made.rewards)).toEqual(rewards);
    expect(three(made.advantages)).toEqual(advantages);
    expect(three(made.advantages_without_temporal)).toEqual(without);
    expect(made.temporal_felt).toEqual(lengths.map(() => felt === 'yes'));
    expect(explainedText(group, made)).toContain(felt === 'yes' ? ', felt;' : ', not felt;');
  }
});

it('names what an advantage is without: r_t, the credit, or both', () => {
  const numbers = {
    data_type: 'video',
    accuracy: [1, 1, 0],
    format: [1, 1, 1],
    lengths: [9, 9, 9],
    credit: [5, 0, null],
  };
  const said = (temporalCredit: 'group' | 'answer' | 'both', shuffled: readonly number[]) => {
    const group = readGroupNumbers({ ...numbers, shuffled_accuracy: shuffled }, 'test', temporalCredit);
    return explainedText(group, explainGroup(group, { ...paper, temporalCredit }));
  };
  expect(said('group', [0])).toMatch(/passed, r_t 0\.300, (not )?felt;.*\badvantage {2}without r_t\n/s);
  expect(said('answer', [])).toMatch(/no temporal test; credit, felt;.*\badvantage {2}without credit\n/s);
  expect(said('both', [0])).toMatch(/passed, r_t 0\.300 and credit, felt;.*\badvantage {2}without r_t and credit\n/s);
  expect(said('both', [1])).toMatch(/failed, r_t 0\.000 and credit, felt;.*\badvantage {2}without credit\n/s);
});
