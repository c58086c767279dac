/** Labels are shared by git, all else that a trainer keeps is not, and two branches of labels merge by themselves. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { keepLabelsInGit } from '../../trainer/annotations/git-files.ts';
import { labelFileName } from '../../trainer/annotations/label-files.ts';
import { LabelFolder } from '../../trainer/annotations/label-folder.ts';
import { itemKey } from '../../trainer/protocol/annotations/entries.ts';
import type { Statement } from '../../trainer/protocol/annotations/label-book.ts';
import { ann, ben, flag, row, verdictOf } from '../protocol/annotations/made-entries.ts';
import {
  git,
  gitProject,
  signal,
  temporaryProject,
  textOf,
  withoutOwnGitSettings,
  writeLabelFile,
} from './projects.ts';

beforeEach(() => {
  withoutOwnGitSettings();
  return () => vi.unstubAllEnvs();
});

/** Files that git would take in. */
function taken(project: string): string[] {
  return git(project, 'ls-files', '--others', '--exclude-standard', '.video-r1').split('\n').filter(Boolean).sort();
}

function withFiles(project: string): string {
  mkdirSync(path.join(project, '.video-r1/runs/a'), { recursive: true });
  writeFileSync(path.join(project, '.video-r1/runs/a/run.db'), '');
  writeFileSync(path.join(project, '.video-r1/annotations.lock'), '');
  writeLabelFile(project, 'ann-1.jsonl', '');
  writeLabelFile(project, 'labels.json', '{}');
  writeLabelFile(project, 'notes.txt', '');
  return project;
}

const labelFiles = ['.video-r1/annotations/ann-1.jsonl', '.video-r1/annotations/labels.json'];

describe('.gitignore', () => {
  test.each([
    ['is not there', null],
    ['is empty', ''],
    ['has no line break at its end', 'dist/'],
    ['leaves out the whole folder', '.video-r1/\n'],
    [
      'leaves out the whole folder after the lines',
      `${'!/.video-r1/\n/.video-r1/*\n!/.video-r1/annotations/\n'}.video-r1\n`,
    ],
    ['leaves out files of these endings', '*.jsonl\n*.json\n'],
    [
      'leaves out files of these endings after the lines',
      `${'!/.video-r1/\n/.video-r1/*\n!/.video-r1/annotations/\n'}*.jsonl\n`,
    ],
    ['has half of the lines', '!/.video-r1/\n/.video-r1/*\n'],
    ['is of Windows', 'dist/\r\n.video-r1\r\n'],
  ])('that %s lets the labels in and nothing else, and keeps what it has', (_, before) => {
    const project = withFiles(gitProject());
    const file = path.join(project, '.gitignore');
    if (before !== null) writeFileSync(file, before);
    expect(keepLabelsInGit(project).map(({ file: name }) => path.basename(name))).toEqual([
      '.gitignore',
      '.gitattributes',
    ]);
    const after = textOf(file);
    expect(after.startsWith(before ?? '')).toBe(true);
    expect(taken(project)).toEqual([...labelFiles, '.video-r1/annotations/notes.txt']);
    expect(keepLabelsInGit(project)).toEqual([]);
    expect(textOf(file)).toBe(after);
  });

  test('of a folder further up is overruled, and bytes that are no text stay as they are', () => {
    const root = gitProject();
    writeFileSync(path.join(root, '.gitignore'), '.video-r1/\n');
    const project = path.join(root, 'projects/a');
    mkdirSync(project, { recursive: true });
    withFiles(project);
    expect(taken(project)).toEqual([]);
    const odd = Buffer.from([0x66, 0xfc, 0x72, 0x0a]);
    writeFileSync(path.join(project, '.gitignore'), odd);
    keepLabelsInGit(project);
    expect(taken(project)).toContain(labelFiles[0]);
    expect(Buffer.from(textOf(path.join(root, '.gitignore'))).toString()).toBe('.video-r1/\n');
  });

  test('is not made where there is no git', async () => {
    const project = temporaryProject();
    expect(keepLabelsInGit(project)).toEqual([]);
    const folder = await LabelFolder.open(project, { signal });
    expect((await folder.append([flag(ann, 1)], signal)).git).toEqual([]);
  });

  test('is written with the first label, and who asked for that is told', async () => {
    const project = gitProject();
    const folder = await LabelFolder.open(project, { signal });
    expect((await folder.append([flag(ann, 1)], signal)).git.map(({ lines }) => lines.length)).toEqual([5, 1]);
    expect((await folder.append([flag(ann, 2)], signal)).git).toEqual([]);
    expect(taken(project)).toEqual([`.video-r1/annotations/${labelFileName(ann)}`]);
  });
});

describe('merging', () => {
  const key = itemKey(row('a'));

  async function add(project: string, ...entries: Statement[]): Promise<void> {
    const folder = await LabelFolder.open(project, { signal });
    await folder.append(entries, signal);
    git(project, 'add', '-A');
    git(project, 'commit', '-q', '-m', 'labels');
  }

  /** Two branches that begin with the same labels, merged. */
  async function merged(base: Statement[], ours: Statement[], theirs: Statement[]): Promise<LabelFolder> {
    const project = gitProject();
    await add(project, ...base);
    git(project, 'checkout', '-q', '-b', 'theirs');
    await add(project, ...theirs);
    git(project, 'checkout', '-q', 'main');
    await add(project, ...ours);
    git(project, 'merge', '-q', '-m', 'merge', 'theirs');
    expect(git(project, 'check-attr', 'merge', '--', `.video-r1/annotations/${labelFileName(ann)}`)).toContain('union');
    return LabelFolder.open(project, { signal });
  }

  test("two authors' branches have the labels of both", async () => {
    const [base, anns, bens] = [flag(ann, 1), verdictOf(ann, 2, 'drop'), verdictOf(ben, 3, 'keep')];
    const folder = await merged([base], [anns], [bens]);
    expect(folder.book.get(key)?.history.map(({ entry }) => entry)).toEqual([base, anns, bens]);
    expect(folder.book.get(key)?.outcome).toEqual({ state: 'disputed', over: 'verdict' });
    expect(folder.troubles).toEqual([]);
  });

  test('two machines of one author have the labels of both, in one file, and the later verdict stands', async () => {
    const base = [flag(ann, 1), verdictOf(ann, 2, 'drop')];
    const [here, there] = [
      [verdictOf(ann, 5, 'keep'), flag(ann, 6, { category: 'format' })],
      [verdictOf(ann, 9, 'fix'), flag(ann, 3, { category: 'other' })],
    ];
    const folder = await merged(base, here, there);
    const labels = folder.book.get(key);
    expect(labels?.history).toHaveLength(6);
    expect(labels?.verdicts).toEqual([there[0]]);
    expect(labels?.flags).toHaveLength(3);
    expect(folder.troubles).toEqual([]);
  });
});
