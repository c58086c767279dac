/**
 * A gateway without a model: it speaks the wire, answers from a script, and hangs, breaks off or talks nonsense where a test tells it
 * to. What it says of answers follows from their tokens, so that a test can work it out.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { writeCheckpointFiles } from '../../../trainer/engines/qwen/checkpoint-files.ts';
import { newConfigFile, readConfig } from '../../../trainer/engines/qwen/config.ts';
import { Tokenizer } from '../../../trainer/engines/qwen/tokenizer/tokenizer.ts';
import { trainTokenizer } from '../../../trainer/engines/qwen/tokenizer/training.ts';
import type { Method, Params, WirePrompt } from '../../../trainer/engines/verl/messages.ts';
import { encodeMessage, MessageReader, type WireValue } from '../../../trainer/engines/verl/wire.ts';
import type { PositionGeneration } from '../../../trainer/protocol/runfile.ts';
import { tinySize, tinyTexts } from '../tfjs/tiny.ts';

export const token = 'open sesame';

export interface Asked<M extends Method = Method> {
  readonly id: number;
  readonly method: M;
  readonly params: Params[M];
}

/** An error that the gateway answers with. */
export class Refusal extends Error {
  readonly error: Record<string, string>;

  constructor(code: string, message: string, more: { place?: string; remedy?: string } = {}) {
    super(message);
    this.error = { code, message, ...more };
  }
}

type Tell = (event: WireValue) => void;
type Handler<M extends Method> = (params: Params[M], tell: Tell, id: number) => WireValue | Promise<WireValue>;
export type Handlers = { [M in Method]: Handler<M> };

/** What it makes of token number n: -n / 100, exact in float32 to 1e-7. */
export const logprobOf = (id: number): number => -id / 100;

export const gridsOf = (prompts: readonly WirePrompt[]): number[][] =>
  prompts.flatMap(({ media }) => media.map(({ order, height, width }) => [order.length / 2, height / 14, width / 14]));

const answerTokens = (sequences: readonly { readonly tokens: Int32Array }[]): number[] =>
  sequences.flatMap(({ tokens }) => [...tokens]);

export const capabilities = {
  chunks: ['text', 'special', 'image', 'video'],
  losses: ['cross-entropy', 'policy'],
  lossMeans: ['answer', 'token', 'constant'],
  ratios: ['token', 'sequence'],
  ...{ fullParameters: true, entropy: true, sampledEntropy: true, samplerIsTrainer: true, seeds: 'same batch' },
  topAlternatives: 20,
  optimizerKeys: ['learningRate', 'beta1', 'beta2', 'epsilon', 'weightDecay', 'gradClipNorm'],
  ...{ reference: true, exactKl: false, prefix: true, snapshot: true, abort: true },
};

export const greeting = {
  ...{ protocol: 1, gateway: '1', mode: 'spmd', ranks: 1, nodes: 1, device: 'cpu', sampler: 'generate' },
  versions: { python: '3.11.7', torch: '2.13.0', transformers: '5.10.4', verl: '0.9.1', vllm: null, ray: '2.60.0' },
  devices: [{ name: 'CPU', memoryBytes: 2 ** 34 }],
  capabilities,
  why: 'A script on no GPU',
};

export class ScriptedGateway {
  readonly asked: Asked[] = [];
  /** A socket that is silent hears and says nothing. */
  isSilent = false;
  greeting: WireValue = greeting;
  readonly handlers: Handlers;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly kept = new Set<string>();
  private readonly waiting = new Map<Method, (() => void)[]>();

  private constructor(server: Server, handlers: Partial<Handlers>) {
    this.server = server;
    this.handlers = { ...this.defaults(), ...handlers };
    server.on('connection', (socket) => this.serve(socket));
  }

  static async start(handlers: Partial<Handlers> = {}): Promise<ScriptedGateway> {
    const server = createServer();
    const gateway = new ScriptedGateway(server, handlers);
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return gateway;
  }

  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  of<M extends Method>(method: M): Params[M][] {
    return this.asked.filter((one) => one.method === method).map(({ params }) => params as Params[M]);
  }

  /** Resolves with the next request for a method. */
  next(method: Method): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.set(method, [...(this.waiting.get(method) ?? []), resolve]);
    });
  }

  /** Says bytes as they are. */
  say(bytes: Uint8Array): void {
    for (const socket of this.sockets) socket.write(bytes);
  }

  /** As a program that was killed. */
  breakOff(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.breakOff();
    await new Promise((resolve) => {
      this.server.close(resolve);
    });
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.setNoDelay(true);
    const reader = new MessageReader();
    let isGreeted = false;
    let turn: Promise<unknown> = Promise.resolve();
    const send = (message: WireValue): void => {
      if (this.isSilent || socket.destroyed) return;
      socket.write(Buffer.concat(encodeMessage(message)));
    };
    const answer = async ({ id, method, params }: Asked): Promise<void> => {
      const handler = this.handlers[method] as Handler<Method> | undefined;
      try {
        if (handler === undefined) throw new Refusal('bad-request', `There is no method ${method}.`);
        send({ id, result: await handler(params, (event) => send({ id, event }), id) });
      } catch (error) {
        send({ id, error: error instanceof Refusal ? error.error : { code: 'internal', message: String(error) } });
      }
    };
    socket.on('error', () => undefined);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('data', (chunk) => {
      for (const message of reader.push(chunk)) {
        const asked = message as Asked;
        this.asked.push(asked);
        for (const tell of this.waiting.get(asked.method) ?? []) tell();
        this.waiting.delete(asked.method);
        if (!isGreeted) {
          const isWelcome = asked.method === 'hello' && (asked.params as Params['hello']).token === token;
          isGreeted = isWelcome;
          if (isWelcome) send({ id: asked.id, result: this.greeting });
          else socket.end(Buffer.concat(encodeMessage({ id: null, error: refusal.error })));
        } else if (['ping', 'abort', 'end'].includes(asked.method)) void answer(asked);
        else turn = turn.then(() => answer(asked));
      }
    });
  }

  private defaults(): Handlers {
    return {
      hello: () => ({}),
      ping: () => ({ busy: null, forMs: 0 }),
      frames: ({ frames }) => ({
        missing: frames.flatMap(({ key, place }, index) => (this.kept.has(key) || place !== null ? [] : [index])),
      }),
      putFrames: ({ key }) => {
        this.kept.add(key);
        return {};
      },
      createModel: () => ({ parameters: 1000, trainable: 1000 }),
      sample: ({ answers, prompts, alternatives }, tell) => {
        const finished = answers.map(({ prompt, seed }, answer) =>
          writtenAnswer(answer, [(prompts[prompt]?.next ?? 0) % 100, seed % 100], alternatives),
        );
        tell({ finished });
        return {};
      },
      abort: () => ({}),
      end: () => ({}),
      forward: ({ prompts, sequences, entropy }) => {
        const tokens = answerTokens(sequences);
        return {
          logprobs: Float32Array.from(tokens, logprobOf),
          entropy: entropy ? Float32Array.from(tokens, (id) => id / 1000) : null,
          grids: gridsOf(prompts),
        };
      },
      forwardBackward: ({ prompts, sequences, weights }) => {
        const tokens = answerTokens(sequences);
        return {
          loss: weights.reduce((sum, weight, i) => sum - weight * logprobOf(tokens[i] ?? 0), 0),
          ...{ kl: 3, clipped: 2 },
          logprobs: Float32Array.from(tokens, logprobOf),
          grids: gridsOf(prompts),
        };
      },
      optimStep: () => ({ gradNorm: 0.5 }),
      snapshot: () => ({}),
      restore: () => ({}),
      release: () => ({}),
      saveState: async ({ folder }) => {
        await writeFile(path.join(folder, 'model.safetensors'), 'weights');
        return { optimizerStep: 7 };
      },
      publish: () => ({}),
      unload: () => ({}),
      memory: () => ({ bytes: 12, tensors: 3, byRank: [12] }),
      shutdown: () => ({}),
    };
  }
}

const refusal = new Refusal('bad-request', "The token is not this gateway's.");

/** An answer as the gateway tells of it, of these tokens. */
export function writtenAnswer(
  answer: number,
  tokens: readonly number[],
  alternatives = 0,
  stopReason: 'stop' | 'length' | 'aborted' = 'length',
): { readonly [key: string]: WireValue } {
  const others = tokens.flatMap((id) => Array.from({ length: alternatives }, (_, n) => (id + n) % 300));
  return {
    ...{ answer, stopReason },
    tokens: Int32Array.from(tokens),
    logprobs: Float32Array.from(tokens, logprobOf),
    entropy: Float32Array.from(tokens, (id) => id / 1000),
    alternatives:
      alternatives === 0 ? null : { tokens: Int32Array.from(others), logprobs: Float32Array.from(others, logprobOf) },
  };
}

/** A folder with all of a tiny model but its weights, which nothing here reads; removed by the caller. */
export async function modelFolder(
  positions: PositionGeneration = '5.18',
): Promise<{ folder: string; tokenizer: Tokenizer; remove(): Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'scripted-model-'));
  const tokenizer = new Tokenizer(trainTokenizer(tinyTexts, tinySize.vocab_size), 'scripted');
  const named = {
    pad: tokenizer.special('<|endoftext|>'),
    turnEnd: tokenizer.special('<|im_end|>'),
    visionStart: tokenizer.special('<|vision_start|>'),
    visionEnd: tokenizer.special('<|vision_end|>'),
    image: tokenizer.special('<|image_pad|>'),
    video: tokenizer.special('<|video_pad|>'),
  };
  const configFile = newConfigFile(tinySize, tokenizer.vocabularySize, named, positions);
  const config = readConfig(configFile, folder);
  await writeCheckpointFiles(folder, { configFile, tokenizer, companions: new Map() }, null);
  await writeFile(path.join(folder, 'model.safetensors'), 'weights');
  if (config.positions !== positions) throw new Error('The folder has other positions.');
  return { folder, tokenizer, remove: () => rm(folder, { recursive: true, force: true }) };
}
