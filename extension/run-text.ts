/** A run in a few words, the same in tree, status bar and quick picks. */
import * as vscode from 'vscode';
import type { StepMetrics } from '../trainer/protocol/records.ts';
import type { RunState, RunSummary } from '../trainer/protocol/run-state.ts';
import { dateWords, standingWords } from '../trainer/protocol/run-words.ts';

export const methodNames = { sft: 'SFT', tgrpo: 'T-GRPO', grpo: 'GRPO' } as const;

const icons: Record<RunState, { readonly id: string; readonly color?: string }> = {
  created: { id: 'circle-outline' },
  queued: { id: 'list-ordered' },
  starting: { id: 'loading~spin' },
  running: { id: 'sync~spin', color: 'charts.green' },
  pausing: { id: 'loading~spin' },
  paused: { id: 'debug-pause', color: 'charts.yellow' },
  stopping: { id: 'loading~spin' },
  stopped: { id: 'debug-stop' },
  evaluating: { id: 'beaker' },
  completed: { id: 'pass', color: 'charts.green' },
  failed: { id: 'error', color: 'charts.red' },
};

export function runIcon(state: RunState): vscode.ThemeIcon {
  const { id, color } = icons[state];
  return new vscode.ThemeIcon(id, color === undefined ? undefined : new vscode.ThemeColor(color));
}

/** `T-GRPO · paused at before-update, step 34 · step 33 of 100 · accuracy 0.52 · 2026-11-28 16:05`. */
export function describeRun(run: RunSummary, metrics: StepMetrics | undefined): string {
  const accuracy = metrics?.accuracy;
  return [
    methodNames[run.method],
    standingWords(run),
    `step ${run.step} of ${run.steps}`,
    ...(accuracy === null || accuracy === undefined ? [] : [`accuracy ${accuracy.toFixed(2)}`]),
    dateWords(run.createdAt),
  ].join(' · ');
}

/** ` · 2 advisories`: after what is said of a run; empty where nothing of it needs a person. */
export function adviceCount(advice: readonly unknown[]): string {
  return advice.length === 0 ? '' : ` · ${advice.length} ${advice.length === 1 ? 'advisory' : 'advisories'}`;
}
