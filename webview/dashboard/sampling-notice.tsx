/** What is under way right now: a hint, which the next one replaces. */
import type { NotificationParams } from '../../trainer/protocol/messages.ts';
import type { RunSummary } from '../../trainer/protocol/records.ts';
import { shownLine } from '../ui/hostile-text.ts';
import { Notice } from '../ui/notice.tsx';
import { grouped } from '../ui/numbers.ts';

const tailShown = 90;

export function SamplingNotice({ sampling, run }: { sampling: NotificationParams<'run/sampling'>; run: RunSummary }) {
  const tail = sampling.text.slice(-tailShown * 2);
  return (
    <Notice kind="info" title={run.method === 'sft' ? 'Looking at what the model answers.' : 'Training.'}>
      Step {grouped(sampling.step)} is sampling: {grouped(sampling.done)} of {grouped(sampling.total)} answers are in.{' '}
      {tail && (
        <span class="dim model-text tail" title={shownLine(sampling.problem)}>
          … {shownLine(tail).slice(-tailShown)}
        </span>
      )}
    </Notice>
  );
}
