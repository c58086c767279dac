/** Starts a trainer that outlives this window, and waits until it listens. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync, watch } from 'node:fs';
import path from 'node:path';
import { findTrainer } from '../../trainer/client/find-trainer.ts';
import { type Discovery, logFile, trainerFolder } from '../../trainer/protocol/discovery.ts';
import { asStudioError, StudioError } from '../../trainer/protocol/errors.ts';
import type { TrainerProgram } from './program.ts';

const startTimeoutMs = 60_000;
/** Beside the watch on the folder, which some network file systems do not serve. */
const lookAgainMs = 500;

export function logPath(project: string): string {
  return path.join(project, trainerFolder, logFile);
}

/** What a log gained since it had `from` bytes: its last lines, for an error's text. */
function lastLines(file: string, from: number, count: number): string {
  if (!existsSync(file)) return '';
  const lines = readFileSync(file).subarray(from).toString('utf8').trim().split('\n');
  return lines.slice(-count).join('\n');
}

/**
 * @throws StudioError `no-access` when the trainer's folder can't be written; `internal` when the program ends before it listens (with what it said) or does not listen in time;
 *   the signal's reason when it is aborted, after the program was ended.
 */
export async function startTrainer(program: TrainerProgram, project: string, signal: AbortSignal): Promise<Discovery> {
  // What a dead one left may name a process that lives: word of the new one is another.
  const left = await findTrainer(project).catch(() => null);
  signal.throwIfAborted();
  const folder = path.join(project, trainerFolder);
  const file = logPath(project);
  let log: number;
  try {
    mkdirSync(folder, { recursive: true });
    log = openSync(file, 'a', 0o600);
  } catch (cause) {
    throw new StudioError('no-access', `The trainer can't write in its folder. ${asStudioError(cause).message}`, {
      place: folder,
      remedy: 'Choose a project folder in which you may write.',
      cause,
    });
  }
  const logStart = statSync(file).size;
  const options = [...program.options, ...program.serving];
  const child = spawn(program.node, [program.script, 'serve', '--folder', project, ...options], {
    cwd: project,
    detached: true,
    windowsHide: true,
    stdio: ['ignore', log, log],
    env: program.environment,
  });
  closeSync(log);
  child.unref();

  return new Promise<Discovery>((resolve, reject) => {
    const settle = (act: () => void) => {
      clearInterval(again);
      clearTimeout(limit);
      watcher.close();
      signal.removeEventListener('abort', abort);
      child.removeAllListeners();
      child.on('error', () => {});
      act();
    };
    const look = () => {
      findTrainer(project).then(
        (found) => {
          if (found && (found.pid !== left?.pid || found.token !== left.token)) settle(() => resolve(found));
        },
        // The file may be half written: look again until the time is up.
        () => {},
      );
    };
    const abort = () =>
      settle(() => {
        child.kill();
        reject(signal.reason);
      });
    const watcher = watch(folder, look);
    const again = setInterval(look, lookAgainMs);
    const limit = setTimeout(() => {
      settle(() => {
        child.kill();
        reject(
          new StudioError('internal', `The trainer did not listen within ${startTimeoutMs / 1000} seconds.`, {
            place: file,
            remedy: 'Its log says how far it came.',
          }),
        );
      });
    }, startTimeoutMs);
    signal.addEventListener('abort', abort, { once: true });
    child.once('error', (cause) =>
      settle(() =>
        reject(
          new StudioError('internal', `The trainer can't be started: ${cause.message}`, { place: program.node, cause }),
        ),
      ),
    );
    child.once('exit', (code, killedBy) => {
      settle(() => {
        const said = lastLines(file, logStart, 8);
        reject(
          new StudioError(
            'internal',
            `The trainer ended as it started (${killedBy ?? `code ${code}`}).${said ? ` It said: ${said}` : ''}`,
            {
              place: file,
              remedy: 'Its log has the whole story.',
            },
          ),
        );
      });
    });
  });
}
