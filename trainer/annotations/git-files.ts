/**
 * What the project's git has to know of labels: all that a trainer keeps in the project stays out of it, the labels go in, and
 * two versions of a label file are merged by taking the lines of both.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { categoryFileName } from '../protocol/annotations/categories.ts';
import { trainerFolder } from '../protocol/discovery.ts';
import { labelFileEnding, labelFolderName } from './label-files.ts';

const labels = `/${trainerFolder}/${labelFolderName}`;

/**
 * In this order: git goes by the last line that fits a path, and never looks into a folder that is left out. So the first one
 * takes back what leaves out the folder as a whole, here or further up, and the last ones what leaves out files by their ending.
 */
const ignoreLines = [
  `!/${trainerFolder}/`,
  `/${trainerFolder}/*`,
  `!${labels}/`,
  `!${labels}/*${labelFileEnding}`,
  `!${labels}/${categoryFileName}`,
];
/** Other lines that leave out the folder, or files of these endings everywhere. */
const leavesOut = /^(?:\*\*)?\/?(?:\.video-r1(?:\/|$)|\*\.jsonl?$)/;

const attributeLines = [`${labels}/*${labelFileEnding} text eol=lf merge=union`];

/** What was added to a file of the project. */
export interface AddedLines {
  readonly file: string;
  readonly lines: readonly string[];
}

/**
 * Adds what is missing to `.gitignore` and `.gitattributes` of a project that is in a git repository, at their end; all that is
 * there stays as it is. Elsewhere nothing is done.
 */
export function keepLabelsInGit(projectFolder: string): AddedLines[] {
  if (!isInRepository(path.resolve(projectFolder))) return [];
  return [
    addLines(path.join(projectFolder, '.gitignore'), ignoreLines, leavesOut),
    addLines(path.join(projectFolder, '.gitattributes'), attributeLines),
  ].filter(({ lines }) => lines.length > 0);
}

function isInRepository(folder: string): boolean {
  // A file in a work tree beside the repository's own, and in a submodule.
  if (existsSync(path.join(folder, '.git'))) return true;
  const parent = path.dirname(folder);
  return parent !== folder && isInRepository(parent);
}

/** @param overrules what takes back the lines where it stands after them */
function addLines(file: string, wanted: readonly string[], overrules?: RegExp): AddedLines {
  const present = existsSync(file) ? readFileSync(file, 'latin1') : '';
  const lines = missing(present, wanted, overrules);
  if (lines.length > 0) {
    const lineEnd = present.includes('\r\n') ? '\r\n' : '\n';
    const gap = present === '' || present.endsWith('\n') ? '' : lineEnd;
    appendFileSync(file, gap + lines.map((line) => line + lineEnd).join(''));
  }
  return { file, lines };
}

/** Of lines that hold by their order, all from the first on that is not there after the one before it. */
function missing(text: string, wanted: readonly string[], overrules: RegExp | undefined): readonly string[] {
  const present = text.split('\n').map((line) => line.trimEnd());
  let from = present.findLastIndex((line) => !wanted.includes(line) && overrules?.test(line)) + 1;
  for (const [at, line] of wanted.entries()) {
    const found = present.indexOf(line, from);
    if (found < 0) return wanted.slice(at);
    from = found + 1;
  }
  return [];
}
