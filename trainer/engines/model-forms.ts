/**
 * What a folder holds when it is no model that can be loaded: each form that models come in is refused by its name, with the way
 * to one that can be. Whether the architecture is one that an engine computes is for the engine.
 */
import type { Dirent } from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { StudioError } from '../protocol/errors.ts';
import { parseJson } from '../protocol/json.ts';
import { tokenizerFile } from './model-folder.ts';

const inPython = (code: string) => `In Python: ${code}`;
const loadAndSave = 'AutoModelForImageTextToText.from_pretrained(FOLDER, dtype="auto").save_pretrained(OUT)';
const fromHub = 'A model of the Hub is fetched first: hf download Qwen/Qwen2.5-VL-3B-Instruct --local-dir FOLDER.';

interface Form {
  /** Of a file or folder in the folder. */
  readonly name: RegExp;
  readonly message: (name: string) => string;
  readonly remedy: string;
}

/** Weights that are no safetensors. */
const weightForms: readonly Form[] = [
  {
    name: /\.gguf$/i,
    message: (name) => `${name} is GGUF, llama.cpp's form, whose weights are quantised as a rule.`,
    remedy: 'Use the safetensors checkpoint that it was made from.',
  },
  {
    name: /^pytorch_model.*\.bin(\.index\.json)?$|^(?!training_args|optimizer|scheduler|rng_state).*\.(bin|pt|pth|ckpt)$/,
    message: (name) =>
      `${name} is a pickle of PyTorch, which runs code when it is read; weights are read from safetensors alone.`,
    remedy: inPython(`${loadAndSave}, which writes safetensors; then name OUT.`),
  },
  {
    name: /^(tf_model\.h5|flax_model.*\.msgpack)$|\.onnx$/,
    message: (name) => `${name} holds weights of another framework; they are read from safetensors alone.`,
    remedy: 'Use the safetensors checkpoint of this model.',
  },
];

/** Folders that hold models, or parts of one, in an order of their own. */
const folderForms: readonly Form[] = [
  {
    name: /^(zero_to_fp32\.py|global_step\d+)$/,
    message: () => 'This is a checkpoint of DeepSpeed, whose weights lie in pieces.',
    remedy:
      'Join them with the script beside them: python zero_to_fp32.py . OUT --safe_serialization; add config.json and tokenizer.json to OUT, and name it.',
  },
  {
    name: /\.distcp$|^pytorch_model_fsdp/,
    message: () => "This is a checkpoint of PyTorch's FSDP, whose weights lie in pieces.",
    remedy:
      'Join them first: accelerate merge-weights FOLDER OUT; add config.json and tokenizer.json to OUT, and name it.',
  },
  {
    name: /^snapshots$/,
    message: () => "This is a model's folder in the cache of the Hub, not a model itself.",
    remedy: 'Name the folder of one of its snapshots: snapshots/….',
  },
  {
    name: /^checkpoints$/,
    message: () => 'This is the folder of a run, not a model itself.',
    remedy: 'Name one of its checkpoints, checkpoints/step-…, or the run.',
  },
  {
    name: /^(checkpoint-\d+|step-\d+)$/,
    message: (name) => `This folder holds checkpoints, such as ${name}, and is none itself.`,
    remedy: 'Name one of them.',
  },
];

const quantization = z.looseObject({
  quant_method: z.string().optional(),
  bits: z.number().optional(),
  load_in_4bit: z.boolean().optional(),
  load_in_8bit: z.boolean().optional(),
});
const config = z.looseObject({
  quantization_config: quantization.nullish(),
  compression_config: quantization.nullish(),
  text_config: z.looseObject({ quantization_config: quantization.nullish() }).nullish(),
});
/** What peft says of an adapter, beside its matrices. */
export const adapterConfigFile = 'adapter_config.json';
const adapter = z.looseObject({ peft_type: z.string().optional(), base_model_name_or_path: z.string().nullish() });

const methodNames: Readonly<Record<string, string>> = {
  gptq: 'GPTQ',
  awq: 'AWQ',
  bitsandbytes: 'bitsandbytes',
  fp8: 'FP8',
  'compressed-tensors': 'compressed-tensors',
};

const dequantised = inPython(
  'model = AutoModelForImageTextToText.from_pretrained(FOLDER); model.dequantize().save_pretrained(OUT), where its method can; or use the checkpoint that it was quantised from.',
);

/** @param how it was quantised, as far as that is known. */
export function quantisedRefusal(place: string, how: string): StudioError {
  return new StudioError(
    'bad-model',
    `The weights are quantised (${how}); this engine reads and trains floating-point weights.`,
    {
      place,
      remedy: dequantised,
    },
  );
}

function quantisedBy(content: unknown): string | null {
  const parsed = config.safeParse(content);
  if (!parsed.success) return null;
  const { quantization_config, compression_config, text_config } = parsed.data;
  const found = quantization_config ?? compression_config ?? text_config?.quantization_config;
  if (!found) return null;
  const method = found.quant_method ?? (found.load_in_4bit || found.load_in_8bit ? 'bitsandbytes' : 'unknown method');
  const bits = found.bits ?? (found.load_in_4bit ? 4 : found.load_in_8bit ? 8 : null);
  return `${methodNames[method] ?? method}${bits === null ? '' : `, ${bits} bits`}`;
}

function refuse(place: string, message: string, remedy: string): never {
  throw new StudioError('bad-model', message, { place, remedy });
}

function refuseForm(forms: readonly Form[], names: readonly string[], folder: string): void {
  for (const form of forms) {
    const name = names.find((one) => form.name.test(one));
    if (name !== undefined) refuse(folder, form.message(name), form.remedy);
  }
}

const readJson = async (file: string): Promise<unknown> => parseJson(await readFile(file, 'utf8').catch(() => ''));

async function entriesOf(folder: string): Promise<Dirent[]> {
  const found = await stat(folder).catch(() => null);
  if (found === null) return refuse(folder, 'There is no such folder.', `Name a folder of this machine. ${fromHub}`);
  if (!found.isDirectory()) {
    refuseForm(weightForms, [path.basename(folder)], folder);
    return refuse(
      folder,
      'This is a file; a model is a folder with config.json, weights and tokenizer.json.',
      'Name its folder.',
    );
  }
  return await readdir(folder, { withFileTypes: true });
}

/** `git clone` without LFS leaves a few lines of text where a large file belongs. */
async function refusePointer(file: string): Promise<void> {
  const handle = await open(file).catch(() => null);
  if (handle === null) return;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(40), 0, 40, 0);
    if (buffer.toString('latin1', 0, bytesRead).startsWith('version https://git-lfs'))
      refuse(
        file,
        'This is a pointer of Git LFS, not the file itself.',
        'Fetch the files: git lfs pull, in that folder.',
      );
  } finally {
    await handle.close();
  }
}

const holdsWeights = (names: readonly string[]): boolean =>
  names.some((name) => /\.safetensors$/.test(name) && !/^(adapter_model|optimizer)\b/.test(name));

/** Whether a folder's files are those of an adapter: a whole model may have the configuration of one beside it still. */
export const holdsAdapter = (names: readonly string[]): boolean =>
  names.includes(adapterConfigFile) && !holdsWeights(names);

/**
 * Refuses by name what is no model in Hugging Face's layout with floating-point weights. Whether all its weights and its tokenizer
 * are there is asked where they are read.
 * @param takesAdapters whether what was added to a model is a model too, which lies elsewhere
 * @throws StudioError `bad-model` with the folder or file, and the remedy
 */
export async function refuseOtherForms(folder: string, takesAdapters = false): Promise<void> {
  const names = (await entriesOf(folder)).map(({ name }) => name);
  const has = (name: string) => names.includes(name);
  const hasWeights = holdsWeights(names);
  const isAdapter = holdsAdapter(names);
  if (isAdapter && !takesAdapters) {
    const parsed = adapter.safeParse(await readJson(path.join(folder, adapterConfigFile)));
    const base = parsed.data?.base_model_name_or_path;
    refuse(
      folder,
      `This is a ${parsed.data?.peft_type === 'LORA' ? 'LoRA ' : ''}adapter${base ? ` of ${base}` : ''}: what was added to a model, not a model.`,
      'video-r1 convert FOLDER OUT adds it to its model, whose folder --base names where it lies elsewhere; then name OUT.',
    );
  }
  const configFile = path.join(folder, 'config.json');
  if (!has('config.json')) {
    refuseForm([...folderForms, ...weightForms], names, folder);
    refuse(
      configFile,
      'There is no config.json, so this is no model.',
      `Name a folder with config.json, weights in safetensors and tokenizer.json. ${fromHub}`,
    );
  }
  await refusePointer(configFile);
  const how = quantisedBy(await readJson(configFile));
  if (how !== null) throw quantisedRefusal(configFile, how);
  const quantising = ['quantize_config.json', 'quant_config.json'].find(has);
  if (quantising !== undefined) {
    const method = quantisedBy({ quantization_config: await readJson(path.join(folder, quantising)) });
    throw quantisedRefusal(path.join(folder, quantising), method ?? 'unknown method');
  }
  if (!hasWeights && !isAdapter) refuseForm([...weightForms, ...folderForms], names, folder);
  const large = names.filter((name) => name === tokenizerFile || name.endsWith('.safetensors'));
  for (const name of large) await refusePointer(path.join(folder, name));
}
