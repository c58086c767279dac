/** The files of a LoRA adapter as peft writes them, and by which weights it is known that its base is still the same. */
import { createHash } from 'node:crypto';
import { open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { StudioError } from '../../protocol/errors.ts';
import { shownLine } from '../../protocol/hostile-text.ts';
import { faultLine } from '../../protocol/issues.ts';
import { parseJson } from '../../protocol/json.ts';
import { weightFiles } from '../model-folder.ts';
import { adapterConfigFile, holdsAdapter } from '../model-forms.ts';

export const adapterWeightsFile = 'adapter_model.safetensors';
/** Beside an adapter of ours: what its base's weights were. */
const baseFile = 'adapter_base.json';

const adapterConfig = z.looseObject({
  peft_type: z.literal('LORA').optional(),
  base_model_name_or_path: z.string().min(1),
  r: z.number().int().positive(),
  lora_alpha: z.number().positive(),
  use_rslora: z.boolean().nullish(),
});

/** Settings of peft that make an adapter more than W + scale · B A, unless they say nothing. */
const more = [
  ...[
    'use_dora',
    'use_qalora',
    'use_bdlora',
    'fan_in_fan_out',
    'lora_bias',
    'modules_to_save',
    'trainable_token_indices',
  ],
  ...['rank_pattern', 'alpha_pattern', 'layer_replication', 'alora_invocation_tokens', 'arrow_config', 'corda_config'],
  ...['kasa_config', 'lora_ga_config', 'monteclora_config', 'velora_config'],
] as const;
/** Others, such as PiSSA, begin by taking something off the base's weights. */
const plainStarts: readonly unknown[] = [undefined, null, true, false, 'gaussian', 'eva', 'orthogonal'];

const saysNothing = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === false ||
  (typeof value === 'object' && Object.keys(value).length === 0);

/** The name of what is more, with its value; null for a plain adapter. */
function moreThanPlain(said: Readonly<Record<string, unknown>>): string | null {
  const name =
    more.find((key) => !saysNothing(said[key])) ??
    (plainStarts.includes(said.init_lora_weights) ? undefined : 'init_lora_weights') ??
    (said.bias === undefined || said.bias === null || said.bias === 'none' ? undefined : 'bias');
  return name === undefined ? null : shownLine(`${name} ${JSON.stringify(said[name])}`, 120);
}

export interface AdapterConfig {
  readonly rank: number;
  readonly alpha: number;
  /** What B A is multiplied by: alpha / rank, or alpha / √rank where the adapter says so (rsLoRA). */
  readonly scale: number;
  /** The folder, or the name on the Hub, of the model beside which it was trained, as the file says it. */
  readonly base: string;
  /** Whether some layers alone were to be adapted. */
  readonly isOfSomeLayers: boolean;
}

/** Whether the folder holds an adapter, and no whole model. */
export async function isAdapter(folder: string): Promise<boolean> {
  return holdsAdapter(await readdir(folder).catch(() => []));
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
  const beyond = moreThanPlain(parsed.data);
  if (beyond !== null)
    throw new StudioError(
      'bad-model',
      `This adapter is more than a product that is added to weights: it has ${beyond}.`,
      {
        place,
        remedy: 'Merge it with peft, or use another checkpoint.',
      },
    );
  return {
    ...{ rank: r, alpha: lora_alpha, base: base_model_name_or_path },
    scale: lora_alpha / (use_rslora === true ? Math.sqrt(r) : r),
    isOfSomeLayers: !saysNothing(parsed.data.layers_to_transform),
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
    // What is no file, such as a pipe, would be waited for.
    if (!(await stat(file).catch(() => null))?.isFile()) return null;
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
  throw new StudioError(
    'bad-model',
    `The adapter was trained beside other weights than ${shownLine(base, 300)} holds now.`,
    {
      place,
      remedy: 'Put the model back that it was trained beside, or name its folder there as base_model_name_or_path.',
    },
  );
}
