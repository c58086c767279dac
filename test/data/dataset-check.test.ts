import { mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeReport } from '../../trainer/cli/commands/check.ts';
import { type CheckOptions, checkDataset } from '../../trainer/data/dataset-check.ts';
import { type FindingKind, findingKinds } from '../../trainer/data/finding.ts';
import { presetParameters } from '../../trainer/learning/presets.ts';
import { type FfmpegTools, findFfmpeg } from '../../trainer/video/ffmpeg.ts';
import { clipFolder, clipsAreThere, encode, grey } from '../video/make-media.ts';

let folder: string;
let tools: FfmpegTools;
const at = (name: string) => path.join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'video-r1-check-'));
  tools = await findFfmpeg();
  await writeFile(at('a.mp4'), 'the content of a');
  await writeFile(at('b.mp4'), 'the content of b');
  await writeFile(at('copy.mp4'), 'the content of a');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let number = 0;
/** A row without a fault, unlike every other; `change` makes it a bad one. */
const row = (change: Record<string, unknown> = {}) => ({
  problem_id: ++number,
  problem: `Which way, ${number}?`,
  data_type: 'video',
  problem_type: 'multiple choice',
  options: ['A. Left', 'B. Right'],
  solution: '<answer>B</answer>',
  path: './a.mp4',
  data_source: 'test',
  ...change,
});
const lines = (...rows: (object | string)[]) =>
  rows.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join('\n');
async function check(text: string | Uint8Array, options: CheckOptions = {}, name = 'data.jsonl') {
  await writeFile(at(name), text);
  return checkDataset(at(name), options);
}
async function findings(text: string | Uint8Array, options: CheckOptions = {}) {
  const report = await check(text, options);
  return report.findings.map(({ kind, line }) => [kind, line]);
}

describe('checkDataset', () => {
  it('finds nothing in a sound dataset, and counts what is there', async () => {
    const image = {
      data_type: 'image',
      path: 'b.mp4',
      problem_type: 'numerical',
      options: [],
      solution: '<answer>12</answer>',
    };
    const report = await check(lines(row(), row({ process: '<think>so</think>' }), row(image)));
    expect(report).toMatchObject({ rows: 3, sound: 3, refused: false, errors: 0, warnings: 0, form: 'lines' });
    expect(report.statistics).toMatchObject({
      rows: 3,
      media: 2,
      dataTypes: { video: 2, image: 1 },
      problemTypes: { 'multiple choice': 2, numerical: 1 },
      sources: { test: 3 },
      withProcess: 1,
      lengths: { answer: { count: 3, median: 1, longest: 2 }, process: { count: 1, longest: 17 } },
    });
  });

  it.each<[FindingKind, object | string]>([
    ['shape', row({ problem: undefined })],
    ['shape', row({ problem: '' })],
    ['shape', row({ solution: 7 })],
    ['shape', row({ options: ['A. 1', 2] })],
    ['shape', '[1]'],
    ['shape', 'null'],
    ['unknown-type', row({ problem_type: 'multiple-choice' })],
    ['unknown-type', row({ data_type: 'audio' })],
    ['no-answer', row({ solution: 'B' })],
    ['no-answer', row({ solution: '<answer> </answer>' })],
    ['not-an-option', row({ solution: '<answer>C</answer>' })],
    ['not-a-number', row({ problem_type: 'numerical', solution: '<answer>two</answer>' })],
    ['shape', row({ reversed_solution: 7 })],
    ['no-answer', row({ reversed_solution: 'A' })],
    ['not-an-option', row({ reversed_solution: '<answer>C</answer>' })],
    [
      'not-a-number',
      row({ problem_type: 'numerical', solution: '<answer>2</answer>', reversed_solution: '<answer>B</answer>' }),
    ],
    ['not-reversed', row({ reversed_solution: '<answer>B</answer>' })],
    ['not-reversed', row({ reversed_solution: '<answer> B. Right </answer>' })],
    [
      'not-reversed',
      row({ problem_type: 'numerical', solution: '<answer>2</answer>', reversed_solution: '<answer>2.0</answer>' }),
    ],
    ['not-reversed', row({ data_type: 'image', reversed_solution: '<answer>A</answer>' })],
    ['not-json', '{"problem": tru}'],
    ['path-climbs', row({ path: '../a.mp4' })],
    ['path-climbs', row({ path: 'C:\\a.mp4' })],
    ['path-climbs', row({ path: '\\\\host\\a.mp4' })],
    ['path-climbs', row({ path: 'clips\\..\\..\\a.mp4' })],
    ['path-climbs', row({ path: 'a\0.mp4' })],
    ['media-missing', row({ path: 'nowhere.mp4' })],
    ['media-missing', row({ path: '%2e%2e/a.mp4' })],
    ['media-missing', row({ path: 'x'.repeat(1_000_000) })],
    ['no-options', row({ options: [] })],
    ['no-letters', row({ options: ['Left', 'Right'] })],
    ['option-letters', row({ options: ['A. Left', 'Right', 'B. Up'] })],
    ['option-letters', row({ options: ['A. Left', 'B. Right', 'B. Up'] })],
    ['repeated-key', `{"path": "b.mp4", ${JSON.stringify(row()).slice(1)}`],
    ['empty-text', row({ options: ['A. Left', 'B. Right', ''], solution: '<answer>B</answer>', problem_type: 'OCR' })],
    ['empty-text', row({ data_source: '' })],
    ['empty-text', row({ problem: ' \n' })],
    ['never-paid', row({ problem_type: 'free-form', solution: '<answer>สวัสดี</answer>' })],
    ['never-paid', row({ problem_type: 'free-form', solution: '<answer>...</answer>' })],
    ['never-paid', row({ problem_type: 'regression', solution: '<answer>0</answer>' })],
    ['never-paid', row({ problem_type: 'regression', solution: '<answer>-0.0</answer>' })],
    ['never-paid', row({ problem_type: 'regression', solution: '<answer>inf</answer>' })],
    ['surrogate', row({ problem: 'half \ud800' })],
    ['no-think', row({ process: 'It goes right.' })],
    ['no-think', row({ process: '<think>so</think> B' })],
  ])('finds %s', async (kind, bad) => {
    const report = await check(lines(row(), bad));
    expect(report.findings.map((finding) => [finding.kind, finding.line, finding.row])).toEqual([[kind, 2, 2]]);
    expect(report.findings[0]?.message.length).toBeLessThan(400);
    const isError = findingKinds[kind].severity === 'error';
    expect([report.errors, report.sound]).toEqual(isError ? [1, 1] : [0, 2]);
  });

  it('says nothing of what a right answer is paid for, though it may be little', async () => {
    const paid = [
      // (0 + 1e-9) / (1e-10 + 1e-9) is 0.91: the right answer earns 0.09.
      row({ problem_type: 'regression', solution: '<answer>1e-10</answer>' }),
      row({ problem_type: 'regression', solution: '<answer>-3</answer>' }),
      row({ problem_type: 'free-form', solution: '<answer>สวัสดี 2</answer>' }),
      row({ problem_type: 'OCR', solution: '<answer>สวัสดี</answer>' }),
      row({ problem_type: 'numerical', solution: '<answer>0</answer>' }),
    ];
    expect(await findings(lines(...paid))).toEqual([]);
  });

  it('finds rows that are not UTF-8, folders, empty files, and links that lead out, also through a linked folder', async () => {
    await mkdir(at('inner/clips'), { recursive: true });
    await writeFile(at('inner/empty.mp4'), '');
    await symlink(at('a.mp4'), at('inner/link.mp4'));
    await symlink(folder, at('inner/up'));
    await symlink(at('inner/loop.mp4'), at('inner/loop.mp4'));
    const paths = ['clips', 'empty.mp4', 'link.mp4', 'up/a.mp4', 'loop.mp4'];
    const text = lines(...paths.map((name) => row({ path: name })), row({ problem: 'caf\u00e9' }));
    const report = await check(Buffer.from(text, 'latin1'), {}, 'inner/data.jsonl');
    expect(report.findings.map(({ kind }) => kind)).toEqual([
      'media-folder',
      'media-empty',
      'media-outside',
      'media-outside',
      'media-missing',
      'not-utf8',
    ]);
  });

  it('finds what stands twice: ids as number or text, questions, one medium under two paths', async () => {
    const asked = row({ problem_id: 77 });
    const text = lines(
      asked,
      { ...asked, problem_id: 78, path: 'a.mp4' },
      row({ problem_id: '77', path: 'copy.mp4' }),
      { ...asked, problem_id: 79, options: ['A. Up', 'B. Down'] },
      { ...asked, problem_id: 80, path: 'b.mp4' },
    );
    expect(await findings(text)).toEqual([
      ['repeated-question', 2],
      ['same-medium', 2],
      ['repeated-id', 3],
    ]);
    const report = await check(text, { compareContent: true });
    expect(report.findings.filter(({ kind }) => kind === 'same-medium')[1]).toMatchObject({
      line: 3,
      message: '“copy.mp4” has the same content as “./a.mp4” of line 1.',
    });
  });

  it('names media that another dataset has too, by place and by content', async () => {
    await writeFile(at('other.jsonl'), lines(row({ path: 'a.mp4' })));
    const report = await check(lines(row({ path: 'b.mp4' }), row({ path: './a.mp4' }), row({ path: 'copy.mp4' })), {
      against: at('other.jsonl'),
    });
    expect(report.findings.map(({ kind, line }) => [kind, line])).toEqual([
      ['leak', 2],
      ['leak', 3],
    ]);
    expect(report).toMatchObject({ errors: 2, sound: 3 });
    expect(report.findings[1]?.message).toBe(`“copy.mp4” is also used at ${at('other.jsonl')}:1.`);
  });

  it('goes on to the cut of a file that training refuses, and says where it is', async () => {
    const whole = JSON.stringify([row(), row({ path: 'nowhere.mp4' }), row()], null, 1);
    const cut = whole.slice(0, -40);
    const report = await check(cut, {}, 'cut.json');
    expect(report).toMatchObject({ rows: 2, sound: 1, refused: true, form: 'array' });
    const [missing, end] = report.findings;
    expect(missing?.kind).toBe('media-missing');
    const before = cut.split('\n');
    expect(end).toMatchObject({ kind: 'cut-off', line: before.length, row: null });
    expect(end?.message).toContain(
      `cut off after ${Buffer.byteLength(cut)} bytes, at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`,
    );
    expect(end?.message).toContain('the last whole row is row 2, at line 15');
  });

  it.each<[string, string | Uint8Array]>([
    ['nothing', ''],
    ['an empty array', '[]'],
    ['UTF-16', Buffer.from(`\ufeff${lines(row())}`, 'utf16le')],
    ['UTF-16 without a mark', Buffer.from(lines(row()), 'utf16le')],
    ['100,000 brackets', '['.repeat(100_000)],
    ['prose', 'these are my questions'],
  ])('reports a file of %s as one that is refused', async (_, text) => {
    const report = await check(text);
    expect(report.findings.map(({ kind }) => kind)).toEqual(['cut-off']);
    expect(report).toMatchObject({ rows: 0, refused: true });
  });

  it('reads through marks, carriage returns, texts of 10 MB and rows of 100,000 brackets', async () => {
    const deep = JSON.stringify(row()).replace('{', `{"deep": ${'['.repeat(100_000)}${']'.repeat(100_000)},`);
    const long = row({ problem: 'x'.repeat(10_000_000), data_source: 'y'.repeat(10_000_000) });
    const text = `\ufeff${lines(row(), deep, long).replaceAll('\n', '\r\n')}\r\n`;
    const report = await check(text);
    expect(report).toMatchObject({ rows: 3, sound: 3, findings: [] });
    expect(describeReport(report, 5).length).toBeLessThan(2000);
    const unknown = await check(lines(row(), row({ problem_type: 'z'.repeat(10_000_000) })));
    expect(unknown.findings[0]?.message.length).toBeLessThan(400);
  });

  it('probes media: cut off, one picture, the wrong kind, too small and too long', async () => {
    const gradient = (frame: number) => grey(64, 64, frame * 9);
    encode(tools, at('good.mp4'), { width: 64, height: 64, count: 20 }, gradient, ['-pix_fmt', 'yuv420p']);
    encode(tools, at('cut.mp4'), { width: 64, height: 64, count: 20 }, gradient, ['-pix_fmt', 'yuv420p']);
    await truncate(at('cut.mp4'), 300);
    encode(tools, at('one.mp4'), { width: 64, height: 64, count: 1 }, gradient, ['-pix_fmt', 'yuv420p']);
    const picture = (name: string, width: number, height: number) =>
      encode(tools, at(name), { width, height, count: 1 }, () => grey(width, height, 90), ['-frames:v', '1']);
    picture('dot.png', 1, 1);
    picture('strip.png', 10_000, 50);
    picture('thread.png', 10_000, 40);
    picture('good.png', 80, 60);
    const image = (name: string) => row({ data_type: 'image', path: name });
    const text = lines(
      row({ path: 'good.mp4' }),
      image('good.png'),
      row({ path: 'cut.mp4' }),
      row({ path: 'one.mp4' }),
      row({ path: 'good.png' }),
      image('good.mp4'),
      image('dot.png'),
      image('strip.png'),
      image('thread.png'),
      row({ path: 'a.mp4' }),
    );
    expect(await findings(text)).toEqual([]);
    const progress: number[] = [];
    const found = await findings(text, {
      lookWith: tools,
      onProgress: (phase, done) => phase === 'media' && progress.push(done),
    });
    expect(found).toEqual([
      ['media-unusable', 3],
      ['media-wrong-type', 4],
      ['media-wrong-type', 5],
      ['media-wrong-type', 6],
      ['media-odd-size', 7],
      ['media-odd-size', 8],
      ['media-unusable', 9],
      ['media-unusable', 10],
    ]);
    expect(progress).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('decodes on request what training takes, which finds damage that no probe shows', async () => {
    const noise = (frame: number) =>
      Uint8Array.from({ length: 64 * 64 * 3 }, (_, k) => (k * 7919 + frame * 104729 + ((k * k) >> 3)) & 255);
    encode(tools, at('whole.mp4'), { width: 64, height: 64, count: 20 }, noise, ['-pix_fmt', 'yuv420p']);
    const bytes = await readFile(at('whole.mp4'));
    bytes.fill(0x5a, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 2000);
    await writeFile(at('hole.mp4'), bytes);
    encode(tools, at('shown.png'), { width: 64, height: 64, count: 1 }, noise, ['-frames:v', '1']);
    const png = await readFile(at('shown.png'));
    await writeFile(at('half.png'), png.subarray(0, png.length / 2));
    const text = lines(
      row({ path: 'whole.mp4' }),
      row({ path: 'hole.mp4' }),
      row({ data_type: 'image', path: 'half.png' }),
      row({ path: './whole.mp4', problem: 'And then?' }),
      row({ path: 'shown.png' }),
    );
    expect(await findings(text, { lookWith: tools })).toEqual([
      ['same-medium', 4],
      ['media-wrong-type', 5],
    ]);
    const progress: number[] = [];
    const decodeAs = presetParameters('paper', 'tgrpo');
    const report = await check(text, {
      lookWith: tools,
      decodeAs,
      onProgress: (phase, done) => phase === 'frames' && progress.push(done),
    });
    expect(report.findings.map(({ kind, line }) => [kind, line])).toEqual([
      ['media-unusable', 2],
      ['media-unusable', 3],
      ['same-medium', 4],
      ['media-wrong-type', 5],
    ]);
    expect(report.findings[0]?.message).toMatch(/hole\.mp4.*damaged/);
    expect(report.sound).toBe(2);
    // whole.mp4 stands under two paths and is decoded once.
    expect(progress).toEqual([1, 2, 3, 4]);
    const stop = new AbortController();
    const stopped = check(text, {
      lookWith: tools,
      decodeAs,
      signal: stop.signal,
      onProgress: (phase) => phase === 'frames' && stop.abort(new Error('enough')),
    });
    await expect(stopped).rejects.toThrow('enough');
  });

  it('stops when it is told to, also between probes', async () => {
    const stop = new AbortController();
    const stopped = check(lines(row(), row({ path: 'b.mp4' }), row({ path: 'copy.mp4' })), {
      lookWith: tools,
      signal: stop.signal,
      onProgress: (phase) => phase === 'media' && stop.abort(new Error('enough')),
    });
    await expect(stopped).rejects.toThrow('enough');
  });

  it('throws for a file that is not there, and for a folder', async () => {
    await expect(checkDataset(at('none/none.json'))).rejects.toMatchObject({ kind: 'not-found' });
    await expect(checkDataset(folder)).rejects.toMatchObject({ kind: 'bad-dataset' });
  });

  it.skipIf(!clipsAreThere)('finds nothing wrong with real clips', async () => {
    const report = await checkDataset(path.join(clipFolder, 'questions.json'), {
      lookWith: tools,
      compareContent: true,
    });
    expect(report).toMatchObject({ rows: 18, sound: 18, findings: [] });
  });
});

describe('describeReport', () => {
  it('stays short with 10,000 findings: counts by kind, and the first few of each with file and line', async () => {
    const bad = Array.from({ length: 10_000 }, (_, i) => row(i % 2 ? { path: 'gone.mp4' } : { solution: 'B' }));
    const text = describeReport(await check(lines(row(), ...bad)), 2);
    expect(text.split('\n').length).toBeLessThan(30);
    expect(text).toContain('error no-answer, 5,000: the solution has no answer; training leaves the row out');
    expect(text).toMatch(/data\.jsonl:3: “gone\.mp4” is not there\.\n.*:5: .*\n {2}and 4,998 more/);
    expect(text).toMatch(/10,001 rows on 2 media, 1 sound; training can take 1\. 10,000 errors, 0 warnings\.$/);
  });
});
