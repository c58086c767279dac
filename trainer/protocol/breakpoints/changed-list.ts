/** The breakpoints of a run after a change, and what of a condition is against it: the trainer, the pages and the command line ask here. */
import type { Breakpoint, BreakpointList } from './breakpoint.ts';
import { type BreakpointChange, breakpointsOf, type HasBreakpoints } from './changes.ts';
import { inferredPoint, pointFault } from './condition.ts';
import { readCondition } from './parse-condition.ts';

/** What a condition is and where it is asked: what stands in the change, else what follows from it. */
function meant(change: BreakpointChange, run: HasBreakpoints): Pick<Breakpoint, 'condition' | 'at'> | string {
  if (change.do !== 'add' && change.do !== 'edit') return '';
  const held = change.do === 'edit' ? breakpointsOf(run).find((one) => one.number === change.number) : undefined;
  const text = (change.condition ?? held?.condition ?? '').trim();
  const read = readCondition(text);
  if ('fault' in read) return read.fault;
  const isOther = held === undefined || held.condition !== text;
  const at = change.at ?? (isOther ? inferredPoint(read.condition, run.method) : held.at);
  return pointFault(read.condition, at, run.method)?.replace(/\.$/, '') ?? { condition: text, at };
}

/** Why a condition can't be taken, as a clause with its place in it; null where it can, and for a change that names none. */
export function conditionRefusal(change: BreakpointChange, run: HasBreakpoints): string | null {
  const found = meant(change, run);
  if (typeof found !== 'string' || found === '') return null;
  return found.replace(/^[A-Z](?=[a-z ])/, (first) => first.toLowerCase());
}

/** The list after a change that neither `breakRefusal` nor `conditionRefusal` has anything against, and the number of the breakpoint that it is about. */
export function listAfter(
  change: BreakpointChange,
  run: HasBreakpoints,
): { readonly breakpoints: BreakpointList; readonly number: number } {
  const { given, list } = run.breakpoints ?? { given: 0, list: [] };
  const found = meant(change, run);
  const read = typeof found === 'string' ? null : found;
  if (change.do === 'add') {
    const added: Breakpoint = {
      ...{ number: given + 1, condition: change.condition, at: 'after-update', ...read },
      ...{ logOnly: change.logOnly, enabled: true, hits: 0, lastHit: null },
    };
    return { breakpoints: { given: given + 1, list: [...list, added] }, number: given + 1 };
  }
  const { number: of } = change;
  const changed = (held: Breakpoint): Breakpoint[] => {
    switch (change.do) {
      case 'edit':
        return [
          {
            ...held,
            ...read,
            logOnly: change.logOnly ?? held.logOnly,
            ...(read?.condition !== held.condition && { hits: 0, lastHit: null }),
          },
        ];
      case 'enable':
        return [{ ...held, enabled: true }];
      case 'disable':
        return [{ ...held, enabled: false }];
      case 'remove':
        return [];
    }
  };
  return {
    breakpoints: { given, list: list.flatMap((held) => (held.number === of ? changed(held) : held)) },
    number: of,
  };
}
