/**
 * Says what leaves nothing: which part of the filter keeps the fewest by itself, with the offer to drop each; what words may
 * have been meant as; what each offer would leave; and where the present rules have not looked for what is asked.
 */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { shownLine } from '../../../trainer/protocol/hostile-text.ts';
import type { RunFeed } from '../../state/run-feed.ts';
import { Blank } from '../../ui/blank.tsx';
import { count, grouped } from '../../ui/numbers.ts';
import { type Causes, causesOf, partsOf } from './causes.ts';
import { NotLookedFor, type OlderAnswers } from './not-looked-for.tsx';
import styles from './nothing-left.module.css';
import type { RolloutFeed } from './rollout-feed.ts';

interface NothingLeftProps {
  readonly run: RunFeed;
  readonly feed: RolloutFeed;
  /** The filter without a fault. */
  readonly line: string;
  readonly total: number;
  /** What is asked of findings is not looked for in these. */
  readonly older: OlderAnswers | null;
  /** It asks for evidence that few answers have, which is said above it. */
  readonly isUnweighed: boolean;
  /** The list's own count is made. */
  readonly isCounted: boolean;
  /** The focus goes to the rows. */
  readonly onRows: () => void;
}

export function NothingLeft({ run, feed, line, total, older, isUnweighed, isCounted, onRows }: NothingLeftProps) {
  const parts = useMemo(() => partsOf(line), [line]);
  const causes = useCauses(feed, line, isCounted);
  if (parts.length === 0) {
    return (
      <Blank status>
        <p class="strong">No rollouts yet.</p>
        <p class="dim">They come as the model answers: in T-GRPO with every step, in SFT with every probe.</p>
      </Blank>
    );
  }
  const order = parts.map((_, place) => place);
  if (causes) order.sort((a, b) => (causes.each[a]?.matching ?? 0) - (causes.each[b]?.matching ?? 0));
  const fewest = order[0] ?? 0;
  /* What would leave nothing is no offer. */
  const [first, ...others] = causes ? order.filter((place) => (causes.left[place] ?? 0) > 0) : order;
  const use = (mended: string) => {
    feed.setLine(mended);
    onRows();
  };
  const drop = (place: number) => use(parts[place]?.dropped ?? line);
  const left = (place: number) => causes && ` (${grouped(causes.left[place] ?? 0)} left)`;
  const words = (place: number) => shownLine(parts[place]?.text ?? '');
  return (
    <Blank status>
      {!isUnweighed && (
        <p class="strong">{older ? 'Nothing is left, and not all was looked for.' : 'Nothing is left.'}</p>
      )}
      {older && (
        <div class={styles.older}>
          <NotLookedFor {...{ run, older }} />
        </div>
      )}
      {isUnweighed ? null : causes && parts.length > 1 ? (
        <p class="dim">
          <span class="mono">{words(fewest)}</span> {byItself(causes.each[fewest], total)}
        </p>
      ) : (
        isCounted &&
        !older && (
          <p class="dim">
            None of the {count(total, 'rollout')} {parts.length > 1 ? 'fits the whole filter.' : 'fits the filter.'}
          </p>
        )
      )}
      {causes?.meant.map(({ text, isOne, term, line: mended, left }) => (
        <p key={mended}>
          {isOne ? 'No text has the word ' : 'Looked for in the texts: '}
          <span class="mono">{shownLine(text)}</span>.{' '}
          <button type="button" class="link" onClick={() => use(mended)}>
            Use <span class="mono">{shownLine(term)}</span> ({grouped(left)} left)
          </button>
        </p>
      ))}
      {causes?.together && (
        <p>
          <button type="button" class="link" onClick={() => causes.together && use(causes.together.line)}>
            Use them together ({grouped(causes.together.left)} left)
          </button>
        </p>
      )}
      <p>
        {first === undefined ? (
          <button type="button" class="link" onClick={() => use('')}>
            Clear the filter
          </button>
        ) : (
          <button type="button" class="link" onClick={() => drop(first)}>
            Drop <span class="mono">{words(first)}</span>
            {left(first)}
          </button>
        )}
      </p>
      {others.length > 0 && (
        <p class={`${styles.terms} dim`}>
          or
          {others.map((place) => (
            <button key={place} type="button" class="link mono" onClick={() => drop(place)}>
              {words(place)}
              {left(place)}
            </button>
          ))}
        </p>
      )}
    </Blank>
  );
}

/** What the condition that leaves the fewest leaves. Where older rules have read answers, nothing is not told of all of them. */
function byItself(cause: Causes['each'][number] | undefined, total: number): string {
  const { matching = 0, outdated = 0 } = cause ?? {};
  if (matching > 0) return `leaves the fewest: by itself ${grouped(matching)} of ${count(total, 'rollout')}.`;
  if (outdated === 0) return `leaves the fewest: by itself none of ${count(total, 'rollout')}.`;
  if (outdated >= total) return `is looked for in none of the ${count(total, 'rollout')} yet.`;
  return `leaves the fewest: by itself none of the ${count(total - outdated, 'rollout')} that the present rules have read.`;
}

/** What leaves nothing; null until that is counted. */
function useCauses(feed: RolloutFeed, line: string, isCounted: boolean): Causes | null {
  const [found, setFound] = useState<{ readonly line: string; readonly causes: Causes } | null>(null);
  useEffect(() => {
    /* A count of the list's own would be ended by these. */
    if (!isCounted) return;
    let isOver = false;
    void causesOf(line, (lines) => feed.countEach(lines)).then((causes) => {
      if (!isOver && causes) setFound({ line, causes });
    });
    return () => {
      isOver = true;
    };
  }, [feed, line, isCounted]);
  return found?.line === line ? found.causes : null;
}
