/** Breakpoints and their hits in words: the same in the editor, on the pages and in a terminal. Loads nothing. */
import type { Breakpoint, BreakpointHit } from './breakpoint.ts';

/** `any(aha >= 5), before-update`, with what else it is. */
export function breakpointWords({ condition, at, logOnly, enabled }: Breakpoint): string {
  return [condition, at, ...(logOnly ? ['log only'] : []), ...(enabled ? [] : ['disabled'])].join(', ');
}

/** How often it was hit: `hit now, 2nd time`, `logged 3 times, last at step 131`. @param isNow the run is paused by it */
export function hitState({ enabled, logOnly, hits, lastHit }: Breakpoint, isNow: boolean): string {
  if (isNow) return `hit now, ${ordinal(hits)} time`;
  if (!enabled) return 'disabled';
  if (hits === 0 || lastHit === null) return 'never hit';
  const what = logOnly ? 'logged' : 'hit';
  return hits === 1 ? `${what} at ${lastHit.step}` : `${what} ${hits} times, last at ${lastHit.step}`;
}

function ordinal(count: number): string {
  const tens = Math.floor(count / 10) % 10;
  const end = tens === 1 ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th');
  return `${count}${end}`;
}

/** What is said of a hit: `Breakpoint 2: any(aha >= 5): answer 5 of question 1: aha 5`. */
export function hitWords({ number, condition, cause }: BreakpointHit): string {
  return `Breakpoint ${number}: ${condition}: ${cause.sentence}`;
}
