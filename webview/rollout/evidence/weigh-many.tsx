/** Has many answers weighed at once: first what that would take, then how far it is. */
import { useEffect, useState } from 'preact/hooks';
import type { WeighedOf, WeighingCost } from '../../../trainer/protocol/evidence.ts';
import { shownLine } from '../../../trainer/protocol/hostile-text.ts';
import type { RequestResult } from '../../../trainer/protocol/messages.ts';
import type { RunFeed } from '../../state/run-feed.ts';
import { count, duration, elapsed, grouped } from '../../ui/numbers.ts';
import { say } from '../../ui/said.tsx';
import styles from './weigh-many.module.css';

interface WeighManyProps {
  readonly feed: RunFeed;
  readonly of: WeighedOf;
  /** Why nothing can be asked of the trainer; null when it is there. */
  readonly refused: string | null;
  /** What is pressed: "Weigh these". */
  readonly label: string;
}

type Stage =
  | { readonly kind: 'idle' }
  | { readonly kind: 'asking' }
  | { readonly kind: 'offered'; readonly cost: WeighingCost }
  | {
      readonly kind: 'under way';
      readonly id: string;
      readonly done: number;
      readonly total: number;
      readonly leftMs: number | null;
      readonly doing: string | null;
    };

/** Up to here nobody is asked whether it is worth it, in milliseconds. */
const unaskedMs = 10_000;

export function WeighMany({ feed, of, refused, label }: WeighManyProps) {
  const [stage, setStage] = useState<Stage>({ kind: 'idle' });
  const asked = JSON.stringify(of);
  useEffect(() => setStage((held) => (held.kind === 'under way' ? held : { kind: 'idle' })), [asked, feed]);
  useEffect(
    () =>
      feed.connection.on('evidence/progress', ({ id, ...progress }) =>
        setStage((held) => (held.kind === 'under way' && held.id === id ? { ...held, ...progress } : held)),
      ),
    [feed],
  );
  const fail = (thrown: unknown) => {
    setStage({ kind: 'idle' });
    feed.fail(thrown);
  };
  const weigh = (total: number) => {
    const id = crypto.randomUUID();
    setStage({ kind: 'under way', id, done: 0, total, leftMs: null, doing: null });
    feed.request('evidence/compute', { id, of }).then((done) => {
      setStage({ kind: 'idle' });
      say(doneWords(done));
    }, fail);
  };
  const ask = () => {
    setStage({ kind: 'asking' });
    feed.request('evidence/cost', { of }).then((cost) => {
      const left = cost.answers - cost.weighed;
      if (cost.refusal === null && cost.ms !== null && cost.ms < unaskedMs) weigh(left);
      else setStage({ kind: 'offered', cost });
    }, fail);
  };
  switch (stage.kind) {
    case 'idle':
    case 'asking':
      return (
        <button
          type="button"
          class="link"
          aria-disabled={refused !== null || stage.kind === 'asking' ? 'true' : undefined}
          title={refused ?? 'Scores the answers again under other frames; nothing of them changes'}
          onClick={() => {
            if (refused === null && stage.kind === 'idle') ask();
          }}
        >
          {label}
        </button>
      );
    case 'offered':
      return <Offered cost={stage.cost} {...{ label }} onWeigh={weigh} onLeave={() => setStage({ kind: 'idle' })} />;
    case 'under way': {
      const { id, done, total, leftMs, doing } = stage;
      const stop = () =>
        void feed.connection.request('evidence/cancel', { id }).catch((thrown: unknown) => feed.fail(thrown));
      return (
        <span class={styles.underWay} role="status">
          <progress {...(total > 0 && { value: done, max: total })} aria-label="Weighed" />
          {doing ?? `${grouped(done)} of ${grouped(total)}`}
          {leftMs !== null && leftMs > 0 && `, about ${duration(leftMs)} left`}{' '}
          <button type="button" class="link" onClick={stop}>
            Stop
          </button>
        </span>
      );
    }
  }
}

function Offered({
  cost: { answers, weighed, ms, refusal },
  label,
  onWeigh,
  onLeave,
}: {
  readonly cost: WeighingCost;
  readonly label: string;
  readonly onWeigh: (total: number) => void;
  readonly onLeave: () => void;
}) {
  const left = answers - weighed;
  const leave = (
    <button type="button" class="link" onClick={onLeave}>
      Leave it
    </button>
  );
  if (refusal !== null)
    return (
      <span role="status">
        They can’t be weighed now: {shownLine(refusal, 400)} {leave}
      </span>
    );
  if (left === 0) return <span role="status">All of them are weighed. {leave}</span>;
  const time = ms === null ? '' : `, about ${ms < 90_000 ? elapsed(ms) : duration(ms)}`;
  return (
    <span role="status">
      {count(left, 'answer')}
      {time}:{' '}
      <button type="button" class="link" onClick={() => onWeigh(left)}>
        {label}
      </button>{' '}
      {leave}
    </span>
  );
}

function doneWords({ weighed, before, refused, cancelled }: RequestResult<'evidence/compute'>): string {
  const parts = [
    `${count(weighed, 'answer')} weighed`,
    ...(before > 0 ? [`${grouped(before)} were before`] : []),
    ...(refused.length > 0 ? [`${grouped(refused.length)} can’t be: ${shownLine(refused[0]?.why ?? '', 200)}`] : []),
  ];
  return `${parts.join('; ')}.${cancelled ? ' Stopped; what is done is kept.' : ''}`;
}
