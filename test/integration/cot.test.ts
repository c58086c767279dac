/** The command `video-r1 cot` as a process, against a real endpoint and against a checkpoint on the embedded engine. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sampleSeed } from '../../trainer/cot/generate.ts';
import { openDataset } from '../../trainer/data/dataset.ts';
import { type ChatRequest, FakeEndpoint, type Reply, userParts, userText } from '../cot/fake-endpoint.ts';
import { program, runProgram, sampleProject } from './trainer-process.ts';

let project: Awaited<ReturnType<typeof sampleProject>>;
let endpoint: FakeEndpoint | null = null;
beforeAll(async () => {
  project = await sampleProject();
});
afterAll(() => project?.remove());
afterEach(async () => {
  await endpoint?.dispose();
  endpoint = null;
  for (const name of readdirSync(inData()).filter((file) => file.startsWith('cot.'))) await rm(inData(name));
});

const inData = (...parts: string[]) => path.join(project.folder, 'data', ...parts);
const read = (name: string) => readFileSync(inData(name), 'utf8');
const lines = (name: string) =>
  read(name)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
const rows = 8;
const samples = 2;

/** Says every option in turn, so that one of two samples is now and then right; in the form that is asked for. */
function plausible(request: ChatRequest): Reply {
  const options = [...userText(request).matchAll(/^([A-D])\. (.+)$/gm)];
  const option = options[request.body.seed % Math.max(1, options.length)];
  const answer = option?.[1] ?? '2';
  return {
    say: `<think>It must be ${option?.[2] ?? 'this'}, I think, so ${answer}.</think>\n<answer>${answer}</answer>`,
  };
}

const command = (change: readonly string[] = []) => [
  ...['cot', inData('rl.json'), '--out', inData('cot.json')],
  ...['--endpoint', endpoint?.address ?? 'http://127.0.0.1:1/v1', '--model', 'teacher', '--preset', 'sample'],
  ...['--limit', String(rows), '--samples', String(samples), '--concurrency', '3', ...change],
];

/** Every seed that the command asks, by the row and sample that it stands for. */
const seeds = new Map(
  Array.from({ length: rows * samples }, (_, i): [number, string] => {
    const [row, sample] = [Math.floor(i / samples), i % samples];
    return [sampleSeed(1, row, sample), `${row}.${sample}`];
  }),
);
const asked = () => [...(endpoint?.timesAsked() ?? [])].map(([seed, times]) => `${seeds.get(seed)} ${times}`).sort();
const each = (times: number) => [...seeds.values()].map((name) => `${name} ${times}`).sort();

/** Starts the command; the server holds the reply to request `at` until `act` is done with the process. */
async function interrupted(
  at: number,
  signal: 'SIGKILL' | 'SIGINT',
  meanwhile: () => Promise<void> = async () => {},
): Promise<{ code: number | null; stdout: string }> {
  let act: () => void = () => {};
  const reached = new Promise<void>((resolve) => {
    act = resolve;
  });
  let go: () => void = () => {};
  const gone = new Promise<void>((resolve) => {
    go = resolve;
  });
  endpoint = await FakeEndpoint.start(async (request, before) => {
    if (before < at) return plausible(request);
    act();
    await gone;
    return plausible(request);
  });
  const child = spawn(process.execPath, [program, ...command()], { stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.on('data', (piece: Buffer) => {
    stdout += piece.toString();
    if (signal === 'SIGINT' && stdout.includes('Nothing new is begun')) go();
  });
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve));
  await reached;
  await meanwhile();
  child.kill(signal);
  const code = await exited;
  go();
  return { code, stdout };
}

describe('video-r1 cot with an endpoint', () => {
  it('shows the frames of training, keeps the good answers as a dataset, and SFT trains on it', async () => {
    endpoint = await FakeEndpoint.start(plausible);
    const { code, stdout, stderr } = await runProgram(command(['--price-in', '1', '--price-out', '2']));
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(asked()).toEqual(each(1));
    expect(stdout).toMatch(/asked 16\/16 \| \d+ % pass \| 1600 tokens in, 320 out \|.* cost 0\.00 of about 0\.00/);
    expect(stdout).toMatch(/questions asked .* 8\n/);

    const source = await openDataset(inData('rl.json'));
    for (const request of endpoint.requests) {
      const [row = 0] = (seeds.get(request.body.seed) ?? '').split('.').map(Number);
      const pictures = userParts(request).filter(({ type }) => type === 'image_url').length;
      expect(pictures).toBe(source.dataType(row) === 'video' ? 8 : 1);
      expect(userText(request)).toContain(source.row(row).problem);
    }
    const made = await openDataset(inData('cot.json'));
    expect(made.faults).toEqual([]);
    for (let row = 0; row < made.count; row++) {
      expect(made.hasProcess(row)).toBe(true);
      made.mediaPath(row);
    }
    const { all } = JSON.parse(read('cot.report.json'));
    expect(all.kept).toBe(made.count);
    expect(lines('cot.dropped.jsonl').length).toBe(all.answers - all.kept);
    made.dispose();
    source.dispose();

    const sft = JSON.parse(readFileSync(path.join(project.folder, 'sft.run.json'), 'utf8'));
    const file = path.join(project.folder, 'cot-sft.run.json');
    const { evaluationDataset: _, ...rest } = sft;
    await writeFile(file, JSON.stringify({ ...rest, name: 'cot-sft', dataset: 'data/cot.json' }));
    const few = ['--set', 'steps=2', '--set', 'questionsPerStep=4', '--set', 'probeEvery=0'];
    const trained = await runProgram(['run', file, ...few]);
    expect(trained.stdout).toContain('cot-sft-1 completed after step 2 of 2');
    expect(trained.code).toBe(0);
  });

  it('killed in the middle, goes on with the same command and asks nothing that was answered', async () => {
    await interrupted(7, 'SIGKILL');
    const written = lines('cot.journal.jsonl').slice(1);
    expect(written.length).toBeGreaterThan(0);
    // A kill may also come in the middle of a line.
    await writeFile(inData('cot.journal.jsonl'), `${read('cot.journal.jsonl')}{"row":7,"sam`);
    const before = endpoint?.timesAsked() ?? new Map();
    const address = endpoint?.address;
    const { code, stdout } = await runProgram(command());
    expect(code).toBe(0);
    expect(stdout).toContain(`going on: ${written.length} answers are there already`);
    expect(endpoint?.address).toBe(address);
    const after = endpoint?.timesAsked() ?? new Map();
    for (const { seed } of written) expect(after.get(seed)).toBe(before.get(seed));
    const journal = lines('cot.journal.jsonl').slice(1);
    expect(journal.map(({ row, sample }) => `${row}.${sample}`).sort()).toEqual([...seeds.values()].sort());
    expect(journal.slice(0, written.length)).toEqual(written);
    const made = await openDataset(inData('cot.json'));
    expect(made.faults).toEqual([]);
    made.dispose();
  });

  it('ends at Ctrl-C with what came, code 130, and goes on with the same command', async () => {
    const { code, stdout } = await interrupted(4, 'SIGINT');
    expect(code).toBe(130);
    expect(stdout).toContain('Go on with the same command');
    const came = lines('cot.journal.jsonl').length - 1;
    // The four answers and the three that were under way; nothing after them.
    expect(came).toBe(endpoint?.requests.length);
    expect(came).toBeLessThanOrEqual(7);
    expect(JSON.parse(read('cot.report.json')).all.answers).toBe(came);
    expect((await runProgram(command())).code).toBe(0);
    expect(asked()).toEqual(each(1));
  });

  it('ends at once at a second Ctrl-C a second later, with every answer that came in the journal', async () => {
    // With three requests at once, the seventh comes when four answers were written down.
    const seventh = Promise.withResolvers<void>();
    endpoint = await FakeEndpoint.start((request, before) => {
      if (before === 6) seventh.resolve();
      return before < 4 ? plausible(request) : 'hang';
    });
    const clock = path.resolve(import.meta.dirname, '../cli/terminal/move-clock.ts');
    const child = spawn(process.execPath, ['--import', clock, program, ...command()], { stdio: 'pipe' });
    const after: [string, NodeJS.Signals][] = [
      ['Nothing new is begun', 'SIGUSR2'],
      ['the clock was moved on', 'SIGINT'],
    ];
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (piece: Buffer) => {
        said += piece.toString();
        const [[text, signal] = []] = after;
        if (text === undefined || !said.includes(text)) return;
        after.shift();
        child.kill(signal);
      });
    const ended = new Promise((resolve) => child.on('close', resolve));
    await seventh.promise;
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(said).toContain('Ended at once; every answer that came is in the journal');
    expect(lines('cot.journal.jsonl')).toHaveLength(1 + 4);
  });

  it('does not let two work on one output, and lets the next in when the first was killed', async () => {
    await interrupted(0, 'SIGKILL', async () => {
      const second = await runProgram(command());
      expect([second.code, second.stderr]).toEqual([1, expect.stringContaining('Another video-r1 cot')]);
    });
    expect((await runProgram(command())).code).toBe(0);
  });

  it('gets over faults of the server, asking again what failed', async () => {
    const faults: Reply[] = [
      { status: 429, headers: { 'retry-after': '0' } },
      { status: 500, headers: { 'retry-after': '0' } },
      'reset',
      { status: 200, body: 'not JSON' },
      'half a body',
      'hang',
    ];
    endpoint = await FakeEndpoint.start((request, before) => faults[before] ?? plausible(request));
    const { code, stdout } = await runProgram(command(['--timeout', '2', '--json']));
    expect(code).toBe(0);
    const told = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(told.map(({ type }) => type)).toEqual(expect.arrayContaining(['progress', 'report']));
    expect(told.findLast(({ type }) => type === 'progress')).toMatchObject({ done: 16, total: 16, retries: 6 });
    expect(lines('cot.journal.jsonl').length).toBe(17);
  });

  it('filters again without asking anybody, and only answers about this very dataset', async () => {
    endpoint = await FakeEndpoint.start(plausible);
    await runProgram(command());
    const requests = endpoint.requests.length;
    const only = ['cot', inData('rl.json'), '--out', inData('cot.json'), '--filter-only'];
    const { code, stdout } = await runProgram([...only, '--min-words', '100']);
    expect(code).toBe(0);
    expect(stdout).toContain('reasoning too short');
    expect(JSON.parse(read('cot.json'))).toEqual([]);
    expect(endpoint.requests.length).toBe(requests);
    const other = await runProgram([only[0] ?? '', inData('eval.json'), ...only.slice(2)]);
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('not the one')]);
  });

  it('refuses to go on with other settings, names them, and begins anew when told to', async () => {
    endpoint = await FakeEndpoint.start(plausible);
    await runProgram(command());
    const { code, stderr } = await runProgram(command(['--temperature', '0.5']));
    expect(code).toBe(1);
    expect(stderr).toContain('sampling.temperature: 1 against 0.5');
    const before = read('cot.journal.jsonl');
    const fresh = await runProgram(command(['--temperature', '0.5', '--fresh']));
    expect(fresh.code).toBe(0);
    expect(read('cot.journal.jsonl.1')).toBe(before);
    expect(asked()).toEqual(each(2));
  });

  it('sends the key from the environment, and writes it nowhere', async () => {
    const key = 'test-key-31337';
    endpoint = await FakeEndpoint.start((request, before) =>
      before === 0 ? { status: 400, body: `{"error":"no ${key}"}` } : plausible(request),
    );
    process.env.COT_TEST_KEY = key;
    const { code, stdout, stderr } = await runProgram(command(['--key-env', 'COT_TEST_KEY']));
    delete process.env.COT_TEST_KEY;
    expect(code).toBe(0);
    expect(endpoint.requests.every(({ headers }) => headers.authorization === `Bearer ${key}`)).toBe(true);
    const files = readdirSync(inData()).filter((name) => name.startsWith('cot.'));
    expect(files.length).toBe(4);
    for (const text of [stdout, stderr, ...files.map(read)]) expect(text).not.toContain(key);
  });

  it('stops when the server is dead, keeps what came, and says what to do', async () => {
    endpoint = await FakeEndpoint.start((request, before) => (before < 4 ? plausible(request) : { status: 503 }));
    const { code, stderr } = await runProgram(command(['--retries', '0', '--max-failures', '3']));
    expect(code).toBe(1);
    expect(stderr).toMatch(/3 requests in a row failed.*HTTP 503/);
    expect(stderr).toContain('same command again');
    expect(JSON.parse(read('cot.report.json')).all.answers).toBe(4);
    expect(endpoint.requests.length).toBeLessThan(12);
  });

  it('leaves out what can not be read, names it, and asks the rest', async () => {
    endpoint = await FakeEndpoint.start(plausible);
    const source = await openDataset(inData('rl.json'));
    const damaged = source.mediaPath(1);
    const whole = readFileSync(damaged);
    await truncate(damaged, 40);
    const { code, stdout } = await runProgram(command());
    await writeFile(damaged, whole);
    expect(code).toBe(0);
    expect(stdout).toContain(`left out: ${source.place(1)}`);
    expect(JSON.parse(read('cot.report.json')).unreadable).toMatchObject([{ row: 2, path: source.row(1).path }]);
    expect(asked()).toEqual(each(1).filter((name) => !name.startsWith('1.')));
    source.dispose();
  });

  it('does not write over its dataset, nor over a file that it has not made', async () => {
    endpoint = await FakeEndpoint.start(plausible);
    const to = (file: string) => command(['--out', inData(file), '--fresh']);
    const itself = await runProgram(to('rl.json'));
    expect([itself.code, itself.stderr]).toEqual([2, expect.stringContaining('the dataset itself')]);
    const other = await runProgram(to('eval.json'));
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('no journal beside it')]);
    expect(endpoint.requests).toEqual([]);
  });

  it.each([
    ['learningRate=1', 'nothing to do with frames'],
    ['maxFrame=8', 'the nearest is maxFrames'],
    ['minFrames=32', 'is above maxFrames'],
  ])('says what is wrong with --set %s', async (setting, says) => {
    const { code, stderr } = await runProgram(command(['--set', setting]));
    expect([code, stderr]).toEqual([2, expect.stringContaining(says)]);
  });

  it.each([
    [['cot'], 'Name one dataset'],
    [['cot', 'x.json'], '--out'],
    [['cot', 'x.json', '--out', 'y.txt'], '.jsonl'],
    [['cot', 'x.json', '--out', 'y.json', '--keep', 'some'], '--keep'],
    [['cot', 'x.json', '--out', 'y.json', '--min-reward', 'high'], '--min-reward'],
  ])('says what is wrong with %j', async (args, says) => {
    const { code, stderr } = await runProgram(args);
    expect(code).toBe(2);
    expect(stderr).toContain(says);
  });
});

describe('video-r1 cot with a checkpoint', () => {
  it('gives the same answers to the same seed, in one go or in two', async () => {
    const few = [
      '--set',
      'steps=1',
      '--set',
      'questionsPerStep=4',
      '--set',
      'probeEvery=0',
      '--set',
      'evaluationQuestions=2',
    ];
    expect((await runProgram(['run', 'sft.run.json', '--folder', project.folder, ...few])).code).toBe(0);
    const own = (limit: number, ...change: string[]) => [
      ...['cot', inData('rl.json'), '--out', inData('cot.json'), '--checkpoint', 'sft', '--folder', project.folder],
      ...['--limit', String(limit), '--max-tokens', '24', ...change],
    ];
    const byRow = () =>
      lines('cot.journal.jsonl')
        .slice(1)
        .sort((a, b) => a.row - b.row);
    const first = await runProgram(own(6));
    expect([first.code, first.stderr]).toEqual([0, '']);
    const once = byRow();
    expect(once.length).toBe(6);
    expect((await runProgram(own(2, '--fresh', '--concurrency', '2'))).code).toBe(0);
    expect((await runProgram(own(6, '--concurrency', '3'))).code).toBe(0);
    expect(byRow()).toEqual(once);
    const other = await runProgram(own(6, '--seed', '2'));
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('sampling.seed: 1 against 2')]);
  });

  it('says that there is no such run', async () => {
    const args = [
      'cot',
      inData('rl.json'),
      '--out',
      inData('cot.json'),
      '--checkpoint',
      'none',
      '--folder',
      project.folder,
    ];
    const { code, stderr } = await runProgram(args);
    expect([code, stderr]).toEqual([1, expect.stringContaining('No run called none')]);
  });
});
