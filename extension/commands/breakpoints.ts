/** Adds and changes the breakpoints of a run, from the palette and the tree of breakpoints. */
import * as vscode from 'vscode';
import type { Breakpoint } from '../../trainer/protocol/breakpoints/breakpoint.ts';
import { conditionRefusal } from '../../trainer/protocol/breakpoints/changed-list.ts';
import { type BreakpointChange, breakpointsOf } from '../../trainer/protocol/breakpoints/changes.ts';
import { inferredPoint, pointFault } from '../../trainer/protocol/breakpoints/condition.ts';
import { readCondition } from '../../trainer/protocol/breakpoints/parse-condition.ts';
import { readyMades, readyMadesFor } from '../../trainer/protocol/breakpoints/ready-made.ts';
import { breakpointWords } from '../../trainer/protocol/breakpoints/words.ts';
import { StudioError } from '../../trainer/protocol/errors.ts';
import { type RunSummary, type SafePoint, safePoint } from '../../trainer/protocol/run-state.ts';
import type { Studio } from '../studio.ts';
import { carryOut, demandRuns, sayDone } from './carry-out.ts';
import type { Handler } from './handler.ts';
import { chooseRun } from './targets.ts';

async function changeBreakpoint(
  studio: Studio,
  run: RunSummary,
  change: BreakpointChange,
  doing: string,
): Promise<void> {
  const { note, change: changed } = await carryOut(studio, run, { kind: 'break', change }, `${doing} of ${run.id}`);
  sayDone(studio, `${run.id}: ${note}${typeof changed?.to === 'string' ? `: ${changed.to}` : ' removed'}`);
}

/** @returns undefined when the user backs out */
async function typeCondition(
  run: RunSummary,
  title: string,
  value: string,
  asChange: (condition: string) => BreakpointChange,
) {
  return vscode.window.showInputBox({
    ...{ title, value },
    prompt:
      'Numbers of a step (kl > 0.5, mean(accuracy, 20) < 0.3, stalled(accuracy, 50)) and answers (any(aha >= 4), share(correct:false) > 0.5).',
    validateInput: (typed) => (typed.trim() === '' ? null : conditionRefusal(asChange(typed), run)),
  });
}

/** Where it is asked: the point that follows from it comes first. @returns undefined when the user backs out */
async function choosePoint(run: RunSummary, text: string, present: SafePoint | null): Promise<SafePoint | undefined> {
  const read = readCondition(text);
  if ('fault' in read) throw new StudioError('bad-request', `${read.fault}.`);
  const meant = present ?? inferredPoint(read.condition, run.method);
  const points = safePoint.options.filter((point) => pointFault(read.condition, point, run.method) === null);
  if (points.length <= 1) return points[0];
  const picked = await vscode.window.showQuickPick(
    points
      .toSorted((a, b) => Number(b === meant) - Number(a === meant))
      .map((point) => ({
        label: point,
        ...(point === meant && { description: present ? 'as it is' : 'what follows from it' }),
      })),
    { placeHolder: `At which safe point of a step shall ${text} be asked?` },
  );
  return picked?.label;
}

/** @returns undefined when the user backs out */
async function chooseLogOnly(present: boolean): Promise<boolean | undefined> {
  const choices = [
    { label: 'Pause the run', logOnly: false },
    { label: 'Log only', description: 'a hit is written down, and the run goes on', logOnly: true },
  ];
  const picked = await vscode.window.showQuickPick(
    choices.toSorted((a, b) => Number(b.logOnly === present) - Number(a.logOnly === present)),
    { placeHolder: 'When it is hit' },
  );
  return picked?.logOnly;
}

export const addBreakpoint: Handler = async (studio, argument) => {
  await demandRuns(studio);
  const run = await chooseRun(studio, argument, 'break');
  const own = { label: '$(edit) Type a condition…', description: '', condition: null };
  const ready = readyMadesFor(run.method).map((name) => {
    const { label, condition, help } = readyMades[name];
    return { label, description: condition, detail: help, condition };
  });
  const picked = await vscode.window.showQuickPick([own, ...ready], {
    title: `${run.id}: add a breakpoint`,
    placeHolder: 'When shall the run pause?',
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (!picked) return;
  const added = (condition: string) => ({ do: 'add', condition, logOnly: false }) as const;
  const typed = picked.condition ?? (await typeCondition(run, `${run.id}: add a breakpoint`, '', added));
  if (!typed?.trim()) return;
  const at = picked.condition === null ? await choosePoint(run, typed, null) : undefined;
  if (picked.condition === null && at === undefined) return;
  const logOnly = await chooseLogOnly(false);
  if (logOnly === undefined) return;
  await changeBreakpoint(studio, run, { ...added(typed), logOnly, ...(at && { at }) }, 'Adding a breakpoint');
};

/** The breakpoint that was clicked on, else a choice. @throws StudioError `not-found`, `conflict` */
async function chooseBreakpoint(studio: Studio, argument: unknown): Promise<{ run: RunSummary; chosen: Breakpoint }> {
  await demandRuns(studio);
  const having = studio.runs.filter((run) => breakpointsOf(run).length > 0);
  const asked = argument as { readonly runId?: unknown; readonly breakpoint?: unknown } | undefined;
  if (having.length === 0) throw new StudioError('conflict', 'No run has a breakpoint.', { remedy: 'Add one first.' });
  const fitting = having
    .flatMap((run) => breakpointsOf(run).map((chosen) => ({ run, chosen })))
    .filter(({ run, chosen }) => {
      if (asked?.runId !== undefined && run.id !== asked.runId) return false;
      return asked?.breakpoint === undefined || chosen.number === asked.breakpoint;
    });
  if (fitting.length === 0) throw new StudioError('not-found', 'There is no such breakpoint any more.');
  const [first] = fitting;
  if (fitting.length === 1 && first) return first;
  const picked = await vscode.window.showQuickPick(
    fitting.map(({ run, chosen }) => ({
      label: `${chosen.number}  ${breakpointWords(chosen)}`,
      description: run.id,
      found: { run, chosen },
    })),
    { placeHolder: 'Which breakpoint?', matchOnDescription: true },
  );
  if (!picked) throw new vscode.CancellationError();
  return picked.found;
}

export const editBreakpoint: Handler = async (studio, argument) => {
  const { run, chosen } = await chooseBreakpoint(studio, argument);
  const { number } = chosen;
  const edited = (condition: string) => ({ do: 'edit', number, condition }) as const;
  const typed = await typeCondition(run, `${run.id}: breakpoint ${number}`, chosen.condition, edited);
  if (!typed?.trim()) return;
  const at = await choosePoint(run, typed, typed.trim() === chosen.condition ? chosen.at : null);
  if (!at) return;
  const logOnly = await chooseLogOnly(chosen.logOnly);
  if (logOnly === undefined) return;
  await changeBreakpoint(studio, run, { ...edited(typed), at, logOnly }, `Changing breakpoint ${number}`);
};

export const toggleBreakpoint: Handler = async (studio, argument) => {
  const { run, chosen } = await chooseBreakpoint(studio, argument);
  const { number, enabled } = chosen;
  const change: BreakpointChange = { do: enabled ? 'disable' : 'enable', number };
  await changeBreakpoint(studio, run, change, `${enabled ? 'Disabling' : 'Enabling'} breakpoint ${number}`);
};

export const removeBreakpoint: Handler = async (studio, argument) => {
  const { run, chosen } = await chooseBreakpoint(studio, argument);
  await changeBreakpoint(studio, run, { do: 'remove', number: chosen.number }, `Removing breakpoint ${chosen.number}`);
};

/** Of the run that is paused by one: its group, else its dashboard. */
export const openBreakpointHit: Handler = async (studio, argument) => {
  await demandRuns(studio);
  const asked = (argument as { readonly runId?: unknown } | undefined)?.runId;
  const run = studio.runs.find((one) => one.state === 'paused' && one.hit && (asked === undefined || one.id === asked));
  if (run?.state !== 'paused' || !run.hit) throw new StudioError('conflict', 'No run is paused by a breakpoint.');
  const { pagePanels } = await import('../panels/page-panels.ts');
  const { groupId, rolloutId } = run.hit.cause;
  pagePanels(studio).show(
    groupId === null
      ? { page: 'dashboard', runId: run.id }
      : { page: 'rollouts', runId: run.id, groupId, ...(rolloutId !== null && { rolloutId }) },
  );
};
