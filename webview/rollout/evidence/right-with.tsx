/**
 * How often the question is answered right as it was seen, and with less of the video: without it, with one frame, reversed, shuffled.
 * The group's own answers are there; the others are sampled when somebody asks for them.
 */
import { useEffect, useState } from 'preact/hooks';
import { type RightOf, type RightWith, rightWithAnswers, theSameAgain } from '../../../trainer/protocol/ask.ts';
import { shownLine } from '../../../trainer/protocol/hostile-text.ts';
import type { NotificationParams } from '../../../trainer/protocol/messages.ts';
import { FormulaLabel } from '../../formulas/formula.tsx';
import type { RunFeed } from '../../state/run-feed.ts';
import { duration, grouped } from '../../ui/numbers.ts';
import styles from './right-with.module.css';

export interface RightWithState {
  /** Null until it is read. */
  readonly held: RightWith | null;
  /** Of sampling the three; null until it is known, or where none is left to sample. */
  readonly cost: { readonly ms: number | null; readonly refusal: string | null } | null;
  /** Null while nothing is sampled. */
  readonly underWay: { readonly id: string; readonly progress: NotificationParams<'ask/progress'> | null } | null;
  readonly start: () => void;
  readonly stop: () => void;
}

/**
 * @param groupId null where it is not shown
 * @param refused why nothing can be asked of the trainer; null when it is there
 * @param standing changes with what decides whether something can be sampled
 */
export function useRightWith(
  feed: RunFeed,
  groupId: string | null,
  refused: string | null,
  standing: string,
): RightWithState {
  const [read, setRead] = useState<{ readonly groupId: string; readonly held: RightWith } | null>(null);
  const [cost, setCost] = useState<RightWithState['cost']>(null);
  const [asked, setAsked] = useState<{ groupId: string; underWay: NonNullable<RightWithState['underWay']> } | null>(
    null,
  );
  const held = read && read.groupId === groupId ? read.held : null;
  const missing = held?.kinds.find((kind) => held[kind] === null) ?? null;
  useEffect(() => {
    if (groupId === null || refused !== null) return;
    let wanted = true;
    feed.request('ask/right-with', { groupId }).then(
      (now) => wanted && setRead({ groupId, held: now }),
      (thrown: unknown) => wanted && feed.fail(thrown),
    );
    return () => {
      wanted = false;
    };
  }, [feed, groupId, refused]);
  useEffect(() => {
    setCost(null);
    if (groupId === null || refused !== null || missing === null) return;
    let wanted = true;
    const ask = { ...theSameAgain, frames: missing, n: rightWithAnswers };
    const kinds = held?.kinds.length ?? 1;
    feed.request('ask/cost', { about: { groupId }, ask }).then(
      ({ ms, refusal }) => wanted && setCost({ ms: ms === null ? null : ms * kinds, refusal }),
      (thrown: unknown) => wanted && feed.fail(thrown),
    );
    return () => {
      wanted = false;
    };
  }, [feed, groupId, refused, missing, standing]);
  useEffect(
    () =>
      feed.connection.on('ask/progress', (progress) =>
        setAsked((before) =>
          before?.underWay.id === progress.id ? { ...before, underWay: { ...before.underWay, progress } } : before,
        ),
      ),
    [feed],
  );
  const start = () => {
    if (groupId === null || asked) return;
    const id = crypto.randomUUID();
    setAsked({ groupId, underWay: { id, progress: null } });
    feed.request('ask/right-with-start', { id, groupId }).then(
      (now) => {
        setAsked(null);
        setRead({ groupId, held: now });
      },
      (thrown: unknown) => {
        setAsked(null);
        feed.fail(thrown);
      },
    );
  };
  const stop = () => {
    if (asked)
      feed.connection.request('ask/cancel', { id: asked.underWay.id }).catch((thrown: unknown) => feed.fail(thrown));
  };
  return { held, cost, underWay: asked && asked.groupId === groupId ? asked.underWay : null, start, stop };
}

const names = {
  asSeen: 'as seen',
  none: 'no video',
  one: 'one frame',
  reversed: 'reversed',
  shuffled: 'shuffled',
} as const;
type Kind = keyof typeof names;
const kinds = Object.keys(names) as Kind[];

const fills: Readonly<Record<Kind, string | undefined>> = {
  asSeen: styles.asSeen,
  none: styles.none,
  one: styles.one,
  reversed: styles.reversed,
  shuffled: styles.shuffled,
};

const nameOf = (kind: Kind, isImage: boolean): string => (kind === 'none' && isImage ? 'no image' : names[kind]);

interface RightWithProps {
  readonly state: RightWithState;
  readonly isImage: boolean;
  readonly refused: string | null;
  /** The page is low: it takes as little height as it can. */
  readonly isLow: boolean;
}

export function RightWithBars({ state, isImage, refused, isLow }: RightWithProps) {
  const { held, cost, underWay, start, stop } = state;
  if (held === null) return null;
  const shown = kinds.filter((kind) => held[kind] !== null || held.kinds.some((asked) => asked === kind));
  const isOpen = held.kinds.some((kind) => held[kind] === null);
  return (
    <section class={`${styles.rights} ${isLow ? styles.low : ''}`} aria-label="Right with" data-part="right-with">
      <h2>
        <FormulaLabel name="rightWith">Right with</FormulaLabel>
      </h2>
      {shown.map((kind) => (
        <Bar key={kind} name={nameOf(kind, isImage)} of={held[kind]} chance={held.chance} kind={kind} />
      ))}
      {underWay ? (
        <Sampling {...{ underWay }} onStop={stop} />
      ) : (
        isOpen && <Start {...{ cost, refused }} onStart={start} />
      )}
    </section>
  );
}

function Bar({ name, of, chance, kind }: { name: string; of: RightOf | null; chance: number | null; kind: Kind }) {
  const share = of === null || of.total === 0 ? 0 : of.right / of.total;
  return (
    <div class={styles.right}>
      <p>
        <span class="cut">{name}</span> <span>{of === null ? '–' : `${of.right}/${of.total}`}</span>
      </p>
      <svg
        height="8"
        role="img"
        aria-label={`${name}: ${of === null ? 'not sampled' : `${of.right} of ${of.total} right`}`}
      >
        {kind === 'shuffled' && (
          <defs>
            <pattern
              id="right-shuffled"
              width="5"
              height="5"
              patternUnits="userSpaceOnUse"
              patternTransform="rotate(45)"
            >
              <rect width="2" height="5" class={styles.hatch} />
            </pattern>
          </defs>
        )}
        <rect class={styles.track} width="100%" height="8" />
        {share > 0 && <rect class={fills[kind]} width={`${100 * share}%`} height="8" />}
        {chance !== null && (
          <rect class={styles.chance} x={`${100 * chance}%`} y="-2" width="1.5" height="12">
            <title>{`chance ${chance.toFixed(2)}`}</title>
          </rect>
        )}
      </svg>
    </div>
  );
}

function Start({
  cost,
  refused,
  onStart,
}: Pick<RightWithState, 'cost'> & Pick<RightWithProps, 'refused'> & { onStart: () => void }) {
  const why = refused ?? cost?.refusal ?? null;
  const time = cost?.ms == null ? '' : `, about ${duration(Math.max(cost.ms, 1000))}`;
  return (
    <button
      type="button"
      class={`link ${styles.act}`}
      aria-disabled={why !== null || cost === null ? 'true' : undefined}
      title={why === null ? `${rightWithAnswers} answers each; no training or curve counts them` : shownLine(why, 400)}
      onClick={() => {
        if (why === null && cost !== null) onStart();
      }}
    >
      Sample{time}
    </button>
  );
}

function Sampling({
  underWay: { progress },
  onStop,
}: {
  underWay: NonNullable<RightWithState['underWay']>;
  onStop: () => void;
}) {
  return (
    <span class={styles.act} role="status">
      {progress?.doing ?? (progress ? `${grouped(progress.done)} of ${grouped(progress.total)}` : 'sampling')}{' '}
      <button type="button" class="link" onClick={onStop}>
        Stop
      </button>
    </span>
  );
}
