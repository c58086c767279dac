/**
 * Which rows are in sight, and when the row that is read is brought there: when another is read, by another filter, by key. Under
 * another order the list begins at its top, as whoever orders looks for what comes first.
 */
import { useReducer, useRef, useState } from 'preact/hooks';
import type { ListSort } from '../../../trainer/protocol/query/sort.ts';

export interface Rows {
  readonly first: number;
  readonly last: number;
}

interface InSight {
  readonly rows: Rows;
  see(rows: Rows): void;
  /** Another value has the row that is read brought into sight. */
  readonly sought: string;
  /** Brings it there now. */
  seek(): void;
}

export function useInSight(selectedId: string | null, list: number, sort: ListSort | null): InSight {
  const [rows, see] = useState<Rows>({ first: 0, last: 0 });
  const [turn, seek] = useReducer((turns: number) => turns + 1, 0);
  const begun = useRef<Begun>({ list, sort, placed: list });
  begun.current = begunBy(begun.current, list, sort);
  return { rows, see, sought: `${selectedId} ${begun.current.placed} ${turn}`, seek: () => seek(0) };
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
