/** Commands to a run. What is told to the user is the command's own record: nothing is called done before it was applied. */
import * as vscode from 'vscode';
import type { CommandRecord, CommandRequest } from '../../trainer/protocol/commands.ts';
import { StudioError } from '../../trainer/protocol/errors.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import type { Control } from '../controls.ts';
import { plain } from '../plain-text.ts';
import type { Studio } from '../studio.ts';
import type { Handler } from './register.ts';
import { chooseRun } from './targets.ts';

const doneShownMs = 8000;

/**
 * Sends a command and follows it to its end, with progress. Cancelling ends the waiting, not the command.
 * @returns the record of the applied command.
 * @throws StudioError `conflict` with the trainer's reason when it was rejected or failed; CancellationError.
 */
export async function carryOut(
  studio: Studio,
  run: RunSummary,
  request: CommandRequest,
  doing: string,
): Promise<CommandRecord> {
  const link = await studio.trainer();
  const record = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: plain(doing), cancellable: true },
    async (progress, token) => {
      const { record: taken, ended } = await link.command(run.id, request);
      if (taken.state === 'scheduled' && taken.safePoint) {
        const state = studio.runs.find(({ id }) => id === run.id)?.state;
        progress.report({
          message: `scheduled for ${taken.safePoint}${state === 'paused' ? ', which comes when the run goes on' : ''}`,
        });
      }
      const cancelled = new Promise<never>((_resolve, reject) => {
        token.onCancellationRequested(() => {
          studio.log.info(`${doing}: no longer waited for; the command stays scheduled.`);
          reject(new vscode.CancellationError());
        });
      });
      return Promise.race([ended, cancelled]);
    },
  );
  if (record.state !== 'applied') {
    throw new StudioError(
      'conflict',
      `${record.state === 'rejected' ? 'The trainer rejected it' : 'It failed'}${record.note ? `: ${record.note}` : ''}.`.replace(
        /\.\.$/,
        '.',
      ),
      { place: run.name },
    );
  }
  return record;
}

export function sayDone(studio: Studio, text: string): void {
  studio.log.info(text);
  vscode.window.setStatusBarMessage(`$(check) ${text}`, doneShownMs);
}

/** ` (after-update, step 12)`: where it took effect. */
function place(record: CommandRecord): string {
  const parts = [record.safePoint, record.step !== null && `step ${record.step}`].filter(Boolean);
  return parts.length > 0 ? ` (${parts.join(', ')})` : '';
}

function control(which: Control, request: (run: RunSummary) => CommandRequest, doing: string, done: string): Handler {
  return async (studio, argument) => {
    await demandRuns(studio);
    const run = await chooseRun(studio, argument, which);
    const record = await carryOut(studio, run, request(run), `${doing} ${run.name}`);
    sayDone(studio, `${run.name} ${done}${place(record)}`);
  };
}

/** A command about runs makes sense only with a trainer; where one is at work but not attached, attach first. */
export async function demandRuns(studio: Studio): Promise<void> {
  studio.demandProject();
  if (studio.trainerState === 'connected') return;
  if (await studio.attach()) return;
  throw new StudioError('conflict', 'No trainer is at work in this folder.', {
    remedy: 'Start a run, or run "Video-R1: Attach to Trainer" to start a trainer and see earlier runs.',
  });
}

export const pause = control('pause', () => ({ kind: 'pause', release: false }), 'Pausing', 'paused');
export const resume = control(
  'resume',
  (run) => (run.state === 'created' ? { kind: 'start' } : { kind: 'resume' }),
  'Resuming',
  'goes on',
);
export const stepOnce = control('step', () => ({ kind: 'step', count: 1 }), 'Stepping', 'makes one step');
export const saveCheckpoint = control('save', () => ({ kind: 'save' }), 'Saving', 'saved');
export const evaluate = control('evaluate', () => ({ kind: 'evaluate' }), 'Evaluating', 'evaluated');

/** A run that was told to stop still saves a checkpoint: it has stopped when its state says so. */
async function settled(studio: Studio, run: RunSummary): Promise<void> {
  const isStopping = () => studio.runs.some(({ id, state }) => id === run.id && state === 'stopping');
  if (!isStopping()) return;
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: plain(`${run.name}: saving a checkpoint`) },
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
  const choices = [
    {
      label: 'After this step',
      description: 'finish the step under way, save a checkpoint, then stop',
      when: 'after-step' as const,
    },
    {
      label: 'Now',
      description: 'give up the step under way, save a checkpoint of the last whole one',
      when: 'now' as const,
    },
  ];
  // A paused run has no step to wait for.
  const picked =
    run.state === 'paused'
      ? choices[0]
      : await vscode.window.showQuickPick(choices, {
          placeHolder: `When shall ${run.name} stop? It can be resumed later.`,
        });
  if (!picked) return;
  const record = await carryOut(studio, run, { kind: 'stop', when: picked.when }, `Stopping ${run.name}`);
  await settled(studio, run);
  sayDone(studio, `${run.name} stopped${place(record)}`);
};
