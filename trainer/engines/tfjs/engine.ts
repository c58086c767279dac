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
import type { Companions } from '../qwen/checkpoint-files.ts';
import {
  newCompanions,
  readCheckpoint,
  readCheckpointConfig,
  withPositions,
  writeCheckpointFiles,
} from '../qwen/checkpoint-files.ts';
import type { ModelConfig } from '../qwen/config.ts';
import { newConfigFile, readConfig } from '../qwen/config.ts';
import { lossTerms } from '../qwen/loss-terms.ts';
import type { EncodedPrompt } from '../qwen/prompts.ts';
import { PromptEncoder, renderedPrompt } from '../qwen/prompts.ts';
import { SampleStream } from '../qwen/sample-stream.ts';
import { checkOptions, drawable } from '../qwen/sampling.ts';
import { encodeSequences, predictedTokens } from '../qwen/sequences.ts';
import { stopTexts } from '../qwen/stop-texts.ts';
import { Tokenizer } from '../qwen/tokenizer/tokenizer.ts';
import { setNativeEnvironment } from './backends/native-environment.ts';
import { ensureKernels } from './files.ts';
import type { ForwardBackward, SampleChunk, WantedAnswer, WeightsOrigin } from './messages.ts';
import type { PackedGroup } from './model/batch.ts';
import { rowsAdded } from './model/common-rows.ts';
import { refuseTooLarge } from './model/memory.ts';
import { parameterTable } from './model/parameters.ts';
import { allAnswers, Replicas } from './replicas.ts';
import type { PromptGroup } from './sharding.ts';
import { groupByPrompt, shard, shardInOrder } from './sharding.ts';

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
        const read = await readCheckpoint(origin.folder, {
          optimizer: origin.optimizer ? 'file' : null,
          tokenizerFolder: origin.tokenizer ?? null,
        });
        const { tokenizer, companions, optimizerStep } = read;
        const { configFile, config } = withPositions(read, this.positions);
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
    yield* stream.during(work, onAbort, signal);
  }

  forward(
    model: ModelHandle,
    sequences: readonly Sequence[],
    { entropy }: { readonly entropy: boolean } = { entropy: false },
  ): Promise<Scored[]> {
    return this.inTurn(async () => {
      const { prompts, answers } = encodeSequences(this.loaded(model), sequences, true);
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
      const { prompts, answers } = encodeSequences(loaded, loss.sequences);
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
      await writeCheckpointFiles(folder, { configFile, tokenizer, companions }, { step: optimizerStep, form: 'file' });
      return hashes;
    });
  }

  async render(model: ModelHandle, prompt: Prompt): Promise<Rendered> {
    const { tokenizer, config } = this.loaded(model);
    return renderedPrompt(tokenizer, config, prompt);
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
