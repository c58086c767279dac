/**
 * The files of a model in Hugging Face's layout, by name: `config.json`, `tokenizer.json`, and one `model.safetensors` or several
 * with an index. What stands in them is for each engine.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { StudioError } from '../protocol/errors.ts';
import { parseJson } from '../protocol/json.ts';

export const weightsFile = 'model.safetensors';
export const indexFile = 'model.safetensors.index.json';
export const tokenizerFile = 'tokenizer.json';

/** File names only: an index leads nowhere outside its folder. */
const shardName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*\.safetensors$/);
const index = z.looseObject({ weight_map: z.record(z.string(), shardName) });

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

/** Number and count of a file of several, as transformers writes them. */
const numbered = /^model-(\d{5})-of-(\d{5})\.safetensors$/;

/**
 * The files that hold a folder's weights, and the name of the file of each tensor where there is an index.
 * @throws StudioError `bad-model` naming what is missing
 */
export async function weightFiles(
  folder: string,
): Promise<{ files: string[]; map: Readonly<Record<string, string>> | null }> {
  const single = path.join(folder, weightsFile);
  const indexPath = path.join(folder, indexFile);
  if (await exists(single)) return { files: [single], map: null };
  if (!(await exists(indexPath))) return { files: await filesWithoutIndex(folder), map: null };
  const text = await readFile(indexPath, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw badIndex(indexPath, `The file can't be read: ${error.message}`);
  });
  const parsed = index.safeParse(parseJson(text));
  if (!parsed.success) throw badIndex(indexPath, 'The file is no index of weights: it must map each tensor to a file.');
  const map = parsed.data.weight_map;
  const files = [...new Set(Object.values(map))].sort();
  const missing: string[] = [];
  for (const name of files) if (!(await exists(path.join(folder, name)))) missing.push(name);
  if (missing.length > 0)
    throw badIndex(indexPath, `Of the ${files.length} files that it names, ${listed(missing)} not there.`);
  return { files: files.map((name) => path.join(folder, name)), map };
}

/** `a is`, `a, b and 2 more are` */
function listed(names: readonly string[]): string {
  if (names.length === 1) return `${names[0]} is`;
  const shown = names.slice(0, 3);
  return `${shown.join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''} are`;
}

/** One file, or numbered ones that lie there without their index: a table of parameters tells whether they are all. */
async function filesWithoutIndex(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((): string[] => []);
  const parts = names.flatMap((name) => {
    const [, number, count] = numbered.exec(name) ?? [];
    return count === undefined ? [] : [{ name, number: Number(number), count: Number(count) }];
  });
  const count = parts[0]?.count;
  if (count === undefined) {
    const others = names.filter((name) => name.endsWith('.safetensors') && !/^(optimizer|adapter_model)\b/.test(name));
    throw new StudioError(
      'bad-model',
      `There is no ${weightsFile}${others.length > 0 ? `, but ${others.slice(0, 3).join(', ')}` : ''}.`,
      {
        place: path.join(folder, weightsFile),
        remedy: `Weights are one file ${weightsFile}, or several named model-00001-of-0000N.safetensors with ${indexFile}. Use another checkpoint, or fetch this one again.`,
      },
    );
  }
  const missing = Array.from({ length: count }, (_, i) => i + 1)
    .filter((number) => !parts.some((part) => part.number === number && part.count === count))
    .map((number) => `model-${String(number).padStart(5, '0')}-of-${String(count).padStart(5, '0')}.safetensors`);
  if (missing.length > 0 || parts.length > count)
    throw badIndex(
      folder,
      missing.length > 0
        ? `Of its ${count} files of weights, ${listed(missing)} not there.`
        : `Weights of two savings lie here without an index: ${parts.map(({ name }) => name).join(', ')}.`,
    );
  return parts.map(({ name }) => path.join(folder, name)).sort();
}

/**
 * The tokenizer of a folder's model.
 * @param elsewhere folder of the tokenizer where none lies beside the model; null for beside it
 * @throws StudioError `bad-model` with the ways to one
 */
export async function tokenizerOf(folder: string, elsewhere: string | null): Promise<string> {
  const file = path.join(elsewhere ?? folder, tokenizerFile);
  if (await exists(file)) return file;
  const fromHub = `From the Hub: hf download Qwen/Qwen2.5-VL-7B-Instruct tokenizer.json tokenizer_config.json chat_template.json --local-dir ${elsewhere ?? folder}.`;
  const fault = (message: string, remedy: string) => new StudioError('bad-model', message, { place: file, remedy });
  if (elsewhere !== null) throw fault(`There is no ${tokenizerFile}.`, `Name a folder that holds one. ${fromHub}`);
  const message = `There is no ${tokenizerFile}, as where weights were saved without their tokenizer.`;
  if ((await exists(path.join(folder, 'vocab.json'))) && (await exists(path.join(folder, 'merges.txt'))))
    throw fault(
      message,
      'vocab.json and merges.txt are its older form. In Python: AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER) writes it from them.',
    );
  throw fault(
    message,
    `Copy it from the model that this one was trained from, or name that model's folder: "model": {"checkpoint": "…", "tokenizer": "FOLDER"} in a run file, or video-r1 convert MODEL OUT --tokenizer FOLDER. ${fromHub}`,
  );
}

/** The files that make a model what it is: not the optimizer's state. @throws StudioError `bad-model` when one is missing */
export async function modelFiles(folder: string): Promise<string[]> {
  const { files } = await weightFiles(folder);
  const all = [path.join(folder, 'config.json'), await tokenizerOf(folder, null), ...files];
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
