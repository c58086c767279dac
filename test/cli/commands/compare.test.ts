/** Two runs that were not evaluated on the command line are compared by what they made of themselves while they trained. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RunStore } from '../../../trainer/store/run-store.ts';
import { runProgram } from '../../integration/trainer-process.ts';
import { aGroup, anEvaluation, aQuestion, aRollout, aRun } from '../../store/records.ts';

let folder: string;
const at = (name: string) => path.join(folder, name);
const compare = (...args: string[]) => runProgram(['eval', '--compare', ...args, '--folder', folder], folder);

/** Evaluations at these steps, of four questions, of which so many are right. */
function makeRun(id: string, rights: readonly (readonly [step: number, right: number])[]): void {
  const store = RunStore.create(at(`.video-r1/runs/${id}`), aRun({ id, state: 'completed' }));
  for (const [step, right] of rights) {
    for (let row = 0; row < 4; row += 1) {
      const groupId = `e${step}-${row}-g0`;
      const question = aQuestion({ row, problem: `Question ${row}?` });
      const correct = row < right;
      const rollouts = [aRollout({ id: `${groupId}-o0`, groupId, step, correct, accuracy: correct ? 1 : 0 })];
      store.append({ type: 'group', group: aGroup(step, { id: groupId, purpose: 'evaluation', question, rollouts }) });
    }
    store.append({ type: 'evaluation', evaluation: { ...anEvaluation(step), id: `e${step}` } });
  }
  store.dispose();
}

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'video-r1-compare-'));
  makeRun('sft-1', [
    [5, 4],
    [9, 1],
  ]);
  makeRun('tgrpo-1', [[7, 3]]);
  makeRun('tgrpo-2', []);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('the newest evaluations of both are taken, which is said, and the questions that flipped are written', async () => {
  const { code, stdout } = await compare('sft-1', 'tgrpo', '--out', at('out'));
  expect(code).toBe(0);
  expect(stdout).toContain('A: sft-1, step 9    B: tgrpo-1, step 7');
  expect(stdout).toContain('Taken of sft-1: the newest evaluation in its own record, e9, at step 9, on eval.json.');
  expect(stdout).toContain('Taken of tgrpo-1: the newest evaluation in its own record, e7, at step 7, on eval.json.');
  expect(stdout).toMatch(/\nall +4 +25\.0 +75\.0 +50\.0 .* 0 : 2 +0\.500\n/);
  expect(stdout).toMatch(/wrong to right: 2 /);
  const flips = readFileSync(at('out/flips.jsonl'), 'utf8').trimEnd().split('\n');
  expect(flips.map((line) => JSON.parse(line).problem)).toEqual(['Question 1?', 'Question 2?']);
  expect(JSON.parse(readFileSync(at('out/comparison.json'), 'utf8'))).toMatchObject({
    a: { run: 'sft-1', id: 'e9', step: 9 },
    pairs: 4,
  });
});

it('a run that has none of either kind is named', async () => {
  for (const other of ['tgrpo-2', 'nope']) {
    const { code, stderr } = await compare('sft-1', other);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`No evaluation of ${other} is there.`)]);
  }
});
