/**
 * Which files a dataset is made of, and how each is read, by content: JSON, gzip, Parquet and Arrow; a folder is a Hub
 * snapshot, Hugging Face's cache of one, or what `datasets`' `save_to_disk` wrote.
 */
import { closeSync, openSync, readdirSync, readFileSync, readSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';
import { StudioError } from '../../protocol/errors.ts';
import { parseJson } from '../../protocol/json.ts';
import { headBytes, recogniseForeign } from './foreign-file.ts';

export type PartForm = 'json' | 'gzip' | 'parquet' | 'arrow';

export interface DatasetPart {
  readonly file: string;
  readonly form: PartForm;
}

export interface DatasetParts {
  /** Absolute path, as it was named. */
  readonly file: string;
  /** From which the rows' paths are taken. */
  readonly folder: string;
  readonly parts: readonly DatasetPart[];
}

const infoOf = (file: string): Stats | undefined => statSync(file, { throwIfNoEntry: false });
const isFile = (file: string) => infoOf(file)?.isFile() === true;
const isFolder = (file: string) => infoOf(file)?.isDirectory() === true;

function headOf(file: string): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const head = Buffer.alloc(headBytes);
    return head.subarray(0, readSync(descriptor, head, 0, headBytes, 0));
  } finally {
    closeSync(descriptor);
  }
}

/** @throws StudioError `bad-dataset` that names what the file is, where it is known to be no dataset */
function partOf(file: string): DatasetPart {
  const head = headOf(file);
  const begins = (bytes: string) => head.subarray(0, bytes.length).toString('latin1') === bytes;
  if (begins('PAR1')) return { file, form: 'parquet' };
  if (begins('\x1f\x8b')) return { file, form: 'gzip' };
  if (begins('ARROW1') || (begins('\xff\xff\xff\xff') && head.length >= 8)) return { file, form: 'arrow' };
  refuseForeign(file, head);
  return { file, form: 'json' };
}

/** @param head first bytes of what is to be JSON. @throws StudioError `bad-dataset` that names what it is instead */
export function refuseForeign(file: string, head: Buffer): void {
  const foreign = recogniseForeign(head);
  if (foreign)
    throw new StudioError('bad-dataset', `This is ${foreign.what}.`, { place: file, remedy: foreign.remedy });
}

const notFound = (file: string, beside: readonly string[] = []) =>
  new StudioError('not-found', 'There is no such dataset.', {
    place: file,
    remedy: `Check its name; in a run file "dataset" is relative to the run file’s folder.${beside.length > 0 ? ` Beside it there are ${listed(beside)}.` : ''}`,
  });

const listed = (names: readonly string[]) =>
  names.length > 12 ? `${names.slice(0, 12).join(', ')} and ${names.length - 12} more` : names.join(', ');

const endings = /\.(parquet|arrow|jsonl|json|ndjson)(\.gz)?$/i;
/** What stands beside data in such folders and is none. */
const besides = new Set(['dataset_info.json', 'dataset_infos.json', 'dataset_dict.json', 'state.json', 'config.json']);

/** `train-00001-of-00004.parquet` is part 1 of 4 of `train`; a file without such a number is one of its own. */
function shardOf(name: string): { split: string; at: number; of: number } {
  const stem = name.replace(endings, '');
  const numbered = /^(.*?)-(\d{5})-of-(\d{5})(?:-[0-9a-f]+)?$/.exec(stem);
  if (numbered) return { split: numbered[1] as string, at: Number(numbered[2]), of: Number(numbered[3]) };
  return { split: stem, at: 0, of: 1 };
}

/** The data files of one folder by split, each split's in the order of their numbers. @throws StudioError for a missing one */
function splitsIn(folder: string): Map<string, string[]> {
  const names = readdirSync(folder)
    .filter((name) => endings.test(name) && !besides.has(name) && isFile(path.join(folder, name)))
    .sort();
  const splits = Map.groupBy(names, (name) => shardOf(name).split);
  for (const [split, shards] of splits) {
    const wanted = Math.max(...shards.map((name) => shardOf(name).of));
    if (shards.length === wanted) continue;
    const there = new Set(shards.map((name) => shardOf(name).at));
    const missing = Array.from({ length: wanted }, (_, i) => i).filter((i) => !there.has(i));
    throw new StudioError(
      'bad-dataset',
      missing.length > 0
        ? `The split ${split} has ${wanted} files, and ${missing.length} of them are not there: number ${listed(missing.map(String))}.`
        : `The split ${split} has files twice: ${listed(shards)}.`,
      { place: folder, remedy: missing.length > 0 ? 'Download the rest.' : 'Keep one of each.' },
    );
  }
  return new Map([...splits].map(([split, shards]) => [split, shards.map((name) => path.join(folder, name))]));
}

/** In Hugging Face's cache, the folder of the snapshot that was fetched last. */
function snapshotOf(folder: string): string {
  const snapshots = path.join(folder, 'snapshots');
  if (!isFolder(snapshots)) return folder;
  const main = path.join(folder, 'refs', 'main');
  const revision = isFile(main) ? readFileSync(main, 'utf8').trim() : '';
  if (/^[\w-]+$/.test(revision) && isFolder(path.join(snapshots, revision))) return path.join(snapshots, revision);
  const there = readdirSync(snapshots);
  if (there.length === 1) return path.join(snapshots, there[0] as string);
  throw new StudioError('bad-dataset', 'The cache holds several snapshots, and none is called the newest.', {
    place: snapshots,
    remedy: `Name one of its folders: ${listed(there)}.`,
  });
}

/** The files of a folder that `save_to_disk` wrote, in their order; null where it is none. */
function savedToDisk(folder: string): string[] | null {
  const state = path.join(folder, 'state.json');
  if (!isFile(state) || !isFile(path.join(folder, 'dataset_info.json'))) return null;
  const content = parseJson(readFileSync(state, 'utf8')) as { _data_files?: { filename?: unknown }[] } | undefined;
  const names = content?._data_files?.map(({ filename }) => filename);
  const isName = (name: unknown) => typeof name === 'string' && name === path.basename(name);
  if (!names?.every(isName))
    throw new StudioError('bad-dataset', 'The state.json of the folder names no data files.', {
      place: state,
      remedy: 'Write the folder again with save_to_disk.',
    });
  const files = (names as string[]).map((name) => path.join(folder, name));
  const missing = files.filter((file) => !isFile(file));
  if (missing.length > 0)
    throw new StudioError('bad-dataset', `${missing.length} of its ${files.length} data files are not there.`, {
      place: missing[0] as string,
      remedy: 'Copy the whole folder.',
    });
  return files;
}

/** The splits that a folder has as data files, in itself or in its folder "data". */
function splitsOf(folder: string): Map<string, string[]> {
  const places = [path.join(folder, 'data'), folder].filter(isFolder);
  return new Map(places.flatMap((place) => [...splitsIn(place)]));
}

function filesOfFolder(named: string): { folder: string; files: string[] } {
  const folder = snapshotOf(named);
  const saved = savedToDisk(folder);
  if (saved) return { folder, files: saved };
  const dict = path.join(folder, 'dataset_dict.json');
  if (isFile(dict)) {
    const { splits } = (parseJson(readFileSync(dict, 'utf8')) ?? {}) as { splits?: unknown };
    throw severalSplits(named, Array.isArray(splits) ? splits.map(String) : []);
  }
  const splits = splitsOf(folder);
  if (splits.size > 1) throw severalSplits(named, [...splits.keys()]);
  const [only] = splits.values();
  if (only) return { folder, files: only };
  const below = readdirSync(folder).filter(
    (name) => isFolder(path.join(folder, name)) && splitsIn(path.join(folder, name)).size > 0,
  );
  throw new StudioError('bad-dataset', 'The dataset is not a file, and the folder holds no data that is read here.', {
    place: named,
    remedy:
      below.length > 0
        ? `Name one of the folders in it that do: ${listed(below)}.`
        : 'Name a JSON, JSONL, Parquet or Arrow file, or a folder that has such files in it or in its folder "data".',
  });
}

const severalSplits = (folder: string, splits: readonly string[]) =>
  new StudioError('bad-dataset', `The folder holds several datasets: ${listed(splits)}.`, {
    place: folder,
    remedy: `Name one of them: ${listed(splits.map((split) => path.join(folder, split)))}.`,
  });

/**
 * @param named a file; a folder with one dataset; or a folder with several, followed by the name of a split: `snapshot/train`
 * @throws StudioError `not-found`; `bad-dataset` for a file that is something else, and for a folder of which it is not
 *   clear what is meant
 */
export function findParts(named: string): DatasetParts {
  const file = path.resolve(named);
  const info = infoOf(file);
  if (info?.isFile()) return { file, folder: path.dirname(file), parts: [partOf(file)] };
  if (info && !info.isDirectory())
    throw new StudioError('bad-dataset', 'The dataset is not a file.', { place: file, remedy: 'Name a regular file.' });
  const found = info ? filesOfFolder(file) : splitOfFolder(file);
  return { file, folder: found.folder, parts: found.files.map(partOf) };
}

/** Whether a path that is no file names a split of a folder. */
export function isSplit(file: string): boolean {
  const folder = path.dirname(file);
  return isFolder(folder) && splitsOf(snapshotOf(folder)).has(path.basename(file));
}

/** `folder/train` where there is no such file: the split `train` of the folder. */
function splitOfFolder(file: string): { folder: string; files: string[] } {
  const [parent, split] = [path.dirname(file), path.basename(file)];
  if (!isFolder(parent)) throw notFound(file);
  const folder = snapshotOf(parent);
  const splits = splitsOf(folder);
  const files = splits.get(split);
  if (!files) throw notFound(file, [...splits.keys()]);
  return { folder, files };
}
