/** How a run's events change what is known of it: one reducer, for the trainer, the store, the editor and the pages. */
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
    case 'rewound':
      return { ...run, seq, step: Math.min(run.step, body.toStep), updatedAt: at };
    case 'group':
    case 'references':
    case 'command':
    case 'checkpoint':
    case 'checkpoint-removed':
    case 'checkpoint-pinned':
    case 'evaluation':
    case 'warning':
    case 'masked':
    case 'weighed':
    case 'receipt':
    case 'annotation':
    case 'annotation-removed':
    case 'analysed':
      return { ...run, seq };
  }
}
