/** Commands to a run, from the palette, menus, the status bar and pages. */
import * as vscode from 'vscode';
import { type CommandRequest, refusal } from '../../trainer/protocol/commands.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import type { Control } from '../contributions.ts';
import { plain } from '../plain-text.ts';
import type { Studio } from '../studio.ts';
import { carryOut, demandRuns, place, sayDone } from './carry-out.ts';
import type { Handler } from './handler.ts';
import { chooseRun } from './targets.ts';

function control(which: Control, request: CommandRequest, doing: string, done: string): Handler {
  return async (studio, argument) => {
    await demandRuns(studio);
    const run = await chooseRun(studio, argument, which);
    const record = await carryOut(studio, run, request, `${doing} ${run.id}`);
    sayDone(studio, `${run.id} ${done}${place(record)}`);
  };
}

export const startCreated = control('start', { kind: 'start' }, 'Starting', 'started');
export const queueRun = control('queue', { kind: 'queue' }, 'Queueing', 'is queued');
export const dequeueRun = control('dequeue', { kind: 'dequeue' }, 'Taking off the queue', 'is off the queue');
export const pause = control('pause', { kind: 'pause', release: false }, 'Pausing', 'paused');
export const stepOnce = control('step', { kind: 'step', count: 1 }, 'Stepping', 'makes one step');
export const saveCheckpoint = control('save', { kind: 'save' }, 'Saving', 'saved');
export const evaluate = control('evaluate', { kind: 'evaluate' }, 'Evaluating', 'evaluated');

/** Asks first what is to be asked besides. */
export const evaluateWith: Handler = async (studio, argument) => {
  await demandRuns(studio);
  const run = await chooseRun(studio, argument, 'evaluate');
  const { evaluationDirect, evaluationReversed } = run.parameters;
  const choices = [
    {
      label: 'Without reasoning',
      description: 'the same questions, answered directly: what reasoning is worth',
      arm: 'direct' as const,
      picked: evaluationDirect,
    },
    {
      label: 'Videos backwards',
      description: 'where the dataset has a reversed_solution: right on a clip and on its reversal',
      arm: 'reversed' as const,
      picked: evaluationReversed,
    },
  ];
  const picked = await vscode.window.showQuickPick(choices, {
    canPickMany: true,
    placeHolder: `What shall ${run.id} be asked besides the evaluation’s own questions?`,
  });
  if (!picked) return;
  const arms = picked.map(({ arm }) => arm);
  const record = await carryOut(studio, run, { kind: 'evaluate', arms }, `Evaluating ${run.id}`);
  sayDone(studio, `${run.id} evaluated${place(record)}`);
};

export const readLabels = control(
  'read-labels',
  { kind: 'read-labels' },
  'Reading the labels of',
  'has read its labels',
);

/** A run that was told to stop still saves a checkpoint: it has stopped when its state says so. */
async function settled(studio: Studio, run: RunSummary): Promise<void> {
  const isStopping = () => studio.runs.some(({ id, state }) => id === run.id && state === 'stopping');
  if (!isStopping()) return;
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: plain(`${run.id}: saving a checkpoint`) },
    () =>
      new Promise<void>((resolve) => {
        const waiting = studio.onDidChange(() => {
          if (isStopping()) return;
          waiting.dispose();
          resolve();
        });
      }),
  );
}

export const stop: Handler = async (studio, argument) => {
  await demandRuns(studio);
  const run = await chooseRun(studio, argument, 'stop');
  const choices = (
    [
      {
        label: 'After this step',
        description: 'finish the step under way, save a checkpoint, then stop',
        request: { kind: 'stop', when: 'after-step' },
      },
      {
        label: 'Now',
        description: 'give up the step under way, save a checkpoint of the last whole one',
        request: { kind: 'stop', when: 'now' },
      },
    ] as const
  ).filter(({ request }) => refusal(request, run, studio.runs) === null);
  // A paused run has no step to wait for.
  const picked =
    run.state === 'paused'
      ? choices[0]
      : await vscode.window.showQuickPick(choices, {
          placeHolder: `When shall ${run.id} stop? It can be resumed later.`,
        });
  if (!picked) return;
  const record = await carryOut(studio, run, picked.request, `Stopping ${run.id}`);
  await settled(studio, run);
  sayDone(studio, `${run.id} stopped${place(record)}`);
};
