/**
 * The filter line: field names in colour, faulty parts underlined, and what can stand at the caret in a list below. An input
 * can't colour its own text, so a copy of the line lies under it; for that it is the one text field that is not the toolkit's.
 */
import { useContext, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { shownLine } from '../../../trainer/protocol/hostile-text.ts';
import { foreignNote, linkKind } from '../../../trainer/protocol/place.ts';
import {
  type Completion,
  type Completions,
  completions,
  type SeenValues,
} from '../../../trainer/protocol/query/complete.ts';
import { parseQuery, type QueryFault } from '../../../trainer/protocol/query/parse.ts';
import { FollowLink } from '../../ui/follow-link.ts';
import { Icon } from '../../ui/icons.tsx';
import { say } from '../../ui/said.tsx';
import styles from './filter-box.module.css';

export const filterBoxId = 'rollout-filter';
const listId = 'rollout-filter-offers';
const offerId = (place: number) => `${listId}-${place}`;

interface FilterBoxProps {
  readonly line: string;
  readonly faults: readonly QueryFault[];
  /** Filters of before, the newest first. */
  readonly history: readonly string[];
  readonly onLine: (line: string) => void;
  /** Somebody is done typing this one. */
  readonly onUsed: (line: string) => void;
  /** Takes what is offered under the line for a part of it. */
  readonly onMend: () => void;
  /** Gives up what is being read or counted; false when that is not much. */
  readonly onStop: () => boolean;
  /** To the rows. */
  readonly onLeave: () => void;
  /** Values to offer for fields that take any text. */
  readonly seen: () => SeenValues;
}

interface Offers extends Completions {
  /** Place of the one that Enter and Tab take. Null at first where a word to search for may be meant. */
  readonly active: number | null;
}

export function FilterBox({ line, faults, history, onLine, onUsed, onMend, onStop, onLeave, seen }: FilterBoxProps) {
  const input = useRef<HTMLInputElement>(null);
  const copy = useRef<HTMLDivElement>(null);
  const follow = useContext(FollowLink);
  const [offers, setOffers] = useState<Offers | null>(null);
  /** Where the caret goes once the line with the taken offer is in the box. */
  const nextCaret = useRef<number | null>(null);
  useLayoutEffect(() => {
    if (nextCaret.current !== null) input.current?.setSelectionRange(nextCaret.current, nextCaret.current);
    nextCaret.current = null;
  }, [line]);

  const offer = (typed: string, caret: number, asked: boolean) => {
    const found = completions(typed, caret, seen());
    const active = followsOperator(typed, found) ? 0 : null;
    setOffers(isWorthShowing(typed, found, asked) ? { ...found, active } : null);
  };
  const take = ({ start, end }: Completions, { text }: Completion) => {
    const taken = line.slice(0, start) + text + line.slice(end);
    const caret = start + text.length;
    nextCaret.current = caret;
    onLine(taken);
    offer(taken, caret, false);
  };
  const onKey = (event: KeyboardEvent & { currentTarget: HTMLInputElement }) => {
    if (event.isComposing) return;
    const caret = event.currentTarget.selectionStart ?? line.length;
    if (event.key === 'Enter' && linkKind(line, location.origin) === 'link') {
      onLine('');
      follow(line);
      return;
    }
    const active = offers?.items[offers.active ?? -1];
    if (event.key === 'Enter' && event.altKey) {
      setOffers(null);
      onMend();
    } else if (event.key === 'Escape') {
      if (offers) setOffers(null);
      else if (!onStop()) onLeave();
    } else if (offers && active && (event.key === 'Enter' || (event.key === 'Tab' && !event.shiftKey))) {
      take(offers, active);
    } else if (offers && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      const count = offers.items.length;
      const place = event.key === 'ArrowDown' ? (offers.active ?? -1) + 1 : (offers.active ?? 0) + count - 1;
      setOffers({ ...offers, active: place % count });
    } else if (event.key === 'ArrowUp' && line === '' && history.length > 0) {
      setOffers({ start: 0, end: 0, items: history.map((text) => ({ text, help: '' })), active: 0 });
    } else if (event.key === 'ArrowDown' || (event.key === ' ' && event.ctrlKey)) {
      offer(line, caret, true);
    } else if (event.key === 'Enter' && faults.length === 0) {
      onLeave();
    } else {
      if (['Enter', 'ArrowLeft', 'ArrowRight', 'Home', 'End'].includes(event.key)) setOffers(null);
      return;
    }
    event.preventDefault();
  };

  return (
    <div class={styles.box}>
      <Icon name="search" class={styles.search} />
      <div class={styles.typed}>
        <div ref={copy} class={styles.copy} aria-hidden="true">
          {colouredPieces(line, faults)}
        </div>
        <input
          ref={input}
          id={filterBoxId}
          type="text"
          role="combobox"
          aria-label="Filter, for example step>20 half:shuffled correct:false aha>=2 flagged"
          aria-autocomplete="list"
          aria-expanded={offers !== null}
          aria-controls={listId}
          aria-activedescendant={offers?.active == null ? undefined : offerId(offers.active)}
          aria-invalid={faults.length > 0}
          placeholder="step>20 half:shuffled correct:false aha>=2 words"
          spellcheck={false}
          autocomplete="off"
          value={line}
          onInput={({ currentTarget: { value, selectionStart } }) => {
            onLine(value);
            offer(value, selectionStart ?? value.length, false);
          }}
          onPaste={(event) => {
            const pasted = event.clipboardData?.getData('text/plain') ?? '';
            const kind = linkKind(pasted, location.origin);
            if (kind === 'foreign') say(`${foreignNote(pasted)}; it stays text of the filter.`);
            if (kind !== 'link') return;
            event.preventDefault();
            follow(pasted);
          }}
          onScroll={(event) => {
            if (copy.current) copy.current.scrollLeft = event.currentTarget.scrollLeft;
          }}
          onKeyDown={onKey}
          onMouseDown={() => setOffers(null)}
          onBlur={() => {
            setOffers(null);
            if (faults.length === 0) onUsed(line);
          }}
        />
      </div>
      <kbd>/</kbd>
      {offers && <OfferList offers={offers} onTake={(item) => take(offers, item)} />}
    </div>
  );
}

/** Not where nothing is typed that it could go on from, unless it was asked for; nor for what is typed already. */
function isWorthShowing(line: string, found: Completions, asked: boolean): boolean {
  const { start, end, items } = found;
  const [only] = items;
  if (only === undefined || (items.length === 1 && only.text === line.slice(start, end))) return false;
  return asked || end > start || followsOperator(line, found);
}

/** A value stands here, so that nothing else can be meant. */
const followsOperator = (line: string, { start }: Completions) => /[:=<>≠≤≥,]\s*$/.test(line.slice(0, start));

function OfferList({ offers, onTake }: { offers: Offers; onTake: (item: Completion) => void }) {
  const list = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    list.current?.children[offers.active ?? 0]?.scrollIntoView({ block: 'nearest' });
  }, [offers.active]);
  return (
    <div ref={list} id={listId} class={styles.offers} role="listbox" aria-label="What can stand here">
      {offers.items.map((item, place) => (
        // biome-ignore lint/a11y/useFocusableInteractive: the input has the focus and names its active option
        <div
          key={item.text}
          id={offerId(place)}
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

function colouredPieces(line: string, faults: readonly QueryFault[]) {
  const { pieces } = parseQuery(line);
  const cuts = new Set([0, line.length]);
  for (const { start, end } of [...pieces, ...faults]) for (const cut of [start, end]) cuts.add(cut);
  const edges = [...cuts].sort((a, b) => a - b);
  let piece = 0;
  return edges.slice(0, -1).map((start, index) => {
    const end = edges[index + 1] ?? start;
    while ((pieces[piece]?.end ?? end) < end) piece += 1;
    const kind = (pieces[piece]?.start ?? end) <= start ? pieces[piece]?.kind : undefined;
    const faulty = faults.some((fault) => start >= fault.start && end <= fault.end);
    return (
      <span
        key={start}
        data-faulty={faulty ? '' : undefined}
        class={`${kind === 'name' || kind === 'keyword' ? styles.name : ''} ${faulty ? styles.faulty : ''}`}
      >
        {line.slice(start, end)}
      </span>
    );
  });
}
