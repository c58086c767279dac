/**
 * Whether a checkpoint is whole. A list of its files, with sizes and hashes, is written with it and held against what lies
 * there; checkpoints that have none, of older versions, are judged by the form of their files.
 */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { modelFiles } from '../engines/model-folder.ts';
import { weightsFormFault } from '../engines/weights-form.ts';
import { sha256OfFiles } from '../journal/file-hash.ts';
import { asStudioError } from '../protocol/errors.ts';
import { parseJson } from '../protocol/json.ts';

export const fileListName = 'checkpoint-files.json';

/** Longer files are known by their size alone: their hash would take seconds at every save and every resume. */
const mostHashedBytes = 256e6;

const fileList = z.strictObject({
  version: z.literal(1),
  files: z.record(z.string(), z.strictObject({ sizeBytes: z.number(), sha256: z.string().nullable() })),
});

/** Lists the files of a folder that is complete but for this list. @returns their size in bytes */
export async function writeFileList(folder: string): Promise<number> {
  const files: z.infer<typeof fileList>['files'] = {};
  for (const name of (await readdir(folder)).filter((name) => name !== fileListName).sort())
    files[name] = await measured(path.join(folder, name));
  const list: z.infer<typeof fileList> = { version: 1, files };
  await writeFile(path.join(folder, fileListName), `${JSON.stringify(list, null, 2)}\n`, { flush: true });
  return Object.values(files).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** What is wrong with the files of a checkpoint, as a clause such as "model.safetensors is missing"; null for nothing. */
export async function filesFault(folder: string): Promise<string | null> {
  const text = await readFile(path.join(folder, fileListName), 'utf8').catch((error: NodeJS.ErrnoException) =>
    error.code === 'ENOENT' ? null : '',
  );
  if (text === null) return formFault(folder);
  const list = fileList.safeParse(parseJson(text));
  if (!list.success) return `${fileListName} can't be read`;
  for (const [name, { sizeBytes, sha256 }] of Object.entries(list.data.files)) {
    const file = path.join(folder, name);
    const found = await stat(file).catch(() => null);
    if (!found?.isFile()) return `${name} is missing`;
    if (found.size !== sizeBytes) return `${name} has ${found.size} bytes of ${sizeBytes}`;
    try {
      if (sha256 !== null && (await sha256OfFiles([file])) !== sha256)
        return `${name} does not hold what was written into it`;
    } catch (thrown) {
      return `${name} can't be read: ${asStudioError(thrown).message}`;
    }
  }
  return null;
}

async function measured(file: string): Promise<{ sizeBytes: number; sha256: string | null }> {
  const { size } = await stat(file);
  return { sizeBytes: size, sha256: size <= mostHashedBytes ? await sha256OfFiles([file]) : null };
}

async function formFault(folder: string): Promise<string | null> {
  try {
    await modelFiles(folder);
    for (const name of await readdir(folder)) {
      const file = path.join(folder, name);
      if (name.endsWith('.json') && parseJson(await readFile(file, 'utf8')) === undefined) return `${name} is not JSON`;
      const fault = name.endsWith('.safetensors') ? await weightsFormFault(file) : null;
      if (fault !== null) return `${name} ${fault}`;
    }
    return null;
  } catch (thrown) {
    return asStudioError(thrown).message;
  }
}
