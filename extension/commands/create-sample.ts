/** Makes the sample project with the trainer's own program, and offers what to do next. */
import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import * as vscode from 'vscode';
import { z } from 'zod';
import { StudioError } from '../../trainer/protocol/errors.ts';
import { commands } from '../contributions.ts';
import { plain } from '../plain-text.ts';
import type { Studio } from '../studio.ts';
import type { TrainerProgram } from '../trainer/program.ts';
import type { Handler } from './register.ts';

const newFolderName = 'video-r1-sample';

/** A line that `sample --json-progress` prints. */
const progressLine = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), done: z.number(), total: z.number(), what: z.string() }),
  z.object({ type: z.literal('done') }),
  z.object({
    type: z.literal('error'),
    message: z.string(),
    place: z.string().nullish(),
    remedy: z.string().nullish(),
  }),
]);

async function isEmpty(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).every((name) => name.startsWith('.'));
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === 'ENOENT') return true;
    throw failure;
  }
}

/** An empty open folder is taken as it is; else the user is asked, with a new folder inside the open one first. */
async function chooseFolder(): Promise<string | undefined> {
  const open = vscode.workspace.workspaceFolders?.find((folder) => folder.uri.scheme === 'file')?.uri.fsPath;
  if (open && (await isEmpty(open))) return open;
  const inside = open && path.join(open, newFolderName);
  const picked = inside
    ? await vscode.window.showQuickPick(
        [
          { label: `$(new-folder) ${newFolderName}`, description: inside, folder: inside as string | undefined },
          { label: '$(folder-opened) Another folder…', folder: undefined },
        ],
        { placeHolder: 'Where shall the sample project be made?' },
      )
    : { folder: undefined };
  if (!picked) return undefined;
  if (picked.folder) return picked.folder;
  const chosen = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    openLabel: 'Create Here',
    title: 'Folder of the sample project',
  });
  return chosen?.[0]?.fsPath;
}

/** @throws StudioError with the maker's own words; CancellationError, after it was ended. */
async function make(
  program: TrainerProgram,
  folder: string,
  progress: vscode.Progress<{ message?: string; increment?: number }>,
  token: vscode.CancellationToken,
): Promise<void> {
  const child = spawn(program.node, [program.script, 'sample', folder, '--json-progress', ...program.options], {
    env: program.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  });
  let complaint = '';
  child.stderr.on('data', (data: Buffer) => {
    complaint = `${complaint}${data}`.slice(-2000);
  });
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  token.onCancellationRequested(() => child.kill());
  let share = 0;
  let failure: StudioError | undefined;
  let finished = false;
  for await (const line of createInterface({ input: child.stdout })) {
    const read = readLine(line);
    if (read?.type === 'progress' && read.total > 0) {
      const now = (100 * read.done) / read.total;
      progress.report({ message: `${read.what} (${read.done} of ${read.total})`, increment: now - share });
      share = now;
    }
    if (read?.type === 'done') finished = true;
    if (read?.type === 'error') {
      failure = new StudioError('internal', read.message, {
        ...(read.place && { place: read.place }),
        ...(read.remedy && { remedy: read.remedy }),
      });
    }
  }
  const code = await ended;
  if (token.isCancellationRequested) throw new vscode.CancellationError();
  if (failure) throw failure;
  if (code !== 0 || !finished)
    throw new StudioError('internal', complaint.trim() || `The sample maker ended with code ${code}.`, {
      place: folder,
    });
}

function readLine(line: string): z.infer<typeof progressLine> | undefined {
  let content: unknown;
  try {
    content = JSON.parse(line);
  } catch {
    return undefined; // a library printed something of its own
  }
  return progressLine.safeParse(content).data;
}

async function offerNext(studio: Studio, folder: string): Promise<void> {
  const startSft = 'Start SFT Run';
  const openRollouts = 'Open Rollouts';
  const choice = await vscode.window.showInformationMessage(
    plain(`The sample project is ready in ${folder}.`),
    startSft,
    openRollouts,
  );
  if (choice === startSft) await vscode.commands.executeCommand(commands.startSft.id);
  if (choice === openRollouts) await vscode.commands.executeCommand(commands.openRollouts.id);
  studio.log.info(`Sample project made in ${folder}`);
}

export const createSampleProject: Handler = async (studio) => {
  studio.demandTrust();
  const folder = await chooseFolder();
  if (!folder) return;
  if (!(await isEmpty(folder))) {
    throw new StudioError('conflict', 'The folder is not empty.', {
      place: folder,
      remedy: 'Choose an empty folder, so that nothing of yours is overwritten.',
    });
  }
  const program = await studio.program();
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Creating the sample project', cancellable: true },
    (progress, token) => make(program, folder, progress, token),
  );
  await studio.chooseProject(folder);
  // Not awaited: the command is done, whatever becomes of the offer.
  void offerNext(studio, folder);
};
