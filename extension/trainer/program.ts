/** Which program is the trainer, which Node.js runs it, and in which environment. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { StudioError } from '../../trainer/protocol/errors.ts';

export interface TrainerProgram {
  readonly node: string;
  readonly script: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Options that every command of it takes: where ffmpeg is. */
  readonly options: readonly string[];
  /** Options of `serve` alone. */
  readonly serving: readonly string[];
}

export interface ProgramSettings {
  /** Folder of the extension. */
  readonly extensionFolder: string;
  readonly nodePath: string;
  readonly ffmpegPath: string;
  readonly allowedRoots: readonly string[];
}

const run = promisify(execFile);

/**
 * The environment that a trainer gets from an extension host: without the editor's own variables, and with the one that
 * makes Electron's executable behave as plain Node.js.
 */
export function trainerEnvironment(host: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(host).filter(([name]) => !/^(VSCODE_|ELECTRON_|NODE_OPTIONS$)/i.test(name));
  return { ...Object.fromEntries(kept), ELECTRON_RUN_AS_NODE: '1' };
}

/**
 * The packaged trainer, or in a checkout its sources, which need a Node.js that strips types.
 * @throws StudioError `internal` when neither is there; as `checkNode` does.
 */
export async function trainerProgram(settings: ProgramSettings): Promise<TrainerProgram> {
  const environment = trainerEnvironment(process.env);
  const sources = path.join(settings.extensionFolder, 'trainer/main.ts');
  const packaged = path.join(settings.extensionFolder, 'dist/trainer/main.js');
  const fromSources = existsSync(sources);
  const script = fromSources ? sources : packaged;
  if (!existsSync(script)) {
    throw new StudioError('internal', 'The extension lacks its trainer program.', {
      place: packaged,
      remedy: 'Install the extension again.',
    });
  }
  const ofCheckout = path.join(settings.extensionFolder, 'node_modules/.bin/node');
  const node = settings.nodePath || (fromSources && existsSync(ofCheckout) ? ofCheckout : process.execPath);
  await checkNode(node, environment);
  return {
    ...{ node, script, environment },
    options: settings.ffmpegPath ? ['--ffmpeg', settings.ffmpegPath] : [],
    serving: settings.allowedRoots.flatMap((root) => ['--allow-root', root]),
  };
}

/** @throws StudioError `node-missing` when the program is no Node.js, or one without `node:sqlite`, in which the trainer keeps its runs. */
export async function checkNode(node: string, environment: NodeJS.ProcessEnv): Promise<void> {
  const remedy = 'Set "videoR1.trainer.nodePath" to a Node.js of version 22.13 or newer.';
  let answer: string;
  try {
    const question =
      "let sqlite = true; try { require('node:sqlite') } catch { sqlite = false } console.log(process.version, sqlite)";
    answer = (await run(node, ['--no-warnings', '-e', question], { env: environment, timeout: 20_000 })).stdout.trim();
  } catch (cause) {
    throw new StudioError('node-missing', `Node.js can't be started: ${(cause as Error).message.split('\n')[0]}`, {
      place: node,
      remedy,
      cause,
    });
  }
  const [version = '', sqlite] = answer.split(' ');
  if (sqlite === 'true') return;
  const what = /^v\d/.test(version)
    ? `Node.js ${version} has no node:sqlite, in which the trainer keeps its runs.`
    : 'This program is not Node.js.';
  throw new StudioError('node-missing', what, { place: node, remedy });
}
