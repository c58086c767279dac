/** Carries a command out and tells how it ended: nothing is called done before its record says so. */
import * as vscode from 'vscode';
import { type CommandRecord, type CommandRequest, refusal } from '../../trainer/protocol/commands.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { plain } from '../plain-text.ts';
import { NoTrainer } from '../preconditions.ts';
import { refused } from '../refusals.ts';
import type { Studio } from '../studio.ts';

const doneShownMs = 8000;

export type AppliedCommand = Extract<CommandRecord, { state: 'applied' }>;

/**
 * Sends a command and follows it to its end, with progress. Cancelling ends the waiting, not the command.
 * @throws StudioError `conflict` with the reason when it would be refused, or was rejected or failed; CancellationError.
 */
export async function carryOut(
  studio: Studio,
  run: RunSummary,
  request: CommandRequest,
  doing: string,
): Promise<AppliedCommand> {
  const link = await studio.trainer();
  const present = link.runs.find(({ id }) => id === run.id) ?? run;
  const why = refusal(request, present, link.runs);
  if (why !== null) throw refused(run, request.kind, why);
  const record = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: plain(doing), cancellable: true },
    async (progress, token) => {
      const { taken, ended } = await link.command(run.id, request);
      const cancelled = new Promise<never>((_resolve, reject) => {
        token.onCancellationRequested(() => {
          studio.log.info(`${doing}: no longer waited for; the command stays scheduled.`);
          reject(new vscode.CancellationError());
        });
      });
      const first = await Promise.race([taken, cancelled]);
      if (first.state === 'scheduled' && first.point) {
        const held = studio.runs.find(({ id }) => id === run.id)?.state === 'paused';
        progress.report({
          message: `scheduled for ${first.point}${held ? ', which comes when the run goes on' : ''}`,
        });
      }
      return Promise.race([ended, cancelled]);
    },
  );
  switch (record.state) {
    case 'applied':
      return record;
    case 'rejected':
      throw refused(run, request.kind, record.why);
    case 'failed':
      throw refused(run, request.kind, `it failed: ${record.why}`);
  }
}

export function sayDone(studio: Studio, text: string): void {
  studio.log.info(text);
  vscode.window.setStatusBarMessage(`$(check) ${text}`, doneShownMs);
}

/** ` (after-update, step 12)`: where it took effect; empty where the run was not in memory. */
export function place({ at }: AppliedCommand): string {
  return at ? ` (${at.point}, step ${at.step})` : '';
}

/** A command about runs makes sense only with a trainer; where one is at work but not attached, attach first. */
export async function demandRuns(studio: Studio): Promise<void> {
  studio.demandProject();
  if (studio.trainerState === 'connected') return;
  if (await studio.attach()) return;
  throw new NoTrainer();
}
