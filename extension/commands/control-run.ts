/** Commands to a run, from the palette, menus, the status bar and pages. */
import * as vscode from 'vscode';
import { type CommandRequest, refusal } from '../../trainer/protocol/commands.ts';
import { type RunSummary, type SafePoint, safePoint } from '../../trainer/protocol/run-state.ts';
import { pointWords } from '../../trainer/protocol/run-words.ts';
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

const points: Readonly<Record<SafePoint, string>> = {
  'before-step': 'parameters that were set take effect here',
  'after-sampling': 'the answers of the step are there, and scored',
  'before-update': 'the last look at what the update is made of',
  'after-update': 'weights, optimizer and position belong together again',
};

/** @returns undefined when nothing was picked */
async function choosePoint(
  studio: Studio,
  run: RunSummary,
  requestAt: (point: SafePoint) => CommandRequest,
  placeHolder: string,
): Promise<SafePoint | undefined> {
  const choices = safePoint.options
    .filter((point) => refusal(requestAt(point), run, studio.runs) === null)
    .map((point) => ({ label: point, description: points[point], point }));
  return (await vscode.window.showQuickPick(choices, { placeHolder }))?.point;
}

/** Asks first at which safe point. */
export const pauseAt: Handler = async (studio, argument) => {
  await demandRuns(studio);
  const run = await chooseRun(studio, argument, 'pause');
  const requestAt = (at: SafePoint) => ({ kind: 'pause', release: false, at }) as const;
  const at = await choosePoint(studio, run, requestAt, `At which safe point of a step shall ${run.id} pause?`);
  if (!at) return;
  const record = await carryOut(studio, run, requestAt(at), `Pausing ${run.id}`);
  sayDone(studio, `${run.id} paused${place(record)}`);
};

/** Asks first to which safe point, and of which step. */
export const runTo: Handler = async (studio, argument) => {
  await demandRuns(studio);
  const run = await chooseRun(studio, argument, 'run-to');
  const requestTo = (point: SafePoint, step?: number) =>
    ({ kind: 'run-to', point, ...(step !== undefined && { step }) }) as const;
  const point = await choosePoint(studio, run, requestTo, `To which safe point of a step shall ${run.id} go on?`);
  if (!point) return;
  const typed = await vscode.window.showInputBox({
    title: `Run ${run.id} to ${point}`,
    prompt: `Of which step? Empty for the next ${point} that comes.`,
    placeHolder: `up to ${run.steps}`,
    validateInput: (text) => {
      if (text.trim() === '') return null;
      if (!/^[1-9]\d{0,8}$/.test(text.trim())) return 'A whole number from 1.';
      return refusal(requestTo(point, Number(text)), run, studio.runs);
    },
  });
  if (typed === undefined) return;
  const step = typed.trim() === '' ? undefined : Number(typed);
  await carryOut(studio, run, requestTo(point, step), `Going on with ${run.id}`);
  sayDone(studio, `${run.id} goes on to ${pointWords(point, step)}`);
};

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
