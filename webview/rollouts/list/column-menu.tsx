/** The columns by their names: which are shown, and which one the list is ordered by. */
import type { ListSort } from '../../../trainer/protocol/query/sort.ts';
import { Icon } from '../../ui/icons.tsx';
import { Popover } from '../../ui/popover.tsx';
import { Checkbox } from '../../ui/toolkit.tsx';
import styles from './column-menu.module.css';
import { type ColumnName, columnNames, columnOf, type ListLayout } from './columns.tsx';

interface ColumnMenuProps {
  readonly layout: ListLayout;
  readonly shown: readonly ColumnName[];
  readonly sort: ListSort | null;
  readonly onToggle: (name: ColumnName) => void;
  readonly onUsual: () => void;
  readonly onSort: (sort: ListSort | null) => void;
  readonly onClose: () => void;
}

const layoutWords: Readonly<Record<ListLayout, string>> = {
  table: 'on a wide page',
  grouped: 'beside the reading',
  'two lines': 'on a narrow page',
};

export function ColumnMenu({ layout, shown, sort, onToggle, onUsual, onSort, onClose }: ColumnMenuProps) {
  return (
    <Popover label="Columns and order" onClose={onClose}>
      <p class={styles.head}>
        <span class="strong">Columns {layoutWords[layout]}</span>
        <button type="button" class="link" onClick={onUsual}>
          as usual
        </button>
        <span class="grow" />
        <button type="button" class="link" aria-pressed={sort === null} onClick={() => onSort(null)}>
          newest first
        </button>
      </p>
      <ul>
        {columnNames.map((name) => (
          <li key={name} class={styles.column}>
            <Checkbox class="grow" checked={shown.includes(name)} onChange={() => onToggle(name)}>
              {columnOf(name).name}
            </Checkbox>
            <Order {...{ name, sort, onSort }} descending />
            <Order {...{ name, sort, onSort }} descending={false} />
          </li>
        ))}
      </ul>
    </Popover>
  );
}

function Order({
  name,
  descending,
  sort,
  onSort,
}: { name: ColumnName; descending: boolean } & Pick<ColumnMenuProps, 'sort' | 'onSort'>) {
  const { field: by, name: words } = columnOf(name);
  const label = `Order by ${words}, ${descending ? 'largest' : 'smallest'} first`;
  return (
    <button
      type="button"
      class={styles.order}
      title={label}
      aria-label={label}
      aria-pressed={sort?.by === by && sort.descending === descending}
      onClick={() => onSort({ by, descending })}
    >
      <Icon name={descending ? 'down' : 'up'} />
    </button>
  );
}
