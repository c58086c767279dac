import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as rpc from 'vscode-jsonrpc/node';
import { WebSocket } from 'ws';
import { connectSocket } from '../../trainer/client/socket.ts';
import { Client } from '../../trainer/protocol/connection.ts';
import { socketAddress } from '../../trainer/protocol/discovery.ts';
import { faultOf } from '../../trainer/protocol/run-state.ts';
import { runProgram, sampleProject, type TestClient, TrainerProcess } from './trainer-process.ts';

let project: Awaited<ReturnType<typeof sampleProject>>;
let trainer: TrainerProcess;
let client: TestClient;

beforeAll(async () => {
  project = await sampleProject();
  trainer = await TrainerProcess.start(project.folder);
  client = await trainer.connect();
});
afterAll(async () => {
  client?.close();
  await trainer?.stop();
  await project?.remove();
});

const few = { steps: 2, evaluationQuestions: 2, probeEvery: 0, questionsPerStep: 4 };
type Row = { path: string; data_type: string };
const inProject = (...parts: string[]) => path.join(project.folder, ...parts);
const readJson = async <T>(file: string): Promise<T> => JSON.parse(await readFile(inProject(file), 'utf8')) as T;

/** A run file beside the sample's own, on a dataset of its own. */
async function runOn(name: string, dataset: string, change: Record<string, unknown> = {}): Promise<string> {
  const base = await readJson<Record<string, unknown>>('sft.run.json');
  await writeFile(inProject('data', `${name}.json`), dataset);
  await writeFile(
    inProject(`${name}.run.json`),
    JSON.stringify({ ...base, name, dataset: `data/${name}.json`, ...change }),
  );
  return `${name}.run.json`;
}

async function ended(runFile: string) {
  const id = await client.create(runFile, few);
  await client.client.request('runs/command', { runId: id, id: 'start', command: { kind: 'start' } });
  const { run } = await client.until(
    id,
    'state',
    (body) => body.run.state === 'completed' || body.run.state === 'failed',
  );
  return { id, run, fault: faultOf(run) };
}

describe('media that can not be read', () => {
  it('leaves their questions out, counts them, says which and why, and trains on', async () => {
    const rows = (await readJson<Row[]>('data/sft.json')).filter((row) => row.data_type === 'video').slice(0, 6);
    const [missing, cut] = rows as [Row, Row];
    await truncate(inProject('data', cut.path), 300);
    await rm(inProject('data', missing.path));
    const { id, run } = await ended(await runOn('damaged', JSON.stringify(rows)));
    expect(run).toMatchObject({ state: 'completed', skipped: 2 });
    const skipped = client.bodies(id, 'skipped');
    expect(skipped.map(({ question }) => question.path).sort()).toEqual([missing.path, cut.path].sort());
    for (const { message, kind } of skipped) {
      expect(kind).toBe('bad-media');
      expect(message.length).toBeGreaterThan(10);
    }
    expect(client.bodies(id, 'step').map(({ metrics }) => metrics.questions)).toEqual([4, 4]);
    // A page that opens later is told too.
    const { events } = await client.client.request('notices/list', { runId: id });
    expect(events.map(({ body }) => body).filter(({ type }) => type === 'skipped')).toEqual(skipped);
  });

  it('fails when none can be read, and says so', async () => {
    const rows = (await readJson<Row[]>('data/sft.json')).slice(0, 3).map((row) => ({ ...row, path: './nowhere.mp4' }));
    const { run, fault } = await ended(await runOn('nowhere', JSON.stringify(rows)));
    expect(run.state).toBe('failed');
    expect(fault).toMatchObject({ kind: 'bad-dataset', message: expect.stringContaining('None of the 3 rows') });
  });
});

describe('files that are wrong', () => {
  it.each([
    ['empty', '[]', 'bad-dataset'],
    ['cut', '[{"problem_id": 1, "problem": "x', 'bad-dataset'],
    ['prose', 'these are my questions', 'bad-dataset'],
  ])('fails the run on a dataset that is %s', async (name, text, kind) => {
    const { run, fault } = await ended(await runOn(name, text));
    expect(run.state).toBe('failed');
    expect(fault?.kind).toBe(kind);
    expect(`${fault?.place} ${fault?.message}`).toContain(`${name}.json`);
  });

  it('does not create a run from a file with an unknown key, or without its dataset', async () => {
    const file = await runOn('misspelt', '[]', { parameters: { learnRate: 1 } });
    await expect(client.client.request('runs/create', { runFile: file })).rejects.toMatchObject({
      kind: 'bad-run-file',
      message: expect.stringContaining('learningRate'),
    });
    const absent = await runOn('absent', '[]', { dataset: 'data/none.json' });
    await expect(client.client.request('runs/create', { runFile: absent })).rejects.toMatchObject({
      kind: 'bad-run-file',
      message: expect.stringContaining('data/none.json'),
    });
    const { runFiles } = await client.client.request('runfiles/list', {});
    expect(runFiles.find((entry) => entry.path === file)?.problem).toContain('learnRate');
  });
});

describe('a trainer that can not do what it is asked', () => {
  it('fails a run where there is no ffmpeg, with what to do', async () => {
    await trainer.stop();
    client.close();
    trainer = await TrainerProcess.start(project.folder, ['--ffmpeg', inProject('no-such-ffmpeg')]);
    client = await trainer.connect();
    const { run, fault } = await ended('sft.run.json');
    expect(run.state).toBe('failed');
    expect(fault).toMatchObject({ kind: 'ffmpeg-missing', remedy: expect.any(String) });
  });

  it('says that a port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const second = await sampleProject();
    try {
      const { code, stderr } = await runProgram(['serve', '--folder', second.folder, '--port', String(port)]);
      expect(code).toBe(1);
      expect(stderr).toContain(`Port ${port} is in use`);
    } finally {
      other.close();
      await second.remove();
    }
  });
});

describe('clients that are wrong', () => {
  it('lets nobody in without the token, and names the version to a peer of another', async () => {
    await expect(connectSocket({ ...trainer.discovery, token: 'guess' })).rejects.toThrow(/401/);
    const old = new Client(rpc, await connectSocket(trainer.discovery));
    await expect(
      old.request('initialize', { protocol: { major: 0, minor: 9 }, client: 'old', author: 'x' }),
    ).rejects.toMatchObject({
      kind: 'protocol-version',
    });
    old.close();
  });

  it('survives rubbish on the socket, and goes on serving others', async () => {
    const socket = new WebSocket(socketAddress(trainer.discovery));
    await new Promise((resolve) => socket.once('open', resolve));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    for (const rubbish of [
      '}{',
      '[]',
      'null',
      JSON.stringify({ jsonrpc: '2.0', method: 'runs/list', id: { a: 1 } }),
      Buffer.from([1, 2, 3]),
    ]) {
      socket.send(rubbish);
    }
    socket.close();
    await closed;
    expect((await client.client.request('runs/list', {})).runs.length).toBeGreaterThan(0);
  });
});
