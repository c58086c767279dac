/** Rollouts of a run as a file in one of the forms that are offered for a selection. */

import { exportTable } from '../export/export-run.ts';
import { exportPage, type PageFrames } from '../export/rollout-page.ts';
import { type Selected, selectedRollouts } from '../export/selection.ts';
import type { ExportForm } from '../protocol/messages.ts';
import { projectName } from '../protocol/place.ts';
import type { RolloutReader } from '../store/rollout-reader.ts';
import type { RunStore } from '../store/run-store.ts';

export interface RolloutExport extends Selected {
  /** As it was typed. */
  readonly query: string;
  readonly form: ExportForm;
}

export interface ExportSurroundings {
  readonly project: string;
  readonly reader: RolloutReader;
  /** The frames of a media key; rejects where they can't be had. */
  frames(key: string): Promise<PageFrames>;
}

export interface ExportProgress {
  readonly signal: AbortSignal;
  onProgress(done: number, total: number): void;
}

/**
 * @param file takes its name when it is whole
 * @returns how many rollouts were written
 * @throws StudioError `bad-request` for more than a page can hold; the signal's reason: nothing is left then
 */
export async function exportRollouts(
  store: RunStore,
  { query, form, ...selected }: RolloutExport,
  file: string,
  { project, reader, frames }: ExportSurroundings,
  { signal, onProgress }: ExportProgress,
): Promise<number> {
  const chosen = await selectedRollouts(reader, store, selected, signal);
  const options = { signal, onProgress: (_: string, done: number, total: number) => onProgress(done, total) };
  if (form !== 'html') return exportTable(store, 'rollouts', form, file, { ...options, chosen });
  const { id, parameters } = store.summary();
  const about = {
    project: projectName(project),
    runId: id,
    correctThreshold: parameters.correctThreshold,
    query,
    order: orderWords(selected),
    at: new Date(),
    frames,
  };
  return exportPage(chosen, about, file, options);
}

function orderWords({ sort }: Selected): string {
  return sort === null ? 'the newest first' : `by ${sort.by}, the ${sort.descending ? 'largest' : 'smallest'} first`;
}
