/** Has many answers weighed at once: first what that would take, then how far it is. */
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { WeighedOf, WeighingCost } from '../../../trainer/protocol/evidence.ts';
import { shownLine } from '../../../trainer/protocol/hostile-text.ts';
import type { RequestResult } from '../../../trainer/protocol/messages.ts';
import type { RunFeed } from '../../state/run-feed.ts';
import { count, duration, grouped } from '../../ui/numbers.ts';
import { say } from '../../ui/said.tsx';
import { Button } from '../../ui/toolkit.tsx';
import styles from './weigh-many.module.css';

interface WeighManyProps {
  readonly feed: RunFeed;
  readonly of: WeighedOf;
  /** Why nothing can be asked of the trainer; null when it is there. */
  readonly refused: string | null;
  /** What is pressed: "Weigh these". */
  readonly label: string;
  /** Says at once what it would take, with a button: nothing is to be pressed first. */
  readonly isOpen?: boolean;
  /** It was left, or is done. */
  readonly onClose?: () => void;
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

export function WeighMany({ feed, of, refused, label, isOpen = false, onClose }: WeighManyProps) {
  const [stage, setStage] = useState<Stage>({ kind: 'idle' });
  const asked = JSON.stringify(of);
  /* What a cost was asked of may not be what is shown when it comes. */
  const turn = useRef(0);
  useEffect(() => {
    turn.current += 1;
    if (stage.kind === 'under way') return;
    setStage({ kind: 'idle' });
    if (isOpen && refused === null) ask();
  }, [asked, feed, isOpen, refused]);
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
      onClose?.();
    }, fail);
  };
  const ask = () => {
    const { current } = turn;
    setStage({ kind: 'asking' });
    feed.request('evidence/cost', { of }).then((cost) => {
      if (current !== turn.current) return;
      const left = cost.answers - cost.weighed;
      if (!isOpen && cost.refusal === null && cost.ms !== null && cost.ms < unaskedMs) weigh(left);
      else setStage({ kind: 'offered', cost });
    }, fail);
  };
  const leave = onClose ?? (isOpen ? null : () => setStage({ kind: 'idle' }));
  switch (stage.kind) {
    case 'idle':
    case 'asking':
      if (isOpen)
        return (
          <span role="status" class="dim">
            {refused === null ? 'What it would take is being counted.' : `They can’t be weighed now: ${refused}`}
          </span>
        );
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
      return <Offered cost={stage.cost} takesFocus={onClose !== undefined} onWeigh={weigh} onLeave={leave} />;
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
  takesFocus,
  onWeigh,
  onLeave,
}: {
  readonly cost: WeighingCost;
  readonly takesFocus: boolean;
  readonly onWeigh: (total: number) => void;
  /** Null where it stays. */
  readonly onLeave: (() => void) | null;
}) {
  const box = useRef<HTMLSpanElement>(null);
  /* In a window of its own Enter weighs. */
  useLayoutEffect(() => {
    if (takesFocus) box.current?.querySelector<HTMLElement>('vscode-button')?.focus();
  }, [takesFocus]);
  const left = answers - weighed;
  const line = (words: string, weigh: ComponentChildren, leave = 'Leave it') => (
    <span ref={box} class={styles.offered} role="status">
      <span>{words}</span>
      {weigh}
      {onLeave && <Button onPress={onLeave}>{leave}</Button>}
    </span>
  );
  if (refusal !== null) return line(`They can’t be weighed now: ${shownLine(refusal, 400)}`, null, 'Close');
  if (left === 0) return line('All of them are weighed.', null, 'Close');
  const time = ms === null ? '; how long is known once some are weighed' : `, about ${duration(Math.max(ms, 1000))}`;
  return line(
    `${count(left, 'answer')}${time}`,
    <Button primary onPress={() => onWeigh(left)}>
      Weigh
    </Button>,
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
