/** The columns by their names: which are shown, and which one the list is ordered by. The arrow keys go about it as in a table. */
import type { ListSort } from '../../../trainer/protocol/query/sort.ts';
import { Popover } from '../../ui/popover.tsx';
import { Checkbox } from '../../ui/toolkit.tsx';
import { nextSort } from './column-heads.tsx';
import styles from './column-menu.module.css';
import {
  type ColumnName,
  columnNames,
  columnOf,
  firstOf,
  type ListLayout,
  orderColumn,
  orderSign,
} from './columns.tsx';

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
        <span class="grow strong">Columns {layoutWords[layout]}</span>
        <button type="button" class="link" onClick={onUsual}>
          as usual
        </button>
      </p>
      <p class={styles.head}>
        <span class="grow dim">shown</span>
        <span class="dim">the list is ordered by</span>
      </p>
      <ul onKeyDown={moveInTable}>
        <li class={styles.column}>
          <span class="grow" />
          <button type="button" class={styles.order} aria-pressed={sort === null} onClick={() => onSort(null)}>
            newest first
          </button>
        </li>
        {columnNames.map((name) => (
          <li key={name} class={styles.column}>
            <Checkbox class="grow" checked={shown.includes(name)} onChange={() => onToggle(name)}>
              {columnOf(name).name}
            </Checkbox>
            <Order {...{ name, sort, onSort }} />
          </li>
        ))}
      </ul>
      <p class={`${styles.keys} dim`}>
        <kbd>↑</kbd> <kbd>↓</kbd> <kbd>←</kbd> <kbd>→</kbd> move <kbd>Space</kbd> show, order <kbd>Esc</kbd> close
      </p>
    </Popover>
  );
}

/** As a click on the column's head. */
function Order({ name, sort, onSort }: { name: ColumnName } & Pick<ColumnMenuProps, 'sort' | 'onSort'>) {
  const column = columnOf(name);
  const next = nextSort(column, sort);
  const isBy = sort !== null && orderColumn(sort) === name;
  return (
    <button
      type="button"
      class={styles.order}
      title={next === null ? 'Newest first again' : `Order by ${column.name}, ${firstOf(next)} first`}
      aria-label={isBy ? `Order by ${column.name}, ${firstOf(sort)} first` : `Order by ${column.name}`}
      aria-pressed={isBy}
      onClick={() => onSort(next)}
    >
      {isBy ? `${orderSign(sort)} ${firstOf(sort)} first` : 'order'}
    </button>
  );
}

/** Up and down in its column, left and right in its row. */
function moveInTable(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  const rows = [...event.currentTarget.children].map((row) => [
    ...row.querySelectorAll<HTMLElement>('vscode-checkbox, button'),
  ]);
  const at = rows.findIndex((row) => row.includes(document.activeElement as HTMLElement));
  const row = rows[at];
  if (!row) return;
  const isOrder = document.activeElement === row.at(-1);
  const beside = (place: number, order: boolean) => (order ? rows[place]?.at(-1) : rows[place]?.[0]);
  const to = {
    ArrowDown: beside(Math.min(rows.length - 1, at + 1), isOrder),
    ArrowUp: at > 0 ? beside(at - 1, isOrder) : null,
    ArrowLeft: beside(at, false),
    ArrowRight: beside(at, true),
  }[event.key];
  /* From the first row up, on to what stands above. */
  if (!to) return;
  to.focus();
  event.preventDefault();
}
