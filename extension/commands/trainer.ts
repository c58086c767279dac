/** Commands about the trainer itself. */
import * as vscode from 'vscode';
import { isComputing } from '../../trainer/protocol/run-state.ts';
import { NoTrainer } from '../preconditions.ts';
import { sayDone } from './carry-out.ts';
import type { Handler } from './handler.ts';

export const attach: Handler = async (studio) => {
  studio.demandProject();
  if (studio.trainerState === 'connected') {
    sayDone(studio, `Attached to process ${studio.link?.address?.pid} already`);
    return;
  }
  if (!(await studio.attach())) throw new NoTrainer();
  sayDone(studio, `Attached to the trainer, process ${studio.link?.address?.pid}`);
};

export const shutDownTrainer: Handler = async (studio) => {
  const { link } = studio;
  if (!link) return;
  const active = studio.runs.filter((run) => isComputing(run.state));
  if (active.length > 0) {
    const shutDown = 'Shut Down';
    const choice = await vscode.window.showWarningMessage(
      `Shut down the trainer while ${active.map((run) => run.id).join(', ')} ${active.length === 1 ? 'is' : 'are'} under way?`,
      { modal: true, detail: 'A checkpoint is saved first; the run can be resumed from it.' },
      shutDown,
    );
    if (choice !== shutDown) return;
  }
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Shutting down the trainer' },
    () => link.shutDown(),
  );
  sayDone(studio, 'The trainer has ended');
};

export const showLog: Handler = async (studio) => {
  studio.log.show();
};
