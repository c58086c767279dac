/** One of a run's checkpoints, the newest first. */
import * as vscode from 'vscode';
import type { Checkpoint } from '../../trainer/protocol/records.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { duration } from '../../trainer/protocol/run-words.ts';
import type { Studio } from '../studio.ts';

/** The step of the checkpoint that a tree item carries. */
export function stepOf(argument: unknown): number | undefined {
  if (typeof argument !== 'object' || argument === null || !('checkpoint' in argument)) return undefined;
  const { checkpoint } = argument;
  const step = typeof checkpoint === 'object' && checkpoint !== null && 'step' in checkpoint ? checkpoint.step : null;
  return typeof step === 'number' ? step : undefined;
}

/** Undefined when the user backs out. @param fits those that are offered */
export async function chooseCheckpoint(
  studio: Studio,
  run: RunSummary,
  fits: (checkpoint: Checkpoint) => boolean = () => true,
): Promise<Checkpoint | undefined> {
  const link = await studio.trainer();
  const { checkpoints: all } = await link.client.request('checkpoints/list', { runId: run.id });
  const checkpoints = all.filter(fits);
  const describe = ({ sizeBytes, reason, at, pin }: Checkpoint) =>
    [
      `${(sizeBytes / 1e6).toFixed(1)} MB · ${reason} · ${duration(Date.now() - at)} ago`,
      ...(pin ? [pin.note === '' ? 'pinned' : `pinned: ${pin.note}`] : []),
    ].join(' · ');
  const picked = await vscode.window.showQuickPick(
    checkpoints.toReversed().map((checkpoint) => ({
      label: `$(archive) step ${checkpoint.step}`,
      description: describe(checkpoint),
      checkpoint,
    })),
    {
      placeHolder:
        checkpoints.length > 0
          ? `Checkpoint of ${run.id}`
          : `${run.id} has no ${all.length === 0 ? 'checkpoint yet' : 'such checkpoint'}`,
    },
  );
  return picked?.checkpoint;
}
