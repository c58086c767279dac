/**
 * The embedded engine. This object lives in the trainer's main thread and only encodes text, divides work and posts messages;
 * the replicas in worker threads compute. See `replica.ts`.
 */
import type { EngineCapabilities } from '../../protocol/engine.ts';
import { StudioError } from '../../protocol/errors.ts';
import type { EngineStatus } from '../../protocol/run-state.ts';
import type { PositionGeneration, TfjsSettings } from '../../protocol/runfile.ts';
import type {
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
} from '../engine.ts';
import { specialTokens } from '../engine.ts';
import { type LossTerms, tokenWeight } from '../losses.ts';
import { setNativeEnvironment } from './backends/native-environment.ts';
import type { Companions } from './checkpoint/checkpoint.ts';
import { newCompanions, readCheckpoint, readCheckpointConfig, writeCheckpointFiles } from './checkpoint/checkpoint.ts';
import { ensureKernels } from './files.ts';
import type { ForwardBackward, SampleChunk, WantedAnswer, WeightsOrigin } from './messages.ts';
import type { EncodedPrompt, PackedGroup } from './model/batch.ts';
import { rowsAdded } from './model/common-rows.ts';
import type { ModelConfig } from './model/config.ts';
import { newConfigFile, readConfig } from './model/config.ts';
import { refuseTooLarge } from './model/memory.ts';
import { parameterTable } from './model/parameters.ts';
import { PromptEncoder, renderPrompt } from './model/prompts.ts';
import { allAnswers, Replicas } from './replicas.ts';
import { SampleStream } from './sample-stream.ts';
import type { PromptGroup } from './sharding.ts';
import { groupByPrompt, shard, shardInOrder } from './sharding.ts';
import { decodePieces, Tokenizer } from './tokenizer/tokenizer.ts';

/** Answers that one replica writes at a time. */
const mostAnswersPerChunk = 96;
const defaultMicroBatchRows = 2048;
/** Prompt tokens, each prompt counted once, that one replica prefills at a time. */
const mostPromptTokensPerChunk = 8192;

interface Loaded {
  readonly handle: ModelHandle;
  readonly configFile: object;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly companions: Companions;
  readonly gradients: readonly Float32Array[] | null;
  /** Replicas that hold a part of the present gradient. */
  readonly contributing: Set<number>;
}

/** A model before its weights are loaded. */
interface Prepared {
  readonly configFile: object;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly companions: Companions;
  readonly weights: WeightsOrigin;
  readonly place: string;
}

export interface TfjsEngineOptions {
  /** Bound on the JavaScript heap of each thread in megabytes; Node's own when absent. */
  readonly threadMemoryMb?: number;
  /** Rows of activations that a thread holds for one backward pass. The results are those of a whole batch, up to rounding. */
  readonly microBatchRows?: number;
}

/** Starts the threads and their backends. @throws StudioError `engine-failed` */
export async function createTfjsEngine(settings: TfjsSettings, options: TfjsEngineOptions = {}): Promise<Engine> {
  if (settings.backend !== 'webgpu' && settings.backend !== 'cpu') await ensureKernels();
  if (settings.backend === 'auto' || settings.backend === 'native') setNativeEnvironment();
  const replicas = await Replicas.start(
    settings,
    options.microBatchRows ?? defaultMicroBatchRows,
    options.threadMemoryMb,
  );
  return new TfjsEngine(replicas, settings.mropePositions ?? null);
}

class TfjsEngine implements Engine {
  readonly capabilities: EngineCapabilities;
  readonly died: Promise<StudioError>;
  private readonly replicas: Replicas;
  /** As the settings name them; null leaves it to the checkpoint. */
  private readonly positions: PositionGeneration | null;
  private readonly models = new Map<number, Loaded>();
  private handles = 0;
  private snapshots = 0;
  private parameters = 0;
  /** Primitives run one after the other, in the order in which they were called. */
  private queue: Promise<unknown> = Promise.resolve();

  constructor(replicas: Replicas, positions: PositionGeneration | null) {
    this.replicas = replicas;
    this.died = replicas.died;
    this.positions = positions;
    this.capabilities = {
      chunks: ['text', 'special', 'image', 'video'],
      losses: ['cross-entropy', 'policy'],
      lossMeans: ['answer', 'token', 'constant'],
      ratios: ['token', 'sequence'],
      fullParameters: true,
      entropy: true,
      samplerIsTrainer: !replicas.backend.ownSampler,
      sampledEntropy: true,
      seeds: replicas.backend.seeds,
      topAlternatives: 20,
      optimizerKeys: ['learningRate', 'beta1', 'beta2', 'epsilon', 'weightDecay', 'gradClipNorm'],
      reference: true,
      exactKl: true,
      prefix: true,
      snapshot: true,
      abort: true,
    };
  }

  status(): EngineStatus {
    const { backend, why } = this.replicas.backend;
    const { capabilities, parameters } = this;
    return { name: 'tfjs', backend, threads: this.replicas.count, parameters, why, capabilities };
  }

  createModel(origin: ModelOrigin, role: ModelHandle['role']): Promise<ModelHandle> {
    return this.inTurn(async () => {
      // Said first: what else may be wrong with a model does not matter where it does not fit.
      if (origin.kind === 'folder') {
        const { config } = await readCheckpointConfig(origin.folder);
        this.refuseTooLarge(parameterTable(config).size, role, origin.folder);
      }
      const { configFile, config, tokenizer, companions, weights, place } = await this.prepare(origin);
      const handle: ModelHandle = { id: this.handles++, role };
      const { size } = parameterTable(config);
      this.refuseTooLarge(size, role, place);
      const gradients =
        role === 'policy'
          ? Array.from({ length: this.replicas.count }, () => new Float32Array(new SharedArrayBuffer(4 * size)))
          : null;
      await this.replicas.askAll(() => ({
        kind: 'create',
        model: handle.id,
        config: configFile,
        place,
        origin: weights,
        gradients,
      }));
      this.models.set(handle.id, {
        handle,
        configFile,
        config,
        tokenizer,
        companions,
        gradients,
        contributing: new Set(),
      });
      if (role === 'policy') this.parameters = size;
      return handle;
    });
  }

  private refuseTooLarge(parameters: number, role: ModelHandle['role'], place: string): void {
    const { count: threads, backend } = this.replicas;
    refuseTooLarge(parameters, role, { threads, backend: backend.backend, place });
  }

  private async prepare(origin: ModelOrigin): Promise<Prepared> {
    switch (origin.kind) {
      case 'new': {
        const place = 'model size';
        const { tokenizer: file } = await this.replicas.ask<'train-tokenizer'>(0, {
          kind: 'train-tokenizer',
          texts: origin.texts,
          vocabularySize: origin.size.vocab_size,
        });
        const tokenizer = new Tokenizer(file, place);
        const tokens = {
          pad: tokenizer.special(specialTokens.pad),
          turnEnd: tokenizer.special(specialTokens.turnEnd),
          visionStart: tokenizer.special(specialTokens.visionStart),
          visionEnd: tokenizer.special(specialTokens.visionEnd),
          image: tokenizer.special(specialTokens.image),
          video: tokenizer.special(specialTokens.video),
        };
        const configFile = newConfigFile(origin.size, tokenizer.vocabularySize, tokens, this.positions ?? '5.18');
        return {
          configFile,
          config: readConfig(configFile, place),
          tokenizer,
          companions: newCompanions(tokenizer),
          weights: { kind: 'seed', seed: origin.seed },
          place,
        };
      }
      case 'folder': {
        const read = await readCheckpoint(origin.folder, origin.optimizer, origin.tokenizer ?? null);
        const { tokenizer, companions, optimizerStep } = read;
        const { configFile, config } = this.withPositions(read);
        return {
          configFile,
          config,
          tokenizer,
          companions,
          weights: { kind: 'folder', folder: origin.folder, optimizerStep },
          place: origin.folder,
        };
      }
      case 'copy': {
        const { configFile, config, tokenizer, companions } = this.loaded(origin.of);
        return {
          configFile,
          config,
          tokenizer,
          companions,
          weights: { kind: 'copy', of: origin.of.id },
          place: 'copy',
        };
      }
    }
  }

  /** A checkpoint keeps the positions that it was trained with, unless the settings name others. */
  private withPositions({
    configFile,
    config,
  }: Pick<Prepared, 'configFile' | 'config'>): Pick<Prepared, 'configFile' | 'config'> {
    if (this.positions === null || this.positions === config.positions) return { configFile, config };
    return {
      configFile: { ...configFile, mrope_positions: this.positions },
      config: { ...config, positions: this.positions },
    };
  }

  async *sample(
    model: ModelHandle,
    requests: readonly SampleRequest[],
    options: SampleOptions,
    signal: AbortSignal,
  ): AsyncGenerator<SampleEvent> {
    const loaded = this.loaded(model);
    const { tokenizer, config } = loaded;
    checkOptions(options, this.capabilities.topAlternatives);
    const encoder = new PromptEncoder(tokenizer, config);
    const prompts = requests.map(({ prompt }) => encoder.encode(prompt));
    const answers = requests.flatMap(({ seeds }, request) => seeds.map((seed, index) => ({ request, index, seed })));
    const abort = new Int32Array(new SharedArrayBuffer(4));
    const onAbort = (): void => {
      Atomics.store(abort, 0, 1);
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort);
    const stream = new SampleStream(tokenizer, answers);
    const { allowed, endTokens } = drawable(tokenizer, config.text.vocabularySize);
    const stop = stopTexts(tokenizer, config.text.vocabularySize, options.stop ?? []);
    const chunks = sampleChunks(prompts, answers, this.replicas.count).map((chunk) => ({
      ...chunk,
      options,
      allowed,
      endTokens,
      stop,
      abort,
    }));
    const work = this.inTurn(async () => {
      let next = 0;
      const serve = async (replica: number): Promise<void> => {
        for (let chunk = chunks[next++]; chunk !== undefined; chunk = chunks[next++]) {
          await this.replicas.ask<'sample'>(replica, { kind: 'sample', model: model.id, chunk }, (report) =>
            stream.report(report),
          );
        }
      };
      await allAnswers(Array.from({ length: this.replicas.count }, (_, replica) => serve(replica)));
    });
    work.then(
      () => stream.end(),
      (error: unknown) => stream.fail(error),
    );
    try {
      yield* stream;
    } finally {
      onAbort();
      signal.removeEventListener('abort', onAbort);
      await work.catch(() => undefined);
    }
  }

  forward(
    model: ModelHandle,
    sequences: readonly Sequence[],
    { entropy }: { readonly entropy: boolean } = { entropy: false },
  ): Promise<Scored[]> {
    return this.inTurn(async () => {
      const { prompts, answers } = this.encode(this.loaded(model), sequences, true);
      const groups = groupByPrompt(prompts);
      const shards = shardInOrder(groups, rowsAdded(packed(groups, answers)), this.replicas.count);
      const results: Scored[] = sequences.map(() => ({ logprobs: new Float32Array(), entropy: null }));
      const parts = await this.replicas.askAll<'forward'>((replica) => {
        const own = shards[replica] ?? [];
        return own.length === 0 ? null : { kind: 'forward', model: model.id, groups: packed(own, answers), entropy };
      });
      eachAnswer(shards, answers, (i, replica, from, to) => {
        const part = parts[replica];
        if (part)
          results[i] = { logprobs: part.logprobs.slice(from, to), entropy: part.entropy?.slice(from, to) ?? null };
      });
      return results;
    });
  }

  forwardBackward(model: ModelHandle, loss: TrainingLoss): Promise<LossReport> {
    return this.inTurn(async () => {
      const loaded = this.loaded(model);
      if (loaded.gradients === null) throw new StudioError('internal', 'A reference model is not trained.');
      const exactKl = loss.kind === 'policy' ? (loss.exactKl ?? null) : null;
      if (exactKl !== null) this.checkReference(loaded, exactKl);
      const { prompts, answers } = this.encode(loaded, loss.sequences);
      const groups = groupByPrompt(prompts);
      const shards = shard(groups, (i) => answers[i]?.length ?? 0, this.replicas.count);
      const answerTokens = answers.reduce((sum, { length }) => sum + length, 0);
      const ofPrompts = loss.kind === 'cross-entropy' && loss.promptTokens;
      const tokens = answerTokens + (ofPrompts ? prompts.reduce((sum, prompt) => sum + predictedTokens(prompt), 0) : 0);
      if (answerTokens === 0) throw new StudioError('bad-request', 'There is no answer token to train on.');
      const requests = shards.map((own, replica): ForwardBackward | null => {
        if (own.length === 0) return null;
        const order = own.flatMap(({ sequences }) => sequences);
        return {
          groups: packed(own, answers),
          terms: lossTerms(loss, order, answers, tokens),
          promptWeights: ofPrompts ? Float32Array.from(own, ({ sequences }) => sequences.length / tokens) : null,
          reference: exactKl?.id ?? null,
          fresh: !loaded.contributing.has(replica),
        };
      });
      const parts = await this.replicas
        .askAll<'forward-backward'>((replica) => {
          const work = requests[replica] ?? null;
          return work === null ? null : { kind: 'forward-backward', model: model.id, work };
        })
        .catch((error: unknown) => {
          loaded.contributing.clear();
          throw error;
        });
      requests.forEach((work, replica) => {
        if (work !== null) loaded.contributing.add(replica);
      });
      const sum = (key: 'loss' | 'kl' | 'clipped'): number =>
        parts.reduce((total, part) => total + (part?.[key] ?? 0), 0);
      const total = sum('loss');
      if (!Number.isFinite(total)) {
        loaded.contributing.clear();
        throw new StudioError('not-finite', `The loss is ${total}; no weight was changed.`, {
          remedy: 'Lower the learning rate, or go back to the last checkpoint.',
        });
      }
      const policy = loss.kind === 'policy';
      const scored = loss.sequences.map((): LossScored => ({ logprobs: new Float32Array(), refLogprobs: null }));
      eachAnswer(shards, answers, (i, replica, from, to) => {
        const part = parts[replica]?.scored;
        if (part)
          scored[i] = {
            logprobs: part.logprobs.slice(from, to),
            refLogprobs: part.refLogprobs?.slice(from, to) ?? null,
          };
      });
      const hasReference =
        policy && (exactKl !== null || loss.sequences.every(({ refLogprobs }) => refLogprobs !== null));
      return {
        loss: total,
        kl: hasReference ? sum('kl') / answerTokens : null,
        clipped: policy ? sum('clipped') / answerTokens : null,
        tokens,
        scored: policy ? scored : null,
      };
    });
  }

  optimStep(model: ModelHandle, step: OptimStep): Promise<{ gradNorm: number }> {
    return this.inTurn(async () => {
      const { contributing } = this.loaded(model);
      const holders = [...contributing].sort((a, b) => a - b);
      contributing.clear();
      const parts = await this.replicas.askAll<'reduce-gradient'>(() => ({
        kind: 'reduce-gradient',
        model: model.id,
        contributing: holders,
      }));
      const gradNorm = Math.sqrt(parts.reduce((sum, part) => sum + (part?.squares ?? 0), 0));
      if (!Number.isFinite(gradNorm)) {
        throw new StudioError('not-finite', 'The gradient holds values that are not finite; no weight was changed.', {
          remedy: 'Lower the learning rate, or go back to the last checkpoint.',
        });
      }
      const { gradClipNorm } = step;
      const scale = gradClipNorm > 0 && gradNorm > gradClipNorm ? gradClipNorm / gradNorm : 1;
      const [gradientOf = 0] = holders;
      await this.replicas.askAll<'optim-step'>(() => ({
        kind: 'optim-step',
        model: model.id,
        step,
        gradientOf,
        scale,
      }));
      return { gradNorm };
    });
  }

  snapshot(model: ModelHandle): Promise<WeightsSnapshot> {
    return this.inTurn(async () => {
      this.loaded(model);
      const snapshot: WeightsSnapshot = { id: this.snapshots++, model };
      await this.ofSnapshot('snapshot', snapshot);
      return snapshot;
    });
  }

  restore(snapshot: WeightsSnapshot): Promise<void> {
    return this.inTurn(async () => {
      this.loaded(snapshot.model).contributing.clear();
      await this.ofSnapshot('restore', snapshot);
    });
  }

  release(snapshot: WeightsSnapshot): Promise<void> {
    return this.inTurn(() => this.ofSnapshot('release', snapshot));
  }

  /** Each replica keeps a copy of its own: they agree before and after. */
  private async ofSnapshot(kind: 'snapshot' | 'restore' | 'release', { id, model }: WeightsSnapshot): Promise<void> {
    await this.replicas.askAll<typeof kind>(() => ({ kind, model: model.id, snapshot: id }));
  }

  saveState(model: ModelHandle, folder: string): Promise<ReadonlyMap<string, string>> {
    return this.inTurn(async () => {
      const { configFile, tokenizer, companions } = this.loaded(model);
      const { optimizerStep, hashes } = await this.replicas.ask<'save'>(0, { kind: 'save', model: model.id, folder });
      await writeCheckpointFiles(folder, configFile, tokenizer, companions, optimizerStep);
      return hashes;
    });
  }

  async render(model: ModelHandle, prompt: Prompt): Promise<Rendered> {
    const { tokenizer, config } = this.loaded(model);
    const encoded = new PromptEncoder(tokenizer, config).encode(prompt);
    const visionTokens = encoded.media.reduce((sum, { tokens }) => sum + tokens, 0);
    const { pieces } = decodePieces(tokenizer, encoded.tokens);
    return { text: renderPrompt(prompt, tokenizer), ids: encoded.tokens, pieces, visionTokens };
  }

  unload(model: ModelHandle): Promise<void> {
    return this.inTurn(async () => {
      this.loaded(model);
      this.models.delete(model.id);
      await this.replicas.askAll<'unload'>(() => ({ kind: 'unload', model: model.id }));
    });
  }

  memory(): Promise<{ bytes: number; tensors: number }> {
    return this.inTurn(async () => {
      const parts = await this.replicas.askAll<'memory'>(() => ({ kind: 'memory' }));
      return {
        bytes: parts.reduce((sum, part) => sum + (part?.bytes ?? 0), 0),
        tensors: parts.reduce((sum, part) => sum + (part?.tensors ?? 0), 0),
      };
    });
  }

  async dispose(): Promise<void> {
    this.models.clear();
    await this.replicas.dispose();
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.queue.then(work);
    this.queue = result.catch(() => undefined);
    return result;
  }

  private loaded(model: ModelHandle): Loaded {
    const loaded = this.models.get(model.id);
    if (loaded === undefined) throw new StudioError('engine-failed', `Model ${model.id} is not loaded.`);
    return loaded;
  }

  /** An exact KL compares distributions over one vocabulary. */
  private checkReference({ config }: Loaded, reference: ModelHandle): void {
    const { vocabularySize } = this.loaded(reference).config.text;
    if (vocabularySize === config.text.vocabularySize) return;
    throw new StudioError(
      'bad-request',
      `The reference has ${vocabularySize} tokens, the policy ${config.text.vocabularySize}; an exact KL needs the same ones.`,
    );
  }

  /** @param alikeFrames whether frames of the same pixels are taken as the same frame: not where a gradient is added up by rows */
  private encode(
    { tokenizer, config }: Loaded,
    sequences: readonly Sequence[],
    alikeFrames = false,
  ): { prompts: EncodedPrompt[]; answers: Int32Array[] } {
    const encoder = new PromptEncoder(tokenizer, config, alikeFrames);
    const prompts = sequences.map(({ prompt }) => encoder.encode(prompt));
    const end = tokenizer.special(specialTokens.turnEnd);
    const answers = sequences.map(({ answer }) => {
      if ('text' in answer) {
        const newline = answer.turnNewline === true ? tokenizer.encode('\n') : [];
        return Int32Array.from([...tokenizer.encode(answer.text), end, ...newline]);
      }
      const bad = answer.tokens.find((token) => token < 0 || token >= config.text.vocabularySize);
      if (bad !== undefined)
        throw new StudioError(
          'bad-request',
          `An answer holds token ${bad}; the model has ${config.text.vocabularySize}.`,
        );
      return answer.tokens;
    });
    return { prompts, answers };
  }
}

/** Tokens of a prompt that a loss over prompts predicts: all from the second on but vision tokens. */
function predictedTokens({ tokens, media }: EncodedPrompt): number {
  const vision = media.reduce((sum, medium) => sum + medium.tokens, 0);
  const startsWithVision = media.some(({ firstToken }) => firstToken === 0);
  return tokens.length - vision - (startsWithVision ? 0 : 1);
}

/** Which tokens may be drawn, and which end an answer. */
function drawable(tokenizer: Tokenizer, vocabularySize: number): { allowed: Float32Array; endTokens: number[] } {
  const endTokens = [tokenizer.special(specialTokens.turnEnd), tokenizer.special(specialTokens.pad)];
  const allowed = Float32Array.from({ length: vocabularySize }, (_, token) =>
    endTokens.includes(token) || (tokenizer.has(token) && tokenizer.specialName(token) === null) ? 1 : 0,
  );
  return { allowed, endTokens };
}

/** Each sequence with its replica, and which of that replica's answer tokens are its own. */
function eachAnswer(
  shards: readonly (readonly PromptGroup[])[],
  answers: readonly Int32Array[],
  visit: (sequence: number, replica: number, from: number, to: number) => void,
): void {
  shards.forEach((groups, replica) => {
    let from = 0;
    for (const i of groups.flatMap(({ sequences }) => sequences)) {
      const to = from + (answers[i]?.length ?? 0);
      visit(i, replica, from, to);
      from = to;
    }
  });
}

function packed(groups: readonly PromptGroup[], answers: readonly Int32Array[]): PackedGroup[] {
  return groups.map(({ prompt, sequences }) => ({
    prompt,
    answers: sequences.map((i) => answers[i] ?? new Int32Array()),
  }));
}

/** Chunks of bounded size, as even as can be and at least one per replica when there are answers enough. */
function sampleChunks(
  prompts: readonly EncodedPrompt[],
  answers: readonly { readonly request: number; readonly seed: number }[],
  replicas: number,
): Pick<SampleChunk, 'prompts' | 'answers'>[] {
  const rounds = Math.ceil(answers.length / (replicas * mostAnswersPerChunk));
  const most = Math.ceil(answers.length / Math.max(1, rounds * replicas));
  const chunks: { prompts: EncodedPrompt[]; answers: WantedAnswer[] }[] = [];
  let promptTokens = 0;
  answers.forEach(({ request, seed }, answer) => {
    const prompt = prompts[request] as EncodedPrompt;
    let chunk = chunks.at(-1);
    const isNew = chunk?.prompts.at(-1) !== prompt;
    const added = isNew ? prompt.tokens.length : 0;
    if (
      chunk === undefined ||
      chunk.answers.length >= most ||
      (promptTokens > 0 && promptTokens + added > mostPromptTokensPerChunk)
    ) {
      chunk = { prompts: [], answers: [] };
      chunks.push(chunk);
      promptTokens = 0;
    }
    if (chunk.prompts.at(-1) !== prompt) {
      chunk.prompts.push(prompt);
      promptTokens += prompt.tokens.length;
    }
    chunk.answers.push({ answer, prompt: chunk.prompts.length - 1, seed });
  });
  return chunks;
}

/** The terms of the sequences in `order`, with the weight that each token has in the mean over the whole batch. */
function lossTerms(
  loss: TrainingLoss,
  order: readonly number[],
  answers: readonly Int32Array[],
  tokens: number,
): LossTerms {
  const lengths = order.map((i) => answers[i]?.length ?? 0);
  const perToken = (value: (i: number, length: number) => number): Float32Array => {
    const out = new Float32Array(lengths.reduce((sum, n) => sum + n, 0));
    let at = 0;
    order.forEach((i, k) => {
      const length = lengths[k] ?? 0;
      out.fill(value(i, length), at, at + length);
      at += length;
    });
    return out;
  };
  const weighted = (shares: Float32Array): Float32Array => multiplied(shares, order, loss.sequences, lengths);
  if (loss.kind === 'cross-entropy') return { kind: 'cross-entropy', weights: weighted(perToken(() => 1 / tokens)) };
  const { sequences, clip, beta, mean, ratio = 'token' } = loss;
  const joined = (pick: (sequence: PolicySequence) => Float32Array | null, what: string): Float32Array => {
    const out = new Float32Array(lengths.reduce((sum, n) => sum + n, 0));
    let at = 0;
    order.forEach((i, k) => {
      const values = pick(sequences[i] as PolicySequence) ?? new Float32Array();
      if (values.length !== lengths[k]) {
        throw new StudioError(
          'bad-request',
          `Sequence ${i} has ${lengths[k]} answer tokens and ${values.length} ${what}.`,
        );
      }
      out.set(values, at);
      at += values.length;
    });
    return out;
  };
  const references = sequences.filter(({ refLogprobs }) => refLogprobs !== null).length;
  if (references !== 0 && references !== sequences.length) {
    throw new StudioError('bad-request', 'Either all sequences or none have log-probabilities of a reference.');
  }
  return {
    kind: 'policy',
    weights: weighted(
      perToken((_, answerTokens) => tokenWeight(mean, { answerTokens, answers: sequences.length, allTokens: tokens })),
    ),
    advantages: perToken((i) => sequences[i]?.advantage ?? 0),
    oldLogprobs: joined(({ oldLogprobs }) => oldLogprobs, 'old log-probabilities'),
    refLogprobs: references === 0 ? null : joined(({ refLogprobs }) => refLogprobs, 'reference log-probabilities'),
    answers: Int32Array.from(order.flatMap((i, k) => new Array<number>(lengths[k] ?? 0).fill(i))),
    ratio,
    clip,
    beta,
  };
}

/** The shares of answer tokens times the weights that sequences bring along. @throws StudioError `bad-request` */
function multiplied(
  shares: Float32Array,
  order: readonly number[],
  sequences: readonly Sequence[],
  lengths: readonly number[],
): Float32Array {
  let at = 0;
  order.forEach((i, k) => {
    const answer = sequences[i]?.answer;
    const weights = answer !== undefined && 'tokens' in answer ? answer.weights : undefined;
    const length = lengths[k] ?? 0;
    if (weights !== undefined) {
      if (weights.length !== length || !weights.every((weight) => Number.isFinite(weight))) {
        throw new StudioError(
          'bad-request',
          `Sequence ${i} needs one finite weight for each of its ${length} answer tokens.`,
        );
      }
      for (let j = 0; j < length; j++) (shares[at + j] as number) *= weights[j] as number;
    }
    at += length;
  });
  return shares;
}

/** @throws StudioError `bad-request` naming the option */
function checkOptions(options: SampleOptions, mostAlternatives: number): void {
  const { maxTokens, temperature, topP, topK = 0, alternatives = 0, stop = [] } = options;
  const whole = (value: number, least: number, most: number): boolean =>
    Number.isInteger(value) && value >= least && value <= most;
  const faults = [
    whole(maxTokens, 1, Number.MAX_SAFE_INTEGER) ? [] : [`maxTokens is ${maxTokens}; it is a number of tokens`],
    Number.isFinite(temperature) && temperature >= 0 ? [] : [`temperature is ${temperature}; it is 0 or more`],
    topP > 0 && topP <= 1 ? [] : [`topP is ${topP}; it is above 0 and at most 1`],
    whole(topK, 0, Number.MAX_SAFE_INTEGER) ? [] : [`topK is ${topK}; it is a number of tokens, or 0`],
    whole(alternatives, 0, mostAlternatives) ? [] : [`alternatives is ${alternatives}; it is 0 to ${mostAlternatives}`],
    stop.every((text) => text !== '') ? [] : ['stop holds an empty text'],
  ].flat();
  if (faults.length > 0) throw new StudioError('bad-request', `${faults.join('. ')}.`);
}

/** What threads need to see that a text ends an answer: they know tokens by number alone. */
function stopTexts(tokenizer: Tokenizer, vocabularySize: number, texts: readonly string[]): SampleChunk['stop'] {
  if (texts.length === 0) return null;
  return {
    texts: texts.map((text) => Buffer.from(text, 'utf8')),
    pieces: Array.from({ length: vocabularySize }, (_, token) => tokenizer.bytes(token)),
  };
}
