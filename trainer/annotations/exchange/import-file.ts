/** What a file of labels is, told by what it holds: our own lines, an export of Label Studio, or one of Argilla. */
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { linesOf } from '../../journal/lines.ts';
import type { Entry } from '../../protocol/annotations/entries.ts';
import { asStudioError, StudioError } from '../../protocol/errors.ts';
import { parseJson } from '../../protocol/json.ts';
import { labelFileEnding, labelFolderOf, textHash } from '../label-files.ts';
import { readLabelLine } from '../label-lines.ts';
import { type Notice, Notices } from './notices.ts';

export type ImportFile =
  | { readonly form: 'labels'; readonly entries: readonly Entry[]; readonly notices: readonly Notice[] }
  /** As it was parsed. */
  | { readonly form: 'label-studio' | 'argilla'; readonly json: unknown };

/** Of these one is whole in a file of our own, whatever was broken. */
const linesLookedAt = 100;
/** No text in this language can be longer. */
const longestText = 512e6;
/** What `Dataset.to_disk` of Argilla calls the file in its folder. */
const argillaFile = 'records.json';
/** What a packed queue calls the file of its items. */
export const packedItemsFile = 'items.jsonl';

const remedy =
  'Name an export of Label Studio (form JSON), of Argilla (records.to_json), or of video-r1 annotations export in any form but Parquet.';

type Fields = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * @param hasOther whether the project has an entry of the same id that says something else
 * @throws StudioError `not-found`, `bad-input` for a file that is none of them; the signal's reason
 */
export async function readImportFile(
  named: string,
  signal: AbortSignal,
  hasOther: (entry: Entry) => boolean = () => false,
): Promise<ImportFile> {
  try {
    const [file, ...said] = (await stat(named)).isDirectory() ? await filesInFolder(named) : ([named] as const);
    if (await isOurs(file, signal)) return await ownEntries([file, ...said], signal, hasOther);
    if ((await stat(file)).size > longestText)
      throw new StudioError('bad-input', 'The file is too long to be read at once.', {
        place: file,
        remedy: 'Export it in several parts of less than 500 MB, and import them one after the other.',
      });
    const json = parsed(await readFile(file, { encoding: 'utf8', signal }), file);
    return { form: formOf(json, file), json };
  } catch (thrown) {
    signal.throwIfAborted();
    throw asStudioError(thrown);
  }
}

/** Of a packed queue with what was said in it. */
async function filesInFolder(folder: string): Promise<readonly [string, ...string[]]> {
  const names = await readdir(folder);
  if (names.includes(packedItemsFile)) return [path.join(folder, packedItemsFile), ...(await labelFilesIn(folder))];
  if (names.includes(argillaFile)) return [path.join(folder, argillaFile)];
  throw new StudioError('bad-input', `The folder has neither ${packedItemsFile} nor ${argillaFile}.`, {
    place: folder,
    remedy: 'Name a packed queue, a folder that Argilla wrote, or the file itself.',
  });
}

/** In the order of their names; links lead out of the folder and are passed over. */
async function labelFilesIn(projectFolder: string): Promise<string[]> {
  const folder = labelFolderOf(projectFolder);
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith(labelFileEnding));
  return files.map(({ name }) => path.join(folder, name)).sort();
}

async function isOurs(file: string, signal: AbortSignal): Promise<boolean> {
  for await (const { number, bytes } of linesOf(createReadStream(file, { signal }))) {
    if (number > linesLookedAt) return false;
    const value = parseJson(bytes.toString('utf8'));
    if (isObject(value)) return typeof value.v === 'number' && typeof value.kind === 'string';
  }
  return false;
}

/** @param files of which one says what another's labels are about */
async function ownEntries(
  files: readonly string[],
  signal: AbortSignal,
  hasOther: (entry: Entry) => boolean,
): Promise<ImportFile> {
  const notices = new Notices();
  const entries = new Map<string, Entry>();
  for (const file of files)
    for await (const line of linesOf(createReadStream(file, { signal }))) {
      const read = readLabelLine(file, line);
      const place = files.length > 1 ? `${path.basename(file)}, line ${line.number}` : `line ${line.number}`;
      for (const { message, remedy } of read.troubles) notices.tell(`${message} ${remedy}`, place);
      // What a later version wrote can be read, and not be written again as it was.
      if (read.troubles.some(({ kind }) => kind === 'newer')) continue;
      for (const { entry } of read.entries) {
        if (entry.kind === 'item' && textHash(entry.text) !== entry.item.hash)
          notices.tell('Left out: the text of an item is not the one that was judged, as its hash says.', place);
        else if (hasOther(entry) || !isDeepStrictEqual(entries.get(entry.id) ?? entry, entry))
          notices.tell(
            'Left out: another label has its id. What was said is never changed: say it anew, under an id of its own.',
            place,
          );
        else entries.set(entry.id, entry);
      }
    }
  return { form: 'labels', entries: [...entries.values()], notices: notices.all() };
}

/** Of JSON, or of JSON lines as a list. */
function parsed(text: string, file: string): unknown {
  const content = text.replace(/^\ufeff/, '');
  const whole = parseJson(content);
  if (whole !== undefined) return whole;
  const lines = content.split('\n').filter((line) => line.trim() !== '');
  const values = lines.map((line) => parseJson(line));
  const broken = values.indexOf(undefined);
  if (lines.length > 1 && broken < 0) return values;
  throw new StudioError(
    'bad-input',
    broken > 0 ? 'A line of the file is not JSON.' : 'The file is neither JSON nor JSON lines.',
    {
      place: file,
      remedy,
    },
  );
}

/** Keys that only Argilla's records have, in the nested shape or in a flattened one. */
const isArgillaKey = (key: string) =>
  key === 'responses' || key === 'suggestions' || key.endsWith('.responses') || key.endsWith('.suggestion');

function formOf(json: unknown, file: string): 'label-studio' | 'argilla' {
  const list: readonly unknown[] = Array.isArray(json) ? json : [json];
  const objects = list.filter(isObject);
  if (objects.some((one) => isObject(one.data))) return 'label-studio';
  const within = objects.flatMap((one) => [one, ...Object.values(one).flat().filter(isObject)]);
  if (within.some((one) => Object.keys(one).some(isArgillaKey))) return 'argilla';
  if (Array.isArray(json) && json.length === 0) return 'label-studio';
  throw new StudioError('bad-input', 'The file holds no labels in a form that is known.', {
    place: file,
    remedy,
  });
}
