/**
 * Whether a checkpoint is whole. A list of its files, with sizes and hashes, is written with it and held against what lies
 * there; checkpoints that have none, of older versions, are judged by the form of their files.
 */
import { type BigIntStats, existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { modelFiles } from '../engines/model-folder.ts';
import { weightsFormFault } from '../engines/weights-form.ts';
import { copyHashed, sha256OfFiles } from '../journal/file-hash.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import { parseJson } from '../protocol/json.ts';

export const fileListName = 'checkpoint-files.json';

/** From the checkpoint's folder on, with `/`; never out of it. */
const fileName = z.string().refine((name) => {
  const parts = name.split('/');
  return !name.includes('\\') && parts.every((part) => part !== '' && part !== '.' && part !== '..');
}, 'it is no file below the folder');

const fileList = z.strictObject({
  version: z.literal(1),
  /** Older versions have no hash of files above 256 MB, which are known by their size alone. */
  files: z.record(fileName, z.strictObject({ sizeBytes: z.number(), sha256: z.string().nullable() })),
});
type FileList = z.infer<typeof fileList>;

/** How far the reading of long files is, in bytes. */
export type ReadProgress = (done: number, total: number) => void;

/** The names of all files of a checkpoint but its list, those in folders of it with `/`, in order. */
export async function checkpointFileNames(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'))
    .filter((name) => name !== fileListName)
    .sort();
}

/**
 * Lists the files of a folder that is complete but for this list.
 * @param known SHA-256 of files by their names in the list, taken while they were written; the others are read
 * @returns their size in bytes
 */
export async function writeFileList(folder: string, known: ReadonlyMap<string, string> = new Map()): Promise<number> {
  const files: FileList['files'] = {};
  for (const name of await checkpointFileNames(folder)) {
    const file = path.join(folder, name);
    files[name] = { sizeBytes: (await stat(file)).size, sha256: known.get(name) ?? (await sha256OfFiles([file])) };
  }
  const list: FileList = { version: 1, files };
  await writeFile(path.join(folder, fileListName), `${JSON.stringify(list, null, 2)}\n`, { flush: true });
  return Object.values(files).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/**
 * What is wrong with the files of a checkpoint, as a clause such as "model.safetensors is missing"; null for nothing. Every file is
 * read, unless this process has read it before and it is the same file still, unchanged.
 */
export async function filesFault(folder: string, progress: ReadProgress = () => {}): Promise<string | null> {
  const list = await readList(folder);
  if (list === null) return formFault(folder);
  if (typeof list === 'string') return list;
  const missing = await sizesFault(folder, list);
  if (missing !== null) return missing;
  const total = Object.values(list.files).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let done = 0;
  for (const [name, { sizeBytes, sha256 }] of Object.entries(list.files)) {
    try {
      const before = done;
      let read = 0;
      const onBytes = (bytes: number): void => {
        read += bytes;
        progress(before + read, total);
      };
      const found = sha256 === null ? null : await readHash(path.join(folder, name), onBytes);
      if (found !== sha256) return `${name} does not hold what was written into it`;
      done = before + sizeBytes;
    } catch (thrown) {
      return `${name} can't be read: ${asStudioError(thrown).message}`;
    }
  }
  return null;
}

/** As `filesFault` without reading the files: whether they are there, as long as they were written. */
export async function presenceFault(folder: string): Promise<string | null> {
  if (!existsSync(folder)) return 'its folder is not there';
  const list = await readList(folder);
  if (list === null) return null;
  return typeof list === 'string' ? list : sizesFault(folder, list);
}

/**
 * Copies the files of a checkpoint, each read once, and holds them against its list on the way.
 * @returns the SHA-256 of the copies by name. @throws StudioError `not-found` where a file is not what its list says
 */
export async function copyChecked(from: string, to: string): Promise<Map<string, string>> {
  const list = await readList(from);
  const listed = list === null || typeof list === 'string' ? {} : list.files;
  const copied = new Map<string, string>();
  await mkdir(to, { recursive: true });
  const names = new Set([...(await checkpointFileNames(from)), ...Object.keys(listed)]);
  for (const name of [...names].sort()) {
    const bad = (why: string) => new StudioError('not-found', `It can't be copied: ${name} ${why}.`, { place: from });
    await mkdir(path.dirname(path.join(to, name)), { recursive: true });
    const found = await copyHashed(path.join(from, name), path.join(to, name)).catch((thrown: unknown) => {
      throw (thrown as NodeJS.ErrnoException).code === 'ENOENT' ? bad('is missing') : thrown;
    });
    const wanted = listed[name]?.sha256 ?? found;
    if (found !== wanted) throw bad('does not hold what was written into it');
    copied.set(name, found);
  }
  return copied;
}

/** Null where there is none, as in checkpoints of older versions; a clause where it can't be read. */
async function readList(folder: string): Promise<FileList | string | null> {
  const text = await readFile(path.join(folder, fileListName), 'utf8').catch((error: NodeJS.ErrnoException) =>
    error.code === 'ENOENT' ? null : '',
  );
  if (text === null) return null;
  const list = fileList.safeParse(parseJson(text));
  return list.success ? list.data : `${fileListName} can't be read`;
}

async function sizesFault(folder: string, list: FileList): Promise<string | null> {
  for (const [name, { sizeBytes }] of Object.entries(list.files)) {
    const found = await stat(path.join(folder, name)).catch(() => null);
    if (!found?.isFile()) return `${name} is missing`;
    if (found.size !== sizeBytes) return `${name} has ${found.size} bytes of ${sizeBytes}`;
  }
  return null;
}

/** Hashes of files that this process has read, by path, with what tells whether they were changed since. */
const readBefore = new Map<string, { readonly as: string; readonly sha256: string }>();

async function readHash(file: string, onBytes: (bytes: number) => void): Promise<string> {
  const as = identity(await stat(file, { bigint: true }));
  const known = readBefore.get(file);
  if (known?.as === as) return known.sha256;
  const sha256 = await sha256OfFiles([file], onBytes);
  readBefore.set(file, { as, sha256 });
  return sha256;
}

/** Every write gives a file another time of change, which no program can set. */
const identity = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats) => [dev, ino, size, mtimeNs, ctimeNs].join(' ');

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
