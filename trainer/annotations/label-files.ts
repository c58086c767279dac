/** Where labels lie: one file an author in the project, named so that two authors never share one. */
import { hash } from 'node:crypto';
import path from 'node:path';
import { type Author, authorKey } from '../protocol/annotations/entries.ts';
import { trainerFolder } from '../protocol/discovery.ts';

/** Inside `trainerFolder`; shared with git, unlike all else there. */
export const labelFolderName = 'annotations';
export const labelFileEnding = '.jsonl';

export const labelFolderOf = (projectFolder: string): string =>
  path.join(projectFolder, trainerFolder, labelFolderName);

const longestSlug = 40;

/** `ann-example-1a2b3c4d.jsonl`: the same name with another e-mail address is another author, and another file. */
export function labelFileName(author: Author): string {
  const slug = author.name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, longestSlug)
    .replace(/^-|-$/g, '');
  const mark = hash('sha256', authorKey(author), 'hex').slice(0, 8);
  return `${slug || 'author'}-${mark}${labelFileEnding}`;
}

/** What names a text in items. */
export const textHash = (text: string): string => hash('sha256', text, 'hex').slice(0, 32);

/** What names a row without `problem_id` in items. @param asked the same for two rows only where they ask the same of the same media */
export const unnamedRow = (asked: string): string => `~${hash('sha256', asked, 'hex').slice(0, 16)}`;
