/** A long list of rows of one height, of which only those in sight are in the document. */
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from '@tanstack/virtual-core';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useReducer, useRef } from 'preact/hooks';
import styles from './virtual-list.module.css';

export interface VirtualListProps {
  readonly count: number;
  readonly rowHeight: number;
  readonly label: string;
  /** Index of the row that is selected; it is kept in sight when it changes. */
  readonly selected: number | null;
  /** `id` of the selected row's element, for assistive technology. */
  readonly activeId: string | null;
  readonly row: (index: number, top: number) => ComponentChildren;
  /** The first and last row in sight, when they change. */
  readonly onSight?: (first: number, last: number) => void;
  readonly onScrolled?: (offset: number) => void;
  readonly onFocusRow?: () => void;
}

const overscan = 12;

export function VirtualList(props: VirtualListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [, render] = useReducer((turn: number) => turn + 1, 0);
  const held = useRef<Virtualizer<HTMLDivElement, Element> | null>(null);
  const options = {
    count: props.count,
    getScrollElement: () => scroller.current,
    estimateSize: () => props.rowHeight,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    overscan,
    scrollPaddingStart: props.rowHeight,
    scrollPaddingEnd: props.rowHeight * 2,
    onChange: () => render(0),
  };
  held.current ??= new Virtualizer<HTMLDivElement, Element>(options);
  const virtualizer = held.current;
  virtualizer.setOptions({ ...virtualizer.options, ...options });
  useEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => virtualizer._willUpdate());
  useLayoutEffect(() => {
    virtualizer.measure();
  }, [virtualizer, props.rowHeight]);
  /* By the row's identity, not its index: rows that arrive above must not scroll the list. */
  useLayoutEffect(() => {
    if (props.selected !== null) virtualizer.scrollToIndex(props.selected, { align: 'auto' });
  }, [virtualizer, props.activeId]);

  const items = virtualizer.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => props.onSight?.(first, last), [first, last, props.count]);
  return (
    <div
      ref={scroller}
      class={styles.rows}
      role="listbox"
      aria-label={props.label}
      tabIndex={0}
      aria-activedescendant={props.activeId ?? undefined}
      onScroll={(event) => props.onScrolled?.(event.currentTarget.scrollTop)}
      onFocus={props.onFocusRow}
    >
      <div class={styles.all} role="presentation" style={{ height: `${virtualizer.getTotalSize()}px` }}>
        {items.map((item) => props.row(item.index, item.start))}
      </div>
    </div>
  );
}
