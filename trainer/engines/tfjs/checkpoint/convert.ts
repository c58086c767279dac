/**
 * Writes a checkpoint again for other programs: another type of values, files of another size, an adapter added to its base, no
 * optimizer state. One tensor is in memory at a time.
 */
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, realpath, rename, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { asStudioError, StudioError, withPlace } from '../../../protocol/errors.ts';
import { isAdapter, readAdapterConfig } from '../../qwen/adapter-files.ts';
import { readCheckpoint, writeCheckpointFiles } from '../../qwen/checkpoint-files.ts';
import { parameterTable, sizeOf } from '../model/parameters.ts';
import { adapterBase, mergedTensors } from './merge.ts';
import type { StoredTensor } from './safetensors.ts';
import { partOf, requireFinite, storedWeights, type WeightsForm, writeWeights } from './weights.ts';

export interface Converted {
  readonly tensors: number;
  readonly parameters: number;
  readonly files: readonly string[];
  /** Folder of the base that an adapter was added to; null for a model that is whole. */
  readonly base: string | null;
}

export interface Converting extends WeightsForm {
  /** Of a model that comes without its tokenizer; null for one that has it. */
  readonly tokenizerFolder?: string | null;
  /** Folder of an adapter's base, where it is not the one that the adapter names. */
  readonly baseFolder?: string | null;
  readonly signal?: AbortSignal;
  /** Weights that are written, of all. */
  onProgress?(done: number, total: number): void;
}

/**
 * The folder appears whole or not at all: it is built beside its place and moved there at the end.
 * @throws StudioError `bad-model` for what is no checkpoint, `conflict` where the folder holds something;
 * the signal's reason
 */
export async function convertCheckpoint(
  from: string,
  to: string,
  { tokenizerFolder = null, baseFolder = null, signal, onProgress, ...form }: Converting,
): Promise<Converted> {
  const place = await emptyPlace(to);
  const adapter = (await isAdapter(from)) ? await readAdapterConfig(from) : null;
  const base = adapter && (await adapterBase(from, adapter, baseFolder));
  // An adapter of another program's brings nothing but itself.
  const whole = base !== null && !existsSync(path.join(from, 'config.json')) ? base : from;
  const { configFile, config, tokenizer, companions } = await readCheckpoint(whole, {
    optimizer: null,
    tokenizerFolder,
    takesAdapters: true,
  });
  const table = parameterTable(config);
  const { tensors: own, file } = await storedWeights(base ?? from, table);
  for (const { parts } of table.parameters) for (const part of parts) partOf(part, own, file);
  const tensors = adapter ? await mergedTensors(from, adapter, own) : own;
  const parent = path.dirname(place);
  await mkdir(parent, { recursive: true });
  const work = await mkdtemp(path.join(parent, `.${path.basename(place)}-`));
  try {
    // A folder of its own is for this user alone; a model is for whoever may read what lies there.
    await chmod(work, 0o777 & ~process.umask());
    const total = [...tensors.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    let done = 0;
    const checked = ({ read, ...tensor }: StoredTensor): StoredTensor => ({
      ...tensor,
      async read() {
        signal?.throwIfAborted();
        const values = await read();
        requireFinite(tensor.name, values, file);
        done += values.length;
        onProgress?.(done, total);
        return values;
      },
    });
    await writeWeights(work, [...tensors.values()].map(checked), form);
    await writeCheckpointFiles(
      work,
      {
        configFile: {
          ...configFile,
          dtype: form.dtype,
          // The name of older versions, which would contradict it.
          ...('torch_dtype' in configFile && { torch_dtype: form.dtype }),
        },
        tokenizer,
        companions,
      },
      null,
    );
    await rmdir(place).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return;
      throw occupied(to, error.code === 'ENOTEMPTY' ? notEmpty : `The folder can't be replaced: ${error.message}`);
    });
    await rename(work, place);
  } catch (thrown) {
    throw asStudioError(thrown).kind === 'disk-full' ? withPlace(thrown, to) : thrown;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return { tensors: tensors.size, parameters: table.size, files: (await readdir(to)).sort(), base };
}

const notEmpty = 'The folder is not empty.';

const occupied = (place: string, message: string): StudioError =>
  new StudioError('conflict', message, { place, remedy: 'Name a new or an empty folder.' });

/** Where a folder is to appear, behind a link where that is one. Asked before hours of work. @throws StudioError `conflict` */
async function emptyPlace(to: string): Promise<string> {
  const place = await realpath(to).catch(() => path.resolve(to));
  const found = await stat(place).catch(() => null);
  if (found !== null && !found.isDirectory()) throw occupied(to, 'There is a file of that name.');
  if (found !== null && (await readdir(place)).length > 0) throw occupied(to, notEmpty);
  return place;
}
