/** What can stand at the caret of a typed line, in a list below it. The line keeps the focus and names the option that is picked. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { Completion, Completions } from '../../trainer/protocol/query/complete.ts';
import styles from './offer-list.module.css';

export interface Offers extends Completions {
  /** Place of the one that Enter and Tab take. Null at first where a word to search for may be meant. */
  readonly active: number | null;
}

const offerId = (listId: string, place: number) => `${listId}-${place}`;

/** What a line that offers them says of itself. */
export const offersOf = (listId: string, offers: Offers | null) =>
  ({
    role: 'combobox',
    'aria-autocomplete': 'list',
    'aria-expanded': offers !== null,
    'aria-controls': listId,
    'aria-activedescendant': offers?.active == null ? undefined : offerId(listId, offers.active),
  }) as const;

/** Up or down in the list, round its ends. */
export function moved(offers: Offers, key: 'ArrowDown' | 'ArrowUp'): Offers {
  const count = offers.items.length;
  const place = key === 'ArrowDown' ? (offers.active ?? -1) + 1 : (offers.active ?? 0) + count - 1;
  return { ...offers, active: place % count };
}

interface OfferListProps {
  readonly id: string;
  readonly offers: Offers;
  readonly onTake: (item: Completion) => void;
}

export function OfferList({ id, offers, onTake }: OfferListProps) {
  const list = useRef<HTMLDivElement>(null);
  const [above, setAbove] = useState(false);
  useLayoutEffect(() => {
    list.current?.children[offers.active ?? 0]?.scrollIntoView({ block: 'nearest' });
  }, [offers.active]);
  /* Where there is no room under the line, and some over it. */
  useLayoutEffect(() => {
    const line = list.current?.parentElement?.getBoundingClientRect();
    const height = list.current?.offsetHeight ?? 0;
    if (line) setAbove(line.bottom + height > innerHeight && line.top > height);
  }, [offers]);
  return (
    <div
      ref={list}
      id={id}
      class={`${styles.offers} ${above ? styles.above : ''}`}
      role="listbox"
      aria-label="What can stand here"
    >
      {offers.items.map((item, place) => (
        // biome-ignore lint/a11y/useFocusableInteractive: the input has the focus and names its active option
        <div
          key={item.text}
          id={offerId(id, place)}
          class={`${styles.offer} ${place === offers.active ? styles.active : ''}`}
          role="option"
          aria-selected={place === offers.active}
          onMouseDown={(event) => {
            /* The focus stays in the box. */
            event.preventDefault();
            onTake(item);
          }}
        >
          <span class={styles.text}>{shownLine(item.text)}</span>
          <span class={`${styles.help} cut`}>{item.help}</span>
        </div>
      ))}
    </div>
  );
}
