/** What is under way in a run that goes. It stands as long as the run goes, so that nothing moves when a phase ends. */

import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { RunFeed } from '../state/run-feed.ts';
import { Notice } from '../ui/notice.tsx';
import { grouped } from '../ui/numbers.ts';
import { useStore } from '../ui/store.ts';
import styles from './live-notice.module.css';
import { sentence } from './run-words.ts';

const tailShown = 90;

export function LiveNotice({ feed }: { feed: RunFeed }) {
  const run = useStore(feed.state, ({ view }) => view.run);
  const sampling = useStore(feed.state, (state) => state.sampling);
  const isThere = useStore(feed.connection.state, ({ link }) => link.state === 'open');
  const goes = run.state === 'starting' || run.state === 'running' || run.state === 'evaluating';
  if (!goes || !isThere) return null;
  if (run.doing && !(sampling && run.state === 'running')) {
    return (
      <Notice kind="info" lively title={sentence(run.doing)}>
        {run.step === 0 ? 'The first step follows.' : ''}
      </Notice>
    );
  }
  if (run.state !== 'running') return null;
  if (!sampling) {
    return (
      <Notice kind="info" lively title="Training.">
        Step {grouped(Math.min(run.step + 1, run.steps))} is under way.
      </Notice>
    );
  }
  const tail = sampling.text.slice(-tailShown * 2);
  return (
    <Notice kind="info" lively title={run.method === 'sft' ? 'Looking at what the model answers.' : 'Training.'}>
      Step {grouped(sampling.step)} is sampling: {grouped(sampling.done)} of {grouped(sampling.total)} answers are in.{' '}
      {tail && (
        <span class={`model-text ${styles.tail}`} title={shownLine(sampling.problem)}>
          … {shownLine(tail).slice(-tailShown)}
        </span>
      )}
    </Notice>
  );
}
