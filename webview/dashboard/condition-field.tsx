/** The line in which a breakpoint's condition is typed: coloured, its faults underlined, with what can stand at the caret below. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { conditionCompletions } from '../../trainer/protocol/breakpoints/complete-condition.ts';
import type { ParsedCondition } from '../../trainer/protocol/breakpoints/parse-condition.ts';
import type { Completion, Completions } from '../../trainer/protocol/query/complete.ts';
import { ColouredLine } from '../query/coloured-line.tsx';
import { moved, OfferList, type Offers, offersOf } from '../query/offer-list.tsx';
import styles from './condition-field.module.css';

const listId = 'condition-offers';

interface ConditionFieldProps {
  readonly line: string;
  readonly parsed: ParsedCondition;
  readonly label: string;
  readonly onLine: (line: string) => void;
  /** Enter, where nothing is taken from the list. */
  readonly onDone: () => void;
  /** Escape, where no list is open. */
  readonly onLeave: () => void;
}

export function ConditionField({ line, parsed, label, onLine, onDone, onLeave }: ConditionFieldProps) {
  const input = useRef<HTMLInputElement>(null);
  const copy = useRef<HTMLDivElement>(null);
  const [offers, setOffers] = useState<Offers | null>(null);
  /** Where the caret goes once the line with the taken offer is in the field. */
  const nextCaret = useRef<number | null>(null);
  useLayoutEffect(() => input.current?.focus(), []);
  useLayoutEffect(() => {
    if (nextCaret.current !== null) input.current?.setSelectionRange(nextCaret.current, nextCaret.current);
    nextCaret.current = null;
  }, [line]);

  const offer = (typed: string, caret: number, asked: boolean) => {
    const found = conditionCompletions(typed, caret);
    const [only] = found.items;
    const isTyped = found.items.length === 1 && only?.text === typed.slice(found.start, found.end);
    const shows = only !== undefined && !isTyped && (asked || found.end > found.start);
    setOffers(shows ? { ...found, active: null } : null);
  };
  const take = ({ start, end }: Completions, { text }: Completion) => {
    const taken = line.slice(0, start) + text + line.slice(end);
    nextCaret.current = start + text.length;
    onLine(taken);
    if (text.endsWith('(')) offer(taken, start + text.length, true);
    else setOffers(null);
  };
  const onKey = (event: KeyboardEvent & { currentTarget: HTMLInputElement }) => {
    if (event.isComposing) return;
    const caret = event.currentTarget.selectionStart ?? line.length;
    const active = offers?.items[offers.active ?? -1];
    if (event.key === 'Escape') {
      if (offers) setOffers(null);
      else onLeave();
    } else if (offers && active && (event.key === 'Enter' || (event.key === 'Tab' && !event.shiftKey))) {
      take(offers, active);
    } else if (offers && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      setOffers(moved(offers, event.key));
    } else if (event.key === 'ArrowDown' || (event.key === ' ' && event.ctrlKey)) {
      offer(line, caret, true);
    } else if (event.key === 'Enter') {
      setOffers(null);
      onDone();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div class={styles.box}>
      <ColouredLine {...{ line }} pieces={parsed.pieces} faults={line === '' ? [] : parsed.faults} copyRef={copy}>
        <input
          ref={input}
          type="text"
          {...offersOf(listId, offers)}
          aria-label={label}
          aria-invalid={line !== '' && parsed.faults.length > 0}
          aria-describedby="condition-fault"
          placeholder="mean(accuracy, 20) < 0.3"
          spellcheck={false}
          autocomplete="off"
          value={line}
          onInput={({ currentTarget: { value, selectionStart } }) => {
            onLine(value);
            offer(value, selectionStart ?? value.length, false);
          }}
          onScroll={(event) => {
            if (copy.current) copy.current.scrollLeft = event.currentTarget.scrollLeft;
          }}
          onKeyDown={onKey}
          onMouseDown={() => setOffers(null)}
          onBlur={() => setOffers(null)}
        />
      </ColouredLine>
      {offers && <OfferList id={listId} offers={offers} onTake={(item) => take(offers, item)} />}
    </div>
  );
}
