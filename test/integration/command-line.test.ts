/** The commands that compute, as a shell calls them: input, output, exit code. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { program, runProgram } from './trainer-process.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'video-r1-cli-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function runWithInput(
  args: readonly string[],
  input: string,
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: 'pipe' });
    const out = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk: Buffer) => {
        out[name] += chunk.toString();
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? -1, ...out }));
    child.stdin.end(input);
  });
}

describe('video-r1', () => {
  it('lists its commands, each with help that shows how it is called and an example', async () => {
    const { stdout } = await runProgram(['--help']);
    const names = [...stdout.matchAll(/^ {2}(\w+) /gm)].map((match) => match[1] as string);
    expect(names).toContain('explain');
    const helps = await Promise.all(names.map(async (name) => (await runProgram([name, '--help'])).stdout));
    for (const [i, help] of helps.entries()) {
      expect(help.startsWith(`video-r1 ${names[i]}`)).toBe(true);
      expect(help.match(new RegExp(`video-r1 ${names[i]}`, 'g'))?.length, `examples of ${names[i]}`).toBeGreaterThan(1);
    }
    // Whoever asks for JSON gets it, or hears that there is none.
    const without = names.filter((_, i) => !/--json(?!-)/.test(helps[i] ?? ''));
    expect(without).toContain('score');
    const refused = await Promise.all(without.map((name) => runProgram([name, '--json'], folder)));
    for (const [i, { code, stdout, stderr }] of refused.entries())
      expect([code, stdout, stderr], `${without[i]} --json`).toEqual([
        2,
        '',
        expect.stringContaining('There is no option --json'),
      ]);
  });

  it('names the nearest command where there is none of that name', async () => {
    const { code, stderr } = await runProgram(['evla']);
    expect(code).toBe(2);
    expect(stderr).toContain('the nearest is eval');
    const far = await runProgram(['zzzz']);
    expect([far.code, far.stderr]).toEqual([2, expect.not.stringContaining('nearest')]);
  });

  it('says its version, and the help of a command named after help, and refuses more', async () => {
    expect(await runProgram(['--version'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
    expect((await runProgram(['help', 'eval'])).stdout).toMatch(/^video-r1 eval/);
    for (const args of [
      ['--version', 'x'],
      ['--help', 'x'],
      ['help', 'eval', 'x'],
    ])
      expect((await runProgram(args)).code).toBe(2);
  });

  it('names a program that is there when called from elsewhere', async () => {
    const { stderr } = await runProgram(['zzzz'], folder);
    expect(existsSync(/See node (\S+) --help/.exec(stderr)?.[1] ?? '')).toBe(true);
  });

  it('says what this machine has as one JSON object, and ends with 1 where something is not there; verl alone is no fault', async () => {
    const { code, stdout } = await runProgram(['doctor', '--json']);
    expect([code, JSON.parse(stdout)]).toMatchObject([
      0,
      {
        node: { version: process.version },
        ffmpeg: { ffmpeg: expect.any(String) },
        backends: expect.any(Array),
        verl: { gpus: expect.any(Array), environments: expect.any(Array), memoryBytes: expect.any(Number) },
      },
    ]);
    const without = await runProgram(['doctor', '--json', '--ffmpeg', path.join(folder, 'no-ffmpeg')]);
    expect([without.code, JSON.parse(without.stdout).ffmpeg]).toMatchObject([1, { error: { kind: 'ffmpeg-missing' } }]);
  });

  it('takes the micro sign for μ', async () => {
    const group = '{"data_type":"video","accuracy":[1,0],"format":[1,1],"lengths":[9,9],"shuffled_accuracy":[1,1]}';
    for (const name of ['\u00b5', '\u03bc', 'mu']) {
      const { stdout } = await runWithInput(['explain', '--set', `${name}=0.25`], group);
      expect(stdout).toContain('0.5 > 0.25 × 1 = 0.25 holds');
    }
  });
});

describe('video-r1 score', () => {
  const good = {
    completion: '<think>a</think><answer>4</answer>',
    solution: '<answer>4</answer>',
    problem_type: 'numerical',
  };

  it('scores each line, names a bad one by its number, goes on, and ends with 1', async () => {
    const lines = [good, '{"completion": ', { ...good, problem_type: 'numeric' }, good].map((line) =>
      typeof line === 'string' ? line : JSON.stringify(line),
    );
    const { code, stdout, stderr } = await runWithInput(['score'], lines.join('\n'));
    const scored = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(scored.map(({ reward }) => reward.accuracy)).toEqual([1, 1]);
    expect(Object.keys(scored[0].reward)).toEqual(['accuracy', 'format', 'answer', 'think', 'explanation']);
    expect(stderr).toContain('line 2: It is not JSON');
    expect(stderr).toContain('line 3: problem_type “numeric” is not known; the nearest is "numerical"');
    expect(stderr).toContain('2 of 4 lines are bad');
    expect(code).toBe(1);
  });

  it('ends with 0 when every line is good, blank ones apart, and takes the evaluation’s rule with --eval', async () => {
    const { code, stdout } = await runWithInput(
      ['score', '--eval'],
      `${JSON.stringify({ ...good, completion: '4' })}\n\n`,
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout).reward).toEqual({
      accuracy: 1,
      correct: true,
      explanation: 'There is no answer tag, so the whole text is taken. 4 equals 4 to two decimals.',
    });
  });

  it('ends with 2 for a preset that is not there, naming the nearest', async () => {
    const { code, stderr } = await runWithInput(['score', '--preset', 'papre'], '');
    expect(code).toBe(2);
    expect(stderr).toContain('Did you mean paper?');
  });
});

describe('video-r1 explain', () => {
  const group = { data_type: 'video', accuracy: [1, 0], format: [1, 1], lengths: [400, 90], shuffled_accuracy: [0, 0] };

  it('prints the numbers of the group, with the preset and what --set changes by name or symbol', async () => {
    const run = async (...args: string[]) =>
      JSON.parse((await runWithInput(['explain', '--json', ...args], JSON.stringify(group))).stdout);
    expect((await run()).rewards.map((r: number) => Number(r.toFixed(9)))).toEqual([1.4, 0]);
    expect((await run('--preset', 'upstream')).rewards).toEqual([2.3, 1]);
    expect((await run('--set', 'omega=0', '--set', 'α=1')).rewards).toEqual([2, 0]);
  });

  it('prints a table without --json, and refuses a group that does not fit with what would', async () => {
    const table = await runWithInput(['explain'], JSON.stringify(group));
    expect(table.stdout).toContain('temporal test passed, r_t 0.300');
    const bad = await runWithInput(['explain'], JSON.stringify({ ...group, lengths: [1] }));
    expect(bad).toMatchObject({ code: 1, stdout: '' });
    expect(bad.stderr).toContain('lengths has 1 entries for 2 answers');
  });
});

describe('video-r1 frames', () => {
  it('does the arithmetic without a file', async () => {
    const media = '{"width": 640, "height": 360, "total_frames": 300, "fps": 30}';
    const { stdout, code } = await runProgram(['frames', '--media', media, '--set', 'max_frames=8', '--json']);
    expect(code).toBe(0);
    // 8 of 300 frames: 299 / 7 apart. 128*784 pixels at 16:9, lifted by 1.05: 420 x 224.
    expect(JSON.parse(stdout)).toEqual({
      indices: [0, 43, 85, 128, 171, 214, 256, 299],
      times: [0, 43, 85, 128, 171, 214, 256, 299].map((index) => index / 30),
      width: 640,
      height: 360,
      resized_width: 420,
      resized_height: 224,
      grid_thw: [4, 16, 30],
      tokens: 480,
      sample_fps: 0.8,
    });
  });

  it('refuses a medium that no model can be shown, and a folder, naming them', async () => {
    const narrow = await runProgram(['frames', '--media', '{"width": 10000, "height": 40}']);
    expect(narrow.code).toBe(1);
    expect(narrow.stderr).toContain('too narrow');
    const directory = await runProgram(['frames', folder]);
    expect(directory.code).toBe(1);
    expect(directory.stderr).toContain(`${folder}: The file can't be used: it is a folder`);
    expect((await runProgram(['frames'])).code).toBe(2);
  });
});

const clips = path.resolve(import.meta.dirname, '../../../shared/clips');
const noClips = existsSync(clips) ? false : `skipped: there are no clips at ${clips}`;
if (noClips) process.stdout.write(`${noClips}\n`);

describe.skipIf(noClips)('on real clips', () => {
  it('frames by index are the frames of that index, and --png lays them out', async () => {
    const sheet = path.join(folder, 'sheet.png');
    const { stdout } = await runProgram(['frames', path.join(clips, 'frame_counter_h265.mp4'), '--png', sheet]);
    expect(JSON.parse(stdout)).toMatchObject({ indices: [0, 3, 6, 9], width: 128, height: 128, grid_thw: [2, 24, 24] });
    expect((await readFile(sheet)).subarray(1, 4).toString()).toBe('PNG');
  });

  it('turns a file upright as its side data says', async () => {
    const { stdout } = await runProgram(['frames', path.join(clips, 'rotated_90.mov'), '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ width: 320, height: 568, resized_width: 224, resized_height: 420 });
  });

  it('prompt writes the exact text, and as many placeholders as there are vision tokens when expanded', async () => {
    const file = path.join(clips, 'questions.json');
    const { stdout } = await runProgram(['prompt', file, '--row', '1']);
    expect(
      stdout.startsWith(
        '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n<|vision_start|><|video_pad|><|vision_end|>Which',
      ),
    ).toBe(true);
    expect(stdout.endsWith('<|im_end|>\n<|im_start|>assistant\n')).toBe(true);
    const expanded = await runProgram(['prompt', file, '--row', '1', '--expand']);
    const tokens = JSON.parse((await runProgram(['frames', path.join(clips, 'energy.mp4'), '--json'])).stdout).tokens;
    expect(expanded.stdout).toBe(stdout.replace('<|video_pad|>', '<|video_pad|>'.repeat(tokens)));
  });
});

describe('video-r1 prompt', () => {
  const row = {
    problem_id: 1,
    problem: 'What?',
    data_type: 'image',
    problem_type: 'numerical',
    solution: '<answer>3</answer>',
    path: './a.png',
  };
  const template = {
    system: null,
    instruction: 'Say.',
    answerHint: { 'multiple choice': '', numerical: ' A number.', OCR: '', 'free-form': '', regression: '' },
  };

  it('counts rows as the file does, says which has a fault, and takes the wording of a template', async () => {
    const dataset = path.join(folder, 'rows.jsonl');
    const wording = path.join(folder, 'wording.json');
    const rows = [row, { ...row, problem_type: 'numeric' }, { ...row, problem: 'Second?' }];
    await writeFile(dataset, rows.map((one) => JSON.stringify(one)).join('\n'));
    await writeFile(wording, JSON.stringify(template));
    const second = await runProgram(['prompt', dataset, '--row', '3', '--template', wording]);
    expect(second.stdout).toBe(
      '<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>Second?\nSay. A number.<|im_end|>\n<|im_start|>assistant\n',
    );
    const faulty = await runProgram(['prompt', dataset, '--row', '2']);
    expect(faulty.code).toBe(1);
    expect(faulty.stderr).toContain('problem_type “numeric” is not known');
    const beyond = await runProgram(['prompt', dataset, '--row', '4']);
    expect(beyond.stderr).toContain('There is no row 4; the first is 1, the last 3');
  });
});
