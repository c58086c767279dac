import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { benchmarkFiles } from '../../trainer/evaluation/benchmark-files.ts';
import { rowsToSample } from '../../trainer/evaluation/question-walk.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'video-r1-benchmarks-'));
const at = (name: string) => path.join(folder, name);
beforeAll(() => {
  mkdirSync(at('empty'));
  mkdirSync(at('other'));
  for (const name of ['eval_mvbench.json', 'eval_vsibench.json', 'notes.txt', 'mine.jsonl', 'other/mine.json'])
    writeFileSync(at(name), '[]');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the datasets of an evaluation', () => {
  it('are the released files in a folder, by the benchmarks’ names, and any other file by its own', () => {
    expect(benchmarkFiles([folder, at('mine.jsonl')])).toEqual([
      { name: 'VSI-Bench', file: at('eval_vsibench.json') },
      { name: 'MVBench', file: at('eval_mvbench.json') },
      { name: 'mine', file: at('mine.jsonl') },
    ]);
  });

  it('are refused where there are none, or two of one name', () => {
    expect(() => benchmarkFiles([at('empty')])).toThrow('the folder holds no data that is read here');
    expect(() => benchmarkFiles([at('gone.json')])).toThrow('no such dataset');
    expect(() => benchmarkFiles([at('mine.jsonl'), at('other/mine.json')])).toThrow('called mine');
  });
});

describe('the rows of an evaluation', () => {
  it('with a limit are the beginning of those without, each row once', () => {
    const all = rowsToSample(50, null, 3);
    expect(rowsToSample(50, 10, 3)).toEqual(all.slice(0, 10));
    expect([...all].sort((x, y) => x - y)).toEqual(Array.from({ length: 50 }, (_, row) => row));
    expect(all).not.toEqual(rowsToSample(50, null, 4));
    expect(rowsToSample(3, 10, 1)).toHaveLength(3);
  });
});
