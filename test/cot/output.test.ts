import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultRules } from '../../trainer/cot/filter.ts';
import { Journal } from '../../trainer/cot/journal.ts';
import { outputFiles, pathsOf, writeOutput } from '../../trainer/cot/output.ts';
import { openDataset } from '../../trainer/data/dataset.ts';
import { repeatedKeys } from '../../trainer/data/json/keys.ts';
import { makeProject, type Project, rightAnswer } from './questions.ts';

let project: Project;
let journal: Journal;
beforeEach(async () => {
  project = await makeProject(4);
  journal = Journal.open(path.join(project.folder, 'j.jsonl'), project.header);
  const seed = 0;
  const right = (row: number, sample: number, words?: string) =>
    journal.append({ row, sample, seed, ...rightAnswer(row % 2 === 0 ? 'multiple choice' : 'OCR', words) });
  // Out of order, as answers come.
  right(3, 0);
  right(0, 1, 'The small ball goes over to the right side, so');
  journal.append({ row: 0, sample: 2, seed, outcome: 'refused', text: 'no', usage: null });
  right(0, 0);
  journal.append({ row: 1, sample: 0, seed, outcome: 'failed', message: 'HTTP 400: no' });
  journal.appendUnreadable(2, 'gone');
  journal.appendUnreadable(3, 'gone, but it came back');
});
afterEach(() => {
  journal.dispose();
  project.remove();
});

const at = (...parts: string[]) => path.join(project.folder, ...parts);
const write = (out: string, rules = {}) =>
  writeOutput(project.dataset, journal, { ...defaultRules, ...rules }, outputFiles(out));

describe('writeOutput', () => {
  it.each(['cot.json', 'cot.jsonl'])(
    'writes %s as a dataset without faults, in the order of the rows',
    async (name) => {
      await write(at('data', name));
      const made = await openDataset(at('data', name));
      expect(made.faults).toEqual([]);
      expect([made.count, made.row(0).problem_id, made.row(1).problem_id]).toEqual([2, 'q0', 'q3']);
      expect(made.row(0)).toEqual({
        ...project.dataset.row(0),
        process: '<think>The ball goes over to the right side, so B.</think>',
      });
      expect(JSON.parse(made.text(0))).toMatchObject({ mine: { kept: 0 } });
      expect(made.hasProcess(1)).toBe(true);
      expect(made.mediaPath(1)).toBe(project.dataset.mediaPath(3));
      made.dispose();
    },
  );

  it('takes rows over as they were written, with another reasoning in place of one that is there', async () => {
    const file = at('data', 'written.json');
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const row = (process: string) =>
      `{"problem_id": "q",\n  "mine" : {"path": 1, "process": 2},${process}\r\n "problem":"Is it?\\n", "data_type":"image",
        "problem_type":"multiple choice", "options":["A. left", "B. right"], "solution":"<answer>B</answer>",
        "path" : "./a\\\\b.png", "deep": ${deep}\n}`;
    writeFileSync(file, `[${row('"process":"<think>old</think>",')},\n${row('')}]`);
    const dataset = await openDataset(file);
    const own = Journal.open(at('own.jsonl'), { ...project.header, dataset: { sha256: 'x', rows: 2 } });
    for (const number of [0, 1]) own.append({ row: number, sample: 0, seed: 0, ...rightAnswer('multiple choice') });
    await writeOutput(dataset, own, defaultRules, outputFiles(at('cot.jsonl')));
    own.dispose();
    dataset.dispose();
    const lines = readFileSync(at('cot.jsonl'), 'utf8').trim().split('\n');
    const made = lines.map((line) => JSON.parse(line));
    const process = '<think>The ball goes over to the right side, so B.</think>';
    for (const one of made) {
      const { deep: _, ...rest } = one;
      expect(rest).toMatchObject({
        process,
        path: './data/a/b.png',
        problem: 'Is it?\n',
        mine: { path: 1, process: 2 },
      });
    }
    for (const line of lines) {
      expect(line).toContain(deep);
      expect(repeatedKeys(line)).toEqual([]);
    }
    expect(made.length).toBe(2);
  });

  it('names the media from where it stands', async () => {
    await write(at('cot.json'));
    const made = await openDataset(at('cot.json'));
    expect(made.row(0).path).toBe('./data/media/0.mp4');
    expect(made.mediaPath(0)).toBe(project.dataset.mediaPath(0));
    made.dispose();
  });

  it('says of every answer that is not there why, and counts them by reason and type', async () => {
    const report = await write(at('data', 'cot.json'));
    const dropped = readFileSync(at('data', 'cot.dropped.jsonl'), 'utf8').trim().split('\n');
    expect(dropped.map((line) => JSON.parse(line))).toEqual([
      { row: 1, problem_id: 'q0', sample: 1, reason: 'not-best', sentence: expect.any(String) },
      { row: 1, problem_id: 'q0', sample: 2, reason: 'refused', sentence: 'The teacher refused: “no”' },
      { row: 2, problem_id: 'q1', sample: 0, reason: 'failed', sentence: 'HTTP 400: no' },
    ]);
    expect(report.all).toEqual({ rows: 3, answers: 5, kept: 2, dropped: { 'not-best': 1, refused: 1, failed: 1 } });
    expect(report.byType).toEqual({
      'multiple choice': { rows: 1, answers: 3, kept: 1, dropped: { 'not-best': 1, refused: 1 } },
      OCR: { rows: 2, answers: 2, kept: 1, dropped: { failed: 1 } },
    });
    expect(report.unreadable).toEqual([
      { row: 3, place: 'questions.json:1, row 3', path: './media/2.mp4', message: 'gone' },
    ]);
    expect(report.tokens).toEqual({ in: 30, out: 9 });
    expect(JSON.parse(readFileSync(at('data', 'cot.report.json'), 'utf8'))).toEqual(report);
  });

  it('changes with its rules alone, the journal staying as it is', async () => {
    const before = readFileSync(journal.file);
    await write(at('data', 'cot.json'), { keep: 'all' });
    expect(JSON.parse(readFileSync(at('data', 'cot.json'), 'utf8')).length).toBe(3);
    await write(at('data', 'cot.json'), { minWords: 100 });
    expect(JSON.parse(readFileSync(at('data', 'cot.json'), 'utf8'))).toEqual([]);
    expect(readFileSync(journal.file).equals(before)).toBe(true);
  });

  it('leaves the output of before where it fails, and nothing half', async () => {
    await write(at('data', 'cot.json'));
    const before = readFileSync(at('data', 'cot.json'), 'utf8');
    project.dataset.dispose();
    await expect(write(at('data', 'cot.json'), { keep: 'all' })).rejects.toThrow();
    expect(readFileSync(at('data', 'cot.json'), 'utf8')).toBe(before);
    expect(readdirSync(at('data')).filter((name) => name.includes('partial'))).toEqual([]);
  });
});

describe('where an output may stand', () => {
  it('is a place from which its media can be named', () => {
    mkdirSync(at('data', 'deeper'));
    mkdirSync(at('other'));
    for (const out of [at('data', 'deeper', 'cot.json'), at('nowhere', 'cot.json'), at('other', 'cot.json')])
      expect(() => pathsOf(project.dataset, outputFiles(out))).toThrow(
        expect.objectContaining({ kind: 'bad-request' }),
      );
    expect(pathsOf(project.dataset, outputFiles(at('data', 'cot.json')))).toBeNull();
    expect(pathsOf(project.dataset, outputFiles(at('cot.json')))?.('./media\\x.mp4')).toBe('./data/media/x.mp4');
  });

  it('has a name that says its form', () => {
    expect(outputFiles(at('a.b.jsonl')).journal).toBe(at('a.b.journal.jsonl'));
    expect(() => outputFiles('cot.txt')).toThrow(expect.objectContaining({ kind: 'bad-request' }));
  });
});
