/**
 * The frames of a row as one picture, made by the trainer's program in a process of its own; no trainer has to be at work.
 * Where there are none, words say why.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import { z } from 'zod';
import type { RowReading } from '../../trainer/protocol/dataset-editor.ts';
import { settings } from '../contributions.ts';
import { insideProject } from '../panels/inside-project.ts';
import type { Studio } from '../studio.ts';
import { wordsOf } from './fault-words.ts';

export interface FrameSheet {
  /** `data:` address of a PNG. */
  readonly picture: string | null;
  readonly words: string;
}

const run = promisify(execFile);
const longestMs = 60_000;

const shownFrames = z.object({ indices: z.array(z.number()), resized_width: z.number(), resized_height: z.number() });

const none = (words: string): FrameSheet => ({ picture: null, words });

/** The file in the dataset's folder, or where its links lead in folders that are allowed. */
async function fileOf(folder: string, medium: string, allowed: readonly string[]): Promise<string | undefined> {
  const named = path.resolve(folder, medium);
  for (const root of [folder, ...allowed]) {
    const file = await insideProject(root, named);
    if (file) return file;
  }
  return undefined;
}

/** @param folder of the dataset's file, below which the row's path leads */
export async function frameSheet(
  studio: Studio,
  folder: string,
  { path: medium, dataType }: Pick<RowReading, 'path' | 'dataType'>,
  signal: AbortSignal,
): Promise<FrameSheet> {
  if (!vscode.workspace.isTrusted)
    return none(
      'No frames: this folder is not trusted, and reading a video runs ffmpeg on it. Trust it (Workspaces: Manage Workspace Trust) to see them.',
    );
  if (dataType !== 'image' && dataType !== 'video')
    return none('No frames: the row does not say whether it is about an image or a video.');
  const file = await fileOf(folder, medium, studio.setting<readonly string[]>(settings.allowedRoots));
  if (!file)
    return none(
      `No frames: there is no file ${medium} in the folder of the dataset, nor in one that ${settings.allowedRoots.id} allows.`,
    );
  const made = await mkdtemp(path.join(tmpdir(), 'video-r1-frames-'));
  try {
    const { node, script, environment, options } = await studio.program();
    const png = path.join(made, 'frames.png');
    const { stdout } = await run(
      node,
      [script, 'frames', file, '--type', dataType, '--png', png, '--json', ...options],
      { env: environment, signal, timeout: longestMs, windowsHide: true },
    );
    const { indices, resized_width: width, resized_height: height } = shownFrames.parse(JSON.parse(stdout));
    const many = indices.length === 1 ? 'One frame' : `${indices.length} frames`;
    return {
      picture: `data:image/png;base64,${(await readFile(png)).toString('base64')}`,
      words: `${many} of ${medium}, ${width} by ${height}, as the paper's preset chooses them; over each its number in the file and its time`,
    };
  } catch (thrown) {
    const { stderr = '' } = thrown as { stderr?: unknown };
    const said = typeof stderr === 'string' ? stderr.trim() : '';
    return none(`No frames: ${said === '' ? wordsOf(thrown) : said.replace(/\s+/g, ' ')}`);
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}
