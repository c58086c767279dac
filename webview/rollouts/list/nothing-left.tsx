/** Says what leaves nothing: which part of the filter keeps the fewest by itself, with the offer to drop it. */
import { useEffect, useState } from 'preact/hooks';
import { shownLine } from '../../../trainer/protocol/hostile-text.ts';
import { conditionsOf, without } from '../../../trainer/protocol/query/edit.ts';
import { Blank } from '../../ui/blank.tsx';
import { count, grouped } from '../../ui/numbers.ts';
import styles from './nothing-left.module.css';
import type { RolloutFeed } from './rollout-feed.ts';

interface NothingLeftProps {
  readonly feed: RolloutFeed;
  /** The filter without a fault. */
  readonly line: string;
  readonly total: number;
}

export function NothingLeft({ feed, line, total }: NothingLeftProps) {
  const conditions = conditionsOf(line);
  const left = useLeftByEach(feed, line);
  if (conditions.length === 0) {
    return (
      <Blank status>
        <p class="strong">No rollouts yet.</p>
        <p class="dim">They come as the model answers: in T-GRPO with every step, in SFT with every probe.</p>
      </Blank>
    );
  }
  const order = conditions.map((_, place) => place);
  if (left) order.sort((a, b) => (left[a] ?? 0) - (left[b] ?? 0));
  const [fewest = 0, ...others] = order;
  const drop = (place: number) => feed.setLine(without(line, place));
  const words = (place: number) => shownLine(conditions[place] ?? '');
  return (
    <Blank status>
      <p class="strong">Nothing is left.</p>
      {left && conditions.length > 1 ? (
        <p class="dim">
          <span class="mono">{words(fewest)}</span> leaves the fewest: by itself{' '}
          {left[fewest] === 0 ? 'none' : grouped(left[fewest] ?? 0)} of {count(total, 'rollout')}.
        </p>
      ) : (
        <p class="dim">
          None of the {count(total, 'rollout')} {conditions.length > 1 ? 'fits the whole filter.' : 'fits the filter.'}
        </p>
      )}
      <p>
        <button type="button" class="link" onClick={() => drop(fewest)}>
          Drop <span class="mono">{words(fewest)}</span>
        </button>
      </p>
      {others.length > 0 && (
        <p class={`${styles.terms} dim`}>
          or
          {others.map((place) => (
            <button key={place} type="button" class="link mono" onClick={() => drop(place)}>
              {words(place)}
              {left && ` (${grouped(left[place] ?? 0)})`}
            </button>
          ))}
        </p>
      )}
    </Blank>
  );
}

/** Rollouts that each condition keeps by itself; null until they are counted. */
function useLeftByEach(feed: RolloutFeed, line: string): readonly number[] | null {
  const [counted, setCounted] = useState<{ readonly line: string; readonly left: readonly number[] } | null>(null);
  useEffect(() => {
    let isOver = false;
    void feed.leftByEach(conditionsOf(line)).then((left) => {
      if (!isOver && left) setCounted({ line, left });
    });
    return () => {
      isOver = true;
    };
  }, [feed, line]);
  return counted?.line === line ? counted.left : null;
}
