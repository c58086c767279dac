/** Says that the rows are not those of the filter and order that were asked for, which of before they are of, and what becomes of it. */
import { shownLine } from '../../../trainer/protocol/hostile-text.ts';
import type { ListSort } from '../../../trainer/protocol/query/sort.ts';
import { orderWords } from './columns.tsx';
import type { CountedQuery } from './list-counts.ts';
import { UnderFilter } from './under-filter.tsx';

interface RowsOfBeforeProps {
  /** What the rows are of. */
  readonly behind: CountedQuery;
  readonly sort: ListSort | null;
  readonly isLost: boolean;
  readonly onAgain: () => void;
}

export function RowsOfBefore({ behind, sort, isLost, onAgain }: RowsOfBeforeProps) {
  const line = behind.line.trim();
  const isOrdered = JSON.stringify(behind.sort) !== JSON.stringify(sort);
  return (
    <UnderFilter
      part="rows-of-before"
      isFault={false}
      isFaint={false}
      offer={
        !isLost && (
          <button type="button" class="link" onClick={onAgain}>
            Read again
          </button>
        )
      }
    >
      {isLost ? 'There is no trainer now' : 'The list could not be read'}: rows and numbers are still those of{' '}
      {line === '' ? 'no filter' : <span class="mono">{shownLine(line, 200)}</span>}
      {isOrdered && `, ${orderWords(behind.sort)}`}.{' '}
      {isLost && 'What you ask for now is read as soon as there is a trainer again.'}
    </UnderFilter>
  );
}
