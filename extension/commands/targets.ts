/** Which run, run file or checkpoint a command is about: what was clicked on, else the only one that fits, else a choice. */
import * as vscode from 'vscode';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { type Control, takes } from '../controls.ts';
import { describeRun, runIcon } from '../run-text.ts';
import type { Studio } from '../studio.ts';

const lastRunKey = 'lastRun';

/** What tree items carry, and pages send. */
export interface RunTarget {
  readonly runId: string;
}

export function runIdOf(argument: unknown): string | undefined {
  if (typeof argument !== 'object' || argument === null || !('runId' in argument)) return undefined;
  return typeof argument.runId === 'string' ? argument.runId : undefined;
}

const verbs: Record<Control, string> = {
  pause: 'paused',
  resume: 'resumed',
  stop: 'stopped',
  step: 'stepped',
  set: 'changed',
  save: 'saved',
  evaluate: 'evaluated',
  delete: 'deleted',
};

/** No run fits what was asked for. */
export class NoSuchRun extends Error {}

/**
 * The run to act on. The last one acted on comes first in the choice.
 * @throws NoSuchRun when no run takes the control; CancellationError when the user backs out.
 */
export async function chooseRun(studio: Studio, argument: unknown, control: Control | null): Promise<RunSummary> {
  const { runs } = studio;
  const named = runs.find((run) => run.id === runIdOf(argument));
  if (named) return named;
  const last = studio.context.workspaceState.get<string>(lastRunKey);
  const fitting = runs
    .filter((run) => control === null || takes(run.state, control))
    .sort((a, b) => Number(b.id === last) - Number(a.id === last));
  const [first] = fitting;
  if (!first) {
    const states = runs
      .slice(0, 3)
      .map((run) => `${run.name} is ${run.state}`)
      .join(', ');
    throw new NoSuchRun(
      `There is no run that can be ${control ? verbs[control] : 'chosen'}${states ? `: ${states}` : ''}.`,
    );
  }
  if (fitting.length === 1) return first;
  const picked = await vscode.window.showQuickPick(
    fitting.map((run) => ({
      label: `$(${runIcon(run.state).id}) ${run.name}`,
      description: describeRun(run, studio.lastMetrics(run.id)),
      run,
    })),
    { placeHolder: 'Which run?', matchOnDescription: true },
  );
  if (!picked) throw new vscode.CancellationError();
  await studio.context.workspaceState.update(lastRunKey, picked.run.id);
  return picked.run;
}
