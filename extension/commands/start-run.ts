/** Starts a run: from which run file, and for reinforcement learning from which weights. */
import path from 'node:path';
import * as vscode from 'vscode';
import { type CommandRequest, refusal } from '../../trainer/protocol/commands.ts';
import { StudioError } from '../../trainer/protocol/errors.ts';
import type { RunFileEntry } from '../../trainer/protocol/messages.ts';
import type { Method } from '../../trainer/protocol/parameters.ts';
import type { Checkpoint } from '../../trainer/protocol/records.ts';
import { isComputing, type RunSummary } from '../../trainer/protocol/run-state.ts';
import { duration } from '../../trainer/protocol/run-words.ts';
import type { ModelSource } from '../../trainer/protocol/runfile.ts';
import { commands, settings } from '../contributions.ts';
import { plain } from '../plain-text.ts';
import { listRunFiles } from '../run-files.ts';
import { methodNames } from '../run-text.ts';
import type { Studio } from '../studio.ts';
import type { TrainerLink } from '../trainer/link.ts';
import { carryOut, sayDone } from './carry-out.ts';
import type { Handler } from './handler.ts';
import { showPage } from './pages.ts';

const lastRunFileKey = 'lastRunFile';

/** Run file that was clicked on, relative to the project: from the explorer, an editor's title, a CodeLens or a tree item. */
function runFileOf(argument: unknown, project: string): string | undefined {
  if (argument instanceof vscode.Uri) return path.relative(project, argument.fsPath);
  if (typeof argument !== 'object' || argument === null || !('runFile' in argument)) return undefined;
  return typeof argument.runFile === 'string' ? argument.runFile : undefined;
}

async function chooseRunFile(studio: Studio, methods: readonly Method[]): Promise<RunFileEntry> {
  const entries = (await listRunFiles(studio)).filter(
    (entry) => entry.problem !== null || methods.some((method) => method === entry.method),
  );
  const usable = entries.filter((entry) => entry.problem === null);
  if (usable.length === 1 && entries.length === 1 && usable[0]) return usable[0];
  const last = studio.context.workspaceState.get<string>(`${lastRunFileKey}.${methods.join()}`);
  // The one used last, then the one named after its method, then the rest by path.
  const rank = ({ path: file, name, method }: RunFileEntry) => (file === last ? 0 : name === method ? 1 : 2);
  usable.sort((a, b) => rank(a) - rank(b));
  const faulty = entries.filter((entry) => entry.problem !== null);
  const make = {
    label: '$(new-folder) Create Sample Project…',
    detail: 'Videos, questions and run files to begin with',
    entry: null,
  };
  const items: (vscode.QuickPickItem & { readonly entry: RunFileEntry | null })[] = [
    ...usable.map((entry) => ({
      label: `$(play) ${entry.name}`,
      description: `${methodNames[entry.method as Method]} · ${entry.path}`,
      ...(entry.description && { detail: entry.description }),
      entry,
    })),
    ...faulty.map((entry) => ({
      label: `$(warning) ${entry.name}`,
      description: entry.path,
      detail: entry.problem ?? '',
      entry,
    })),
    ...(usable.length === 0 ? [make] : []),
  ];
  const what = methods.map((method) => methodNames[method]).join(' or ');
  const picked = await vscode.window.showQuickPick(items, {
    placeHolder:
      usable.length === 0 ? `There is no usable run file for ${what} in this project` : `Run file for ${what}`,
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (!picked) throw new vscode.CancellationError();
  if (picked.entry === null) {
    await vscode.commands.executeCommand(commands.createSampleProject.id);
    throw new vscode.CancellationError();
  }
  if (picked.entry.problem !== null) {
    await vscode.window.showTextDocument(vscode.Uri.file(path.join(studio.demandProject(), picked.entry.path)));
    throw new StudioError('bad-run-file', picked.entry.problem, {
      place: picked.entry.path,
      remedy: 'Correct the file; the editor marks what does not fit its schema.',
    });
  }
  await studio.context.workspaceState.update(`${lastRunFileKey}.${methods.join()}`, picked.entry.path);
  return picked.entry;
}

interface HeldCheckpoint {
  readonly run: RunSummary;
  readonly checkpoint: Checkpoint;
}

async function checkpointsOf(link: TrainerLink, runs: readonly RunSummary[]): Promise<HeldCheckpoint[]> {
  const lists = await Promise.all(
    runs.map(async (run) => {
      const { checkpoints } = await link.client.request('checkpoints/list', { runId: run.id });
      return checkpoints.map((checkpoint) => ({ run, checkpoint }));
    }),
  );
  return lists.flat().sort((a, b) => b.checkpoint.at - a.checkpoint.at);
}

/**
 * Weights that reinforcement learning starts from: the newest SFT checkpoint first, then what the run file says, then all
 * other checkpoints. Undefined leaves it to the run file.
 */
async function chooseWeights(link: TrainerLink): Promise<ModelSource | undefined> {
  const held = await checkpointsOf(link, link.runs);
  const newest = held.find(({ run }) => run.method === 'sft');
  if (held.length === 0) return undefined;
  const item = ({ run, checkpoint }: HeldCheckpoint, words: string) => ({
    label: `$(archive) ${words}`,
    description: `${methodNames[run.method]} · ${duration(Date.now() - checkpoint.at)} ago · ${(checkpoint.sizeBytes / 1e6).toFixed(1)} MB`,
    source: { checkpoint: path.resolve(link.project, checkpoint.folder) } as ModelSource | undefined,
  });
  const words = ({ run, checkpoint }: HeldCheckpoint) => `${run.id}, step ${checkpoint.step}`;
  const picked = await vscode.window.showQuickPick(
    [
      ...(newest ? [item(newest, `Newest SFT checkpoint: ${words(newest)}`)] : []),
      { label: '$(file) As the run file says', source: undefined },
      ...held.filter((other) => other !== newest).map((other) => item(other, words(other))),
    ],
    { placeHolder: 'Weights to start from', matchOnDescription: true },
  );
  if (!picked) throw new vscode.CancellationError();
  return picked.source;
}

/**
 * At once, or when its turn comes where another run computes and a person wants it so; that one may also be paused first.
 * @throws CancellationError where it is not to be started after all: then no run was created
 */
async function whenToStart(studio: Studio, link: TrainerLink): Promise<true | 'queue'> {
  const other = link.runs.find(({ state }) => isComputing(state));
  if (!other) return true;
  const [queue, pause] = ['Queue', `Pause ${other.id}`];
  const pauseIt: CommandRequest = { kind: 'pause', release: true };
  const choice = await vscode.window.showWarningMessage(
    plain(`${other.id} is ${other.state}, step ${other.step} of ${other.steps}. One run computes at a time.`),
    {
      modal: true,
      detail: 'A queued run starts by itself when the runs before it have ended; a pause holds the queue.',
    },
    queue,
    ...(refusal(pauseIt, other, link.runs) === null ? [pause] : []),
  );
  if (choice === queue) return 'queue';
  if (choice !== pause) throw new vscode.CancellationError();
  await carryOut(studio, other, pauseIt, `Pausing ${other.id}`);
  await atRest(studio, other.id);
  return true;
}

/** A run whose pause is applied may still be freeing its memory. */
function atRest(studio: Studio, runId: string): Promise<void> {
  const computes = () => studio.runs.some(({ id, state }) => id === runId && isComputing(state));
  return new Promise((resolve) => {
    if (!computes()) return resolve();
    const waiting = studio.onDidChange(() => {
      if (computes()) return;
      waiting.dispose();
      resolve();
    });
  });
}

async function start(studio: Studio, methods: readonly Method[], argument: unknown): Promise<void> {
  const project = studio.demandProject();
  const named = runFileOf(argument, project);
  const entry = named === undefined ? await chooseRunFile(studio, methods) : undefined;
  const link = await studio.trainer();
  const runFile = named ?? entry?.path ?? '';
  const method = entry?.method ?? (await listRunFiles(studio)).find(({ path: file }) => file === runFile)?.method;
  const model = method === 'tgrpo' || method === 'grpo' ? await chooseWeights(link) : undefined;
  const when = await whenToStart(studio, link);
  const { run } = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: `Starting ${path.basename(runFile)}` },
    () => link.client.request('runs/create', { runFile, start: when, ...(model && { model }) }),
  );
  sayDone(studio, `${run.id}: ${methodNames[run.method]} run ${run.state === 'queued' ? 'queued' : 'started'}`);
  if (studio.setting<boolean>(settings.openDashboard)) showPage(studio, 'dashboard', run.id);
}

export const startSft: Handler = (studio, argument) => start(studio, ['sft'], argument);
export const startTgrpo: Handler = (studio, argument) => start(studio, ['tgrpo'], argument);
export const startAnyRun: Handler = (studio, argument) => start(studio, ['sft', 'tgrpo', 'grpo'], argument);
