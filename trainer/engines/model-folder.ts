/**
 * The files of a model in Hugging Face's layout, by name: `config.json`, `tokenizer.json`, and one `model.safetensors` or several
 * with an index. What stands in them is for each engine.
 */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { StudioError } from '../protocol/errors.ts';
import { parseJson } from '../protocol/json.ts';

export const weightsFile = 'model.safetensors';
export const indexFile = 'model.safetensors.index.json';

/** File names only: an index leads nowhere outside its folder. */
const shardName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*\.safetensors$/);
const index = z.looseObject({ weight_map: z.record(z.string(), shardName) });

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

/**
 * The files that hold a folder's weights, and the name of the file of each tensor where there is an index.
 * @throws StudioError `bad-model`
 */
export async function weightFiles(
  folder: string,
): Promise<{ files: string[]; map: Readonly<Record<string, string>> | null }> {
  const single = path.join(folder, weightsFile);
  const indexPath = path.join(folder, indexFile);
  if ((await exists(single)) || !(await exists(indexPath))) return { files: [single], map: null };
  const text = await readFile(indexPath, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw badIndex(indexPath, `The file can't be read: ${error.message}`);
  });
  const parsed = index.safeParse(parseJson(text));
  if (!parsed.success) throw badIndex(indexPath, 'The file is no index of weights: it must map each tensor to a file.');
  const map = parsed.data.weight_map;
  return { files: [...new Set(Object.values(map))].sort().map((name) => path.join(folder, name)), map };
}

/** The files that make a model what it is: not the optimizer's state. @throws StudioError `bad-model` when one is missing */
export async function modelFiles(folder: string): Promise<string[]> {
  const { files } = await weightFiles(folder);
  const all = [...['config.json', 'tokenizer.json'].map((name) => path.join(folder, name)), ...files];
  for (const file of all) {
    if (await exists(file)) continue;
    throw new StudioError('bad-model', `There is no ${path.basename(file)}, so this is no whole model.`, {
      place: folder,
    });
  }
  return all;
}

export function badIndex(place: string, message: string): StudioError {
  return new StudioError('bad-model', message, { place, remedy: 'Use another checkpoint, or fetch this one again.' });
}
