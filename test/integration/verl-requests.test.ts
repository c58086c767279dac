/**
 * Two ranks of the real gateway, asked for what can't be: every request is answered, no rank waits for another that failed or has
 * nothing to do, and the gateway serves on.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { newModelFolder } from '../../trainer/engines/new-model-folder.ts';
import { GatewayLink } from '../../trainer/engines/verl/link.ts';
import { encodeMessage, MessageReader, type WireValue } from '../../trainer/engines/verl/wire.ts';
import { tinySize, tinyTexts } from '../engines/tfjs/tiny.ts';
import { type StandingGateway, standingGateway } from '../engines/verl/start.ts';
import { findVerl } from '../fidelity/verl.ts';

const found = findVerl();
if (found.python === null) process.stdout.write(`Skipped, what the gateway refuses: ${found.reason}.\n`);

const frames = { key: 'a', width: 56, height: 56, count: 4 };
const plain = (tokens: readonly number[]) => ({
  tokens: Int32Array.from(tokens),
  positions: Int32Array.from(tokens.flatMap((_, i) => [i, i, i])),
  ...{ next: tokens.length, begun: 0, media: [] },
});
const shown = (medium: object = {}) => {
  const order = [0, 1, 2, 3];
  return {
    ...plain(Array.from({ length: 12 }, (_, i) => 5 + i)),
    media: [{ kind: 'video', order, blank: false, fps: 2, firstToken: 1, tokens: 8, ...frames, ...medium }],
  };
};
const answer = (prompt: number, ...tokens: number[]) => ({ prompt, tokens: Int32Array.from(tokens) });

interface Written {
  readonly answer: number;
  readonly tokens: Int32Array;
  readonly logprobs: Float32Array;
}

describe.skipIf(found.python === null)('a gateway of two ranks', () => {
  let scratch: string;
  let start: string;
  let standing: StandingGateway;
  let link: GatewayLink;

  const ask = (method: string, params: object): Promise<unknown> =>
    link.request(method as 'forward', { model: 0, ...params } as never);
  const scored = () =>
    ask('forward', { prompts: [plain([3, 4]), shown()], sequences: [answer(0, 1, 2), answer(1, 3)], entropy: false });
  const made = (folder: string, model: number) =>
    ask('createModel', { model, role: 'policy', folder, copyOf: null, optimizer: false });

  beforeAll(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), 'video-r1-requests-'));
    start = await newModelFolder({ kind: 'new', size: tinySize, seed: 1, texts: tinyTexts }, null);
    standing = await standingGateway({ ranks: 2, sampleTokens: 64 });
    await greet();
    await made(start, 0);
    await ask('putFrames', { ...frames, pixels: new Uint8Array(4 * 56 * 56 * 3).fill(90) });
  }, 120_000);

  afterEach(async () => {
    // Whatever it was asked.
    expect(await scored()).toMatchObject({ grids: [[2, 4, 4]] });
  });

  afterAll(async () => {
    link?.close();
    await standing?.end();
    for (const folder of [scratch, start]) if (folder) await rm(folder, { recursive: true, force: true });
  });

  async function greet(): Promise<void> {
    const token = await readFile(standing.attach.tokenFile, 'utf8');
    ({ link } = await GatewayLink.open(standing.attach.address, token));
  }

  async function written(model: number, count: number, maxTokens: number): Promise<Written[]> {
    const written = new Map<number, Written>();
    const params = {
      ...{ model, prompts: [plain([3, 4, 5])], maxTokens, temperature: 1, topP: 1, topK: 0, alternatives: 0 },
      ...{ answers: Array.from({ length: count }, (_, seed) => ({ prompt: 0, seed })), endTokens: [] },
      banned: new Int32Array(),
    };
    await link.call('sample', params, (event) => {
      for (const one of (event as { finished?: Written[] }).finished ?? []) written.set(one.answer, one);
    }).answer;
    return Array.from({ length: count }, (_, i) => written.get(i) as Written);
  }

  test('no rank waits for one that has fewer answers to write, or none', async () => {
    for (const [count, maxTokens] of [
      [1, 5],
      [3, 20],
      [7, 20],
    ] as const)
      expect((await written(0, count, maxTokens)).map(({ tokens }) => tokens.length)).toEqual(
        Array<number>(count).fill(maxTokens),
      );
  });

  test('what a checkpoint says of generating is not added to what is asked for', async () => {
    const folder = path.join(scratch, 'generating');
    await cp(start, folder, { recursive: true });
    const file = path.join(folder, 'generation_config.json');
    const said = JSON.parse(await readFile(file, 'utf8')) as object;
    await writeFile(file, JSON.stringify({ ...said, repetition_penalty: 1.5, top_k: 1, temperature: 1e-6 }));
    await made(folder, 2);
    const own = await written(2, 4, 20);
    const { logprobs } = (await ask('forward', {
      ...{ model: 2, prompts: [plain([3, 4, 5])], entropy: false },
      sequences: own.map(({ tokens }) => ({ prompt: 0, tokens })),
    })) as { logprobs: Float32Array };
    const told = own.flatMap((one) => [...one.logprobs]);
    expect(told).toHaveLength(80);
    for (const [i, value] of logprobs.entries()) expect(value).toBeCloseTo(told[i] as number, 4);
    await ask('unload', { model: 2 });
  });

  test.each([
    ['a frame that is not there', { order: [0, 1, 2, 4] }, 'bad-media', 'frame 4 of 4'],
    ['an odd number of frames', { order: [0, 1, 2] }, 'bad-media', 'two make a patch'],
    ['fewer tokens than its frames make', { tokens: 4 }, 'bad-media', 'its frames make 8'],
    ['frames of another size', { width: 84, tokens: 12 }, 'bad-media', 'of 56 x 56'],
    ['frames that were not sent', { key: 'b' }, 'bad-media', 'not sent'],
    ['tokens behind the prompt', { firstToken: 9 }, 'bad-request', 'a prompt of 12'],
  ])('a video with %s is refused before a rank begins', async (_, medium, kind, message) => {
    const params = { prompts: [plain([3, 4]), shown(medium)], sequences: [answer(0, 1, 2), answer(1, 3)] };
    await expect(ask('forward', { ...params, entropy: false })).rejects.toMatchObject({
      kind,
      message: expect.stringContaining(message),
    });
  });

  test.each<[string, object, string]>([
    ['a token that the model does not have', { sequences: [answer(0, 1), answer(1, 9999)] }, 'holds token 9999'],
    ['a prompt that is not there', { sequences: [answer(7, 1)] }, 'sequences[0].prompt'],
    ['a prompt without tokens', { prompts: [plain([]), shown()] }, 'prompts[0] has no tokens'],
    ['fewer weights than tokens', { weights: new Float32Array(1) }, 'weights must have 3 values'],
    ['a loss that is none', { loss: { kind: 'hinge' } }, 'loss.kind'],
    ['a model that is not there', { model: 5 }, 'no model 5'],
    ['no answers', { sequences: [answer(0)], weights: new Float32Array() }, 'no answer token'],
  ])('training on %s is refused by name', async (_, more, message) => {
    const params = {
      prompts: [plain([3, 4]), shown()],
      sequences: [answer(0, 1, 2), answer(1, 3)],
      ...{ weights: new Float32Array(3).fill(1 / 3), promptWeights: null, loss: { kind: 'cross-entropy' } },
    };
    await expect(ask('forwardBackward', { ...params, ...more })).rejects.toMatchObject({
      kind: 'bad-request',
      message: expect.stringContaining(message),
    });
  });

  test('a full disk is said, whatever part of a checkpoint it cuts', async () => {
    const step = { learningRate: 1e-3, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0, gradClipNorm: 1 };
    await ask('forwardBackward', {
      ...{ prompts: [plain([3, 4])], sequences: [answer(0, 1, 2)], weights: Float32Array.of(0.5, 0.5) },
      ...{ promptWeights: null, loss: { kind: 'cross-entropy' } },
    });
    await ask('optimStep', step);
    const folder = await mkdtemp(path.join(scratch, 'full-'));
    await mkdir(path.join(folder, 'optimizer'));
    await symlink('/dev/full', path.join(folder, 'optimizer', '__1_0.distcp'));
    await expect(ask('saveState', { folder })).rejects.toMatchObject({ kind: 'disk-full' });
    await expect(ask('saveState', { folder: path.join(folder, 'none') })).rejects.toMatchObject({
      kind: 'bad-request',
      place: path.join(folder, 'none'),
    });
  });

  test('a snapshot comes back whole after one of before the first step', async () => {
    const step = { learningRate: 1e-2, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0, gradClipNorm: 1 };
    await made(start, 3);
    const ofThree = (method: string, params: object = {}) => ask(method, { model: 3, ...params });
    const train = async (): Promise<unknown> => {
      await ofThree('forwardBackward', {
        ...{ prompts: [plain([3, 4])], sequences: [answer(0, 1, 2)], weights: Float32Array.of(0.5, 0.5) },
        ...{ promptWeights: null, loss: { kind: 'cross-entropy' } },
      });
      await ofThree('optimStep', step);
      return ofThree('forward', { prompts: [plain([3, 4])], sequences: [answer(0, 1, 2)], entropy: false });
    };
    await ofThree('snapshot', { snapshot: 0 });
    await train();
    await ofThree('snapshot', { snapshot: 1 });
    const once = await train();
    await ofThree('restore', { snapshot: 0 });
    await ofThree('restore', { snapshot: 1 });
    expect(await train()).toEqual(once);
    await expect(ofThree('restore', { snapshot: 9 })).rejects.toMatchObject({ kind: 'bad-request' });
    await ofThree('unload');
  });

  test('a checkpoint that lacks a tensor is refused: the model would make it up', async () => {
    const folder = path.join(scratch, 'lacking');
    await cp(start, folder, { recursive: true });
    const file = path.join(folder, 'model.safetensors');
    await writeFile(file, renamedTensor(await readFile(file), 'model.norm.weight', 'model.morn.weight'));
    await expect(made(folder, 1)).rejects.toMatchObject({
      kind: 'bad-model',
      message: expect.stringContaining('norm.weight'),
      place: folder,
    });
    await writeFile(file, withoutANumber(await readFile(path.join(start, 'model.safetensors')), 'model.norm.weight'));
    await expect(made(folder, 1)).rejects.toMatchObject({
      kind: 'bad-model',
      message: expect.stringMatching(/not finite, in .*norm\.weight/),
      place: folder,
    });
    const config = path.join(folder, 'config.json');
    const whole = await readFile(config, 'utf8');
    await cp(path.join(start, 'model.safetensors'), file);
    await writeFile(
      config,
      whole.replace(/("intermediate_size": )(\d+)/, (_, key, size) => `${key}${2 * Number(size)}`),
    );
    await expect(made(folder, 1)).rejects.toMatchObject({ kind: 'bad-model', place: folder });
    await writeFile(config, whole);
    await writeFile(file, 'cut');
    await expect(made(folder, 1)).rejects.toMatchObject({ kind: 'bad-model', place: folder });
    await expect(made(path.join(folder, 'none'), 1)).rejects.toMatchObject({ kind: 'bad-model' });
  });

  test('what can’t be read is said, and the next client is served', async () => {
    const { address } = standing.attach;
    link.close();
    const token = await readFile(standing.attach.tokenFile, 'utf8');
    const greeting = Buffer.concat(encodeMessage({ id: 0, method: 'hello', params: { protocol: 1, token } }));
    for (const [isGreeted, json] of [
      [false, '['.repeat(50_000)],
      [false, '{"id":0,"method":"hello","params":{"$":[1],"at":0,"n":0}}'],
      [true, `{"a":${'['.repeat(50_000)}`],
      [true, '{"id":NaN,"method":"memory","params":{}}'],
      [true, '{"id":[1],"method":"memory","params":{}}'],
      [true, '{"id":1,"method":"abort","params":null}'],
    ] as const) {
      const said = await answers(address, isGreeted ? [greeting, raw(json)] : [raw(json)]);
      expect(said.at(-1)).toMatchObject({ id: null, error: { code: 'bad-request' } });
    }
    await greet();
    await made(start, 0);
    await ask('putFrames', { ...frames, pixels: new Uint8Array(4 * 56 * 56 * 3).fill(90) });
  });

  test('a trainer that is killed while the gateway starts leaves no process, and no folder of the launcher', async () => {
    const folder = await mkdtemp(path.join(scratch, 'owner-'));
    const owner = spawn('sleep', ['1000']);
    await writeFile(path.join(folder, 'token'), 'x');
    const before = await launchersFolders();
    const launcher = spawn(
      found.python as string,
      [
        ...['-m', 'torch.distributed.run', '--standalone', '--local-addr', '127.0.0.1', '--nproc-per-node', '2'],
        ...[
          '-m',
          'video_r1_gateway',
          '--ready',
          path.join(folder, 'ready'),
          '--token-file',
          path.join(folder, 'token'),
        ],
        ...['--owner', String(owner.pid), '--config', '{"device": "cpu", "ranks": 2}'],
      ],
      { stdio: 'ignore', env: { ...process.env, PYTHONPATH: packages, OMP_NUM_THREADS: '1' } },
    );
    const ended = once(launcher, 'exit');
    owner.kill('SIGKILL');
    await ended;
    expect((await launchersFolders()).filter((name) => !before.includes(name))).toEqual([]);
  }, 120_000);
});

const packages = path.resolve(import.meta.dirname, '../../trainer/engines/verl/gateway');
const launchersFolders = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('torchelastic_'));

function raw(json: string): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(json.length, 0);
  return Buffer.concat([header, Buffer.from(json)]);
}

/** What a gateway says to bytes, until it closes. */
async function answers(address: string, said: readonly Uint8Array[]): Promise<WireValue[]> {
  const [host, port] = address.split(':');
  const socket = createConnection({ host: host as string, port: Number(port) });
  const reader = new MessageReader();
  const heard: WireValue[] = [];
  socket.on('data', (chunk) => heard.push(...(reader.push(chunk) as WireValue[])));
  for (const bytes of said) socket.write(bytes);
  await once(socket, 'close');
  return heard;
}

/** A safetensors file with another name, of as many letters, for a tensor. */
function renamedTensor(file: Buffer, name: string, other: string): Buffer {
  const at = file.indexOf(`"${name}"`);
  const copy = Buffer.from(file);
  copy.write(`"${other}"`, at);
  return copy;
}

/** The file with a tensor whose first number is none. */
function withoutANumber(file: Buffer, name: string): Buffer {
  const headerBytes = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, 8 + headerBytes)) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  const copy = Buffer.from(file);
  copy.writeFloatLE(Number.NaN, 8 + headerBytes + (header[name]?.data_offsets[0] ?? Number.NaN));
  return copy;
}
