/** Which run a command is about: the one that was clicked on, else the only one that takes it, else a choice. */
import * as vscode from 'vscode';
import { StudioError } from '../../trainer/protocol/errors.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import type { Control } from '../contributions.ts';
import { controlWords, refused } from '../refusals.ts';
import { describeRun, runIcon } from '../run-text.ts';
import type { Studio } from '../studio.ts';

const lastRunKey = 'lastRun';
/** Reasons that a message can hold. */
const mostReasons = 3;

export function runIdOf(argument: unknown): string | undefined {
  if (typeof argument !== 'object' || argument === null || !('runId' in argument)) return undefined;
  return typeof argument.runId === 'string' ? argument.runId : undefined;
}

/** A run as it stands in a choice. */
export function runItem(studio: Studio, run: RunSummary) {
  return {
    label: `$(${runIcon(run.state).id}) ${run.id}`,
    description: describeRun(run, studio.lastMetrics(run.id)),
    run,
  };
}

/**
 * The run to act on. The last one acted on comes first in the choice. `control` null takes any run.
 * @throws StudioError `conflict` when the run that was clicked on does not take the control, or none does, with the reasons;
 *   `not-found` when it is gone; CancellationError when the user backs out
 */
export async function chooseRun(studio: Studio, argument: unknown, control: Control | null): Promise<RunSummary> {
  const { runs } = studio;
  const participle = control === null ? 'chosen' : controlWords(control).participle;
  const refusal = (run: RunSummary) => (control === null ? null : studio.refusal(control, run));
  const asked = runIdOf(argument);
  if (asked !== undefined) {
    const named = runs.find(({ id }) => id === asked);
    if (!named) throw new StudioError('not-found', `There is no run ${asked} any more.`);
    const why = refusal(named);
    if (control !== null && why !== null) throw refused(named, control, why);
    return named;
  }
  const last = studio.context.workspaceState.get<string>(lastRunKey);
  const fitting = runs
    .filter((run) => refusal(run) === null)
    .sort((a, b) => Number(b.id === last) - Number(a.id === last));
  const [first] = fitting;
  if (!first) {
    const reasons = runs.slice(0, mostReasons).map((run) => `${run.id}: ${refusal(run)}`);
    const rest = runs.length > mostReasons ? [`and ${runs.length - mostReasons} more`] : [];
    throw new StudioError(
      'conflict',
      runs.length === 0 ? 'There is no run yet.' : `There is no run that can be ${participle}.`,
      reasons.length === 0 ? {} : { remedy: `${[...reasons, ...rest].join('; ')}.` },
    );
  }
  if (fitting.length === 1) return first;
  const picked = await vscode.window.showQuickPick(
    fitting.map((run) => runItem(studio, run)),
    { placeHolder: 'Which run?', matchOnDescription: true },
  );
  if (!picked) throw new vscode.CancellationError();
  await studio.context.workspaceState.update(lastRunKey, picked.run.id);
  return picked.run;
}
