/** One of a run's checkpoints, the newest first. */
import * as vscode from 'vscode';
import type { Checkpoint } from '../../trainer/protocol/records.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { duration } from '../../trainer/protocol/run-words.ts';
import type { Studio } from '../studio.ts';

/** Undefined when the user backs out. */
export async function chooseCheckpoint(studio: Studio, run: RunSummary): Promise<Checkpoint | undefined> {
  const link = await studio.trainer();
  const { checkpoints } = await link.client.request('checkpoints/list', { runId: run.id });
  const describe = (checkpoint: Checkpoint) =>
    `${(checkpoint.sizeBytes / 1e6).toFixed(1)} MB · ${checkpoint.reason} · ${duration(Date.now() - checkpoint.at)} ago`;
  const picked = await vscode.window.showQuickPick(
    checkpoints.toReversed().map((checkpoint) => ({
      label: `$(archive) step ${checkpoint.step}`,
      description: describe(checkpoint),
      checkpoint,
    })),
    { placeHolder: checkpoints.length === 0 ? `${run.id} has no checkpoint yet` : `Checkpoint of ${run.id}` },
  );
  return picked?.checkpoint;
}
