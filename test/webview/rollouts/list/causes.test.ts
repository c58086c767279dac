/** What leaves nothing is told from counts of each condition as the line means it. */
import { expect, it } from 'vitest';
import { conditionsOf } from '../../../../trainer/protocol/query/edit.ts';
import { causesOf } from '../../../../webview/rollouts/list/causes.ts';

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
  const causes = await causesOf(conditionsOf('wrong, step > 500'), countEach);
  expect(causes?.each.map(({ matching }) => matching)).toEqual([700, 0]);
  expect(asked).not.toContain('wrong');
});

it('a word that nothing has is offered as the value that this run has of it, and as no other', async () => {
  const { countEach } = counting({ 'correct:false': 700, 'family:bounces': 312 });
  const causes = await causesOf(conditionsOf('wrong, bounces'), countEach);
  expect(causes?.meant).toEqual([{ place: 1, term: 'family:bounces', matching: 312 }]);
});

it('a word that something has is left as it is', async () => {
  const { asked, countEach } = counting({ '"bounces"*': 3, 'family:bounces': 312 });
  expect((await causesOf(conditionsOf('bounces'), countEach))?.meant).toEqual([]);
  expect(asked).toEqual(['"bounces"*']);
});

it('nothing is told where another count came between', async () => {
  expect(await causesOf(conditionsOf('bounces'), async () => null)).toBeNull();
});
