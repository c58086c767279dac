/** The line below the rows: where the row that is read stands and the ways to it, and what can be done about what takes long. */
import { Icon } from '../../ui/icons.tsx';
import { grouped } from '../../ui/numbers.ts';
import type { CountsState } from './list-counts.ts';
import styles from './list-foot.module.css';
import type { FeedState } from './rollout-feed.ts';

interface ListFootProps {
  readonly state: FeedState;
  readonly counts: CountsState;
  /** Index of the row that is read; null where it has none. */
  readonly selected: number | null;
  /** Which way that row is, where it is not in sight. */
  readonly away: 'up' | 'down' | null;
  readonly onBack: () => void;
  readonly onGoTo: () => void;
  readonly onStop: () => void;
  readonly onCount: () => void;
}

export function ListFoot({ state, counts, selected, away, onBack, onGoTo, onStop, onCount }: ListFootProps) {
  const { rows, list, slow, lostAt } = state;
  return (
    <div class={styles.foot}>
      <span class={styles.places}>
        {selected !== null && (
          <button type="button" class={styles.place} title="Back to the row that is read (.)" onClick={onBack}>
            {away && (
              <>
                <Icon name={away} /> <kbd>.</kbd>
              </>
            )}
            row {grouped(selected + 1)}
          </button>
        )}
        <button type="button" class={styles.place} title="Go to a step or row (G)" onClick={onGoTo}>
          {selected !== null && 'of '}
          {counts.matching === null && 'about '}
          {grouped(counts.matching ?? rows.length)}
        </button>
      </span>
      <span class="grow" />
      {slow ? (
        <button type="button" class="link" title="Keeps the list of before" onClick={onStop}>
          Stop <kbd>Esc</kbd>
        </button>
      ) : counts.state === 'stopped' && list > 0 && lostAt === null ? (
        <button type="button" class="link" onClick={onCount}>
          Count
        </button>
      ) : (
        /* Beside the way back there is no room for more. */
        !away && (
          <span class="far">
            <kbd>j</kbd> <kbd>k</kbd> move <kbd>G</kbd> go to
          </span>
        )
      )}
    </div>
  );
}
