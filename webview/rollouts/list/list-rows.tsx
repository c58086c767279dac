/** A row of the list in each of its layouts, its head where every question has one, and what stands there until it is read. */
import { shownLine } from '../../../trainer/protocol/hostile-text.ts';
import { TypeIcon } from '../../ui/icons.tsx';
import { grouped } from '../../ui/numbers.ts';
import { type CellContext, type ColumnName, columnOf, gridOf, type ListLayout, Question, saidOf } from './columns.tsx';
import styles from './list-rows.module.css';
import type { RolloutRow } from './rollout-row.ts';

export const lineHeights: Readonly<Record<ListLayout, number>> = { table: 22, grouped: 22, 'two lines': 40 };

const heights = { table: styles.table, grouped: styles.grouped, 'two lines': styles.twoLines } as const;
const alignment = { left: styles.left, right: styles.right, center: styles.center } as const;

interface PlaceProps {
  readonly index: number;
  /** Pixels from the list's top. */
  readonly top: number;
  /** Rows of the whole list. */
  readonly length: number;
}

export interface RowProps extends PlaceProps {
  readonly row: RolloutRow;
  readonly layout: ListLayout;
  readonly shown: readonly ColumnName[];
  /** The column whose head has the sign of the order. */
  readonly ordered: ColumnName | null;
  readonly context: CellContext;
  readonly selected: boolean;
  readonly startsGroup: boolean;
  readonly onSelect: (row: RolloutRow) => void;
}

export function Row(props: RowProps) {
  const { row, index, top, length, layout, shown, ordered, context, selected, startsGroup, onSelect } = props;
  const headed = layout === 'grouped' && startsGroup;
  const lines = layout === 'two lines' ? ([1, 2] as const) : ([null] as const);
  return (
    <>
      {headed && (
        <div
          class={`${styles.head} ${index > 0 ? styles.starts : ''}`}
          style={{ transform: `translateY(${top}px)` }}
          title={shownLine(row.problem)}
          aria-hidden="true"
          onClick={() => onSelect(row)}
        >
          <span class="num">{row.step}</span>
          <TypeIcon type={row.problemType} />
          <Question row={row} hits={context.hits} />
        </div>
      )}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the list takes the keys; rows are its options */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: the list has the focus and names its active option */}
      <div
        id={`row-${row.id}`}
        class={`${styles.row} ${heights[layout]} ${startsGroup ? styles.first : ''} ${
          startsGroup && !headed && index > 0 ? styles.starts : ''
        } ${selected ? styles.selected : ''}`}
        role="option"
        aria-selected={selected}
        aria-posinset={index + 1}
        aria-setsize={length}
        aria-label={saidOf(row, shown, context)}
        title={`step ${row.step}, ${row.purpose === 'train' ? '' : `${row.purpose}, `}${row.order} ${row.index + 1}: ${shownLine(row.problem)}`}
        style={{ transform: `translateY(${headed ? top + lineHeights.grouped : top}px)` }}
        onClick={() => onSelect(row)}
      >
        {lines.map((line) => {
          const here = line === null ? shown : shown.filter((name) => columnOf(name).line === line);
          return (
            <div key={line} class={styles.cells} style={{ gridTemplateColumns: gridOf(here, ordered) }}>
              {here.map((name) => (
                <span
                  key={name}
                  class={`${styles.cell} ${alignment[columnOf(name).align]}`}
                  data-column={name}
                  data-formula={columnOf(name).formula}
                >
                  {columnOf(name).cell(row, context)}
                </span>
              ))}
            </div>
          );
        })}
      </div>
    </>
  );
}

/** In the place of a row that is not read yet. */
export function Placeholder({ index, top, length, layout }: PlaceProps & { readonly layout: ListLayout }) {
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus and names its active option
    <div
      class={`${styles.row} ${styles.placeholder}`}
      role="option"
      aria-selected={false}
      aria-posinset={index + 1}
      aria-setsize={length}
      aria-label={`row ${grouped(index + 1)}, being read`}
      style={{ transform: `translateY(${top}px)`, height: `${lineHeights[layout]}px` }}
    >
      <span class={styles.number}>{grouped(index + 1)}</span>
    </div>
  );
}
