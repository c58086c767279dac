/** Two runs side by side: the one that was asked for, and another that is chosen, those on the same data first. */
import * as vscode from 'vscode';
import { StudioError } from '../../trainer/protocol/errors.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { pagePanels } from '../panels/page-panels.ts';
import { plain } from '../plain-text.ts';
import type { Studio } from '../studio.ts';
import { demandRuns } from './carry-out.ts';
import type { Handler } from './handler.ts';
import { chooseRun, runItem } from './targets.ts';

/** @throws StudioError `conflict` where there is no other run; CancellationError when the user backs out */
async function chooseOther(studio: Studio, run: RunSummary): Promise<RunSummary> {
  const onSameData = ({ dataset }: RunSummary) => dataset === run.dataset;
  const others = studio.runs
    .filter(({ id }) => id !== run.id)
    .sort((a, b) => Number(onSameData(b)) - Number(onSameData(a)));
  const [first, ...more] = others;
  if (!first)
    throw new StudioError('conflict', `${run.id} is the only run here, so that there is none to compare it with.`, {
      remedy: 'Start another run, or fork this one.',
    });
  if (more.length === 0) return first;
  const picked = await vscode.window.showQuickPick(
    others.map((other) => {
      const { description, ...item } = runItem(studio, other);
      return { ...item, description: onSameData(other) ? `${description} · same data` : description };
    }),
    { placeHolder: plain(`Compare ${run.id} with which run?`), matchOnDescription: true },
  );
  if (!picked) throw new vscode.CancellationError();
  return picked.run;
}

export const compareRuns: Handler = async (studio, argument) => {
  await demandRuns(studio);
  const run = await chooseRun(studio, argument, null);
  const other = await chooseOther(studio, run);
  pagePanels(studio).show({ page: 'compare', runId: run.id, againstRunId: other.id });
};
