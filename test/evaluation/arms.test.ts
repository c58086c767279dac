/** The other arms of an evaluation: what the model is asked, what is kept and left out, what the pairs say, and that a stop changes nothing. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Dataset, openDataset } from '../../trainer/data/dataset.ts';
import {
  armFiles,
  type DirectHeader,
  openDirect,
  openReversed,
  type ReversedHeader,
  readArms,
} from '../../trainer/evaluation/arm-files.ts';
import { directArmOf, type ReversedPair, reversedArmOf } from '../../trainer/evaluation/arm-results.ts';
import { askDirect, askReversed } from '../../trainer/evaluation/ask-arms.ts';
import { resultsOf } from '../../trainer/evaluation/results.ts';
import { requireReversed, sampleDirect, sampleReversed } from '../../trainer/evaluation/sample-arms.ts';
import { presetParameters } from '../../trainer/learning/presets.ts';
import { type DirectArm, directCautions } from '../../trainer/protocol/evaluation-arms.ts';
import { defaultTemplate } from '../../trainer/reasoning/template.ts';
import type { MediaLoader } from '../../trainer/video/load.ts';
import { type AskedAnswer, type Script, ScriptedEngine } from '../engines/scripted-engine.ts';
import { aLoadedQuestion } from '../learning/scripted-training.ts';
import { answered, given, headerWith, unreadable } from './made-answers.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'video-r1-arms-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const begin = '<think></think><answer';
const options = { maxTokens: 32, temperature: 0, topP: 1 };

async function engineOf(script: Script, can = {}) {
  const engine = new ScriptedEngine(script, can);
  const model = await engine.createModel({ kind: 'new', size: {} as never, seed: 1, texts: [] }, 'policy');
  return { engine, model };
}
const asking = (made: Awaited<ReturnType<typeof engineOf>>) => ({
  ...made,
  ...{ options, signal: new AbortController().signal, onShare: () => {}, template: defaultTemplate, seed: 1 },
});

describe('asked without reasoning', () => {
  const questions = [0, 1].map((row) => aLoadedQuestion(row));

  it('an engine that can go on from tokens is given an empty chain of thought, which its answer has too', async () => {
    const asked: AskedAnswer[] = [];
    const made = await engineOf((one) => {
      asked.push(one);
      return '>B</answer>';
    });
    const answers = await askDirect(questions, asking(made));
    expect(answers.map(({ text }) => text)).toEqual([`${begin}>B</answer>`, `${begin}>B</answer>`]);
    for (const { prompt, isShuffled } of asked) {
      expect(prompt.endsWith(`assistant\n${begin}`)).toBe(true);
      expect(prompt).toContain(defaultTemplate.instruction);
      expect(isShuffled).toBe(false);
    }
  });

  it('another is asked by the hint alone, without the instruction to reason', async () => {
    const asked: AskedAnswer[] = [];
    const made = await engineOf(
      (one) => {
        asked.push(one);
        return '<answer>B</answer>';
      },
      { prefix: false },
    );
    const answers = await askDirect(questions, asking(made));
    expect(answers.map(({ text }) => text)).toEqual(['<answer>B</answer>', '<answer>B</answer>']);
    for (const { prompt } of asked) {
      expect(prompt).not.toContain(defaultTemplate.instruction);
      expect(prompt).not.toContain('<think>');
      expect(prompt).toContain(defaultTemplate.answerHint['multiple choice'].trim());
    }
  });

  it('a question is asked with the same seed whatever stands beside it, and backwards with another', async () => {
    const seeds: number[] = [];
    const made = await engineOf(({ seed }) => {
      seeds.push(seed);
      return '>B</answer>';
    });
    await askDirect(questions, asking(made));
    await askDirect(questions.slice(1), asking(made));
    await askReversed(questions.slice(1), asking(made));
    expect(seeds[2]).toBe(seeds[1]);
    expect(new Set(seeds).size).toBe(3);
  });
});

describe('what the pairs say', () => {
  const part = { type: 'multiple choice', family: null, needsOrder: false };

  it('with reasoning against without: means, their difference and the test are as by hand', () => {
    // Right with reasoning 1 1 1 0, without 1 0 0 1.
    const pairs = [
      [1, 1],
      [1, 0],
      [1, 0],
      [0, 1],
    ].map(([reasoning = 0, direct = 0]) => ({ ...part, reasoning: given(reasoning), direct: given(direct) }));
    const arm = directArmOf('prefix', pairs, 1);
    expect(arm).toMatchObject({ by: 'prefix', reasoned: 0 });
    const [all, ...others] = arm?.slices ?? [];
    expect(others).toEqual([]);
    expect(all).toMatchObject({ kind: 'all', count: 4, onlyReasoning: 2, onlyDirect: 1, p: 1 });
    expect([all?.reasoning.mean, all?.direct.mean, all?.difference.mean]).toEqual([0.75, 0.5, 0.25]);
    expect(all?.difference.low).toBeLessThan(0.25);
    expect(all?.difference.high).toBeGreaterThan(0.25);
    expect(directArmOf('prefix', [], 1)).toBeNull();
  });

  it('counts answers that have reasoning all the same', () => {
    const direct = { ...given(1), text: '<think>It is so.</think><answer>A</answer>' };
    expect(directArmOf('hint', [{ ...part, reasoning: given(1), direct }], 1)?.reasoned).toBe(1);
    const empty = { ...direct, text: `${begin}>A</answer>` };
    expect(directArmOf('prefix', [{ ...part, reasoning: given(1), direct: empty }], 1)?.reasoned).toBe(0);
  });

  it('counts answers that lost their form, and says that the difference is of that too', () => {
    const texts = [`${begin}>A</answer>`, `${begin}>`, `${begin}>0 s: left.</think>\n<answer>A</answer>`];
    const pairs = texts.map((text) => ({ ...part, reasoning: given(1), direct: { ...given(0), text } }));
    const arm = directArmOf('prefix', pairs.slice(0, 2), 1, pairs.slice(2)) as DirectArm;
    expect(arm).toMatchObject({ reasoned: 0, broken: 2 });
    expect(directCautions(arm)).toEqual([expect.stringMatching(/^2 of 3 direct answers are not of the form/)]);
    expect(directCautions({ ...arm, reasoned: 1, broken: 0 })).toEqual([
      '1 of 3 direct answers have reasoning all the same.',
    ]);
  });

  it('clip and reversal: a pair is right where both are, by family', () => {
    const pair = (family: string, clip: number, reversed: number): ReversedPair => ({
      ...{ ...part, family, clip: given(clip), reversed: given(reversed) },
    });
    const arm = reversedArmOf(
      [pair('direction', 1, 1), pair('direction', 1, 0), pair('in or out', 0, 1), pair('in or out', 1, 1)],
      3,
      1,
    );
    expect(arm.leftOut).toBe(3);
    expect(
      arm.slices.map(({ name, count, clip, reversed, pair: both }) => [
        name,
        count,
        clip.mean,
        reversed.mean,
        both.mean,
      ]),
    ).toEqual([
      ['all', 4, 0.75, 0.75, 0.5],
      ['direction', 2, 1, 0.5, 0.5],
      ['in or out', 2, 0.5, 1, 0.5],
    ]);
  });

  it('are never more often right together than alone, whatever the answers', () => {
    const pairs = fc.array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(pairs, (rights) => {
        const made = rights.map(([clip, reversed]) => ({
          ...{ ...part, clip: given(Number(clip)), reversed: given(Number(reversed)) },
        }));
        const [all] = reversedArmOf(made, 0, 1).slices;
        if (!all) throw new Error('no slice');
        expect(all.pair.mean).toBeCloseTo(rights.filter(([a, b]) => a && b).length / rights.length, 12);
        expect(all.pair.mean).toBeLessThanOrEqual(Math.min(all.clip.mean, all.reversed.mean));
        expect(all.pair.low).toBeLessThanOrEqual(all.pair.mean + 1e-12);
        expect(all.pair.high).toBeGreaterThanOrEqual(all.pair.mean - 1e-12);
      }),
      { numRuns: 25 },
    );
  });
});

describe('the results of an evaluation', () => {
  const fields = (row: number) => {
    const { ordered: _ordered, shuffled: _shuffled, ...rest } = answered(row, 1);
    return rest;
  };
  const lines = [answered(0, 1), answered(1, 1), answered(2, 0), answered(3, 1), unreadable(4)];

  it('pair what both arms answered, and count the questions that have no reversed solution', () => {
    const [result] = resultsOf(headerWith(), lines, {
      direct: [0, 1, 2].map((row) => ({ ...fields(row), by: 'prefix' as const, direct: given(0) })),
      reversed: [0, 1].map((row) => ({ ...fields(row), reversedSolution: 'B', reversed: given(row) })),
      saysReversed: (_, row) => row < 2,
    }).datasets;
    expect(result?.direct?.slices[0]).toMatchObject({ count: 3, onlyReasoning: 2, onlyDirect: 0 });
    expect(result?.reversed).toMatchObject({ leftOut: 3, slices: [{ count: 2, pair: { mean: 0.5 } }] });
  });

  it('without other arms are what they were: no key is added', () => {
    const [result] = resultsOf(headerWith(), lines).datasets;
    expect(Object.keys(result ?? {})).toEqual([
      'name',
      'rows',
      'all',
      'byType',
      'bySource',
      'byFamily',
      'order',
      'unreadable',
    ]);
  });
});

describe('the files of the other arms', () => {
  const parameters = presetParameters('sample', 'tgrpo');
  const {
    kind: _kind,
    shuffled: _shuffled,
    ...settings
  } = headerWith({
    template: defaultTemplate,
    datasets: [{ name: 'eval', sha256: '', rows: 6 }],
  });
  const direct: DirectHeader = { kind: 'video-r1 direct answers', ...settings, maxPromptTokens: 16_384 };
  const reversed: ReversedHeader = { kind: 'video-r1 reversed videos', ...settings, maxPromptTokens: 16_384 };
  const media = {
    load: async (file: string, dataType: 'video' | 'image') => {
      const { frames, view } = aLoadedQuestion(Number(path.basename(file, '.mp4')), { dataType });
      return { frames, view };
    },
    prefetch: () => {},
  } as unknown as MediaLoader;
  // Rows 1 and 4 do not say what is right backwards.
  const rows = Array.from({ length: 6 }, (_, row) => ({
    ...{ problem_id: row, problem: `Which way ${row}?`, data_type: 'video', problem_type: 'multiple choice' },
    ...{ options: ['A. left', 'B. right'], solution: '<answer>B</answer>', path: `${row}.mp4`, data_source: 's' },
    ...(row % 3 !== 1 && { reversed_solution: '<answer>A</answer>' }),
  }));
  let dataset: Dataset;
  beforeAll(async () => {
    for (const { path: name } of rows) writeFileSync(path.join(folder, name), '');
    writeFileSync(path.join(folder, 'eval.json'), JSON.stringify(rows));
    dataset = await openDataset(path.join(folder, 'eval.json'));
  });
  afterAll(() => dataset.dispose());

  /** Right on even rows alone where frames are in order; backwards it says A, which is right. */
  const script: Script = ({ media: key, isShuffled }) =>
    isShuffled
      ? '<think>a</think>\n<answer>A</answer>'
      : Number(key.split('-')[1]) % 2 === 0
        ? '>B</answer>'
        : '>A</answer>';

  async function ask(out: string, limit: number | null = null) {
    const made = await engineOf(script);
    const walk = {
      ...{ ...made, media, limits: {} as never, datasets: [{ name: 'eval', dataset }], parameters, limit },
      ...{ signal: new AbortController().signal, onProgress: () => {}, onSkipped: () => {} },
    };
    mkdirSync(out, { recursive: true });
    const [first, second] = [openDirect(out, direct), openReversed(out, reversed)];
    try {
      await sampleDirect({ ...walk, kept: first });
      await sampleReversed({ ...walk, kept: second });
      return { direct: [...first.lines], reversed: [...second.lines], asked: made.engine.calls.includes('sample') };
    } finally {
      first.dispose();
      second.dispose();
    }
  }

  it('hold every question answered directly, and backwards those with a reversed solution, scored by it', async () => {
    const out = path.join(folder, 'whole');
    const kept = await ask(out);
    const byRow = <L extends { readonly row: number }>(lines: readonly L[]) => lines.toSorted((a, b) => a.row - b.row);
    expect(byRow(kept.direct).map((line) => line.outcome === 'answered' && [line.by, line.direct.accuracy])).toEqual(
      [1, 0, 1, 0, 1, 0].map((accuracy) => ['prefix', accuracy]),
    );
    const backwards = byRow(kept.reversed).map(
      (line) => line.outcome === 'answered' && [line.row, line.reversedSolution, line.reversed.correct],
    );
    expect(backwards).toEqual([0, 2, 3, 5].map((row) => [row, 'A', true]));
    const again = await ask(out);
    expect(again).toMatchObject({ direct: kept.direct, reversed: kept.reversed, asked: false });
    const arms = readArms(out, headerWith({ ...settings, maxPromptTokens: 16_384 }));
    expect([arms.direct?.length, arms.reversed?.length]).toEqual([6, 4]);
    // Answers with other frames are another evaluation's.
    expect(readArms(out, headerWith({ ...settings, frames: { maxFrames: 32 }, maxPromptTokens: 16_384 }))).toEqual({});
  });

  it('cut at any byte or begun with a limit, end with the bytes of one that never stopped', async () => {
    const whole = path.join(folder, 'never stopped');
    await ask(whole);
    const bytes = (out: string) => Object.values(armFiles).map((name) => readFileSync(path.join(out, name)));
    const expected = bytes(whole);
    let number = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 6 }),
        async (share, limit) => {
          const out = path.join(folder, `stopped ${number++}`);
          await ask(out, limit);
          for (const [i, name] of Object.values(armFiles).entries()) {
            const kept = bytes(out)[i] as Buffer;
            writeFileSync(path.join(out, name), kept.subarray(0, Math.floor(share * kept.length)));
          }
          await ask(out);
          expect(bytes(out)).toEqual(expected);
        },
      ),
      { numRuns: 12 },
    );
  });

  it('are not gone on with by an engine that keeps its model from reasoning in another way', async () => {
    const out = path.join(folder, 'other engine');
    await ask(out, 1);
    const made = await engineOf(script, { prefix: false });
    const kept = openDirect(out, direct);
    const walk = {
      ...{ ...made, media, limits: {} as never, datasets: [{ name: 'eval', dataset }], parameters, limit: null, kept },
      ...{ signal: new AbortController().signal, onProgress: () => {}, onSkipped: () => {} },
    };
    expect(() => sampleDirect(walk)).toThrow('in another way than this engine');
    kept.dispose();
  });

  it('need a dataset that says what is right backwards: one that does not is refused with place and remedy', async () => {
    const file = path.join(folder, 'silent.json');
    writeFileSync(file, JSON.stringify(rows.map(({ reversed_solution: _left, ...row }) => row)));
    const silent = await openDataset(file);
    expect(() => requireReversed([{ name: 'eval', dataset }])).not.toThrow();
    expect(() =>
      requireReversed([
        { name: 'eval', dataset },
        { name: 'silent', dataset: silent },
      ]),
    ).toThrow(expect.objectContaining({ place: file, remedy: expect.stringContaining('reversed_solution') }));
    silent.dispose();
  });
});
