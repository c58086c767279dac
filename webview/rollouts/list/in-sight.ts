/**
 * Which rows are in sight, and when the row that is read is brought there: when another is read, by another filter, by key. Under
 * another order the list begins at its top, as whoever orders looks for what comes first.
 */
import { useEffect, useReducer, useRef, useState } from 'preact/hooks';
import type { ListSort } from '../../../trainer/protocol/query/sort.ts';

export interface Rows {
  readonly first: number;
  readonly last: number;
}

interface InSight {
  readonly rows: { readonly current: Rows };
  see(rows: Rows): void;
  /** Which way the row that is read is, where it is not among them. */
  readonly away: 'up' | 'down' | null;
  /** Another value has the row that is read brought into sight. */
  readonly sought: string;
  /** Brings it there now. */
  seek(): void;
}

interface Listed {
  readonly selectedId: string | null;
  /** Its index; null where it has no row, or none yet. */
  readonly selected: number | null;
  readonly list: number;
  readonly sort: ListSort | null;
}

export function useInSight({ selectedId, selected, list, sort }: Listed): InSight {
  const rows = useRef<Rows>({ first: 0, last: 0 });
  const [away, setAway] = useState<InSight['away']>(null);
  const [turn, seek] = useReducer((turns: number) => turns + 1, 0);
  const begun = useRef<Begun>({ list, sort, placed: list });
  begun.current = begunBy(begun.current, list, sort);
  const look = () => setAway(awayOf(rows.current, selected));
  useEffect(look, [selected]);
  return {
    rows,
    see: (seen) => {
      rows.current = seen;
      look();
    },
    away,
    sought: `${selectedId} ${begun.current.placed} ${turn}`,
    seek: () => seek(0),
  };
}

export function awayOf({ first, last }: Rows, selected: number | null): InSight['away'] {
  if (selected === null || (selected >= first && selected <= last)) return null;
  return selected < first ? 'up' : 'down';
}

interface Begun {
  readonly list: number;
  readonly sort: ListSort | null;
  /** The last list that did not begin by another order. */
  readonly placed: number;
}

export function begunBy(before: Begun, list: number, sort: ListSort | null): Begun {
  if (list === before.list) return before;
  const isOrdered = before.list > 0 && JSON.stringify(sort) !== JSON.stringify(before.sort);
  return { list, sort, placed: isOrdered ? before.placed : list };
}
