/** Writes a checkpoint again for other programs: another type of values, files of another size, no optimizer state. */
import { mkdir, mkdtemp, readdir, rename, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { asStudioError, StudioError, withPlace } from '../../../protocol/errors.ts';
import { readCheckpoint, writeCheckpointFiles } from '../../qwen/checkpoint-files.ts';
import { parameterTable } from '../model/parameters.ts';
import { joinParts, readWeights, type WeightsForm, writeWeights } from './weights.ts';

export interface Converted {
  readonly tensors: number;
  readonly parameters: number;
  readonly files: readonly string[];
}

/**
 * The folder appears whole or not at all: it is built beside its place and moved there at the end.
 * @param tokenizerFolder of a model that comes without its tokenizer; null for one that has it
 * @throws StudioError `bad-model` for what is no checkpoint, `conflict` where the folder holds something
 */
export async function convertCheckpoint(
  from: string,
  to: string,
  form: WeightsForm,
  tokenizerFolder: string | null = null,
): Promise<Converted> {
  const { configFile, config, tokenizer, companions } = await readCheckpoint(from, {
    optimizer: null,
    tokenizerFolder,
  });
  const table = parameterTable(config);
  const { tensors, file } = await readWeights(from, table);
  for (const parameter of table.parameters) joinParts(parameter, tensors, file);
  const parent = path.dirname(path.resolve(to));
  await mkdir(parent, { recursive: true });
  const work = await mkdtemp(path.join(parent, `.${path.basename(to)}-`));
  try {
    await writeWeights(work, [...tensors.values()], form);
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
    await rmdir(to).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT')
        throw new StudioError('conflict', 'The folder is not empty.', {
          place: to,
          remedy: 'Name a new or an empty folder.',
          cause: error,
        });
    });
    await rename(work, to);
  } catch (thrown) {
    throw asStudioError(thrown).kind === 'disk-full' ? withPlace(thrown, to) : thrown;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return { tensors: tensors.size, parameters: table.size, files: (await readdir(to)).sort() };
}
