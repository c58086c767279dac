/** The rows of the file, or those that a search lets through, and what narrows them down. */
import type { RefObject } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { LabelMark } from '../../trainer/protocol/dataset-editor.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { PaneHead } from '../ui/heads.tsx';
import { Icon } from '../ui/icons.tsx';
import { grouped } from '../ui/numbers.ts';
import { Pane } from '../ui/pane.tsx';
import { useStore } from '../ui/store.ts';
import { Tool } from '../ui/tool.tsx';
import { oneLineEach, VirtualList } from '../ui/virtual-list.tsx';
import type { DatasetModel } from './dataset-model.ts';
import { LabelFilter } from './label-filter.tsx';
import { keepUndo } from './own-undo.ts';
import styles from './row-list.module.css';

/** What labels amount to, short enough for a line. */
const markWords: Readonly<Record<NonNullable<LabelMark>, string>> = {
  keep: 'keep',
  fix: 'fix',
  drop: 'drop',
  disputed: 'disputed',
  flagged: 'flag',
  earlier: 'earlier',
};

const lineHeight = 22;
/** How long typing rests before it is looked for. */
const restsMs = 250;

interface RowListProps {
  readonly model: DatasetModel;
  readonly searchField: RefObject<HTMLInputElement | null>;
  readonly onHelp: () => void;
  /** A row was picked with the pointer. */
  readonly onOpen: () => void;
}

export function RowList({ model, searchField, onHelp, onOpen }: RowListProps) {
  const { file, heads, row, search } = useStore(model.state, (state) => state);
  const [typed, setTyped] = useState(search?.text ?? '');
  const count = model.listed;
  const lines = useMemo(() => oneLineEach(count), [count]);
  const isChanged = search?.isChanged ?? false;
  useEffect(() => setTyped(search?.text ?? ''), [search?.text]);
  useEffect(() => {
    if (typed === (search?.text ?? '')) return;
    const rest = setTimeout(() => model.search({ text: typed }), restsMs);
    return () => clearTimeout(rest);
  }, [typed]);
  if (!file) return null;
  const selected = model.indexOf(row);
  const edited = file.changedRows.length;
  const whole = `${grouped(file.rowCount)} rows${file.indexed < 1 ? ' so far' : ''}`;
  return (
    <Pane name="rows" label="Rows" side>
      <PaneHead
        title="Rows"
        meta={search ? `${grouped(count)} of ${whole}` : whole}
        tools={<Tool label="All keys (?)" text="?" onPress={onHelp} />}
      />
      <div class={styles.box}>
        <Icon name="search" />
        <input
          ref={searchField}
          type="text"
          aria-label="Search the rows"
          placeholder="Search all texts of a row  /"
          spellcheck={false}
          value={typed}
          onInput={({ currentTarget }) => setTyped(currentTarget.value)}
          onKeyDown={(event) => {
            if (keepUndo(event)) return;
            if (event.key === 'Enter') model.search({ text: typed });
            else if (event.key === 'Escape' && typed !== '') setTyped('');
            else if (event.key !== 'Escape') return;
            if (event.key === 'Escape' && typed === '') event.currentTarget.blur();
            event.preventDefault();
            event.stopPropagation();
          }}
        />
      </div>
      <div class={styles.narrowing}>
        <Tool
          label="Changed rows alone (m)"
          text={<span class={styles.count}>{grouped(edited)} changed</span>}
          pressed={isChanged}
          onPress={() => model.search({ isChanged: !isChanged })}
        />
        <Tool
          label="Rows changed since HEAD (h)"
          text={<span class={styles.count}>since HEAD</span>}
          pressed={search?.sinceHead !== null && search !== null}
          onPress={() =>
            search?.sinceHead ? model.search({ text: '', isChanged: false, label: null }) : model.compareHead()
          }
        />
        {'author' in file.labelling && (
          <LabelFilter
            categories={file.labelling.categories}
            authors={file.labelling.authors}
            choice={search?.label ?? null}
            onChoose={(label) => model.search({ label })}
          />
        )}
      </div>
      {search && !search.isDone && <progress value={search.share} aria-label="Rows searched" />}
      {search && search.fault !== null && <p class={styles.words}>{shownLine(search.fault, 1000)}</p>}
      {search?.isDone && search.sinceHead && search.sinceHead.gone > 0 && (
        <p class={styles.words}>
          {grouped(search.sinceHead.gone)} {search.sinceHead.gone === 1 ? 'row' : 'rows'} of HEAD{' '}
          {search.sinceHead.gone === 1 ? 'is' : 'are'} no longer there.
        </p>
      )}
      {search?.isDone && count === 0 && search.fault === null && (
        <p class={styles.words} role="status">
          {search?.sinceHead
            ? 'No row changed since HEAD'
            : search?.label
              ? 'No such row'
              : isChanged
                ? 'No changed row'
                : 'No row'}
          {search.text === '' ? '.' : ` holds “${shownLine(search.text, 60)}”.`}{' '}
          <button type="button" class="link" onClick={() => model.search({ text: '', isChanged: false, label: null })}>
            Show all rows
          </button>
        </p>
      )}
      {count > 0 && (
        <VirtualList
          count={count}
          lines={lines}
          lineHeight={lineHeight}
          label="Rows"
          list={`${search?.text} ${search?.isChanged}`}
          selected={selected}
          activeId={selected === null ? null : `dataset-row-${row}`}
          onSight={(first, last) => model.see(first, last)}
          onScrolled={() => {}}
          row={(index, top, slot) => {
            const number = model.rowAt(index) ?? index;
            const head = heads.get(number);
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the list takes the keys; rows are its options
              // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus and names its active option
              <div
                key={slot}
                id={`dataset-row-${number}`}
                class={`${styles.row} ${number === row ? styles.selected : ''}`}
                style={{ transform: `translateY(${top}px)` }}
                role="option"
                aria-selected={number === row}
                aria-posinset={index + 1}
                aria-setsize={count}
                aria-label={`row ${grouped(number + 1)}${head?.isChanged ? ', changed' : ''}${head?.isFaulty ? ', no JSON' : ''}${head?.mark ? `, ${head.mark === 'earlier' ? 'labels of an earlier text' : head.mark}` : ''}: ${head ? shownLine(head.problem) : 'being read'}`}
                title={head && shownLine(head.problem)}
                onClick={() => {
                  model.show(number);
                  onOpen();
                }}
              >
                <span class={`${styles.number} num`}>{grouped(number + 1)}</span>
                <span class={styles.mark}>
                  {head?.isFaulty ? <Icon name="warning" /> : head?.isChanged ? <i class={styles.dot} /> : null}
                </span>
                <span class={styles.label}>{head?.mark && markWords[head.mark]}</span>
                <span class="cut">{head && shownLine(head.problem)}</span>
              </div>
            );
          }}
        />
      )}
    </Pane>
  );
}
