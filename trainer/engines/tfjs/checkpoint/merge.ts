/** A LoRA adapter added to the weights that it was trained beside: W + scale · B A, a tensor at a time. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { StudioError } from '../../../protocol/errors.ts';
import { shownLine } from '../../../protocol/hostile-text.ts';
import { adapterConfigFile } from '../../model-forms.ts';
import { type AdapterConfig, adapterWeightsFile, isAdapter, requireSameBase } from '../../qwen/adapter-files.ts';
import { type StoredTensor, storedTensors } from './safetensors.ts';
import { publishedName } from './weights.ts';

interface Pair {
  /** [rank, in] */
  readonly a: StoredTensor;
  /** [out, rank] */
  readonly b: StoredTensor;
}

/**
 * Folder of an adapter's base: a relative one starts at the working folder, as peft takes it, or at the adapter's own.
 * @param named one that stands in for what the adapter names
 * @throws StudioError `bad-model`
 */
export async function adapterBase(folder: string, { base }: AdapterConfig, named: string | null): Promise<string> {
  const wanted = named ?? base;
  const places = [path.resolve(wanted), path.resolve(folder, wanted)];
  const found = places.find((place) =>
    ['config.json', adapterConfigFile].some((name) => existsSync(path.join(place, name))),
  );
  const shown = shownLine(wanted, 300);
  const fault = (message: string, remedy: string) =>
    new StudioError('bad-model', message, { place: path.join(folder, adapterConfigFile), remedy });
  if (found === undefined)
    throw fault(
      `The model beside which this adapter was trained is not there: ${shown}.`,
      /^[\w.-]+\/[\w.-]+$/.test(wanted)
        ? `Where that is its name on the Hub: hf download ${shown} --local-dir DIR, then --base DIR.`
        : 'Put it back, or name its folder with --base.',
    );
  if (await isAdapter(found))
    throw fault(
      `The model beside which this adapter was trained is an adapter itself: ${shown}.`,
      'Convert that one first, and name what comes of it with --base.',
    );
  await requireSameBase(folder, found);
  return found;
}

/**
 * The base's tensors, those that the adapter changes with its product added when they are read.
 * @param base by published names
 * @throws StudioError `bad-model` for an adapter of another model, or one that is not whole
 */
export async function mergedTensors(
  folder: string,
  { rank, scale, isOfSomeLayers }: AdapterConfig,
  base: ReadonlyMap<string, StoredTensor>,
): Promise<Map<string, StoredTensor>> {
  const file = await weightsOf(folder);
  const merged = new Map(base);
  const found = await pairs(file);
  const cut = 'Use another checkpoint; this one was cut short or changed.';
  const fault = (name: string | null, message: string, remedy: string) =>
    new StudioError('bad-model', message, { place: name === null ? file : `${file}: ${name}`, remedy });
  if (found.size === 0) throw fault(null, 'The adapter holds nothing.', cut);
  for (const [name, { a, b }] of found) {
    const tensor = base.get(name);
    const [ofA = 0, input = 0] = a.shape;
    const [output = 0, ofB = 0] = b.shape;
    const shapes = `[${b.shape.join(', ')}] by [${a.shape.join(', ')}]`;
    if (tensor === undefined)
      throw fault(a.name, 'The model has no such layer.', 'Name the model beside which the adapter was trained.');
    if (ofA !== rank || ofB !== rank)
      throw fault(a.name, `It is ${shapes}, and ${adapterConfigFile} says rank ${rank}.`, cut);
    if (tensor.shape.join() !== `${output},${input}`)
      throw fault(
        a.name,
        `It is ${shapes}, and the layer [${tensor.shape.join(', ')}].`,
        'Name the model beside which the adapter was trained.',
      );
    merged.set(name, {
      ...tensor,
      async read() {
        const values = await tensor.read();
        if (!values.every(Number.isFinite)) return values;
        addProduct(values, await b.read(), await a.read(), { rank, input, scale });
        if (!values.every(Number.isFinite))
          throw fault(a.name, 'What the adapter adds is not finite.', 'Use an earlier checkpoint.');
        return values;
      },
    });
  }
  const missing = isOfSomeLayers ? undefined : missingLayer(found, base);
  if (missing !== undefined) throw fault(null, `The adapter lacks ${missing}, and has other layers of that kind.`, cut);
  return merged;
}

async function weightsOf(folder: string): Promise<string> {
  const file = path.join(folder, adapterWeightsFile);
  if (!existsSync(file) && existsSync(path.join(folder, 'adapter_model.bin')))
    throw new StudioError('bad-model', 'adapter_model.bin is a pickle of PyTorch, which is not read.', {
      place: folder,
      remedy:
        'In Python: PeftModel.from_pretrained(MODEL, FOLDER).save_pretrained(OUT), which writes safetensors; then name OUT.',
    });
  return file;
}

/** A layer that the adapter leaves out, of a kind of which it has others. */
function missingLayer(found: ReadonlyMap<string, unknown>, base: ReadonlyMap<string, unknown>): string | undefined {
  const kindOf = (name: string): string => name.replace(/\.(layers|blocks)\.\d+\./, '.$1.#.');
  const kinds = new Set([...found.keys()].map(kindOf));
  return [...base.keys()].find((name) => kinds.has(kindOf(name)) && !found.has(name));
}

/** The adapter's pairs by the published name of the layer's weight. */
async function pairs(file: string): Promise<Map<string, Pair>> {
  const halves = new Map<string, Partial<Pair>>();
  for (const tensor of (await storedTensors(file)).values()) {
    const [, layer, half] = /^base_model\.model\.(.+)\.lora_([AB])(?:\.default)?\.weight$/.exec(tensor.name) ?? [];
    const fault = (message: string, remedy: string) =>
      new StudioError('bad-model', message, { place: `${file}: ${shownLine(tensor.name, 200)}`, remedy });
    if (tensor.name.endsWith('.base_layer.weight'))
      throw fault('The head or the embedding is adapted too, and lies beside as a whole.', 'Merge this one with peft.');
    if (layer === undefined || tensor.shape.length !== 2)
      throw fault('This is no matrix of a LoRA adapter.', 'Merge this one with peft.');
    const name = publishedName(`${layer}.weight`);
    if (halves.get(name)?.[half === 'A' ? 'a' : 'b'] !== undefined)
      throw fault('The adapter has this matrix twice, under two names.', 'Use another checkpoint.');
    halves.set(name, { ...halves.get(name), [half === 'A' ? 'a' : 'b']: tensor });
  }
  return new Map(
    [...halves].map(([name, { a, b }]) => {
      if (a !== undefined && b !== undefined) return [name, { a, b }];
      throw new StudioError('bad-model', `The adapter has one of the two matrices of ${name} only.`, {
        place: file,
        remedy: 'Use another checkpoint; this one was cut short or changed.',
      });
    }),
  );
}

/**
 * Adds scale · B A to W in place.
 * @param weights [out, in]
 * @param b [out, rank]
 * @param a [rank, in]
 */
export function addProduct(
  weights: Float32Array,
  b: Float32Array,
  a: Float32Array,
  { rank, input, scale }: { readonly rank: number; readonly input: number; readonly scale: number },
): void {
  const sum = new Float64Array(input);
  for (let row = 0; row < b.length / rank; row++) {
    sum.fill(0);
    for (let k = 0; k < rank; k++) {
      const factor = scale * (b[row * rank + k] as number);
      const from = k * input;
      for (let i = 0; i < input; i++) sum[i] = (sum[i] as number) + factor * (a[from + i] as number);
    }
    const at = row * input;
    for (let i = 0; i < input; i++) weights[at + i] = (weights[at + i] as number) + (sum[i] as number);
  }
}
