/**
 * The engine whose models lie in a gateway: a Python program over verl, on one machine or many. This object encodes prompts, names
 * frames and divides what the gateway sums; the gateway computes.
 */
import { rm } from 'node:fs/promises';
import type { EngineCapabilities } from '../../protocol/engine.ts';
import { StudioError } from '../../protocol/errors.ts';
import type { EngineStatus } from '../../protocol/run-state.ts';
import type { PositionGeneration, VerlSettings } from '../../protocol/runfile.ts';
import type {
  Engine,
  LossReport,
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
import { writeBaseDigest } from '../qwen/adapter-files.ts';
import { writeCheckpointFiles } from '../qwen/checkpoint-files.ts';
import { lossTerms } from '../qwen/loss-terms.ts';
import { PromptEncoder, renderedPrompt } from '../qwen/prompts.ts';
import { SampleStream } from '../qwen/sample-stream.ts';
import { checkOptions, drawable } from '../qwen/sampling.ts';
import { encodeSequences, predictedTokens } from '../qwen/sequences.ts';
import { stopTexts } from '../qwen/stop-texts.ts';
import { Answers } from './answers.ts';
import { Gateway, type GatewaySurroundings } from './gateway.ts';
import { type ModelFiles, type NewModel, openedFiles, requireWeights } from './model-files.ts';
import { byAnswer, checkGrids, framesOf, numbered, refuseExactKl, wireLoss, wirePrompts } from './requests.ts';

/** What the engine is given of the program that it is a part of. */
export interface VerlSurroundings extends GatewaySurroundings {
  /** Writes a model with weights from a seed into a folder, which is the engine's to remove. */
  makeModel(origin: NewModel, positions: PositionGeneration | null): Promise<string>;
}

/** Starts a gateway, or attaches to one. @throws StudioError `engine-failed` */
export async function createVerlEngine(settings: VerlSettings, around: VerlSurroundings): Promise<Engine> {
  return new VerlEngine(settings, around, await Gateway.open(settings, around));
}

interface Loaded extends ModelFiles {
  /** The sampler does not have the present weights. */
  isUnpublished: boolean;
}

class VerlEngine implements Engine {
  readonly capabilities: EngineCapabilities;
  readonly died: Promise<StudioError>;
  private readonly settings: VerlSettings;
  private readonly around: VerlSurroundings;
  private readonly gateway: Gateway;
  /** Null leaves it to the checkpoint. */
  private readonly positions: PositionGeneration | null;
  private readonly models = new Map<number, Loaded>();
  /** Folders of new models: the gateway may read them again, for a copy. */
  private readonly made: string[] = [];
  private handles = 0;
  private snapshots = 0;
  private parameters = 0;
  /** Primitives run one after the other, in the order in which they were called: frames are sent for the request behind them. */
  private queue: Promise<unknown> = Promise.resolve();

  constructor(settings: VerlSettings, around: VerlSurroundings, gateway: Gateway) {
    this.settings = settings;
    this.around = around;
    this.gateway = gateway;
    this.capabilities = gateway.hello.capabilities;
    this.died = gateway.link.lost;
    this.positions = gateway.positions;
  }

  status(): EngineStatus {
    const { hello, logFile } = this.gateway;
    const parts = [hello.device, hello.mode === 'ray' && 'Ray', hello.sampler === 'vllm' && 'vLLM'];
    const versions = ['verl', 'torch', 'transformers', 'vllm']
      .filter((name) => hello.versions[name])
      .map((name) => `${name} ${hello.versions[name]}`);
    return {
      name: 'verl',
      backend: parts.filter(Boolean).join(', '),
      ...{ threads: hello.ranks, ranks: hello.ranks },
      devices: hello.devices.map(({ name, memoryBytes }) => ({
        name,
        memoryBytes: hello.device === 'cpu' ? null : memoryBytes,
      })),
      ...(logFile !== null && { log: logFile }),
      parameters: this.parameters,
      why: `${hello.why} (${versions.join(', ')})`,
      capabilities: this.capabilities,
    };
  }

  createModel(origin: ModelOrigin, role: ModelHandle['role']): Promise<ModelHandle> {
    return this.inTurn(async () => {
      const { files, ...from } = await this.opened(origin);
      const handle: ModelHandle = { id: this.handles++, role };
      const made = await this.gateway.link.request('createModel', { model: handle.id, role, ...from });
      this.models.set(handle.id, { ...files, isUnpublished: true });
      if (role === 'policy') this.parameters = made.parameters;
      return handle;
    });
  }

  /** What this side has of a model, and what the gateway is told of where it comes from. */
  private async opened(
    origin: ModelOrigin,
  ): Promise<{ files: ModelFiles; folder: string | null; copyOf: number | null; optimizer: boolean }> {
    if (origin.kind === 'copy')
      return { files: this.loaded(origin.of), folder: null, copyOf: origin.of.id, optimizer: false };
    const { lora = null } = this.settings;
    const make = async (made: NewModel): Promise<string> => {
      const folder = await this.around.makeModel(made, this.positions);
      this.made.push(folder);
      return folder;
    };
    return { ...(await openedFiles(origin, { lora, positions: this.positions, make })), copyOf: null };
  }

  async *sample(
    model: ModelHandle,
    requests: readonly SampleRequest[],
    options: SampleOptions,
    signal: AbortSignal,
  ): AsyncGenerator<SampleEvent> {
    const { tokenizer, config } = this.loaded(model);
    checkOptions(options, this.capabilities.topAlternatives);
    const { maxTokens, temperature, topP, topK = 0, alternatives = 0 } = options;
    const encoder = new PromptEncoder(tokenizer, config);
    const { prompts, numbers } = numbered(requests.map(({ prompt }) => encoder.encode(prompt)));
    const wanted = requests.flatMap(({ seeds }, request) => seeds.map((seed, index) => ({ request, index, seed })));
    const stream = new SampleStream(tokenizer, wanted);
    const { vocabularySize } = config.text;
    const { allowed, endTokens } = drawable(tokenizer, vocabularySize);
    const banned = Int32Array.from(allowed.keys()).filter((token) => allowed[token] === 0);
    const { link } = this.gateway;
    let call: number | null = null;
    const onAbort = (): void => {
      if (call !== null) link.request('abort', { of: call }).catch(() => undefined);
    };
    const answers = new Answers({
      vocabularySize,
      maxTokens,
      alternatives,
      stop: stopTexts(tokenizer, vocabularySize, options.stop ?? []),
      begun: wanted.map(({ request }) => {
        const { tokens = new Int32Array(), begun = 0 } = prompts[numbers[request] ?? -1] ?? {};
        return tokens.subarray(tokens.length - begun);
      }),
      end: (answer) => {
        if (call !== null) link.request('end', { of: call, answer }).catch(() => undefined);
      },
    });
    const work = this.inTurn(async () => {
      await this.publish(model);
      await this.sendFrames(requests.map(({ prompt }) => prompt));
      if (signal.aborted) {
        stream.report(answers.abort());
        return;
      }
      const params = {
        ...{ model: model.id, prompts: wirePrompts(prompts, tokenizer) },
        answers: wanted.map(({ request, seed }) => ({ prompt: numbers[request] ?? 0, seed: seed >>> 0 })),
        ...{ maxTokens, temperature, topP, topK, alternatives, banned, endTokens },
      };
      const asked = link.call('sample', params, (event) => stream.report(answers.report(event)));
      call = asked.id;
      signal.addEventListener('abort', onAbort);
      await asked.answer;
      answers.checkAllFinished();
    });
    yield* stream.during(work, onAbort, signal);
  }

  forward(
    model: ModelHandle,
    sequences: readonly Sequence[],
    { entropy }: { readonly entropy: boolean } = { entropy: false },
  ): Promise<Scored[]> {
    return this.inTurn(async () => {
      const { params, prompts, answers } = await this.sequences(model, sequences);
      const said = await this.gateway.link.request('forward', { ...params, entropy });
      checkGrids(prompts, said.grids);
      if (entropy && said.entropy === null)
        throw new StudioError('engine-failed', 'The gateway gave no entropy, which was asked for.');
      const entropies = entropy && said.entropy !== null ? byAnswer(said.entropy, answers, 'entropies') : null;
      return byAnswer(said.logprobs, answers, 'log-probabilities').map(
        (logprobs, i): Scored => ({ logprobs, entropy: entropies?.[i] ?? null }),
      );
    });
  }

  forwardBackward(model: ModelHandle, loss: TrainingLoss): Promise<LossReport> {
    return this.inTurn(async () => {
      refuseExactKl(loss);
      const { params, prompts, encoded, answers } = await this.sequences(model, loss.sequences);
      const answerTokens = answers.reduce((sum, { length }) => sum + length, 0);
      if (answerTokens === 0) throw new StudioError('bad-request', 'There is no answer token to train on.');
      const ofPrompts = loss.kind === 'cross-entropy' && loss.promptTokens;
      const tokens = answerTokens + (ofPrompts ? encoded.reduce((sum, prompt) => sum + predictedTokens(prompt), 0) : 0);
      const terms = lossTerms(loss, [...answers.keys()], answers, tokens);
      const said = await this.gateway.link.request('forwardBackward', {
        ...params,
        weights: terms.weights,
        promptWeights: ofPrompts ? new Float32Array(answers.length).fill(1 / tokens) : null,
        loss: wireLoss(terms),
      });
      checkGrids(prompts, said.grids);
      const logprobs = byAnswer(said.logprobs, answers, 'log-probabilities');
      const hasReference = terms.kind === 'policy' && terms.refLogprobs !== null;
      return {
        loss: said.loss,
        kl: hasReference ? (said.kl ?? 0) / answerTokens : null,
        clipped: loss.kind === 'policy' ? said.clipped / answerTokens : null,
        tokens,
        scored:
          loss.kind === 'policy'
            ? loss.sequences.map(({ refLogprobs }, i) => ({ logprobs: logprobs[i] ?? new Float32Array(), refLogprobs }))
            : null,
      };
    });
  }

  optimStep(model: ModelHandle, step: OptimStep): Promise<{ gradNorm: number }> {
    return this.inTurn(async () => {
      const loaded = this.loaded(model);
      const { learningRate, beta1, beta2, epsilon, weightDecay, gradClipNorm } = step;
      const params = { model: model.id, learningRate, beta1, beta2, epsilon, weightDecay, gradClipNorm };
      const { gradNorm } = await this.gateway.link.request('optimStep', params);
      loaded.isUnpublished = true;
      return { gradNorm };
    });
  }

  snapshot(model: ModelHandle): Promise<WeightsSnapshot> {
    return this.inTurn(async () => {
      this.loaded(model);
      const snapshot: WeightsSnapshot = { id: this.snapshots++, model };
      await this.gateway.link.request('snapshot', { model: model.id, snapshot: snapshot.id });
      return snapshot;
    });
  }

  restore({ id, model }: WeightsSnapshot): Promise<void> {
    return this.inTurn(async () => {
      const loaded = this.loaded(model);
      await this.gateway.link.request('restore', { model: model.id, snapshot: id });
      loaded.isUnpublished = true;
    });
  }

  release({ id, model }: WeightsSnapshot): Promise<void> {
    return this.inTurn(async () => {
      await this.gateway.link.request('release', { model: model.id, snapshot: id });
    });
  }

  saveState(model: ModelHandle, folder: string): Promise<ReadonlyMap<string, string>> {
    return this.inTurn(async () => {
      const files = this.loaded(model);
      const { optimizerStep } = await this.gateway.link.request('saveState', { model: model.id, folder });
      await requireWeights(folder);
      if (files.baseDigest !== null) await writeBaseDigest(folder, files.baseDigest);
      await writeCheckpointFiles(folder, files, { step: optimizerStep, form: 'distributed' });
      return new Map();
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
      await this.gateway.link.request('unload', { model: model.id });
    });
  }

  recentLog(): readonly string[] {
    return this.gateway.recentLog();
  }

  memory(): Promise<{ bytes: number; tensors: number; byRank: number[] }> {
    return this.inTurn(() => this.gateway.link.request('memory', {}));
  }

  async dispose(): Promise<void> {
    this.models.clear();
    await this.gateway.close();
    for (const folder of this.made) await rm(folder, { recursive: true, force: true });
  }

  /** The sampler takes the weights that the trainer has by now. */
  private async publish(model: ModelHandle): Promise<void> {
    const loaded = this.loaded(model);
    if (!loaded.isUnpublished) return;
    await this.gateway.link.request('publish', { model: model.id });
    loaded.isUnpublished = false;
  }

  /** Sends the frames that the gateway does not have and can't read itself. */
  private async sendFrames(prompts: readonly Prompt[]): Promise<void> {
    const wanted = framesOf(prompts);
    if (wanted.length === 0) return;
    const { link } = this.gateway;
    const named = wanted.map(({ sent, frames }) => ({ ...sent, place: frames.place }));
    const { missing } = await link.request('frames', { frames: named });
    for (const index of missing) {
      const one = wanted[index];
      if (one === undefined)
        throw new StudioError('engine-failed', `The gateway asks for frames ${index}; ${wanted.length} were named.`);
      await link.request('putFrames', { ...one.sent, pixels: one.frames.pixels });
    }
  }

  /** What requests about sequences begin with; their frames are there then. */
  private async sequences(model: ModelHandle, sequences: readonly Sequence[]) {
    const loaded = this.loaded(model);
    const { prompts: encoded, answers } = encodeSequences(loaded, sequences);
    const { prompts, numbers } = numbered(encoded);
    await this.sendFrames(sequences.map(({ prompt }) => prompt));
    const params = {
      model: model.id,
      prompts: wirePrompts(prompts, loaded.tokenizer),
      sequences: answers.map((tokens, i) => ({ prompt: numbers[i] ?? 0, tokens })),
    };
    return { params, prompts, encoded, answers };
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
}
