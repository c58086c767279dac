/** Finds the trainer that owns a project folder by the file it left there, and tells a living one from a dead one. */
import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { processIdentity } from '../programs/process-identity.ts';
import { type Discovery, discovery, discoveryFile, trainerFolder } from '../protocol/discovery.ts';
import { StudioError } from '../protocol/errors.ts';
import { faultLine } from '../protocol/issues.ts';

/** Whether the process is there, and not another one under its number; one that we may not signal is there too. */
function isAlive({ pid, identity }: Discovery): boolean {
  const now = identity === undefined ? null : processIdentity(pid);
  if (now !== null && now !== identity) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (failure) {
    return (failure as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether the trainer is at work in another folder, of which this one is a copy. A project that was moved or linked is the same. */
function isOfOriginal(original: string, project: string): boolean {
  const identity = (folder: string) =>
    statSync(path.join(folder, trainerFolder), { bigint: true, throwIfNoEntry: false });
  const there = identity(original);
  const here = identity(project);
  return there !== undefined && here !== undefined && (there.ino !== here.ino || there.dev !== here.dev);
}

/**
 * The living trainer of a folder, or null when there is none: no file, or one that a killed trainer left behind, before a reboot
 * or since, or that was copied with the project.
 * @throws StudioError `bad-request` when the file is there and can't be understood.
 */
export async function findTrainer(project: string): Promise<Discovery | null> {
  const file = path.join(project, trainerFolder, discoveryFile);
  if (!existsSync(file)) return null;
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new StudioError('bad-request', 'The file that says where the trainer is can not be read.', {
      place: file,
      remedy: 'It belongs to whoever started the trainer; only that user can attach to it.',
      cause,
    });
  }
  const unreadable = (why: string) =>
    new StudioError('bad-request', `The file that says where the trainer is can not be understood: ${why}.`, {
      place: file,
      remedy: 'If no trainer is at work in this folder, delete the file.',
    });
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw unreadable(text.trim() === '' ? 'it is empty' : 'it is not JSON');
  }
  const found = discovery.safeParse(content);
  if (!found.success) throw unreadable(faultLine(discovery, content, found.error, 'it'));
  const at = found.data;
  if (at.project !== undefined && isOfOriginal(at.project, project)) return null;
  return isAlive(at) ? at : null;
}
