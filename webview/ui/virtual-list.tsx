/**
 * A long list of lines of one height, of which only those in sight are in the document. A row takes one line or more; where
 * it stands is worked out, never measured, so that a million rows cost what a hundred do.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useReducer, useRef } from 'preact/hooks';
import { Slots } from './slots.ts';
import styles from './virtual-list.module.css';

/** Which lines the rows take. */
export interface Lines {
  readonly total: number;
  /** Lines above a row. */
  before(index: number): number;
  /** The row that a line belongs to. */
  at(line: number): number;
}

/** Of a list without heads between its rows. */
export const oneLineEach = (count: number): Lines => ({
  total: count,
  before: (index) => index,
  at: (line) => line,
});

export interface VirtualListProps {
  readonly count: number;
  readonly lines: Lines;
  readonly lineHeight: number;
  readonly label: string;
  /** Stands for the list as a whole: with another one it begins at its top. */
  readonly list: unknown;
  /** Rows are shown as they arrive: the list goes to its top and stays there, whatever is selected. */
  readonly followed?: boolean;
  /** Index of the row that is selected. */
  readonly selected: number | null;
  /** Another value has the selected row brought into sight; where none is given, another row that is selected does. */
  readonly sought?: string;
  /** `id` of the selected row's element, for assistive technology. */
  readonly activeId: string | null;
  /** Stands for a row wherever it is; by default its index. */
  readonly idOf?: (index: number) => string | number;
  /** `slot` is the row's own as long as it is drawn, and then another's: as its key, it has elements used again. */
  readonly row: (index: number, top: number, slot: number) => ComponentChildren;
  /** The first and last row in sight, when they change. */
  readonly onSight: (first: number, last: number) => void;
  /** `byPerson`: not because the list brought something into sight by itself. */
  readonly onScrolled: (offset: { readonly top: number; readonly left: number; readonly byPerson: boolean }) => void;
}

const overscan = 8;
/** Browsers draw no element that is much taller; the scroll bar of a longer list stands for more than it says. */
const tallest = 16_000_000;

export function VirtualList(props: VirtualListProps) {
  const { count, lines, lineHeight, list, followed = false, selected, activeId, onSight } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [, render] = useReducer((turn: number) => turn + 1, 0);
  const view = useRef({ scrolled: 0, height: 0 });
  const slots = useRef(new Slots());
  /** Where the list went by itself. */
  const placed = useRef(0);
  const whole = lines.total * lineHeight;
  const drawn = Math.min(whole, tallest);
  const room = Math.max(1, drawn - view.current.height);
  const factor = whole > tallest ? (whole - view.current.height) / room : 1;
  /** Where the rows are in the list as if it were drawn whole, and back. */
  const offset = view.current.scrolled * factor;
  const shift = view.current.scrolled - offset;

  const scrollTo = (wanted: number) => {
    const { current } = scroller;
    if (!current) return;
    const to = Math.max(0, Math.min(wanted, whole - current.clientHeight)) / factor;
    if (Math.abs(to - current.scrollTop) < 0.5) return;
    current.scrollTop = to;
    placed.current = current.scrollTop;
    view.current = { ...view.current, scrolled: current.scrollTop };
    render(0);
  };
  useLayoutEffect(() => {
    const { current } = scroller;
    if (!current) return;
    const look = () => {
      view.current = { scrolled: current.scrollTop, height: current.clientHeight };
      render(0);
    };
    look();
    const sizes = new ResizeObserver(look);
    sizes.observe(current);
    return () => sizes.disconnect();
  }, []);

  /** The row at the top and how far it is scrolled past, so that it stays where it is when lines above it change. */
  const anchor = useRef({ index: 0, past: 0 });
  const held = useRef({ lines, list });
  useLayoutEffect(() => {
    const before = held.current;
    held.current = { lines, list };
    if (before.list !== list) {
      scrollTo(0);
      return;
    }
    if (before.lines !== lines && view.current.scrolled > 0) {
      scrollTo(lines.before(anchor.current.index) * lineHeight + anchor.current.past);
    }
  }, [lines, list]);
  useLayoutEffect(() => {
    if (followed) scrollTo(0);
  }, [followed]);
  /* By the row's identity, not its index: rows that arrive above must not scroll the list. */
  const { sought = activeId } = props;
  const found = useRef<string | null>(null);
  useLayoutEffect(() => {
    const { current } = scroller;
    if (selected === null || !current || found.current === sought) return;
    found.current = sought;
    if (followed) return;
    const top = lines.before(selected) * lineHeight;
    const bottom = selected + 1 < count ? lines.before(selected + 1) * lineHeight : whole;
    const height = current.clientHeight;
    const from = current.scrollTop * factor;
    const margin = Math.min(2 * lineHeight, height / 4);
    if (top - margin < from) scrollTo(top - margin);
    else if (bottom + margin > from + height) scrollTo(bottom + margin - height);
  }, [activeId, sought]);
  useLayoutEffect(() => {
    const from = view.current.scrolled * factor;
    const index = lines.at(Math.floor(from / lineHeight));
    anchor.current = { index, past: from - lines.before(index) * lineHeight };
  });

  const first = count === 0 ? 0 : lines.at(Math.max(0, Math.floor(offset / lineHeight)));
  const last = Math.min(
    count - 1,
    lines.at(Math.min(Math.max(0, lines.total - 1), Math.ceil((offset + view.current.height) / lineHeight))),
  );
  useEffect(() => onSight(first, Math.max(first, last)), [first, last, count]);
  const from = Math.max(0, first - overscan);
  const indexes = Array.from(
    { length: Math.max(0, Math.min(count - 1, last + overscan) - from + 1) },
    (_, n) => from + n,
  );
  const { idOf = (index: number) => index } = props;
  const slotOf = slots.current.give(indexes.map(idOf));
  /* Readers can't be led to an element that is not there. */
  const isDrawn = selected !== null && indexes.includes(selected);
  return (
    <div
      ref={scroller}
      class={styles.rows}
      role="listbox"
      aria-label={props.label}
      tabIndex={0}
      aria-activedescendant={isDrawn ? (activeId ?? undefined) : undefined}
      onScroll={({ currentTarget: { scrollTop, scrollLeft, clientHeight } }) => {
        view.current = { scrolled: scrollTop, height: clientHeight };
        props.onScrolled({ top: scrollTop, left: scrollLeft, byPerson: Math.abs(scrollTop - placed.current) >= 1 });
        render(0);
      }}
    >
      <div class={styles.all} role="presentation" style={{ height: `${drawn}px` }}>
        {indexes.map((index, place) =>
          props.row(index, lines.before(index) * lineHeight + shift, slotOf[place] as number),
        )}
      </div>
    </div>
  );
}
