/**
 * The filter line: field names in colour, faulty parts underlined, and what can stand at the caret in a list below.
 */
import { useContext, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { foreignNote, linkKind } from '../../../trainer/protocol/place.ts';
import {
  type Completion,
  type Completions,
  completions,
  type SeenValues,
} from '../../../trainer/protocol/query/complete.ts';
import { parseQuery, type QueryFault } from '../../../trainer/protocol/query/parse.ts';
import { ColouredLine } from '../../query/coloured-line.tsx';
import { moved, OfferList, type Offers, offersOf } from '../../query/offer-list.tsx';
import { FollowLink } from '../../ui/follow-link.ts';
import { Icon } from '../../ui/icons.tsx';
import { say } from '../../ui/said.tsx';
import styles from './filter-box.module.css';

export const filterBoxId = 'rollout-filter';
const listId = 'rollout-filter-offers';

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
      follow(line, true);
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
      setOffers(moved(offers, event.key));
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
      <ColouredLine {...{ line, faults }} pieces={parseQuery(line).pieces} copyRef={copy}>
        <input
          ref={input}
          id={filterBoxId}
          type="text"
          aria-label="Filter, for example step>20 half:shuffled correct:false aha>=2 flagged"
          {...offersOf(listId, offers)}
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
            follow(pasted, true);
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
      </ColouredLine>
      <kbd>/</kbd>
      {offers && <OfferList id={listId} offers={offers} onTake={(item) => take(offers, item)} />}
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
