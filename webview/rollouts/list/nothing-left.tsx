/**
 * Says what leaves nothing: which part of the filter keeps the fewest by itself, with the offer to drop it; what a word that
 * nothing has may have been meant as; and where the present rules have not looked for what is asked.
 */
import { useEffect, useState } from 'preact/hooks';
import { shownLine } from '../../../trainer/protocol/hostile-text.ts';
import { type Condition, conditionsOf, replaced, without } from '../../../trainer/protocol/query/edit.ts';
import { ruleFieldsOf } from '../../../trainer/protocol/query/found-by-rules.ts';
import { parseQuery } from '../../../trainer/protocol/query/parse.ts';
import type { RunFeed } from '../../state/run-feed.ts';
import { Blank } from '../../ui/blank.tsx';
import { count, grouped } from '../../ui/numbers.ts';
import { type Causes, causesOf } from './causes.ts';
import { NotLookedFor } from './not-looked-for.tsx';
import styles from './nothing-left.module.css';
import type { RolloutFeed } from './rollout-feed.ts';

interface NothingLeftProps {
  readonly run: RunFeed;
  readonly feed: RolloutFeed;
  /** The filter without a fault. */
  readonly line: string;
  readonly total: number;
  /** Of what the rest of the filter keeps, what older rules read; null until it is counted. */
  readonly outdated: number | null;
}

export function NothingLeft({ run, feed, line, total, outdated }: NothingLeftProps) {
  const conditions = conditionsOf(line);
  const causes = useCauses(feed, line, outdated);
  if (conditions.length === 0) {
    return (
      <Blank status>
        <p class="strong">No rollouts yet.</p>
        <p class="dim">They come as the model answers: in T-GRPO with every step, in SFT with every probe.</p>
      </Blank>
    );
  }
  const query = parseQuery(line).expression;
  const isLookedFor = query === null || ruleFieldsOf(query).length === 0 || outdated === 0;
  const order = conditions.map((_, place) => place);
  if (causes) order.sort((a, b) => (causes.each[a]?.matching ?? 0) - (causes.each[b]?.matching ?? 0));
  const [fewest = 0, ...others] = order;
  const drop = (place: number) => feed.setLine(without(line, place));
  const words = (place: number) => shownLine(conditions[place]?.text ?? '');
  return (
    <Blank status>
      <p class="strong">{isLookedFor ? 'Nothing is left.' : 'Nothing is left, and not all was looked for.'}</p>
      {query !== null && outdated !== null && <NotLookedFor {...{ run, query, outdated }} />}
      {causes && conditions.length > 1 ? (
        <p class="dim">
          <span class="mono">{words(fewest)}</span> {byItself(causes.each[fewest], total)}
        </p>
      ) : (
        isLookedFor && (
          <p class="dim">
            None of the {count(total, 'rollout')}{' '}
            {conditions.length > 1 ? 'fits the whole filter.' : 'fits the filter.'}
          </p>
        )
      )}
      {causes?.meant.map(({ place, term, matching }) => (
        <p key={`${place} ${term}`}>
          No text has the word <span class="mono">{words(place)}</span>.{' '}
          <button type="button" class="link" onClick={() => feed.setLine(replaced(line, place, term))}>
            Use <span class="mono">{shownLine(term)}</span>
          </button>{' '}
          <span class="dim">({grouped(matching)})</span>
        </p>
      ))}
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
              {causes && ` (${grouped(causes.each[place]?.matching ?? 0)})`}
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
function useCauses(feed: RolloutFeed, line: string, outdated: number | null): Causes | null {
  const [found, setFound] = useState<{ readonly line: string; readonly causes: Causes } | null>(null);
  const isCounted = outdated !== null;
  useEffect(() => {
    /* A count of the list's own would be ended by these. */
    if (!isCounted) return;
    let isOver = false;
    const conditions: readonly Condition[] = conditionsOf(line);
    void causesOf(conditions, (lines) => feed.countEach(lines)).then((causes) => {
      if (!isOver && causes) setFound({ line, causes });
    });
    return () => {
      isOver = true;
    };
  }, [feed, line, isCounted]);
  return found?.line === line ? found.causes : null;
}
