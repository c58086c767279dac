/** Whether a run fits into the memory that there is, and what would make it fit. */
import { StudioError } from '../../../protocol/errors.ts';
import type { VerlSettings } from '../../../protocol/runfile.ts';
import type { ModelConfig } from '../../qwen/config.ts';
import { estimateMemory, type MemoryEstimate, type Work } from './estimate.ts';

/** Memory of what a run is to compute on; null for what is not known. */
export interface Room {
  readonly device: 'cpu' | 'cuda';
  /** Of each GPU, the smallest one. */
  readonly gpuBytes: number | null;
  /** Of each machine. */
  readonly hostBytes: number | null;
}

export interface Asked {
  readonly config: ModelConfig;
  readonly settings: VerlSettings;
  readonly work: Work;
}

/** What the allocator's blocks lose of a GPU; what is below this share of it runs with some certainty. */
const usableShare = 0.92;

export interface Verdict {
  readonly estimate: MemoryEstimate;
  /** Sentences, each with what is needed and what there is; empty where it fits. */
  readonly lacks: readonly string[];
  /** It fits by less than what the allocator may lose. */
  readonly isTight: boolean;
}

/** By how much vLLM must be able to hold at least: its part of the weights, one answer's keys and values, and its workspace. */
function samplerLack({ config: { text }, settings, work }: Asked, weights: number, gpuBytes: number): string | null {
  const { sampler, samplerMemory, tensorParallel } = settings;
  if (sampler !== 'vllm') return null;
  const workspace = 2e9;
  const keys = 2 * text.shape.kvHeads * text.shape.headDim * 2 * text.layers;
  const needed = (weights * 2 + (work.promptTokens + work.answerTokens) * keys) / tensorParallel + workspace;
  const has = samplerMemory * gpuBytes;
  if (needed <= has) return null;
  return `vLLM needs ${gib(needed)} of each GPU for weights and one answer, and samplerMemory ${samplerMemory} gives it ${gib(has)}`;
}

export function judge(asked: Asked, room: Room): Verdict {
  const estimate = estimateMemory(asked.config, asked.settings, asked.work, room.device);
  const lacks: string[] = [];
  let isTight = false;
  if (room.device === 'cuda' && room.gpuBytes !== null) {
    const { settings } = asked;
    const resident = estimate.resident.reduce((all, { bytes }) => all + bytes, 0);
    // What vLLM takes while it samples is beside what stays.
    const sampling = settings.sampler === 'vllm' ? resident + settings.samplerMemory * room.gpuBytes : 0;
    const needed = Math.max(estimate.peak.bytes, sampling);
    const when = sampling > estimate.peak.bytes ? 'while vLLM samples' : phaseWords[estimate.peak.name];
    if (needed > room.gpuBytes) lacks.push(`Each GPU needs ${gib(needed)} ${when}, and has ${gib(room.gpuBytes)}`);
    else isTight = needed > usableShare * room.gpuBytes;
    const ofSampler = samplerLack(asked, estimate.parameters, room.gpuBytes);
    if (ofSampler !== null) lacks.push(ofSampler);
  }
  if (room.hostBytes !== null && estimate.hostBytes > room.hostBytes)
    lacks.push(`A machine's memory must hold ${gib(estimate.hostBytes)}, and is ${gib(room.hostBytes)}`);
  return { estimate, lacks, isTight };
}

export const phaseWords: Readonly<Record<MemoryEstimate['peak']['name'], string>> = {
  sampling: 'while it samples',
  scoring: 'while it scores',
  backward: 'in the backward pass',
  step: "in the optimizer's step",
};

/** A change of settings that makes it fit, as the keys that change. */
export type Way = Partial<VerlSettings>;

/** Ways that fit, each by itself: with the settings as they are, then offloaded, with LoRA, on more ranks, by both. */
export function waysToFit(asked: Asked, room: Room, most = 4): Way[] {
  const { settings } = asked;
  const firsts: Way[] = [
    {},
    ...(settings.offload || room.device === 'cpu' ? [] : [{ offload: true }]),
    ...(settings.lora ? [] : [{ lora: { rank: 64, alpha: 128 } }]),
    ...moreRanks(settings),
    ...(settings.offload || settings.lora || room.device === 'cpu'
      ? []
      : [{ offload: true, lora: { rank: 64, alpha: 128 } }]),
  ];
  const found: Way[] = [];
  for (const first of firsts) {
    const way = withFewerTokens(asked, first, room);
    if (way === null) continue;
    // What another way does with less adds nothing.
    if ('ranks' in way && found.some((other) => 'ranks' in other)) continue;
    if ('offload' in way && 'lora' in way && found.some((other) => 'offload' in other || 'lora' in other)) continue;
    found.push(way);
    if (found.length === most) break;
  }
  return found;
}

function moreRanks({ ranks, nodes }: VerlSettings): Way[] {
  return [2, 4, 8, 16].map((times) => ({ ranks: ranks * times, ...(nodes > 1 && { nodes: nodes * times }) }));
}

/** The way with the most tokens at a time with which it fits; null where one sequence at a time does not. */
function withFewerTokens({ config, settings, work }: Asked, way: Way, room: Room): Way | null {
  const changed = { ...settings, ...way };
  const length = work.promptTokens + work.answerTokens;
  const fits = (tokens: Way) => judge({ config, settings: { ...changed, ...tokens }, work }, room).lacks.length === 0;
  for (const key of ['none', 'microBatchTokens', 'sampleTokens', 'both'] as const) {
    for (const share of key === 'none' ? [1] : [2, 4, 8, 16, 32, 64]) {
      const cut = (tokens: number) => Math.max(length, Math.floor(tokens / share));
      const tokens: Way = {
        ...((key === 'microBatchTokens' || key === 'both') && { microBatchTokens: cut(settings.microBatchTokens) }),
        ...((key === 'sampleTokens' || key === 'both') && { sampleTokens: cut(settings.sampleTokens) }),
      };
      if (fits(tokens)) return { ...way, ...tokens };
    }
  }
  return null;
}

/** `"offload": true with "microBatchTokens": 4096` */
export function wayWords(way: Way): string {
  return Object.entries(way)
    .map(([key, value]) => `"${key}": ${JSON.stringify(value)}`)
    .join(' with ');
}

/** @throws StudioError `engine-failed` with the numbers and the ways out, where it can't fit */
export function refuseWhatCantFit(asked: Asked, room: Room, place: string): void {
  const { lacks, estimate } = judge(asked, room);
  if (lacks.length === 0) return;
  const model = `The model has ${billions(estimate.parameters)} parameters, of which ${billions(estimate.trained)} are trained`;
  const ways = waysToFit(asked, room).map(wayWords);
  throw new StudioError('engine-failed', `${model}. ${lacks.join('. ')}.`, {
    place,
    remedy:
      ways.length === 0
        ? 'Take a smaller model, shorter prompts and answers, or larger GPUs. video-r1 memory says what takes how much.'
        : `It fits with ${ways.join('; or ')} in the run file's engine. video-r1 memory says what takes how much.`,
  });
}

export const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

export function billions(count: number): string {
  return count < 1e7 ? count.toLocaleString('en-US') : `${(count / 1e9).toFixed(2)} billion`;
}
