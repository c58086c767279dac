/**
 * An engine without a model: answers come from a script, or are drawn from a policy that is one row of logits, the same at every
 * place. What it says of them is honest: log-probabilities, entropy and KL are those of its logits, and the losses of
 * `engines/losses.ts` with AdamW change them. It fails and waits where a test tells it to.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { randomFrom } from '../../trainer/data/random.ts';
import type {
  Completion,
  Engine,
  LossReport,
  LossScored,
  ModelHandle,
  ModelOrigin,
  OptimStep,
  PolicySequence,
  Prompt,
  Rendered,
  SampleEvent,
  SampleOptions,
  SampleRequest,
  Scored,
  Sequence,
  TrainingLoss,
  WeightsSnapshot,
} from '../../trainer/engines/engine.ts';
import { exactPolicySums, type LossTerms, lossSums, tokenWeight } from '../../trainer/engines/losses.ts';
import type { EngineCapabilities } from '../../trainer/protocol/engine.ts';
import { StudioError } from '../../trainer/protocol/errors.ts';
import type { EngineStatus } from '../../trainer/protocol/run-state.ts';

/** What the script is asked for: one answer. */
export interface AskedAnswer {
  /** The prompt as text, media left out. */
  readonly prompt: string;
  /** The media's key, as the test named it. */
  readonly media: string;
  readonly isShuffled: boolean;
  readonly seed: number;
  /** Number of the answer among those of its prompt. */
  readonly index: number;
}
export type Script = (asked: AskedAnswer) => string;

export const endToken = 0;
const other = '\uFFFD';
/** The end, the tags, what a keyboard has, and one token for all else. */
export const vocabulary: readonly string[] = [
  '<|im_end|>',
  ...['<think>', '</think>', '<answer>', '</answer>', '\n'],
  ...Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)),
  other,
];
/** What stands for a frame in a prompt. */
export const frameToken = vocabulary.length;
const framePiece = '<|video_pad|>';
/** Nats that a sampler which is not the trainer tells too little. */
export const samplerError = 0.01;
const tokenOf = new Map(vocabulary.map((piece, token) => [piece, token]));

/** The tokens of a text, without the end. */
export function tokensOf(text: string): number[] {
  const pieces = text.match(/<\/?(?:think|answer)>|[\s\S]/gu) ?? [];
  return pieces.map((piece) => tokenOf.get(piece) ?? vocabulary.length - 1);
}

export type Primitive =
  | 'createModel'
  | 'sample'
  | 'forward'
  | 'forwardBackward'
  | 'optimStep'
  | 'saveState'
  | 'snapshot'
  | 'restore'
  | 'release'
  | 'render'
  | 'dispose';

interface Table {
  logits: Float64Array;
  gradient: Float64Array;
  first: Float64Array;
  second: Float64Array;
  steps: number;
}

const newTable = (): Table => ({
  logits: new Float64Array(vocabulary.length),
  gradient: new Float64Array(vocabulary.length),
  first: new Float64Array(vocabulary.length),
  second: new Float64Array(vocabulary.length),
  steps: 0,
});

const copyOf = ({ logits, gradient, first, second, steps }: Table): Table => ({
  logits: logits.slice(),
  gradient: gradient.slice(),
  first: first.slice(),
  second: second.slice(),
  steps,
});

/** Natural log-probabilities of a row of logits. */
export function logSoftmax(logits: Float64Array): Float64Array {
  const largest = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
  const logSum = largest + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
  return logits.map((logit) => logit - logSum);
}

const entropyOf = (logprobs: Float64Array) => logprobs.reduce((sum, logprob) => sum - Math.exp(logprob) * logprob, 0);

const aDevice = { name: 'a GPU', memoryBytes: 80e9 };

/** A place at which the engine waits. */
export interface Gate {
  /** The engine has come there. */
  readonly entered: Promise<void>;
  open(): void;
}

const capabilities: EngineCapabilities = {
  chunks: ['text', 'special', 'image', 'video'],
  losses: ['cross-entropy', 'policy'],
  lossMeans: ['answer', 'token', 'constant'],
  ratios: ['token', 'sequence'],
  fullParameters: true,
  entropy: true,
  samplerIsTrainer: true,
  sampledEntropy: true,
  seeds: 'exact',
  topAlternatives: 0,
  optimizerKeys: ['learningRate', 'beta1', 'beta2', 'epsilon', 'weightDecay', 'gradClipNorm'],
  reference: true,
  exactKl: true,
  prefix: true,
  snapshot: true,
  abort: true,
};

type Can = Partial<EngineCapabilities>;

/** Answers that were drawn without a seed, by any engine. */
let drawnSoFar = 0;

/** As verl's engine around `generate`: a seed holds for a batch, and there are no logits of a reference. */
export const generateLike: Can = { seeds: 'same batch', topAlternatives: 20, exactKl: false };

/** As verl with vLLM: answers come from a program of its own, without entropy and alternatives, and none comes twice. */
export const vllmLike: Can = {
  ...{ samplerIsTrainer: false, sampledEntropy: false, seeds: 'best effort', topAlternatives: 0, exactKl: false },
};

export class ScriptedEngine implements Engine {
  readonly capabilities: EngineCapabilities;
  readonly died: Promise<StudioError>;
  /** Every call, in order. */
  readonly calls: Primitive[] = [];
  private readonly script: Script | null;
  private readonly tables = new Map<number, Table>();
  private readonly faults = new Map<Primitive, StudioError[]>();
  private readonly gates = new Map<Primitive, { entered: () => void; opened: Promise<void> }>();
  private readonly opens: (() => void)[] = [];
  private handles = 0;
  private readonly snapshots = new Map<number, Table>();
  private snapshotsTaken = 0;
  readonly ownLog: string[] = [];
  /** What each of its processes takes, in bytes; null where it is one with the trainer. */
  rankBytes: readonly number[] | null = null;
  private readonly death = Promise.withResolvers<StudioError>();
  private fault: StudioError | null = null;

  /**
   * @param script null draws answers from the policy's own distribution
   * @param can what it can do besides; where sampler and trainer differ, they do by `samplerError`
   */
  constructor(script: Script | null = null, can: Can = {}) {
    this.script = script;
    this.died = this.death.promise;
    this.capabilities = { ...capabilities, ...can };
  }

  /** The next call of a primitive, and as many after it as faults are given, fail. */
  failNext(primitive: Primitive, ...faults: StudioError[]): void {
    this.faults.set(primitive, [...(this.faults.get(primitive) ?? []), ...faults]);
  }

  /** The next call of a primitive waits until the gate is opened; sampling waits no longer than until it is aborted. */
  holdNext(primitive: Primitive): Gate {
    const entered = Promise.withResolvers<void>();
    const opened = Promise.withResolvers<void>();
    this.gates.set(primitive, { entered: () => entered.resolve(), opened: opened.promise });
    this.opens.push(opened.resolve);
    return { entered: entered.promise, open: () => opened.resolve() };
  }

  /** Opens every gate that was made so far, and takes away those that nobody came to. */
  openGates(): void {
    for (const open of this.opens.splice(0)) open();
    this.gates.clear();
  }

  /** Everything that is asked of it from now on fails, and it tells. */
  die(message = 'The engine is dead.'): void {
    this.fault = new StudioError('engine-failed', message);
    this.death.resolve(this.fault);
  }

  /** With the trainer that asks it: all fails, and nobody is told. */
  kill(): void {
    this.fault = new StudioError('engine-failed', 'The engine is dead.');
  }

  logitsOf(model: ModelHandle): Float64Array {
    return this.table(model).logits;
  }

  recentLog(): readonly string[] {
    return this.ownLog;
  }

  status(): EngineStatus {
    return {
      name: 'scripted',
      backend: 'none',
      threads: 1,
      parameters: vocabulary.length,
      why: 'a test',
      ...(this.rankBytes && { ranks: this.rankBytes.length, devices: this.rankBytes.map(() => aDevice) }),
      capabilities: this.capabilities,
    };
  }

  async createModel(origin: ModelOrigin, role: ModelHandle['role']): Promise<ModelHandle> {
    await this.begin('createModel');
    const handle: ModelHandle = { id: this.handles++, role };
    this.tables.set(handle.id, await this.tableFrom(origin));
    return handle;
  }

  async *sample(
    model: ModelHandle,
    requests: readonly SampleRequest[],
    options: SampleOptions,
    signal: AbortSignal,
  ): AsyncIterable<SampleEvent> {
    await this.begin('sample', signal);
    this.demand((options.alternatives ?? 0) <= this.capabilities.topAlternatives, 'so many alternatives');
    const logprobs = logSoftmax(this.table(model).logits);
    for (const [request, { prompt, seeds }] of requests.entries()) {
      for (const [index, seed] of seeds.entries()) {
        const tokens = signal.aborted ? [] : this.answer(prompt, seed, index, logprobs, options);
        const completion = this.told(
          completionOf(tokens, logprobs, options.maxTokens, signal.aborted),
          logprobs,
          options.alternatives ?? 0,
        );
        if (!signal.aborted) yield { kind: 'delta', request, index, text: completion.text };
        yield { kind: 'done', request, index, completion };
      }
    }
  }

  async forward(
    model: ModelHandle,
    sequences: readonly Sequence[],
    want?: { readonly entropy: boolean },
  ): Promise<Scored[]> {
    await this.begin('forward');
    this.demand(want?.entropy !== true || this.capabilities.entropy, 'entropy');
    const logprobs = logSoftmax(this.table(model).logits);
    return sequences.map(({ answer }) => {
      const targets = targetsOf(answer);
      return {
        logprobs: Float32Array.from(targets, (token) => logprobs[token] as number),
        entropy: want?.entropy ? new Float32Array(targets.length).fill(entropyOf(logprobs)) : null,
      };
    });
  }

  async forwardBackward(model: ModelHandle, loss: TrainingLoss): Promise<LossReport> {
    await this.begin('forwardBackward');
    const { losses, lossMeans, ratios } = this.capabilities;
    this.demand(losses.includes(loss.kind), `the loss ${loss.kind}`);
    if (loss.kind === 'policy') {
      this.demand(lossMeans.includes(typeof loss.mean === 'object' ? 'constant' : loss.mean), 'this mean of the loss');
      this.demand(ratios.includes(loss.ratio ?? 'token'), 'this ratio');
      this.demand(loss.exactKl === undefined || this.capabilities.exactKl, 'the exact KL');
    }
    const table = this.table(model);
    const logprobs = logSoftmax(table.logits);
    const answers = loss.sequences.map(({ answer }) => targetsOf(answer));
    const prompts = loss.kind === 'cross-entropy' && loss.promptTokens ? loss.sequences.map(promptTokens) : [];
    const targets = Int32Array.from([...answers, ...prompts].flat());
    const terms = termsOf(loss, answers, targets.length);
    const exactKl = loss.kind === 'policy' ? loss.exactKl : undefined;
    const gradient = new Float64Array(vocabulary.length);
    let sums: { loss: number; kl: number; clipped: number };
    let exactReference: Float32Array | null = null;
    if (terms.kind === 'policy' && exactKl) {
      const rows = (of: ModelHandle) => Float32Array.from(Array.from(targets, () => [...this.table(of).logits]).flat());
      const exact = exactPolicySums(terms, targets, rows(model), rows(exactKl));
      exact.gradient.forEach((value, i) => {
        (gradient[i % vocabulary.length] as number) += value;
      });
      sums = exact;
      exactReference = exact.refLogprobs;
    } else {
      const byLogprob = lossSums(
        terms,
        Float32Array.from(targets, (token) => logprobs[token] as number),
      );
      byLogprob.gradient.forEach((value, i) => {
        for (let v = 0; v < vocabulary.length; v++)
          (gradient[v] as number) += value * ((v === targets[i] ? 1 : 0) - Math.exp(logprobs[v] as number));
      });
      sums = byLogprob;
    }
    if (!Number.isFinite(sums.loss)) throw notFinite(`The loss is ${sums.loss}; no weight was changed.`);
    table.gradient = table.gradient.map((held, v) => held + (gradient[v] as number));
    const hasReference =
      loss.kind === 'policy' &&
      (exactKl !== undefined || loss.sequences.every(({ refLogprobs }) => refLogprobs !== null));
    return {
      loss: sums.loss,
      kl: hasReference ? sums.kl / targets.length : null,
      clipped: loss.kind === 'policy' ? sums.clipped / targets.length : null,
      tokens: targets.length,
      scored: loss.kind === 'policy' ? scoredOf(loss.sequences, logprobs, exactReference) : null,
    };
  }

  async optimStep(model: ModelHandle, step: OptimStep): Promise<{ gradNorm: number }> {
    const table = this.table(model);
    const { gradient } = table;
    table.gradient = new Float64Array(vocabulary.length);
    await this.begin('optimStep');
    const gradNorm = Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0));
    if (!Number.isFinite(gradNorm)) throw notFinite('The gradient is not finite; no weight was changed.');
    const scale = step.gradClipNorm > 0 && gradNorm > step.gradClipNorm ? step.gradClipNorm / gradNorm : 1;
    table.steps++;
    for (let v = 0; v < vocabulary.length; v++) {
      const slope = (gradient[v] as number) * scale;
      const first = step.beta1 * (table.first[v] as number) + (1 - step.beta1) * slope;
      const second = step.beta2 * (table.second[v] as number) + (1 - step.beta2) * slope * slope;
      table.first[v] = first;
      table.second[v] = second;
      const mean = first / (1 - step.beta1 ** table.steps);
      const spread = Math.sqrt(second / (1 - step.beta2 ** table.steps));
      const logit = table.logits[v] as number;
      table.logits[v] = logit - step.learningRate * (mean / (spread + step.epsilon) + step.weightDecay * logit);
    }
    return { gradNorm };
  }

  async snapshot(model: ModelHandle): Promise<WeightsSnapshot> {
    await this.begin('snapshot');
    const snapshot = { id: this.snapshotsTaken++, model };
    this.snapshots.set(snapshot.id, copyOf(this.table(model)));
    return snapshot;
  }

  async restore({ id, model }: WeightsSnapshot): Promise<void> {
    await this.begin('restore');
    const kept = this.snapshots.get(id);
    if (!kept) throw new StudioError('engine-failed', `There is no snapshot ${id}.`);
    this.tables.set(model.id, { ...copyOf(kept), gradient: new Float64Array(vocabulary.length) });
  }

  async release({ id }: WeightsSnapshot): Promise<void> {
    await this.begin('release');
    this.snapshots.delete(id);
  }

  /** Snapshots that nobody released. */
  get snapshotsHeld(): number {
    return this.snapshots.size;
  }

  async saveState(model: ModelHandle, folder: string): Promise<ReadonlyMap<string, string>> {
    await this.begin('saveState');
    const { logits, first, second, steps } = this.table(model);
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, 'config.json'), '{}');
    const saved = { logits: [...logits], first: [...first], second: [...second], steps };
    await writeFile(path.join(folder, 'table.json'), JSON.stringify(saved));
    return new Map();
  }

  /** Each frame is one token, of a number that no text has. */
  async render(_model: ModelHandle, prompt: Prompt): Promise<Rendered> {
    await this.begin('render');
    const ids = prompt.flatMap((chunk) => {
      if (chunk.kind === 'text') return tokensOf(chunk.text);
      if (chunk.kind === 'tokens') return [...chunk.ids];
      return 'frames' in chunk ? Array<number>(chunk.frames.count).fill(frameToken) : [];
    });
    const visionTokens = ids.filter((id) => id === frameToken).length;
    const pieces = ids.map((id) => vocabulary[id] ?? framePiece);
    const text = prompt.map((chunk) => ('frames' in chunk ? framePiece.repeat(chunk.frames.count) : textOf([chunk])));
    return { text: text.join(''), ids: Int32Array.from(ids), pieces, visionTokens };
  }

  async unload(model: ModelHandle): Promise<void> {
    this.tables.delete(model.id);
  }

  async memory(): ReturnType<Engine['memory']> {
    if (this.fault) throw this.fault;
    const held = { bytes: 8 * vocabulary.length * this.tables.size, tensors: this.tables.size };
    return this.rankBytes ? { ...held, byRank: this.rankBytes } : held;
  }

  async dispose(): Promise<void> {
    await this.begin('dispose');
    this.tables.clear();
  }

  /** What its sampler tells of an answer. */
  private told(completion: Completion, logprobs: Float64Array, alternatives: number): Completion {
    const best = Array.from(logprobs, (logprob, token) => ({ token, piece: vocabulary[token] as string, logprob }))
      .sort((a, b) => b.logprob - a.logprob)
      .slice(0, alternatives);
    return {
      ...completion,
      logprobs: this.capabilities.samplerIsTrainer
        ? completion.logprobs
        : completion.logprobs.map((logprob) => logprob - samplerError),
      entropy: this.capabilities.sampledEntropy ? completion.entropy : null,
      alternatives: alternatives === 0 ? null : Array.from(completion.tokens, () => best),
    };
  }

  /** What is asked of it beyond what it says that it can is the fault of who asks. */
  private demand(isAble: boolean, what: string): void {
    if (!isAble) throw new Error(`The scripted engine was asked for ${what}, which it does not have.`);
  }

  private async begin(primitive: Primitive, signal?: AbortSignal): Promise<void> {
    this.calls.push(primitive);
    const gate = this.gates.get(primitive);
    this.gates.delete(primitive);
    if (gate) {
      gate.entered();
      const aborted = signal && new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      await Promise.race([gate.opened, ...(aborted ? [aborted] : [])]);
    }
    if (this.fault) throw this.fault;
    const fault = this.faults.get(primitive)?.shift();
    if (fault) throw fault;
  }

  private table(model: ModelHandle): Table {
    const table = this.tables.get(model.id);
    if (!table) throw new StudioError('engine-failed', `There is no model ${model.id}.`);
    return table;
  }

  private async tableFrom(origin: ModelOrigin): Promise<Table> {
    switch (origin.kind) {
      case 'new':
        return newTable();
      case 'copy':
        return { ...newTable(), logits: this.table(origin.of).logits.slice() };
      case 'folder': {
        const saved = JSON.parse(await readFile(path.join(origin.folder, 'table.json'), 'utf8')) as Record<
          'logits' | 'first' | 'second',
          number[]
        > & { steps: number };
        const table = { ...newTable(), logits: Float64Array.from(saved.logits) };
        if (!origin.optimizer) return table;
        return {
          ...table,
          first: Float64Array.from(saved.first),
          second: Float64Array.from(saved.second),
          steps: saved.steps,
        };
      }
    }
  }

  private answer(
    prompt: Prompt,
    seed: number,
    index: number,
    logprobs: Float64Array,
    options: SampleOptions,
  ): number[] {
    if (this.script) {
      const media = prompt.find((chunk) => 'frames' in chunk);
      const order = media?.kind === 'video' ? media.order : [];
      const asked = {
        prompt: textOf(prompt),
        media: media && 'frames' in media ? media.frames.key : '',
        isShuffled: order.some((frame, place) => frame !== place),
        seed,
        index,
      };
      return [...tokensOf(this.script(asked)), endToken];
    }
    const random = randomFrom(this.capabilities.seeds === 'best effort' ? seed + ++drawnSoFar : seed, 'answer');
    const tokens: number[] = [];
    while (tokens.length < options.maxTokens && tokens.at(-1) !== endToken)
      tokens.push(drawn(logprobs, options.temperature, random()));
    return tokens;
  }
}

function drawn(logprobs: Float64Array, temperature: number, share: number): number {
  if (temperature === 0) return logprobs.indexOf(Math.max(...logprobs));
  const weights = logprobs.map((logprob) => Math.exp(logprob / temperature));
  let left = share * weights.reduce((sum, weight) => sum + weight, 0);
  return Math.max(
    0,
    weights.findIndex((weight) => {
      left -= weight;
      return left < 0;
    }),
  );
}

function completionOf(all: readonly number[], logprobs: Float64Array, maxTokens: number, aborted: boolean): Completion {
  const tokens = all.slice(0, maxTokens);
  const ended = tokens.at(-1) === endToken;
  const pieces = tokens.map((token) => vocabulary[token] as string);
  return {
    tokens: Int32Array.from(tokens),
    pieces,
    text: (ended ? pieces.slice(0, -1) : pieces).join(''),
    logprobs: Float32Array.from(tokens, (token) => logprobs[token] as number),
    entropy: new Float32Array(tokens.length).fill(entropyOf(logprobs)),
    alternatives: null,
    stopReason: aborted ? 'aborted' : ended ? 'stop' : 'length',
  };
}

function textOf(prompt: Prompt): string {
  return prompt
    .map((chunk) => {
      if (chunk.kind === 'tokens') return chunk.ids.map((id) => vocabulary[id] ?? '').join('');
      return chunk.kind === 'text' ? chunk.text : '';
    })
    .join('');
}

function scoredOf(
  sequences: readonly PolicySequence[],
  logprobs: Float64Array,
  exactReference: Float32Array | null,
): LossScored[] {
  let at = 0;
  return sequences.map(({ answer, refLogprobs }) => {
    const from = at;
    at += answer.tokens.length;
    return {
      logprobs: Float32Array.from(answer.tokens, (token) => logprobs[token] as number),
      refLogprobs: exactReference?.slice(from, at) ?? refLogprobs,
    };
  });
}

const promptTokens = ({ prompt }: Sequence) => tokensOf(textOf(prompt));

function targetsOf(answer: Sequence['answer']): number[] {
  if ('tokens' in answer) return [...answer.tokens];
  return [...tokensOf(answer.text), endToken, ...(answer.turnNewline === true ? tokensOf('\n') : [])];
}

/** @param count of all targets, prompts included */
function termsOf(loss: TrainingLoss, answers: readonly number[][], count: number): LossTerms {
  const given = loss.sequences.map(({ answer }) => ('tokens' in answer ? answer.weights : undefined));
  if (loss.kind === 'cross-entropy') {
    const weights = new Float32Array(count).fill(1 / count);
    const own = answers.flatMap((answer, i) => answer.map((_, k) => given[i]?.[k] ?? 1));
    return { kind: 'cross-entropy', weights: weights.map((weight, k) => weight * (own[k] ?? 1)) };
  }
  const flat = (value: (sequence: number, token: number) => number) =>
    Float32Array.from(answers.flatMap((answer, i) => answer.map((_, k) => value(i, k))));
  const { sequences, clip, beta, ratio = 'token' } = loss;
  const hasReference = sequences.every(({ refLogprobs }) => refLogprobs !== null);
  return {
    kind: 'policy',
    weights: flat((i, k) => {
      const of = { answerTokens: answers[i]?.length ?? 0, answers: answers.length, allTokens: count };
      return tokenWeight(loss.mean, of) * (given[i]?.[k] ?? 1);
    }),
    advantages: flat((i) => sequences[i]?.advantage ?? 0),
    oldLogprobs: flat((i, k) => sequences[i]?.oldLogprobs[k] ?? 0),
    refLogprobs: hasReference ? flat((i, k) => sequences[i]?.refLogprobs?.[k] ?? 0) : null,
    answers: Int32Array.from(answers.flatMap((answer, i) => answer.map(() => i))),
    ratio,
    clip,
    beta,
  };
}

function notFinite(message: string): StudioError {
  return new StudioError('not-finite', message, { remedy: 'Lower the learning rate.' });
}
