/** What is to be judged, in order, with what was said of it; how far one is, and how long the rest takes. */
import type { ComponentChildren } from 'preact';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { type QueueOrder, queueOrder, queueOrders } from '../../trainer/protocol/review-queue.ts';
import { PaneHead } from '../ui/heads.tsx';
import { Icon } from '../ui/icons.tsx';
import { grouped } from '../ui/numbers.ts';
import { Pane } from '../ui/pane.tsx';
import { type Store, useStore } from '../ui/store.ts';
import { Tool } from '../ui/tool.tsx';
import { oneLineEach, VirtualList } from '../ui/virtual-list.tsx';
import type { ReviewPlace } from './place.ts';
import styles from './queue-list.module.css';
import { paceOfItems, type Review } from './review-model.ts';

const orderWords: Readonly<Record<QueueOrder, string>> = {
  informative: 'most informative first',
  training: 'what training gives back',
  assigned: 'given to you',
  disagreed: 'most disagreed first',
  settle: 'to settle',
  random: 'at random',
  newest: 'newest first',
};

const itemHeight = 38;

export function QueueList({
  review,
  place,
  author,
  deal,
  onDeal,
  onOpen,
}: {
  review: Review;
  place: Store<ReviewPlace>;
  /** Who signs here; null where nobody does yet. */
  author: string | null;
  /** The form that deals out items, while it is open. */
  deal: ComponentChildren;
  onDeal: () => void;
  onOpen: () => void;
}) {
  const { items, matching, at, done, took } = useStore(review.state, (state) => state);
  const { order, line } = useStore(place, (held) => held);
  const judged = [...done.values()];
  const count = items?.length ?? 0;
  const left = count - done.size;
  const skipped = judged.filter((one) => one === 'skipped').length;
  const pace = paceOfItems(took);
  const given = (['keep', 'fix', 'drop', 'skipped'] as const)
    .map((verdict) => [verdict, judged.filter((one) => one === verdict).length] as const)
    .filter(([, number]) => number > 0);
  return (
    <Pane name="queue" label="Queue" side>
      <PaneHead
        title="Queue"
        meta={items === null ? 'being drawn' : `${grouped(left)} left`}
        tools={<Tool icon="people" label="Deal out items to people (a)" onPress={onDeal} />}
      />
      <div class={styles.head}>
        <select
          aria-label="Which items"
          value={order}
          onChange={({ currentTarget }) => review.choose(queueOrder.parse(currentTarget.value))}
          onKeyDown={(event) => event.key !== 'Escape' && event.stopPropagation()}
        >
          {queueOrders.map((name) => (
            <option key={name} value={name}>
              {orderWords[name]}
            </option>
          ))}
        </select>
        <input
          type="search"
          data-filter
          aria-label="Filter (/)"
          placeholder="filter, such as correct:false"
          spellcheck={false}
          value={line}
          onChange={({ currentTarget }) => review.filter(currentTarget.value)}
          onKeyDown={(event) => {
            event.stopPropagation();
            if (event.key === 'Enter' || event.key === 'Escape') event.currentTarget.blur();
          }}
        />
        {deal}
        <p class={styles.line}>
          <span>
            {grouped(done.size - skipped)} of {grouped(count)} done
          </span>
          {pace !== null && <span class="dim">{Math.round(pace)} s an item</span>}
        </p>
        <progress value={count === 0 ? 0 : done.size / count} aria-label="Items done" />
        <p class={`${styles.line} dim`}>
          <span>
            {given.map(([verdict, number]) => `${verdict} ${number}`).join(' · ') || `${grouped(matching)} match`}
          </span>
          {pace !== null && left > 0 && <span>{timeLeft(pace * left)} left</span>}
        </p>
      </div>
      {items === null ? (
        <progress aria-label="The queue is being drawn" />
      ) : (
        <VirtualList
          count={count}
          lines={oneLineEach(count)}
          lineHeight={itemHeight}
          label="Items"
          list={items}
          selected={at}
          activeId={`item-${at}`}
          onSight={() => {}}
          onScrolled={() => {}}
          row={(index, top) => {
            const item = items[index];
            if (!item) return null;
            const outcome = done.get(item.rolloutId);
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the list takes the keys
              // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus
              <div
                key={item.rolloutId}
                id={`item-${index}`}
                class={`${styles.item} ${index === at ? styles.selected : ''}`}
                style={{ transform: `translateY(${top}px)` }}
                role="option"
                aria-selected={index === at}
                aria-posinset={index + 1}
                aria-setsize={count}
                onClick={() => {
                  review.show(index);
                  onOpen();
                }}
              >
                <span class={styles.mark}>
                  {outcome === 'keep' && <Icon name="check" label="keep" />}
                  {outcome === 'drop' && <Icon name="cross" label="drop" />}
                  {outcome === 'fix' && 'fix'}
                  {outcome === 'skipped' && '–'}
                </span>
                <span class="cut">{shownLine(item.problem)}</span>
                <span class="num dim">{index + 1}</span>
                <span class={`${styles.why} cut dim`}>{outcome ?? shownLine(item.why)}</span>
              </div>
            );
          }}
        />
      )}
      <p class={styles.foot}>
        <kbd>j</kbd> <kbd>k</kbd> move <kbd>u</kbd> undo
        {author !== null && <span class={`${styles.signed} cut`}>signed {shownLine(author)}</span>}
      </p>
    </Pane>
  );
}

function timeLeft(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  if (minutes < 1) return 'under a minute';
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
