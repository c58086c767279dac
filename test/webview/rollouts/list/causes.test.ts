/** What leaves nothing is told from counts of each condition as the line means it. */
import { expect, it } from 'vitest';
import { causesOf, partsOf } from '../../../../webview/rollouts/list/causes.ts';

/** A run in which these lines keep something. */
function counting(kept: Readonly<Record<string, number>>) {
  const asked: string[] = [];
  const countEach = async (lines: readonly string[]) => {
    asked.push(...lines);
    return lines.map((line) => ({ matching: kept[line] ?? 0, outdated: 0 }));
  };
  return { asked, countEach };
}

it('of a line with commas, each condition is counted as the line means it', async () => {
  const { asked, countEach } = counting({ 'correct:false': 700, 'step>500': 0 });
  const causes = await causesOf('wrong, step > 500', countEach);
  expect(causes?.each.map(({ matching }) => matching)).toEqual([700, 0]);
  expect(asked).not.toContain('wrong');
});

it('a word that nothing has is offered as the value that this run has of it, and as no other', async () => {
  const { countEach } = counting({ 'correct:false': 700, 'family:bounces': 312, 'wrong, family:bounces': 40 });
  expect((await causesOf('wrong, bounces', countEach))?.meant).toEqual([
    { text: 'bounces', isOne: true, term: 'family:bounces', line: 'wrong, family:bounces', left: 40 },
  ]);
});

it('words that may be one condition are offered as it, and stand and go as one', async () => {
  const line = 'wrong, step > 150, family bounces, aha >= 3';
  const mended = 'wrong, step > 150, family:bounces, aha >= 3';
  const { countEach } = counting({ 'family:bounces': 2944, [mended]: 12 });
  expect((await causesOf(line, countEach))?.meant).toEqual([
    { text: 'family bounces', isOne: false, term: 'family:bounces', line: mended, left: 12 },
  ]);
  expect(partsOf(line).map(({ text }) => text)).toEqual(['wrong', 'step > 150', 'family bounces', 'aha >= 3']);
  expect(partsOf('shorter than 20 tokens and right')).toMatchObject([
    { text: 'shorter than 20 tokens', dropped: 'correct:true' },
    { text: 'right', dropped: 'shorter than 20 tokens' },
  ]);
});

it('where several words were meant otherwise, all can be replaced at once', async () => {
  const line = 'wrong way and bounces';
  const all = 'pattern:"wrong way" and dataset:bounces';
  const { countEach } = counting({ 'pattern:"wrong way"': 20, 'family:bounces': 9, 'dataset:bounces': 9, [all]: 5 });
  const causes = await causesOf(line, countEach);
  expect(causes?.meant.map(({ term, left }) => [term, left])).toEqual([
    ['pattern:"wrong way"', 0],
    ['dataset:bounces', 0],
    ['family:bounces', 0],
  ]);
  expect(causes?.together).toEqual({ line: all, left: 5 });
  expect((await causesOf('wrong, bounces', counting({ 'family:bounces': 9 }).countEach))?.together).toBeNull();
});

it('of each part it is told what would be left without it', async () => {
  const { countEach } = counting({ 'correct:false': 700, 'aha>=3': 223, 'aha >= 3': 223, 'correct:false aha >= 3': 9 });
  const causes = await causesOf('wrong, step > 500, aha >= 3', countEach);
  expect(causes?.each.map(({ matching }) => matching)).toEqual([700, 0, 223]);
  expect(causes?.left).toEqual([0, 9, 0]);
});

it('a word that something has is left as it is', async () => {
  const { asked, countEach } = counting({ '"bounces"*': 3, 'family:bounces': 312 });
  expect((await causesOf('bounces', countEach))?.meant).toEqual([]);
  expect(asked).not.toContain('family:bounces');
});

it('nothing is told where another count came between', async () => {
  expect(await causesOf('bounces', async () => null)).toBeNull();
});
