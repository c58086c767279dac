/** `video-r1 ctl break`: the breakpoints of a run as they are typed and listed. */

import { type BreakpointChange, breakpointsOf, longestCondition } from '../../protocol/breakpoints/changes.ts';
import { readyMadeNames, readyMades } from '../../protocol/breakpoints/ready-made.ts';
import { breakpointWords, hitState } from '../../protocol/breakpoints/words.ts';
import type { CommandRequest } from '../../protocol/commands.ts';
import { shownLine } from '../../protocol/hostile-text.ts';
import { nearestClause } from '../../protocol/nearest.ts';
import { type RunSummary, safePoint } from '../../protocol/run-state.ts';
import { oneOf, usage, wholeNumber } from '../terminal/command.ts';

export const breakForms: readonly { readonly words: string; readonly does: string }[] = [
  { words: 'break [list]', does: 'the breakpoints of the run, with what they were hit by so far' },
  {
    words: 'break add CONDITION',
    does: `Add breakpoint: pause where it holds, such as "any(aha >= 4)"; --at: POINT as of pause; --log: write it down and go on; ready-made: ${readyMadeNames.join(', ')}`,
  },
  { words: 'break edit N [CONDITION]', does: 'Change one; --at, --log and --no-log as well' },
  { words: 'break enable|disable|remove N', does: 'Switch one on or off, or remove it' },
];

const actions = ['list', 'add', 'edit', 'enable', 'disable', 'remove'] as const;

export interface BreakOptions {
  readonly at: string | undefined;
  readonly log: boolean;
  readonly noLog: boolean;
}

/** @throws StudioError `bad-request` for what is no change of breakpoints. What a condition says is checked later, with the run at hand. */
export function breakRequest(
  words: readonly string[],
  { at, log, noLog }: BreakOptions,
): CommandRequest | 'breakpoints' {
  const [named = 'list', ...rest] = words;
  const action = actions.find((known) => known === named);
  if (action === undefined) throw usage(`break takes no ${named}${nearestClause(named, actions)}.`);
  const most = { list: 0, add: 1, edit: 2, enable: 1, disable: 1, remove: 1 }[action];
  const over = rest.slice(most);
  if (over.length > 0)
    throw usage(`break ${action} takes no ${over.join(' ')}. A condition with spaces in it stands in quotes.`);
  const changesLog = log || noLog;
  if ((at !== undefined || changesLog) && action !== 'add' && action !== 'edit')
    throw usage(`break ${action} takes no --at, --log and --no-log.`);
  if (log && noLog) throw usage('Give --log or --no-log.');
  const point = at === undefined ? {} : { at: oneOf('--at', at, safePoint.options) };
  const request = (change: BreakpointChange): CommandRequest => ({ kind: 'break', change });
  if (action === 'list') return 'breakpoints';
  if (action === 'add') {
    const [typed] = rest;
    if (typed === undefined) throw usage('break add takes a condition, such as "any(aha >= 4)".');
    const ready = readyMadeNames.find((name) => name === typed);
    const condition = ready === undefined ? typed : readyMades[ready].condition;
    return request({ do: 'add', condition, logOnly: log, ...point });
  }
  const [typed, condition] = rest;
  if (typed === undefined) throw usage(`break ${action} takes the number of a breakpoint.`);
  const number = wholeNumber('N', typed, 1);
  if (action !== 'edit') return request({ do: action, number });
  if (condition === undefined && at === undefined && !changesLog)
    throw usage('break edit takes what is to be changed: a condition, --at, --log or --no-log.');
  return request({
    ...{ do: action, number, ...point },
    ...(condition !== undefined && { condition }),
    ...(changesLog && { logOnly: log }),
  });
}

/** `2   any(aha >= 4), before-update   hit at 131`. */
export function breakLines(run: RunSummary): string[] {
  const list = breakpointsOf(run);
  if (list.length === 0) return [`${run.id} has no breakpoint.`];
  const hitNow = run.state === 'paused' ? run.hit?.number : undefined;
  return list.map(
    (one) =>
      `${String(one.number).padEnd(3)} ${shownLine(breakpointWords(one), longestCondition + 100).padEnd(52)} ${hitState(one, one.number === hitNow)}`,
  );
}
