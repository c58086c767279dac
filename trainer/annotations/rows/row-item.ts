/** A row of a dataset as an item: its chain of thought is the text that people judge. */
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import type { Item } from '../../protocol/annotations/entries.ts';
import { problemType } from '../../protocol/dataset.ts';
import { StudioError } from '../../protocol/errors.ts';
import { extractAnswer } from '../../rewards/answer.ts';
import type { KnownItem } from '../exchange/to-entries.ts';
import { textHash, unnamedRow } from '../label-files.ts';
import type { ItemContent } from '../say.ts';

/** The row's key that holds the text. */
export const judgedField = 'process';

/**
 * What items call a dataset: its path in the project, with /. Links are followed, so that it has one name by whatever it is
 * called; one that leads from the project to a file outside is called by its own path.
 * @throws StudioError `bad-request` for one that lies outside, which labels can't name; `not-found`
 */
export function datasetName(projectFolder: string, file: string): string {
  const real = (place: string) => {
    try {
      return realpathSync(place);
    } catch (cause) {
      throw new StudioError('not-found', 'There is no such folder.', { place, remedy: 'Check the path.', cause });
    }
  };
  const project = real(projectFolder);
  const named = path.join(real(path.dirname(path.resolve(file))), path.basename(file));
  const found = existsSync(named) ? realpathSync(named) : named;
  const name = pathWithin(project, found) ?? pathWithin(project, named);
  if (name !== null) return name;
  throw new StudioError('bad-request', 'The dataset lies outside of the project, so none of its labels is about it.', {
    place: file,
    remedy: 'Say with --folder which project it belongs to.',
  });
}

/** With /; null for what lies outside of the folder. */
function pathWithin(folder: string, place: string): string | null {
  const relative = path.relative(folder, place);
  const isInside = relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
  return isInside ? relative.split(path.sep).join('/') : null;
}

/** The row's `problem_id` as text; of a row that has none what stands for it in items. */
export function rowId(value: unknown): string {
  const { problem_id: id, problem, options, path: media } = Object(value) as Readonly<Record<string, unknown>>;
  return typeof id === 'string' || typeof id === 'number'
    ? String(id)
    : unnamedRow(JSON.stringify([problem, options, media]));
}

/** The text that people judge; null for a row that has none. */
export function judgedText(value: unknown): string | null {
  const text = (value as Record<string, unknown> | null)?.[judgedField];
  return typeof text === 'string' && text !== '' ? text : null;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** What names a row in labels. @param dataset as `datasetName` names it. @returns null for a row without a text to judge */
export function itemNameOf(dataset: string, value: unknown): Extract<Item, { kind: 'row' }> | null {
  const text = judgedText(value);
  return text === null ? null : { kind: 'row', dataset, row: rowId(value), hash: textHash(text) };
}

/** The same with what the row is. */
export function itemOfRow(dataset: string, value: unknown): KnownItem | null {
  const item = itemNameOf(dataset, value);
  const text = judgedText(value);
  if (item === null || text === null) return null;
  const { problem, options, problem_type, solution, path: media } = value as Record<string, unknown>;
  const content: ItemContent = {
    question: textOf(problem),
    options: Array.isArray(options) ? options.filter((option) => typeof option === 'string') : [],
    problemType: problemType.safeParse(problem_type).data ?? null,
    text,
    solution: textOf(solution),
    answer: extractAnswer(text),
    media: typeof media === 'string' ? [media] : [],
  };
  return { item, content };
}
