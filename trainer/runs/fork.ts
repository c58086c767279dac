/** The checkpoints that a fork goes on from, copied into its own folder: the run that they come from is left as it is. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { withOverrides } from '../learning/presets.ts';
import { StudioError, withPlace } from '../protocol/errors.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import type { Checkpoint } from '../protocol/records.ts';
import { copyChecked, writeFileList } from './checkpoint-files.ts';
import {
  checkpointAt,
  checkpointFolder,
  controllerFile,
  readWhole,
  recordedFolder,
  type WholeCheckpoint,
} from './checkpoints.ts';

export interface ForkOrder {
  /** Folder of the run that is forked. */
  readonly parent: string;
  readonly from: number;
  readonly to: { readonly folder: string; readonly run: string; readonly name: string };
  /** Take the place of those that the checkpoint was made with. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/**
 * Copies the checkpoint of the step and that of step 0, from which the KL term is reckoned.
 * @throws StudioError `not-found` when the checkpoint is not there or not whole, `bad-request` for parameters that don't fit
 */
export async function copyCheckpoints(
  order: ForkOrder,
): Promise<{ values: ParameterValues; checkpoints: Checkpoint[] }> {
  const { parent, from, to } = order;
  const found = await checkpointAt(parent, from);
  if (!found)
    throw new StudioError('not-found', 'There is no checkpoint of step 0 to fork from.', {
      place: parent,
      remedy: 'Create the run again from its run file: that begins there.',
    });
  const values = withOverrides(found.state.parameters, order.parameters, 'bad-request', to.name);
  if (values.steps <= from)
    throw new StudioError(
      'bad-request',
      `The fork would be complete: it begins after step ${from} of ${values.steps}.`,
      {
        remedy: `Raise its steps: --set steps=${from + 1} or more.`,
      },
    );
  const start = from === 0 ? null : await readWhole(checkpointFolder(parent, 0), 0);
  const copied = [found, ...(start !== null && typeof start !== 'string' ? [start] : [])];
  const checkpoints: Checkpoint[] = [];
  for (const whole of copied) checkpoints.unshift(await copyOne(whole, order, values));
  return { values, checkpoints };
}

async function copyOne(
  { folder, state }: WholeCheckpoint,
  { to }: ForkOrder,
  values: ParameterValues,
): Promise<Checkpoint> {
  const copy = checkpointFolder(to.folder, state.step);
  // A checkpoint that was taken away meanwhile is found out here.
  const hashes = await copyChecked(folder, copy).catch((thrown: unknown) => {
    throw withPlace(thrown, folder);
  });
  const own = { ...state, run: to.run, name: to.name, parameters: values };
  await writeFile(path.join(copy, controllerFile), `${JSON.stringify(own, null, 2)}\n`, { flush: true });
  hashes.delete(controllerFile);
  const sizeBytes = await writeFileList(copy, hashes);
  return {
    id: path.basename(copy),
    step: state.step,
    at: Date.now(),
    folder: recordedFolder(to.folder, path.basename(copy)),
    sizeBytes,
    reason: 'start',
  };
}
