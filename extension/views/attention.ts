/**
 * Notifications, only where someone must act: a run failed or stands still because of a fault or a breakpoint, an advisory begins, or
 * the trainer is gone while runs were under way.
 */
import * as vscode from 'vscode';
import type { Advisory } from '../../trainer/protocol/advisories.ts';
import type { BreakpointHit } from '../../trainer/protocol/breakpoints/breakpoint.ts';
import type { ObeyedLabels } from '../../trainer/protocol/obeyed-labels.ts';
import type { RunFault, RunState, RunSummary } from '../../trainer/protocol/run-state.ts';
import { commands } from '../contributions.ts';
import { ffmpegInstalled, noFfmpeg, showFailure, startTrainerAsked } from '../notices.ts';
import { pagePanels } from '../panels/page-panels.ts';
import { plain } from '../plain-text.ts';
import type { Studio } from '../studio.ts';

export function registerAttention(studio: Studio): vscode.Disposable {
  const before = new Map<string, RunState>();
  return vscode.Disposable.from(
    studio.onRunEvent(({ runId, body }) => {
      if (body.type === 'warning') studio.log.warn(body.message);
      if (body.type === 'advisory') void sayAdvisory(studio, runId, body.advisory);
      if (body.type === 'labels') void logLabels(studio, body.labels);
      if (body.type !== 'state') return;
      const was = before.get(runId);
      before.set(runId, body.run.state);
      if (was === body.run.state) return;
      const fault = studio.faultOf(body.run);
      if (fault) void sayFault(studio, body.run, fault);
      else if (body.run.state === 'paused' && body.run.hit) void sayHit(studio, body.run, body.run.hit);
    }),
    studio.onTrainerGone((runs) => void sayGone(studio, runs)),
  );
}

async function sayFault(studio: Studio, run: RunSummary, fault: RunFault): Promise<void> {
  const what = run.state === 'failed' ? 'failed' : 'is paused because of a fault';
  if (fault.kind === 'ffmpeg-missing' && fault.place === undefined) return sayNoFfmpeg(studio, run, fault);
  const text = [`${run.id} ${what} at step ${run.step}: ${fault.message}`, fault.remedy].filter(Boolean).join(' ');
  studio.log.error(text);
  const [dashboard, resume, log] = ['Open Dashboard', 'Resume', 'Show Log'];
  const choice = await vscode.window.showErrorMessage(
    plain(text),
    dashboard,
    ...(studio.refusal('resume', run) === null ? [resume] : []),
    log,
  );
  if (choice === dashboard) await vscode.commands.executeCommand(commands.openDashboard.id, { runId: run.id });
  if (choice === resume) await vscode.commands.executeCommand(commands.resume.id, { runId: run.id });
  if (choice === log) studio.log.show();
}

async function sayHit(studio: Studio, run: RunSummary, hit: BreakpointHit): Promise<void> {
  const { number, condition, place, cause } = hit;
  const text = `Breakpoint ${number} of ${run.id}, ${condition}, hit at ${place.point}, step ${place.step}: ${cause.sentence}.`;
  studio.log.info(text);
  // The page says it over all that it shows.
  if (await pagePanels(studio).hasInSight(run.id)) return;
  const [open, resume, disable] = [
    cause.groupId === null ? 'Open Dashboard' : 'Open the Group',
    'Resume',
    'Disable It',
  ];
  const choice = await vscode.window.showInformationMessage(plain(text), open, resume, disable);
  const which = { runId: run.id, breakpoint: number };
  if (choice === open) await vscode.commands.executeCommand(commands.openBreakpointHit.id, which);
  if (choice === resume) await vscode.commands.executeCommand(commands.resume.id, which);
  if (choice === disable) await vscode.commands.executeCommand(commands.toggleBreakpoint.id, which);
}

/** One sentence, one button; the run goes on by itself afterwards. */
async function sayNoFfmpeg(studio: Studio, run: RunSummary, fault: RunFault): Promise<void> {
  studio.log.error(`${run.id}: ${fault.message}`);
  const install = commands.installFfmpeg.title;
  const choice = await vscode.window.showErrorMessage(plain(`${run.id} ${noFfmpeg}`), install);
  if (choice === install && (await ffmpegInstalled(studio)))
    await vscode.commands.executeCommand(commands.resume.id, { runId: run.id });
}

/** Loaded when there is something to say: nothing of a run is needed to activate. */
async function logLabels(studio: Studio, labels: ObeyedLabels): Promise<void> {
  const { labelsSentence } = await import('../../trainer/protocol/obeyed-labels.ts');
  studio.log.info(labelsSentence(labels));
}

/** One command that may help, the dashboard with all of them, and quiet. Said once, when it begins; never of what is muted. */
async function sayAdvisory(studio: Studio, runId: string, told: Advisory): Promise<void> {
  const text = `${runId}: ${told.message}`;
  studio.log.warn(text);
  const [{ isMuted }, { commandOfWay, wayLabel, waysNow }] = await Promise.all([
    import('../../trainer/protocol/advisories.ts'),
    import('../../trainer/protocol/advisory-words.ts'),
  ]);
  const run = studio.runs.find(({ id }) => id === runId);
  if (!run || isMuted(told.key, run.muted)) return;
  const way = waysNow(told, run).find((one) => commandOfWay(one) !== null);
  const request = way ? commandOfWay(way) : null;
  const label = way && wayLabel(way);
  const [dashboard, mute] = ['Open Dashboard', 'Mute'];
  const choice = await vscode.window.showWarningMessage(plain(text), ...(label ? [label] : []), dashboard, mute);
  if (choice === undefined) return;
  try {
    if (choice === dashboard) await vscode.commands.executeCommand(commands.openDashboard.id, { runId });
    else if (choice === mute)
      await (await studio.trainer()).client.request('advisories/mute', { runId, key: told.key });
    else if (request) {
      const { carryOut, place, sayDone } = await import('../commands/carry-out.ts');
      const done = await carryOut(studio, run, request, `${runId}: ${choice}`);
      sayDone(studio, `${runId}: ${choice}${place(done)}`);
    }
  } catch (failure) {
    await showFailure(studio, choice, failure);
  }
}

async function sayGone(studio: Studio, runs: readonly RunSummary[]): Promise<void> {
  if (runs.length === 0) return;
  const which = runs.map((run) => `${run.id} (step ${run.step})`).join(', ');
  const [again, log] = ['Start Trainer', 'Show Log'];
  const choice = await vscode.window.showErrorMessage(
    plain(
      `The trainer ended while ${which} ${runs.length === 1 ? 'was' : 'were'} under way. Start it again, then resume from the last checkpoint.`,
    ),
    again,
    log,
  );
  if (choice === again) await startTrainerAsked(studio);
  if (choice === log) studio.log.show();
}
