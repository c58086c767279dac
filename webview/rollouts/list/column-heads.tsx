/** The heads of the columns: a click orders the list by one, the next turns it round, the third puts the newest first again. */
import type { ListSort } from '../../../trainer/protocol/query/sort.ts';
import { FormulaLabel } from '../../formulas/formula.tsx';
import styles from './column-heads.module.css';
import { type Column, type ColumnName, columnOf, gridOf, orderColumn, orderSign } from './columns.tsx';

const alignment = { left: '', right: styles.right, center: styles.center } as const;

interface ColumnHeadsProps {
  readonly shown: readonly ColumnName[];
  readonly sort: ListSort | null;
  readonly onSort: (sort: ListSort | null) => void;
  /** Pixels that the rows are scrolled to the right. */
  readonly scrolled: number;
}

export function nextSort(
  { field, descends }: Pick<Column, 'field' | 'descends'>,
  sort: ListSort | null,
): ListSort | null {
  if (sort?.by !== field) return { by: field, descending: descends };
  return sort.descending === descends ? { by: field, descending: !descends } : null;
}

export function ColumnHeads({ shown, sort, onSort, scrolled }: ColumnHeadsProps) {
  const ordered = sort && orderColumn(sort, shown);
  return (
    <div class={styles.heads}>
      <table class={styles.table} aria-label="Columns">
        <thead>
          <tr
            class={styles.row}
            style={{ gridTemplateColumns: gridOf(shown, ordered), transform: `translateX(${-scrolled}px)` }}
          >
            {shown.map((name) => {
              const column = columnOf(name);
              const sorted = name === ordered ? (sort?.descending ? 'descending' : 'ascending') : 'none';
              return (
                <th
                  key={name}
                  class={`${styles.head} ${alignment[column.align]}`}
                  scope="col"
                  aria-sort={sorted}
                  data-column={name}
                >
                  <button
                    type="button"
                    class={styles.button}
                    aria-label={`Order by ${column.name}`}
                    title={`Order by ${column.name}`}
                    onClick={() => onSort(nextSort(column, sort))}
                  >
                    {sort && name === ordered && (
                      <span class={styles.arrow} aria-hidden="true">
                        {orderSign(sort)}
                      </span>
                    )}
                    {column.formula && column.head !== '' ? (
                      <FormulaLabel name={column.formula} pointerOnly>
                        {column.head}
                      </FormulaLabel>
                    ) : (
                      column.head
                    )}
                  </button>
                </th>
              );
            })}
          </tr>
        </thead>
      </table>
    </div>
  );
}
