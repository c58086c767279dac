/** Keeps a checkpoint, with a note that says why, and lets go of it again. */
import * as vscode from 'vscode';
import { pinNote } from '../../trainer/protocol/commands.ts';
import { plain } from '../plain-text.ts';
import { carryOut, demandRuns, sayDone } from './carry-out.ts';
import { chooseCheckpoint, stepOf } from './choose-checkpoint.ts';
import type { Handler } from './handler.ts';
import { chooseRun } from './targets.ts';

export const pinCheckpoint: Handler = async (studio, argument) => {
  await demandRuns(studio);
  const run = await chooseRun(studio, argument, 'pin');
  const step = stepOf(argument) ?? (await chooseCheckpoint(studio, run))?.step;
  if (step === undefined) return;
  const note = await vscode.window.showInputBox({
    title: plain(`Pin checkpoint ${step} of ${run.id}`),
    prompt: 'Why it is to stay; every window shows it. May be empty.',
    validateInput: (typed) => (pinNote.safeParse(typed.trim()).success ? null : '200 letters at most.'),
  });
  if (note === undefined) return;
  await carryOut(studio, run, { kind: 'pin', step, note: note.trim() }, `Pinning checkpoint ${step} of ${run.id}`);
  sayDone(studio, `checkpoint ${step} of ${run.id} is pinned`);
};

export const unpinCheckpoint: Handler = async (studio, argument) => {
  await demandRuns(studio);
  const run = await chooseRun(studio, argument, 'unpin');
  const step = stepOf(argument) ?? (await chooseCheckpoint(studio, run, ({ pin }) => pin !== undefined))?.step;
  if (step === undefined) return;
  const { note } = await carryOut(studio, run, { kind: 'unpin', step }, `Unpinning checkpoint ${step} of ${run.id}`);
  sayDone(studio, `${run.id}: ${note ?? `checkpoint ${step} is not pinned any more`}`);
};
