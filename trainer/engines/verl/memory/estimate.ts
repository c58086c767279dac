/**
 * What a run takes of memory on each GPU and each machine, worked out before anything is loaded. Nothing is looked up: sizes come from
 * the model's configuration, the engine's settings and the longest sequence. Bytes throughout; tensors by the name of their use.
 *
 * What stays (ZeRO: Rajbhandari et al. 2020, section 3; FSDP2 shards all of it over N ranks): weights in float32 (4 bytes a parameter),
 * Adam's two moments (8), and while gradients are held those (4); a reference in the precision P of computing (2 or 4).
 * What comes and goes: the layers that are gathered whole in P, activations, logits, the KV cache. Activations of a layer are counted
 * tensor by tensor as transformers' Qwen2.5-VL keeps them for the backward pass (as Korthikanti et al. 2022, section 4.1, do for GPT);
 * with gradient checkpointing each layer keeps its input alone, and one layer at a time is computed again.
 */
import type { VerlSettings } from '../../../protocol/runfile.ts';
import { type ModelConfig, mergeSize } from '../../qwen/config.ts';
import { adapterParameters, parameterCounts } from './parameters.ts';

/** The longest that the run asks of the engine. */
export interface Work {
  /** Tokens of a prompt, vision tokens included, and how many of them are vision tokens. */
  readonly promptTokens: number;
  readonly visionTokens: number;
  readonly answerTokens: number;
  /** Answers that share a prompt's media; 1 for SFT. */
  readonly answers: number;
  /** A frozen copy of the start is kept for the KL term. */
  readonly reference: boolean;
  /** Answers are sampled. */
  readonly samples: boolean;
}

export interface Part {
  readonly what: string;
  readonly bytes: number;
}

/** What is needed at the same time on each GPU: `resident` is in every one of them. */
export interface Phase {
  readonly name: 'sampling' | 'scoring' | 'backward' | 'step';
  readonly parts: readonly Part[];
  readonly bytes: number;
}

export interface MemoryEstimate {
  readonly parameters: number;
  readonly trained: number;
  /** Of each rank's device. On a CPU the ranks' devices are the machine's memory. */
  readonly resident: readonly Part[];
  readonly phases: readonly Phase[];
  /** The largest phase. */
  readonly peak: Phase;
  /** Of the memory of the machine on which rank 0 runs. */
  readonly host: readonly Part[];
  readonly hostBytes: number;
}

const single = 4;
const moments = 2 * single;

/** Context, kernels, buffers of NCCL and of cuBLAS of a process on a GPU, about. */
const contextBytes = 1.5e9;
/** What vLLM keeps while it rests: its own context and captured graphs, about. */
const restingSampler = 2e9;
/** Resident memory of a rank before a model: Python with PyTorch, transformers and verl; with CUDA's libraries, about. */
const processBytes = { cpu: 0.8e9, cuda: 3e9 } as const;

/** @param device what the ranks compute on */
export function estimateMemory(
  config: ModelConfig,
  settings: VerlSettings,
  work: Work,
  device: 'cpu' | 'cuda',
): MemoryEstimate {
  const { ranks, lora } = settings;
  const counts = parameterCounts(config);
  const precision = (settings.precision ?? (device === 'cpu' ? 'float32' : 'bfloat16')) === 'float32' ? single : 2;
  const adapter = lora === undefined ? 0 : adapterParameters(config, lora.rank, !settings.freezeVision);
  const trained = lora === undefined ? counts.all - (settings.freezeVision ? counts.vision : 0) : adapter;
  const parameters = counts.all + adapter;
  const offloaded = settings.offload && device === 'cuda';
  const shard = (bytes: number) => bytes / ranks;

  const states: Part[] = [
    { what: 'weights, float32', bytes: shard(parameters * single) },
    { what: "Adam's moments, float32", bytes: shard(trained * moments) },
    ...(work.reference && lora === undefined
      ? [{ what: `reference, ${precision === single ? 'float32' : 'bfloat16'}`, bytes: shard(counts.all * precision) }]
      : []),
  ];
  const gradients = { what: 'gradients, float32', bytes: shard(trained * single) };
  const process = device === 'cuda' ? [{ what: "CUDA's context and buffers", bytes: contextBytes }] : [];
  const resting = settings.sampler === 'vllm' ? [{ what: 'vLLM at rest', bytes: restingSampler }] : [];
  const resident = [...(offloaded ? [] : states), ...process];

  const shape = { config, settings, work, counts, precision, device } as const;
  const phase = (name: Phase['name'], parts: readonly Part[]): Phase => {
    const all = [...resident, ...parts].filter(({ bytes }) => bytes > 0);
    return { name, parts: all, bytes: sum(all) };
  };
  const onDevice = offloaded ? [] : [gradients];
  // AdamW works out the step of all parameters before it takes it (torch.optim, foreach).
  const stepping = offloaded ? [] : [{ what: 'the step', bytes: shard(trained * single) }];
  const phases = [
    ...(work.samples ? [phase('sampling', settings.sampler === 'vllm' ? [] : sampling(shape))] : []),
    ...(settings.sampler === 'vllm' ? [phase('scoring', [...resting, ...pass(shape, 'scored')])] : []),
    phase('backward', [...onDevice, ...resting, ...pass(shape, 'trained')]),
    phase('step', [...onDevice, ...resting, ...stepping]),
  ];
  const peak = phases.reduce((most, one) => (one.bytes > most.bytes ? one : most));
  const ranksHere = Math.ceil(ranks / settings.nodes);
  // verl builds the model whole in float32: where the head is tied in every rank, else in rank 0, as a save does.
  const copies = config.text.tiedHead ? ranksHere : 1;
  const host: Part[] = [
    { what: `${ranksHere} ${ranksHere === 1 ? 'process' : 'processes'}`, bytes: ranksHere * processBytes[device] },
    { what: 'the model while it is loaded, float32', bytes: copies * counts.all * single },
    ...(offloaded ? [...states, gradients].map(({ what, bytes }) => ({ what, bytes: bytes * ranksHere })) : []),
    ...(device === 'cpu' ? [{ what: `${ranksHere} ranks, ${peak.name}`, bytes: ranksHere * peak.bytes }] : []),
  ];
  return { parameters, trained, resident, phases, peak, host, hostBytes: sum(host) };
}

const sum = (parts: readonly Part[]): number => parts.reduce((all, { bytes }) => all + bytes, 0);

interface Shape {
  readonly config: ModelConfig;
  readonly settings: VerlSettings;
  readonly work: Work;
  readonly counts: ReturnType<typeof parameterCounts>;
  /** Bytes of a number that is computed with. */
  readonly precision: number;
  readonly device: 'cpu' | 'cuda';
}

interface MicroBatch {
  readonly rows: number;
  /** Of a row: a prompt and the answers behind it. */
  readonly length: number;
  readonly answers: number;
}

/** A row holds no more, whatever the budget (the gateway's plan.py). */
const mostInRow = 8192;

/**
 * Rows of the fullest micro-batch: a prompt stands once for its answers as far as they fit (one a row where flash attention or SFT has
 * it so), rows go together up to the budget, and one that is longer goes alone.
 */
function microBatch({ settings, work }: Shape): MicroBatch {
  const { promptTokens, answerTokens } = work;
  const behind = Math.floor((Math.min(settings.microBatchTokens, mostInRow) - promptTokens) / answerTokens);
  const answers = settings.attention === 'flash_attention_2' ? 1 : Math.max(1, Math.min(work.answers, behind));
  const length = promptTokens + answers * answerTokens;
  return { rows: Math.max(1, Math.floor(settings.microBatchTokens / length)), length, answers };
}

/** What a pass of the fullest micro-batch takes beside what stays. */
function pass(shape: Shape, how: 'trained' | 'scored'): Part[] {
  const { config, settings, work, precision, device } = shape;
  const { text, vision } = config;
  const batch = microBatch(shape);
  const { rows, length, answers } = batch;
  const tokens = rows * length;
  const patches = rows * work.visionTokens * mergeSize ** 2;
  const training = how === 'trained';
  const trainsTower = training && !settings.freezeVision;
  const again = settings.gradientCheckpointing ?? device === 'cuda';

  const layer = tokens * layerBytes(shape, batch);
  const block = patches * blockBytes(shape);
  const input = tokens * text.hiddenSize * precision;
  const blockInput = patches * vision.hiddenSize * precision;
  const scored = rows * answers * work.answerTokens * text.vocabularySize;
  const chunk = Math.min(scored, chunkTokens * text.vocabularySize);
  const logits = training
    ? { kept: again ? 0 : scored * (precision + 2 * single), working: (again ? chunk : scored) * gradientBytes }
    : { kept: 0, working: chunk * (precision + 3 * single) };
  const kept = again
    ? { text: text.layers * input, vision: vision.depth * blockInput }
    : { text: text.layers * layer, vision: vision.depth * block };
  // The layer that is computed again, the logits and a block of the tower are not there at the same time.
  const working = Math.max(again || !training ? layer : 0, logits.working, block);
  return [
    { what: 'gathered layers', bytes: gatheredBytes(shape, training) },
    ...(training ? [{ what: 'kept activations', bytes: kept.text }] : []),
    ...(trainsTower ? [{ what: 'kept activations of the tower', bytes: kept.vision }] : []),
    { what: 'kept logits', bytes: logits.kept },
    {
      what: working === logits.working ? 'logits' : working === layer ? 'a layer' : 'a block of the tower',
      bytes: working,
    },
  ];
}

/** Logits are made of the answers' tokens, as many at a time where they are made again for the backward pass (scoring.py). */
const chunkTokens = 1024;
/** Of a token and an entry of the vocabulary in the backward pass, in float32: logits, and their gradients by the label, by the normaliser and summed. */
const gradientBytes = 4 * single;

/**
 * The root (with what is no layer), two layers of which one is fetched ahead, the head; and with training the largest of their
 * gradients, as it is computed and in float32 as it is summed over the ranks.
 */
function gatheredBytes({ counts, precision, settings }: Shape, training: boolean): number {
  const root = counts.towerRest + (counts.head === 0 ? counts.embedding : 0);
  const gathered = (root + 2 * counts.layer + counts.head) * precision;
  const largest = Math.max(counts.layer, counts.head, root);
  return gathered + (training && settings.lora === undefined ? largest * (precision + single) : 0);
}

/**
 * What a layer of the decoder keeps of a token for its backward pass. Both norms compute in float32 (two tensors each). Attention:
 * inputs, queries, keys and values, those again as they are turned, keys and values for every head, and what comes of it; the
 * MLP: its two projections, the gate's activation and the product.
 */
function layerBytes({ config: { text }, settings, precision }: Shape, batch: MicroBatch): number {
  const hidden = text.hiddenSize;
  const keys = text.shape.kvHeads * text.shape.headDim;
  const norms = 4 * hidden * single + 2 * hidden * precision;
  const attention = (hidden + 2 * keys + 2 * (hidden + keys) + 2 * hidden + hidden) * precision;
  const mlp = 4 * text.intermediateSize * precision;
  const residual = 2 * hidden * precision;
  return norms + attention + scoresBytes(settings, text.shape.heads, precision, batch) + mlp + residual;
}

/** Of attention for a token: plain attention keeps every head's scores and weights; a fused one the mask between answers. */
function scoresBytes({ attention }: VerlSettings, heads: number, precision: number, batch: MicroBatch): number {
  if (attention === 'eager') return heads * batch.length * (single + 2 * precision);
  return batch.answers > 1 ? batch.length * (1 + precision) : 0;
}

/** The same for a patch in a block of the tower, whose rotary angles are applied in float32. */
function blockBytes({ config: { vision }, precision }: Shape): number {
  const width = vision.hiddenSize;
  const norms = 4 * width * single + 2 * width * precision;
  const attention = 3 * width * precision + 4 * width * single + 5 * width * precision;
  return norms + attention + 4 * vision.intermediateSize * precision;
}

/**
 * Answers by `generate`: every rank holds the weights whole in the precision of computing; keys and values of all tokens of a batch, one layer's
 * twice while they grow; the prompts' first pass through a layer; and what is drawn from.
 */
function sampling({ config: { text, vision }, settings, work, counts, precision }: Shape): Part[] {
  const length = work.promptTokens + work.answerTokens;
  const rows = Math.max(1, Math.floor(settings.sampleTokens / length));
  const keys = 2 * text.shape.kvHeads * text.shape.headDim;
  const cache = rows * length * keys * precision * (text.layers + 1);
  const width = text.hiddenSize;
  const ofToken = 2 * width * single + (4 * width + keys + 3 * text.intermediateSize) * precision;
  // A prompt goes through once for all its answers; a batch may begin and end within a group.
  const prompts = Math.min(rows, Math.ceil(rows / work.answers) + 1);
  const ofPatch = 2 * vision.hiddenSize * single + (6 * vision.hiddenSize + 3 * vision.intermediateSize) * precision;
  const first = Math.max(prompts * work.promptTokens * ofToken, prompts * work.visionTokens * mergeSize ** 2 * ofPatch);
  return [
    { what: 'whole weights', bytes: counts.all * precision },
    { what: 'keys and values', bytes: cache },
    { what: "the prompts' pass", bytes: first },
    { what: 'drawing', bytes: rows * text.vocabularySize * drawnBytes },
  ];
}

/** Of an entry of the vocabulary in a row: logits, probabilities, their logarithms, the sorted ones and running sums in float64. */
const drawnBytes = 64;
