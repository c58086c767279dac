import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { openAnswers, readAnswers } from '../../trainer/evaluation/answers-file.ts';
import { setAside } from '../../trainer/journal/json-lines.ts';
import { answered, headerWith, unreadable } from './made-answers.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'video-r1-answers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let file: string;
let number = 0;
beforeEach(() => {
  file = path.join(folder, `${number++}.jsonl`);
});

const header = headerWith();
const lines = [
  answered(4, 1, 0),
  unreadable(2),
  answered(0, 0, 1, { problem: 'Was „é“ first?\nOr 😀?' }),
  answered(7, 1),
];

function writeAll(): Buffer {
  const answers = openAnswers(file, header);
  for (const line of lines) answers.append([line]);
  answers.dispose();
  return readFileSync(file);
}

describe('a file of answers', () => {
  it('cut at any byte keeps its whole lines, and ends with the same bytes when the rest is asked again', () => {
    const whole = writeAll();
    for (let cut = 0; cut <= whole.length; cut++) {
      writeFileSync(file, whole.subarray(0, cut));
      const answers = openAnswers(file, header);
      const kept = Math.max(0, whole.subarray(0, cut).filter((byte) => byte === 10).length - 1);
      expect(answers.lines).toEqual(lines.slice(0, kept));
      // Nothing of half a line stays, though what comes next might be shorter.
      expect(readFileSync(file).at(-1)).toBe(10);
      for (const line of lines) if (!answers.has(line.dataset, line.row)) answers.append([line]);
      answers.dispose();
      expect(readFileSync(file).equals(whole)).toBe(true);
    }
  });

  it('refuses other settings, naming each, and leaves the file as it is; another label is none', () => {
    const whole = writeAll();
    const other = headerWith({ frames: { maxFrames: 32, maxPixels: 1000 }, sampling: { ...header.sampling, seed: 2 } });
    expect(() => openAnswers(file, other)).toThrow(/frames\.maxFrames: 16 against 32\nsampling\.seed: 1 against 2/);
    expect(readFileSync(file).equals(whole)).toBe(true);
    const renamed = openAnswers(file, headerWith({ label: { model: 'copy', run: null, step: null } }));
    expect(renamed.lines).toHaveLength(4);
    renamed.dispose();
  });

  it('refuses what is no evaluation, and never cuts it', () => {
    for (const text of ['notes of mine', '{"kind": "something else"}\n{}\n']) {
      writeFileSync(file, text);
      expect(() => openAnswers(file, header)).toThrow('no file of answers');
      expect(readFileSync(file, 'utf8')).toBe(text);
    }
  });

  it('names a damaged line, and one that answers a question again', () => {
    const whole = writeAll().toString();
    writeFileSync(file, whole.replace('"row":2', '"row":"two"'));
    expect(() => openAnswers(file, header)).toThrow('damaged');
    writeFileSync(file, `${whole}${whole.trimEnd().split('\n').at(-1)}\n`);
    expect(() => readAnswers(file)).toThrow('an earlier one answers');
  });

  it('is set aside under a free name', () => {
    writeAll();
    writeFileSync(`${file}.1`, '');
    expect(setAside(file)).toBe(`${file}.2`);
    expect(setAside(file)).toBeNull();
  });
});
