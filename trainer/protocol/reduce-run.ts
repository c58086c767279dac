/** How a run's events change what is known of it: one reducer, for the trainer, the store, the editor and the pages. */

import { withAdvisory } from './advisories.ts';
import { listAfterHit } from './breakpoints/changes.ts';
import type { RunEvent } from './records.ts';
import { paceSteps, type RunSummary } from './run-state.ts';

/** The summary after an event. One that the summary holds already changes nothing. */
export function reduceRun(run: RunSummary, { seq, at, body }: Pick<RunEvent, 'seq' | 'at' | 'body'>): RunSummary {
  if (seq <= run.seq) return run;
  switch (body.type) {
    case 'state':
      return { ...body.run, seq };
    case 'step':
      return {
        ...run,
        seq,
        step: body.metrics.step,
        updatedAt: at,
        pace: [...run.pace, body.metrics.durations.total].slice(-paceSteps),
      };
    case 'skipped':
      return { ...run, seq, skipped: run.skipped + 1 };
    case 'labels':
      return { ...run, seq, labelsHash: body.labels.hash };
    case 'advisory':
      return { ...run, seq, advisories: withAdvisory(run.advisories ?? [], body.advisory) };
    case 'advisory-ended':
      return { ...run, seq, advisories: (run.advisories ?? []).filter(({ key }) => key !== body.key) };
    case 'advisory-muted': {
      const others = (run.muted ?? []).filter((key) => key !== body.key);
      return { ...run, seq, muted: body.muted ? [...others, body.key] : others };
    }
    case 'rewound':
      return { ...run, seq, step: Math.min(run.step, body.toStep), updatedAt: at, ...stillAdvised(run, body.toStep) };
    case 'breakpoints':
      return { ...run, seq, breakpoints: body.breakpoints };
    case 'breakpoint-hit':
      return { ...run, seq, ...(run.breakpoints && { breakpoints: listAfterHit(run.breakpoints, body.hit) }) };
    case 'group':
    case 'references':
    case 'command':
    case 'checkpoint':
    case 'checkpoint-removed':
    case 'checkpoint-pinned':
    case 'evaluation':
    case 'warning':
    case 'masked':
    case 'corrected':
    case 'weighed':
    case 'receipt':
    case 'annotation':
    case 'annotation-removed':
    case 'analysed':
      return { ...run, seq };
  }
}

/** Without what was said of steps that are given up. What ended in them stands again in the `state` with which the run goes on. */
function stillAdvised({ advisories }: RunSummary, toStep: number): Pick<RunSummary, 'advisories'> {
  return advisories ? { advisories: advisories.filter(({ since }) => since <= toStep) } : {};
}
