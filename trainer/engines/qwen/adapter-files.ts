/** The files of a LoRA adapter as peft writes them, and by which weights it is known that its base is still the same. */
import { createHash } from 'node:crypto';
import { open, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { StudioError } from '../../protocol/errors.ts';
import { faultLine } from '../../protocol/issues.ts';
import { parseJson } from '../../protocol/json.ts';
import { weightFiles } from '../model-folder.ts';

export const adapterConfigFile = 'adapter_config.json';
export const adapterWeightsFile = 'adapter_model.safetensors';
/** Beside an adapter of ours: what its base's weights were. */
const baseFile = 'adapter_base.json';

const none = z.union([z.literal(false), z.null()]).optional();
const nothing = z.union([z.null(), z.array(z.unknown()).max(0), z.record(z.string(), z.unknown()).refine(isEmpty)]);

/** What is read of an adapter's configuration: W + scale · B A, and nothing else, can be added to a base. */
const adapterConfig = z.looseObject({
  peft_type: z.literal('LORA').optional(),
  base_model_name_or_path: z.string().min(1),
  r: z.number().int().positive(),
  lora_alpha: z.number().positive(),
  use_rslora: z.boolean().nullish(),
  use_dora: none,
  fan_in_fan_out: none,
  bias: z.literal('none').nullish(),
  modules_to_save: nothing.optional(),
  rank_pattern: nothing.optional(),
  alpha_pattern: nothing.optional(),
  layer_replication: nothing.optional(),
  /** Others, such as PiSSA, begin by taking something off the base's weights. */
  init_lora_weights: z.union([z.boolean(), z.enum(['gaussian', 'eva', 'orthogonal'])]).nullish(),
});

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}

export interface AdapterConfig {
  readonly rank: number;
  readonly alpha: number;
  /** What B A is multiplied by: alpha / rank, or alpha / √rank where the adapter says so (rsLoRA). */
  readonly scale: number;
  /** Folder of the model beside which it was trained. */
  readonly base: string;
}

/** Null where the folder holds no adapter. @throws StudioError `bad-model` for one that is more than W + scale · B A */
export async function readAdapterConfig(folder: string): Promise<AdapterConfig | null> {
  const place = path.join(folder, adapterConfigFile);
  const text = await readFile(place, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw new StudioError('bad-model', `The file can't be read: ${error.message}`, { place, cause: error });
  });
  if (text === null) return null;
  const said = parseJson(text);
  const parsed = adapterConfig.safeParse(said);
  if (!parsed.success)
    throw new StudioError(
      'bad-model',
      `This is no plain LoRA adapter: ${faultLine(adapterConfig, said, parsed.error, adapterConfigFile)}.`,
      { place, remedy: 'Use another checkpoint, or merge this one with peft.' },
    );
  const { r, lora_alpha, use_rslora, base_model_name_or_path } = parsed.data;
  return {
    ...{ rank: r, alpha: lora_alpha, base: base_model_name_or_path },
    scale: lora_alpha / (use_rslora === true ? Math.sqrt(r) : r),
  };
}

const samplesOfFile = 64;
const sampleBytes = 65536;

/**
 * By what a model's weights are known again without reading all of them: a SHA-256 of each file's name, size, beginning with its
 * header, and pieces all over it. Training changes every matrix, and so every piece. Null where there are no weights.
 */
export async function weightsDigest(folder: string): Promise<string | null> {
  const files = await weightFiles(folder).catch(() => null);
  if (files === null) return null;
  const hash = createHash('sha256');
  for (const file of [...files.files].sort()) {
    const handle = await open(file).catch(() => null);
    if (handle === null) return null;
    try {
      const { size } = await handle.stat();
      hash.update(`${path.basename(file)}\0${size}\0`);
      for (let sample = 0; sample < samplesOfFile; sample++) {
        const at = Math.floor((sample / samplesOfFile) * size);
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(sampleBytes), 0, sampleBytes, at);
        hash.update(buffer.subarray(0, bytesRead));
      }
    } finally {
      await handle.close();
    }
  }
  return hash.digest('hex');
}

const baseSaid = z.object({ weights: z.string() });

/** Says beside an adapter what its base's weights are. */
export async function writeBaseDigest(folder: string, digest: string): Promise<void> {
  await writeFile(path.join(folder, baseFile), `${JSON.stringify({ weights: digest }, null, 2)}\n`, { flush: true });
}

/**
 * An adapter is nothing beside other weights than its own base's. One that says nothing of them is taken.
 * @throws StudioError `bad-model`
 */
export async function requireSameBase(adapter: string, base: string): Promise<void> {
  const text = await readFile(path.join(adapter, baseFile), 'utf8').catch(() => null);
  const said = text === null ? null : baseSaid.safeParse(parseJson(text));
  if (said === null) return;
  const place = path.join(adapter, adapterConfigFile);
  if (!said.success)
    throw new StudioError('bad-model', 'The file does not say which weights the adapter was trained beside.', {
      place: path.join(adapter, baseFile),
      remedy: 'Use another checkpoint; this one was cut short or changed.',
    });
  const found = await weightsDigest(base);
  if (found === null || found === said.data.weights) return;
  throw new StudioError('bad-model', `The adapter was trained beside other weights than ${base} holds now.`, {
    place,
    remedy: 'Put the model back that it was trained beside, or name its folder there as base_model_name_or_path.',
  });
}
