/** Resumes a run: says what that leaves out of its curves, and asks where it is more than a kill costs. */
import * as vscode from 'vscode';
import type { CommandRequest } from '../../trainer/protocol/commands.ts';
import { resumptionWords } from '../../trainer/protocol/resumption.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { plain } from '../plain-text.ts';
import type { Studio } from '../studio.ts';
import { carryOut, demandRuns, place, sayDone } from './carry-out.ts';
import { chooseCheckpoint, stepOf } from './choose-checkpoint.ts';
import { fork } from './fork-run.ts';
import type { Handler } from './handler.ts';
import { chooseRun } from './targets.ts';

/** Null when a new run was made instead. @throws CancellationError when the user backs out */
async function agreed(studio: Studio, run: RunSummary, from?: number): Promise<CommandRequest | null> {
  const link = await studio.trainer();
  const asked = from === undefined ? {} : { from };
  const planned = await link.client.request('runs/resumption', { runId: run.id, ...asked });
  const left = resumptionWords(planned);
  if (planned.asks === null) {
    if (left !== null) void vscode.window.showInformationMessage(plain(`${run.id}: ${left}`));
    return { kind: 'resume', ...asked };
  }
  const goBack = planned.from === 0 ? 'Begin Again' : 'Go Back';
  const newRun = 'Make a New Run From There';
  const choice = await vscode.window.showWarningMessage(
    plain(planned.from === 0 ? `Begin ${run.id} again?` : `Resume ${run.id} from step ${planned.from}?`),
    { modal: true, detail: [planned.asks, left].filter((part) => part !== null).join(' ') },
    goBack,
    ...(planned.from > 0 ? [newRun] : []),
  );
  if (choice === goBack) return { kind: 'resume', ...asked, confirmed: true };
  if (choice !== newRun) throw new vscode.CancellationError();
  await fork(studio, run, planned.from);
  return null;
}

async function goOn(studio: Studio, run: RunSummary, from?: number): Promise<void> {
  const request = await agreed(studio, run, from);
  if (request === null) return;
  const record = await carryOut(studio, run, request, `Resuming ${run.id}`);
  sayDone(studio, `${run.id} goes on${place(record)}`);
}

export const resume: Handler = async (studio, argument) => {
  await demandRuns(studio);
  await goOn(studio, await chooseRun(studio, argument, 'resume'));
};

/** The run goes back to a checkpoint, and on from there. */
export const resumeFrom: Handler = async (studio, argument) => {
  await demandRuns(studio);
  const run = await chooseRun(studio, argument, 'resume');
  const from = stepOf(argument) ?? (await chooseCheckpoint(studio, run))?.step;
  if (from !== undefined) await goOn(studio, run, from);
};
