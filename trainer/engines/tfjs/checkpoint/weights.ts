/** The weights of a checkpoint folder as tensors, and the names that they go by. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { StudioError } from '../../../protocol/errors.ts';
import { badIndex, indexFile, weightFiles, weightsFile } from '../../model-folder.ts';
import type { Parameter, ParameterPart, ParameterTable } from '../model/parameters.ts';
import { sizeOf } from '../model/parameters.ts';
import { type Dtype, type NamedTensor, type StoredTensor, storedTensors, writeSafetensors } from './safetensors.ts';

/** Larger weights are written in several files, as transformers writes them. */
const mostFileBytes = 5_000_000_000;

/** The name of a tensor in the published checkpoints; transformers 5 puts another word before each. */
export function publishedName(name: string): string {
  if (name.startsWith('model.visual.')) return name.slice('model.'.length);
  return name.replace(/^model\.language_model\./, 'model.');
}

/** Rotary frequencies, which older versions save: they follow from the configuration. */
const isComputed = (name: string): boolean => name.endsWith('.inv_freq');

/** A folder's tensors by their published names, and the file that an error about one names. @throws StudioError `bad-model` */
export async function readWeights(
  folder: string,
  table: ParameterTable,
): Promise<{ tensors: Map<string, NamedTensor>; file: string }> {
  const stored = await storedWeights(folder, table);
  const tensors = new Map<string, NamedTensor>();
  for (const { name, shape, read } of stored.tensors.values()) tensors.set(name, { name, shape, values: await read() });
  return { tensors, file: stored.file };
}

/** The same, each tensor read when it is asked for. @throws StudioError `bad-model` */
export async function storedWeights(
  folder: string,
  table: ParameterTable,
): Promise<{ tensors: Map<string, StoredTensor>; file: string }> {
  const { files, map } = await weightFiles(folder);
  const tensors = new Map<string, StoredTensor>();
  for (const file of files) {
    const own = await storedTensors(
      file,
      (name) => !isComputed(name) && (map === null || map[name] === path.basename(file)),
    );
    for (const [name, tensor] of own) tensors.set(name, tensor);
  }
  const missing = Object.keys(map ?? {}).find((name) => !tensors.has(name) && !isComputed(name));
  const place = map === null ? (files[0] as string) : path.join(folder, indexFile);
  if (missing !== undefined) throw badIndex(`${place}: ${missing}`, `This tensor is not in ${map?.[missing]}.`);
  const own = published(tensors);
  await dropTiedHead(table, own);
  refuseUnknown(table, own, place, ['']);
  return { tensors: own, file: place };
}

function published(tensors: ReadonlyMap<string, StoredTensor>): Map<string, StoredTensor> {
  return new Map(
    [...tensors.values()].map((tensor) => {
      const name = publishedName(tensor.name);
      return [name, { ...tensor, name }];
    }),
  );
}

export interface WeightsForm {
  readonly dtype: Dtype;
  /** Bytes that one file holds at most, a single larger tensor apart. */
  readonly fileBytes: number;
}

/** Writes weights into an empty folder: one file, or several with an index where they do not fit into one. */
export async function writeWeights(
  folder: string,
  tensors: readonly (NamedTensor | StoredTensor)[],
  { dtype, fileBytes }: WeightsForm = { dtype: 'float32', fileBytes: mostFileBytes },
): Promise<Map<string, string>> {
  const bytesOf = ({ shape }: Pick<NamedTensor, 'shape'>): number => sizeOf(shape) * (dtype === 'float32' ? 4 : 2);
  const files: { tensors: (NamedTensor | StoredTensor)[]; bytes: number }[] = [];
  for (const tensor of tensors) {
    const last = files.at(-1);
    if (last === undefined || last.bytes + bytesOf(tensor) > fileBytes) {
      files.push({ tensors: [tensor], bytes: bytesOf(tensor) });
    } else {
      last.tensors.push(tensor);
      last.bytes += bytesOf(tensor);
    }
  }
  if (files.length <= 1)
    return new Map([[weightsFile, await writeSafetensors(path.join(folder, weightsFile), tensors, dtype)]]);
  const number = (n: number): string => String(n).padStart(5, '0');
  const weightMap: Record<string, string> = {};
  const hashes = new Map<string, string>();
  for (const [i, file] of files.entries()) {
    const name = `model-${number(i + 1)}-of-${number(files.length)}.safetensors`;
    for (const tensor of file.tensors) weightMap[tensor.name] = name;
    hashes.set(name, await writeSafetensors(path.join(folder, name), file.tensors, dtype));
  }
  const content = { metadata: { total_size: files.reduce((sum, { bytes }) => sum + bytes, 0) }, weight_map: weightMap };
  await writeFile(path.join(folder, indexFile), `${JSON.stringify(content, null, 2)}\n`, { flush: true });
  return hashes;
}

/** The parts of a parameter as views of its values; `suffix` is put after each name. */
export function splitParts(parameter: Parameter, values: Float32Array, suffix = ''): NamedTensor[] {
  let at = 0;
  return parameter.parts.map(({ name, shape }) => {
    const part = values.subarray(at, at + sizeOf(shape));
    at += part.length;
    return { name: name + suffix, shape, values: part };
  });
}

/** A parameter's values from its parts. @throws StudioError `bad-model` naming file and tensor */
export function joinParts(
  parameter: Parameter,
  tensors: ReadonlyMap<string, NamedTensor>,
  file: string,
  suffix = '',
): Float32Array {
  const values = new Float32Array(parameter.size);
  let at = 0;
  for (const part of parameter.parts) {
    const tensor = partOf(part, tensors, file, suffix);
    requireFinite(tensor.name, tensor.values, file);
    values.set(tensor.values, at);
    at += tensor.values.length;
  }
  return values;
}

/** The tensor that a part of a parameter is, of its shape. @throws StudioError `bad-model` naming file and tensor */
export function partOf<T extends NamedTensor | StoredTensor>(
  { name, shape }: ParameterPart,
  tensors: ReadonlyMap<string, T>,
  file: string,
  suffix = '',
): T {
  const tensor = tensors.get(name + suffix);
  if (tensor === undefined) throw badTensor(file, name + suffix, 'This tensor is missing.');
  if (tensor.shape.join() === shape.join()) return tensor;
  throw badTensor(
    file,
    name + suffix,
    `This tensor has shape [${tensor.shape.join(', ')}]; config.json asks for [${shape.join(', ')}].`,
  );
}

/** @throws StudioError `bad-model` naming file and tensor */
export function requireFinite(name: string, values: Float32Array, file: string): void {
  if (!values.every(Number.isFinite)) throw badTensor(file, name, 'This tensor holds values that are not finite.');
}

const badTensor = (file: string, name: string, message: string): StudioError =>
  new StudioError('bad-model', message, {
    place: `${file}: ${name}`,
    remedy: 'Use a checkpoint whose config.json belongs to its weights.',
  });

/** Some files hold a tied head beside the embedding: the same numbers a second time, which are left out. */
async function dropTiedHead(table: ParameterTable, tensors: Map<string, StoredTensor>): Promise<void> {
  const untied = table.parameters.some(({ name }) => name === 'lm_head.weight');
  if (untied || !tensors.has('lm_head.weight')) return;
  const head = await tensors.get('lm_head.weight')?.read();
  const embedding = await tensors.get('model.embed_tokens.weight')?.read();
  if (head === undefined || embedding === undefined) return;
  if (head.length === embedding.length && head.every((value, i) => value === embedding[i]))
    tensors.delete('lm_head.weight');
}

/** @throws StudioError `bad-model` when a file holds a tensor that no parameter takes */
export function refuseUnknown(
  table: ParameterTable,
  tensors: ReadonlyMap<string, unknown>,
  file: string,
  suffixes: readonly string[],
): void {
  const known = new Set(
    table.parameters.flatMap(({ parts }) => parts.flatMap(({ name }) => suffixes.map((suffix) => name + suffix))),
  );
  for (const name of tensors.keys()) {
    if (known.has(name)) continue;
    if (name === 'lm_head.weight') {
      throw new StudioError(
        'bad-model',
        'The head is not the embedding, and config.json says that it is (tie_word_embeddings).',
        {
          place: `${file}: ${name}`,
          remedy:
            'Set "tie_word_embeddings" to false in config.json where the model was trained with a head of its own.',
        },
      );
    }
    throw new StudioError('bad-model', 'config.json knows no such tensor.', {
      place: `${file}: ${name}`,
      remedy: 'Use a checkpoint whose config.json belongs to its weights.',
    });
  }
}

/** Endings of the names of AdamW's two moments in `optimizer.safetensors`. */
export const momentSuffixes = ['.exp_avg', '.exp_avg_sq'] as const;
