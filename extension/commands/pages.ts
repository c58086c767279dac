/** Opens the pages: as panels of the editor, or in a browser. */
import * as vscode from 'vscode';
import { pageAddress } from '../../trainer/protocol/discovery.ts';
import type { WebviewPage } from '../../trainer/protocol/pages.ts';
import { isComputing } from '../../trainer/protocol/run-state.ts';
import { foremost } from '../foremost-run.ts';
import { pagePanels } from '../panels/page-panels.ts';
import type { Studio } from '../studio.ts';
import { demandRuns, sayDone } from './carry-out.ts';
import type { Handler } from './handler.ts';
import { runIdOf } from './targets.ts';

export function showPage(studio: Studio, page: WebviewPage, runId: string | undefined): void {
  pagePanels(studio).show({ page, ...(runId !== undefined && { runId }) });
}

/** Without a run named, the one that trains or waits; where all are over, the page keeps what it shows. */
function runToShow(studio: Studio, argument: unknown): string | undefined {
  const run = foremost(studio.runs);
  return runIdOf(argument) ?? (run && (isComputing(run.state) || run.state === 'paused') ? run.id : undefined);
}

export const openDashboard: Handler = async (studio, argument) =>
  showPage(studio, 'dashboard', runToShow(studio, argument));
export const openRollouts: Handler = async (studio, argument) =>
  showPage(studio, 'rollouts', runToShow(studio, argument));

export const openReview: Handler = async (studio, argument) => {
  await demandRuns(studio);
  showPage(studio, 'review', runToShow(studio, argument));
};

export const openAudits: Handler = async (studio, argument) => {
  await demandRuns(studio);
  showPage(studio, 'audit', runToShow(studio, argument));
};

/** The page's address as this machine's browser reaches it, through a tunnel where the trainer is remote. */
async function reachableAddress(studio: Studio): Promise<vscode.Uri | undefined> {
  await demandRuns(studio);
  const at = studio.link?.address;
  return at && vscode.env.asExternalUri(vscode.Uri.parse(pageAddress(at), true));
}

export const openInBrowser: Handler = async (studio) => {
  const address = await reachableAddress(studio);
  if (address) await vscode.env.openExternal(address);
};

export const copyPageAddress: Handler = async (studio) => {
  const address = await reachableAddress(studio);
  if (!address) return;
  await vscode.env.clipboard.writeText(address.toString(true));
  sayDone(studio, 'Address copied; it holds the token, so pass it on only to whom you trust with the trainer');
};
