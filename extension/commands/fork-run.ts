/** A run that goes on from a checkpoint of another one, which stays as it is. */
import * as vscode from 'vscode';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { runName } from '../../trainer/protocol/runfile.ts';
import { seedsOf, stepsAgain } from '../../trainer/protocol/seed-words.ts';
import { settings } from '../contributions.ts';
import { plain } from '../plain-text.ts';
import type { Studio } from '../studio.ts';
import { demandRuns, sayDone } from './carry-out.ts';
import { chooseCheckpoint, stepOf } from './choose-checkpoint.ts';
import type { Handler } from './handler.ts';
import { showPage } from './pages.ts';
import { chooseRun } from './targets.ts';

/** Makes the run, and starts it where no other one computes. @throws StudioError as the trainer says it */
export async function fork(studio: Studio, run: RunSummary, from: number, name?: string): Promise<void> {
  const link = await studio.trainer();
  const { run: made } = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: plain(`Forking ${run.id} from step ${from}`) },
    () => link.client.request('runs/fork', { runId: run.id, from, ...(name !== undefined && { name }) }),
  );
  const waits = made.state === 'created' ? '; start it when no other run computes' : '';
  sayDone(studio, `${made.id} goes on from ${run.id}, step ${from}${waits}`);
  if (studio.setting<boolean>(settings.openDashboard)) showPage(studio, 'dashboard', made.id);
}

export const forkRun: Handler = async (studio, argument) => {
  await demandRuns(studio);
  const run = await chooseRun(studio, argument, null);
  const from = stepOf(argument) ?? (await chooseCheckpoint(studio, run))?.step;
  if (from === undefined) return;
  const name = await vscode.window.showInputBox({
    title: plain(`Fork ${run.id} from step ${from}`),
    prompt: ['Name of the new run; its parameters can be set before the next step.', stepsAgain(seedsOf(run))]
      .filter((part) => part !== null)
      .join(' '),
    value: run.name,
    validateInput: (typed) => runName.safeParse(typed).error?.issues[0]?.message,
  });
  if (name !== undefined) await fork(studio, run, from, name);
};
