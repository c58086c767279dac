/** Has the trainer read a run's answers anew that rules of an older version read: beside its work, with progress, to be ended. */
import * as vscode from 'vscode';
import { plain } from '../plain-text.ts';
import { demandRuns, sayDone } from './carry-out.ts';
import type { Handler } from './handler.ts';
import { chooseRun } from './targets.ts';

export const analyseRun: Handler = async (studio, argument) => {
  await demandRuns(studio);
  const run = await chooseRun(studio, argument, null);
  const { client } = await studio.trainer();
  const { done, total, cancelled } = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: plain(`Reading the answers of ${run.id} anew`),
      cancellable: true,
    },
    async (progress, token) => {
      let shown = 0;
      const told = client.on('runs/analysing', (now) => {
        if (now.runId !== run.id) return;
        const share = (100 * now.done) / now.total;
        progress.report({ increment: share - shown, message: `${now.done} of ${now.total}` });
        shown = share;
      });
      const cancelling = token.onCancellationRequested(() => {
        client.request('runs/cancel-analysis', { runId: run.id }).catch(() => {});
      });
      try {
        return await client.request('runs/analyse', { runId: run.id });
      } finally {
        told.dispose();
        cancelling.dispose();
      }
    },
  );
  if (total === 0) sayDone(studio, `all answers of ${run.id} are read by the present rules already`);
  else if (cancelled) sayDone(studio, `${done} of ${total} answers of ${run.id} read anew; the same command goes on`);
  else sayDone(studio, `${done} answers of ${run.id} read anew`);
};
