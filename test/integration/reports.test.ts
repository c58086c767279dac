/** The reported inputs, each with the value in its README, where the folder with them is there beside the checkout. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ffmpegPackage from '@ffmpeg-installer/ffmpeg';
import { decode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunStore } from '../../trainer/store/run-store.ts';
import { FakeEndpoint } from '../cot/fake-endpoint.ts';
import { aGroup, aRollout } from '../store/records.ts';
import { program, runProgram, sampleProject, TrainerProcess } from './trainer-process.ts';

const linked = path.resolve(import.meta.dirname, '../../../shared/reports');
const there = existsSync(linked);
const reports = there ? realpathSync(linked) : linked;
if (!there) console.log(`Skipped: the folder with the reported inputs, ${reports}, is not there.`);

const input = (...parts: string[]) => path.join(reports, ...parts);
const bundled = ['--ffmpeg', ffmpegPackage.path];
const few = ['evaluationQuestions=2', 'probeEvery=0', 'questionsPerStep=2'].flatMap((pair) => ['--set', pair]);

describe.skipIf(!there)('the reported inputs', () => {
  let scratch: string;
  let project: Awaited<ReturnType<typeof sampleProject>>;
  beforeAll(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), 'video-r1-reports-'));
    project = await sampleProject();
  });
  afterAll(async () => {
    await project?.remove();
    if (scratch) await rm(scratch, { recursive: true, force: true });
  });

  /** What `frames` says of a file, and the mean of each frame as it is shown, by channel. */
  async function shown(file: string, args: readonly string[] = []) {
    const png = path.join(scratch, 'sheet.png');
    const { code, stdout, stderr } = await runProgram(['frames', file, '--json', '--png', png, ...args]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const said = JSON.parse(stdout) as Record<'indices' | 'times', number[]> &
      Record<'width' | 'height' | 'resized_width' | 'resized_height', number>;
    const sheet = decode(await readFile(png));
    // A frame stands 8 pixels from its neighbours, under a caption of 21.
    const across = Math.floor(sheet.width / (said.resized_width + 8));
    const means = said.indices.map((_, i) => {
      const left = 8 + (i % across) * (said.resized_width + 8);
      const top = 29 + Math.floor(i / across) * (said.resized_height + 29);
      const sums = [0, 0, 0];
      for (let y = top; y < top + said.resized_height; y++)
        for (let x = left; x < left + said.resized_width; x++)
          for (let c = 0; c < 3; c++)
            sums[c] = (sums[c] as number) + (sheet.data[(y * sheet.width + x) * sheet.channels + c] as number);
      return sums.map((sum) => sum / (said.resized_width * said.resized_height));
    });
    return { ...said, means, greys: means.map((rgb) => rgb.reduce((a, b) => a + b) / 3) };
  }

  function expectNear(got: readonly number[], right: readonly number[], within: number): void {
    expect(got).toHaveLength(right.length);
    for (const [i, value] of right.entries())
      expect(Math.abs((got[i] as number) - value), `${got}`).toBeLessThan(within);
  }

  /** Starts a run in a process group of its own, and presses Ctrl-C there, as a terminal does, when the text is shown. */
  async function pressed(text: string | RegExp, args: readonly string[]): Promise<string> {
    const child: ChildProcess = spawn(process.execPath, [program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let said = '';
    let sent = false;
    const hear = (chunk: Buffer) => {
      said += chunk.toString();
      if (sent || said.search(text) < 0) return;
      sent = true;
      process.kill(-(child.pid as number), 'SIGINT');
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    const late = setTimeout(() => process.kill(-(child.pid as number), 'SIGKILL'), 25_000);
    await new Promise((resolve) => child.on('close', resolve));
    clearTimeout(late);
    return said;
  }

  it('01-open-gop-cut: a cut of an open GOP is read as far as it can be decoded', async () => {
    const cuts = [
      ['cut.mp4', [0, 6, 11, 17, 22, 28], 107, 237],
      ['cut.mkv', [0, 6, 12, 17, 23, 29], 102, 237],
      ['segment.mp4', [0, 6, 12, 18], 102, 186],
    ] as const;
    for (const [name, indices, first, last] of cuts) {
      const { greys, ...said } = await shown(input('01-open-gop-cut', name));
      expect(said.indices).toEqual(indices);
      expectNear([greys[0] as number, greys.at(-1) as number], [first, last], 4);
    }
  });

  it('02-size-change: the frames shown are the ones named, whatever changes inside the file', async () => {
    const named = [0, 6, 12, 18, 25, 31, 37, 43];
    const greys = [4, 38, 73, 108, 149, 184, 219, 254];
    const half = [
      [0, 6, 11, 17, 22, 28, 33, 39],
      [4, 39, 68, 103, 132, 166, 196, 230],
    ] as const;
    const files = [
      ['size-after-4.mp4', named, greys],
      ['turned-after-4.mp4', named, greys],
      ['size-at-half.mp4', ...half],
    ] as const;
    for (const [name, indices, right] of files) {
      const said = await shown(input('02-size-change', name));
      expect(said.indices).toEqual(indices);
      expectNear(said.greys, right, 4);
    }
  });

  it('03-animated-gif: the ffmpeg of the packages gives the frames of a newer one', async () => {
    const said = await shown(input('03-animated-gif', 'steps.gif'), ['--type', 'video', ...bundled]);
    expect(said.indices).toEqual([0, 6, 11, 17, 22, 28, 33, 39]);
    expectNear(said.greys, [3, 38, 66, 101, 130, 165, 195, 229], 4);
  });

  it.skipIf(process.platform === 'win32')(
    '05-ctrl-c: no row is left out because of it, now or at the resume',
    async () => {
      const args = ['sft.run.json', '--folder', project.folder, ...few, '--set', 'steps=4'];
      const first = await pressed('evaluation after step 0', ['run', ...args]);
      expect(first).toContain('sft-1 paused after step');
      const { stdout } = await runProgram(['run', '--resume', 'sft-1', '--folder', project.folder]);
      expect(stdout).toContain('sft-1 completed after step 4 of 4');
      expect(first + stdout).not.toContain('left out');
      const events = (await runProgram(['export', 'sft-1', 'events', '--folder', project.folder])).stdout;
      expect(events).toContain('"step"');
      expect(events).not.toContain('"skipped",');
    },
  );

  it('07-tiff: plain and LZW pictures are read', async () => {
    for (const name of ['plain.tiff', 'lzw.tif']) {
      const said = await shown(input('07-tiff', name));
      expect([said.width, said.height]).toEqual([32, 24]);
      expectNear(said.means[0] as number[], [127, 127, 128], 2);
    }
  });

  it('08-webp-bundled: all four pictures are read with the ffmpeg of the packages', async () => {
    for (const name of ['jpeg-with-film.jpg', 'lossless.webp', 'lossy.webp', 'plain.jp2']) {
      const said = await shown(input('08-webp-bundled', name), [...bundled, '--type', 'image']);
      expect([said.width, said.height]).toEqual([32, 24]);
    }
  });

  it('09-animated-webp: the first frame is shown, all red', async () => {
    const said = await shown(input('09-animated-webp', 'three.webp'));
    expect([said.width, said.height]).toEqual([32, 24]);
    expectNear(said.means[0] as number[], [255, 0, 0], 4);
  });

  it('13-audio-only: the reason is that it has no video stream', async () => {
    const { code, stderr } = await runProgram(['frames', input('13-audio-only', 'sound.mp4')]);
    expect(code).toBe(1);
    expect(stderr).toContain('it has no video stream');
    expect(stderr).not.toContain('cut off');
  });

  it('14-still-first-stream: the film is shown, which is the second stream and the default one', async () => {
    const said = await shown(input('14-still-first-stream', 'still-first.mkv'));
    expect([said.width, said.height, said.indices.at(-1)]).toEqual([64, 48, 19]);
  });

  it.skipIf(process.platform === 'win32')('15-moved-project: a paused run goes on in its new place', async () => {
    const args = ['sft.run.json', '--folder', project.folder, ...few, '--set', 'steps=3'];
    const id = /(\S+) paused after step/.exec(
      await pressed('evaluation after step 0', ['run', ...args]),
    )?.[1] as string;
    const moved = path.join(scratch, 'moved');
    await rename(project.folder, moved);
    try {
      const { stdout, stderr } = await runProgram(['run', '--resume', id, '--folder', moved]);
      expect(stderr).toBe('');
      expect(stdout).toContain(`${id} completed after step 3 of 3`);
    } finally {
      await rename(moved, project.folder);
    }
  });

  it('16-disk-full: the terminal says that the run paused, and why', async (context) => {
    const disk = path.join(scratch, 'disk');
    await mkdir(disk);
    const files = ['data', 'sft.run.json', 'prompt.json'].map((name) => path.join(project.folder, name));
    const used =
      process.platform === 'linux'
        ? Number.parseInt(
            execFileSync('du', ['-skc', ...files])
              .toString()
              .split('\n')
              .at(-2) ?? '',
            10,
          )
        : 0;
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${used + 2048}k`, 'small', disk]);
    if (mounted.status !== 0) {
      console.log('Skipped: 16-disk-full needs a small disk, and the right to mount one.');
      context.skip();
    }
    try {
      for (const file of files) await cp(file, path.join(disk, path.basename(file)), { recursive: true });
      const args = ['run', 'sft.run.json', '--folder', disk, ...few, '--set', 'steps=9', '--set', 'checkpointEvery=1'];
      const said = await pressed(/No space is left/, args);
      const before = said.slice(0, said.indexOf('No space is left'));
      expect(before).not.toContain('Ctrl-C again');
      expect(said, said).toMatch(/paused/);
    } finally {
      spawnSync('umount', ['-l', disk]);
    }
  });

  it('17-cjk-search: words are found anywhere in a text without spaces', async () => {
    const folder = path.join(scratch, 'cjk');
    await cp(input('17-cjk-search'), folder, { recursive: true });
    await chmod(folder, 0o755);
    const file = JSON.parse(await readFile(path.join(project.folder, 'sft.run.json'), 'utf8'));
    const run = {
      version: 1,
      name: 'grpo',
      method: 'tgrpo',
      preset: 'sample',
      dataset: 'questions.json',
      model: file.model,
    };
    await writeFile(path.join(folder, 'grpo.run.json'), JSON.stringify(run));
    const trainer = await TrainerProcess.start(folder);
    try {
      const client = await trainer.connect();
      const parameters = {
        steps: 1,
        questionsPerStep: 2,
        groupSize: 2,
        shuffledGroupSize: 1,
        maxNewTokens: 8,
        skipFlatGroups: false,
      };
      const runId = await client.create('grpo.run.json', parameters);
      await client.command(runId, { kind: 'start' });
      await client.until(runId, 'state', (body) => body.run.state === 'completed' || body.run.state === 'failed');
      const count = (query: string) => client.client.request('rollouts/count', { runId, query });
      const { total } = await count('');
      expect(total).toBeGreaterThan(0);
      for (const word of ['红色', '视频', '先做', '动作', '向左']) {
        expect((await count(word)).matching, word).toBe(total);
        expect((await client.client.request('rollouts/list', { runId, query: word })).rows, word).toHaveLength(total);
      }
      expect((await count('蓝色')).matching).toBe(0);
      client.close();
    } finally {
      await trainer.stop();
    }
  });

  it('18-emoji-span: an exported span counts code points, and half a character is not stored', async () => {
    const text = await readFile(input('18-emoji-span', 'completion.txt'), 'utf8');
    const group = aGroup(1, { id: 's9-g9', rollouts: [aRollout({ id: 's9-g9-o0', groupId: 's9-g9', step: 1, text })] });
    const { folder } = project;
    const store = RunStore.open(path.join(folder, '.video-r1', 'runs', 'sft-1'));
    store.append({ type: 'group', group });
    store.dispose();
    const trainer = await TrainerProcess.start(folder);
    try {
      const { client } = await trainer.connect();
      const flag = (start: number, end: number) =>
        client.request('annotations/add', {
          runId: 'sft-1',
          annotation: {
            rolloutId: 's9-g9-o0',
            flag: { span: { start, end }, category: 'wrong-order', severity: 'major', note: '' },
            verdict: 'drop',
          },
        });
      const start = text.indexOf('then blue');
      await flag(start, start + 9);
      await expect(flag(text.indexOf('🎬') + 1, start)).rejects.toThrow('splits the character');
      client.close();
    } finally {
      await trainer.stop();
    }
    const { stdout } = await runProgram(['export', 'sft-1', '--folder', folder]);
    const [line] = stdout.split('\n').map((each) => each && JSON.parse(each));
    expect(line).toMatchObject({ span: { start: 21, end: 30 }, quote: 'then blue' });
    expect([...line.text].slice(21, 30).join('')).toBe('then blue');
    expect(stdout.isWellFormed()).toBe(true);
  });

  it('19-big-ids: four ids of 64 bits are four, in check and in split', async () => {
    const folder = path.join(scratch, 'ids');
    await cp(input('19-big-ids'), folder, { recursive: true });
    await chmod(folder, 0o755);
    const file = path.join(folder, 'ids.json');
    const checked = await runProgram(['check', file]);
    expect(checked.stdout).toContain('0 errors, 0 warnings');
    const ids = (text: string) => [...text.matchAll(/"problem_id": ?"?(\d+)/g)].map(([, id]) => id).sort();
    const right = ids(await readFile(file, 'utf8'));
    expect(new Set(right).size).toBe(4);
    const { code } = await runProgram(['split', file, '--eval', '0.5']);
    const made = readdirSync(folder).filter((name) => /\.(train|eval)\./.test(name));
    if (code !== 0) return; // Rows of one video can't be parted.
    const texts = await Promise.all(made.map((name) => readFile(path.join(folder, name), 'utf8')));
    expect(ids(texts.join('\n'))).toEqual(right);
  });

  it('20-tie-of-mu: exact ties pass under >= and fail under >', async () => {
    const ties = [
      ['five-against-four.json', ['--preset', 'upstream'], true, '3/5 >= 0.8 × 3/4 = 3/5 holds'],
      ['six-against-six.json', ['--preset', 'upstream'], true, '4/6 >= 0.8 × 5/6 = 4/6 holds'],
      [
        'fourteen-against-fourteen.json',
        ['--preset', 'paper', '--set', 'mu=0.75'],
        false,
        '9/14 > 0.75 × 12/14 = 9/14 does not hold',
      ],
    ] as const;
    for (const [name, args, passes, sentence] of ties) {
      const said = JSON.parse((await runProgram(['explain', input('20-tie-of-mu', name), ...args, '--json'])).stdout);
      expect(said.temporal_pass, name).toBe(passes);
      expect(said.explanation.join('\n')).toContain(sentence);
    }
  });

  it('21-never-paid: check warns of every row that no answer can earn anything for', async () => {
    const { stdout } = await runProgram(['check', input('21-never-paid', 'rows.json')]);
    expect(stdout).toContain('warning never-paid, 3:');
    const lines = await readFile(input('21-never-paid', 'completions.jsonl'));
    const scored = spawnSync(process.execPath, [program, 'score'], { input: lines })
      .stdout.toString()
      .trim()
      .split('\n');
    expect(scored.map((line) => JSON.parse(line).reward.accuracy)).toEqual([0, 0]);
  });

  it('22-linked-media: a medium behind a link is refused with its remedy, and read with it', async () => {
    const folder = path.join(scratch, 'linked');
    await mkdir(path.join(folder, 'clips'), { recursive: true });
    await cp(input('22-linked-media', 'd.json'), path.join(folder, 'd.json'));
    await symlink(input('22-linked-media', 'target.mp4'), path.join(folder, 'clips', '1.mp4'));
    const args = ['check', path.join(folder, 'd.json'), '--media'];
    const refused = await runProgram(args);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain(`--allow-root ${input('22-linked-media')}`);
    const allowed = await runProgram([...args, '--allow-root', input('22-linked-media')]);
    expect(allowed.stdout).toContain('training can take 1. 0 errors');
  });

  it('23-group-of-one: what cannot learn is refused before it starts', async () => {
    for (const set of ['groupSize=1', 'temperature=0']) {
      const args = ['run', 'tgrpo.run.json', '--folder', project.folder, '--set', set];
      const { code, stderr } = await runProgram(args);
      expect(code, set).not.toBe(0);
      expect(stderr).toMatch(/nothing is learned/);
    }
  });

  it('24-chmod-refused: a folder of another user that can be written is served', async (context) => {
    const other = { uid: 65_534, gid: 65_534 };
    if (process.getuid?.() !== 0 || spawnSync(process.execPath, [program, '--version'], other).status !== 0) {
      console.log(
        'Skipped: 24-chmod-refused needs a second user who can read the programs, and the right to become one.',
      );
      context.skip();
    }
    const folder = path.join(scratch, 'shared');
    await mkdir(path.join(folder, '.video-r1'), { recursive: true });
    for (const each of [scratch, folder, path.join(folder, '.video-r1')]) await chmod(each, 0o777);
    const child = spawn(process.execPath, [program, 'serve', '--folder', folder], {
      ...{ ...other, env: { ...process.env, HOME: folder }, stdio: ['ignore', 'pipe', 'pipe'] },
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes('rollouts ')) child.kill('SIGTERM');
      });
    await new Promise((resolve) => child.on('close', resolve));
    expect(said).toContain('dashboard');
    expect(said).not.toMatch(/EPERM|\n +at /);
  });

  it('25-alpha-not-rgba: transparency is forgotten outside of RGBA, as the released code does it', async () => {
    const pictures = [
      ['grey-alpha.png', [127, 127, 127]],
      ['palette-transparent.png', [126, 124, 128]],
    ] as const;
    for (const [name, right] of pictures)
      expectNear((await shown(input('25-alpha-not-rgba', name))).means[0] as number[], right, 2);
  });

  it("26-error-in-200: cot ends with the server's own message", async () => {
    const body = await readFile(input('26-error-in-200', 'reply.json'), 'utf8');
    const endpoint = await FakeEndpoint.start(() => ({ status: 200, body }));
    try {
      const data = path.join(project.folder, 'data');
      const { stdout, stderr } = await runProgram([
        ...['cot', path.join(data, 'rl.json'), '--out', path.join(data, 'cot.json'), '--endpoint', endpoint.address],
        ...['--model', 'teacher', '--preset', 'sample', '--limit', '3', '--max-failures', '3'],
      ]);
      expect(stdout + stderr).toContain("This endpoint's maximum context length is 8192 tokens.");
    } finally {
      await endpoint.dispose();
    }
  });

  it('27-path-in-export: no export names a folder above the project', async () => {
    const runId = readdirSync(path.join(project.folder, '.video-r1', 'runs')).find((name) =>
      name.startsWith('sft-'),
    ) as string;
    const out = path.join(scratch, 'export');
    const { code } = await runProgram([
      'export',
      runId,
      'all',
      '--folder',
      project.folder,
      '--format',
      'jsonl',
      '--out',
      out,
    ]);
    expect(code).toBe(0);
    const texts = await Promise.all(readdirSync(out).map((name) => readFile(path.join(out, name), 'utf8')));
    expect(texts.join('')).toContain('"dataset":"data/');
    expect(texts.join('')).not.toContain(project.folder);
  });
});
