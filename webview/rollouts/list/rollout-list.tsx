/** The list: filter, chips, columns, rows. */
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Expression } from '../../../trainer/protocol/query/expression.ts';
import { hitsOf } from '../../../trainer/protocol/query/hits.ts';
import type { ListSort } from '../../../trainer/protocol/query/sort.ts';
import type { Span } from '../../../trainer/protocol/records.ts';
import type { RunFeed } from '../../state/run-feed.ts';
import { PaneHead } from '../../ui/heads.tsx';
import { keyMap } from '../../ui/key-table.ts';
import { useKeys } from '../../ui/keys.ts';
import { Notice } from '../../ui/notice.tsx';
import { grouped } from '../../ui/numbers.ts';
import { Pane } from '../../ui/pane.tsx';
import { Popover } from '../../ui/popover.tsx';
import { useStore } from '../../ui/store.ts';
import { Tool } from '../../ui/tool.tsx';
import { useNarrow } from '../../ui/use-narrow.ts';
import { VirtualList } from '../../ui/virtual-list.tsx';
import { editors, narrowest, slimmest } from '../layout.ts';
import { ColumnHeads } from './column-heads.tsx';
import { ColumnMenu } from './column-menu.tsx';
import { type CellContext, type ListLayout, orderColumn, orderWords } from './columns.tsx';
import { Facets } from './facets.tsx';
import { FilterBox, filterBoxId } from './filter-box.tsx';
import { FilterMending, mendingOf } from './filter-mending.tsx';
import { useInSight } from './in-sight.ts';
import { JumpField } from './jump-field.tsx';
import type { ChoiceStore } from './list-choices.ts';
import { ListFoot } from './list-foot.tsx';
import { type ListAction, listKeys } from './list-keys.ts';
import { ListLength } from './list-length.tsx';
import type { ListMoves } from './list-moves.ts';
import { lineHeights, Placeholder, Row } from './list-rows.tsx';
import { NotLookedFor, useOlderAnswers } from './not-looked-for.tsx';
import { NothingLeft } from './nothing-left.tsx';
import type { RolloutFeed } from './rollout-feed.ts';
import styles from './rollout-list.module.css';
import type { RolloutRow } from './rollout-row.ts';
import { headedLines, plainLines } from './row-lines.ts';
import { RowsOfBefore } from './rows-of-before.tsx';
import { SavedFilters } from './saved-filters.tsx';
import { stopReading } from './stop-reading.ts';
import { WeighedOf, WeighThese, weighedBut } from './weighed-of.tsx';

interface RolloutListProps {
  readonly run: RunFeed;
  readonly feed: RolloutFeed;
  readonly moves: ListMoves;
  readonly choices: ChoiceStore;
  /** The run's `correctThreshold`. */
  readonly threshold: number;
  readonly selectedId: string | null;
  readonly onSelect: (row: RolloutRow) => void;
  /** Has the list shown where it is not. */
  readonly onShow: () => void;
  /** The focus goes to the rows. */
  readonly onRows: () => void;
  /** To judge what the filter keeps, one after the other. */
  readonly onReview: () => void;
  /** What exports what the list shows. */
  readonly exports: (menu: { readonly open: boolean; readonly onClose: () => void }) => ComponentChildren;
}

type Open = 'columns' | 'filters' | 'export' | 'jump' | 'weigh' | null;

export function RolloutList(props: RolloutListProps) {
  const { run, feed, moves, choices, threshold, selectedId, onSelect, onShow, onRows, exports } = props;
  const state = useStore(feed.state, (held) => held);
  const counts = useStore(feed.counts.state, (held) => held);
  const chosen = useStore(choices.state, (held) => held);
  const layout = useLayout();
  const [open, setOpen] = useState<Open>(null);
  const [scrolled, setScrolled] = useState(0);
  const { rows, query, sort, faults, list } = state;
  const mending = useMemo(() => mendingOf(state.line, faults), [state.line, faults]);
  const older = useOlderAnswers(run, query, counts);
  const weighed = weighedBut(query, counts);
  const hasWeighed = counts.weighed !== null;
  const shown = choices.columns(layout, hasWeighed);
  const ordered = layout === 'table' && sort ? orderColumn(sort, shown) : null;
  const lines = useMemo(() => (layout === 'grouped' ? headedLines(rows) : plainLines(rows.length)), [rows, layout]);
  const context = useMemo((): CellContext => ({ threshold, hits: hitsBy(query) }), [threshold, query]);
  const selected = useMemo(() => {
    const index = selectedId === null ? -1 : rows.indexOf(selectedId);
    return index < 0 ? null : index;
  }, [rows, selectedId]);
  /* The feed may go back to an order of before. */
  useEffect(() => {
    if (choices.state.get().sort !== sort) choices.sort(sort);
  }, [choices, sort]);
  const order = (wanted: ListSort | null) => {
    if (wanted && orderColumn(wanted, shown) === null) {
      const name = orderColumn(wanted);
      if (name) choices.toggleColumn(layout, name, hasWeighed);
    }
    feed.setSort(wanted);
  };
  const close = () => setOpen(null);
  const toggle = (which: Open) => setOpen(open === which ? null : which);
  const inSight = useInSight({ selectedId, selected, list, sort });
  const goBack = () => {
    feed.hold();
    inSight.seek();
    onRows();
  };
  const pageBy = (by: 1 | -1) => moves.by(by * Math.max(1, inSight.rows.current.last - inSight.rows.current.first - 1));
  const openByKey = (which: Open) => {
    onShow();
    toggle(which);
  };
  useKeys(
    keyMap<ListAction>(listKeys, {
      last: () => moves.toEnd(),
      pageDown: () => pageBy(1),
      pageUp: () => pageBy(-1),
      goTo: () => openByKey('jump'),
      back: () => {
        onShow();
        goBack();
      },
      columns: () => openByKey('columns'),
      filters: () => openByKey('filters'),
      weighThese: () => openByKey('weigh'),
      export: () => openByKey('export'),
    }),
  );
  const scrolledAway = useRef(false);
  const length = rows.length;
  const isEmpty = length === 0 && !state.reading && list > 0;
  const isUnweighed = isEmpty && weighed !== null && weighed.weighed < weighed.of;
  return (
    <Pane name="list" label="Rollouts" side>
      <PaneHead
        title="Rollouts"
        meta={<ListLength {...{ state, counts }} />}
        tools={
          <>
            <Tool icon="flag" label="Judge one after the other (q)" onPress={props.onReview} />
            <Tool
              icon="star"
              label="Saved filters (F)"
              expanded={open === 'filters'}
              onPress={() => toggle('filters')}
            />
            <Tool
              icon="columns"
              label="Columns and order (C)"
              expanded={open === 'columns'}
              onPress={() => toggle('columns')}
            />
            <Tool
              icon="scale"
              label="Weigh these: what did they stand on? (W)"
              expanded={open === 'weigh'}
              onPress={() => toggle('weigh')}
            />
            <Tool icon="export" label="Export (E)" expanded={open === 'export'} onPress={() => toggle('export')} />
          </>
        }
      />
      {open === 'columns' && (
        <ColumnMenu
          {...{ layout, shown, sort }}
          onToggle={(name) => choices.toggleColumn(layout, name, hasWeighed)}
          onUsual={() => choices.usualColumns(layout)}
          onSort={order}
          onClose={close}
        />
      )}
      {open === 'filters' && (
        <SavedFilters
          line={state.goodLine}
          saved={chosen.saved}
          history={chosen.history}
          onApply={(line) => {
            close();
            feed.setLine(line);
            choices.used(line);
          }}
          onSave={(name) => choices.saveFilter(name, state.goodLine)}
          onRemove={(name) => choices.removeFilter(name)}
          onClose={close}
        />
      )}
      {exports({ open: open === 'export', onClose: () => setOpen((held) => (held === 'export' ? null : held)) })}
      {open === 'jump' && <JumpField length={length} onJump={(to) => void moves.jump(to)} onClose={close} />}
      {counts.filled < 1 && (
        <Notice kind="info" title={`Re-indexing: ${Math.floor(100 * counts.filled)} %.`}>
          This run is of an older version; until it is through, a filter finds only a part of its rollouts.
        </Notice>
      )}
      <FilterBox
        line={state.line}
        faults={faults}
        history={chosen.history}
        onLine={(line) => feed.setLine(line)}
        onUsed={(line) => choices.used(line)}
        onMend={() => mending?.offer && feed.setLine(mending.offer.line)}
        onStop={() => stopReading(feed, choices)}
        onLeave={onRows}
        seen={() => feed.seenValues()}
      />
      {mending && (
        <FilterMending
          {...{ mending }}
          hasRows={length > 0}
          onLine={(line) => {
            feed.setLine(line);
            document.getElementById(filterBoxId)?.focus();
          }}
        />
      )}
      {open === 'weigh' && (
        <Popover label="Weigh these" isBelow onClose={(by) => by === 'escape' && close()}>
          <WeighThese {...{ run }} line={state.goodLine} onClose={close} />
        </Popover>
      )}
      {state.behind && (
        <RowsOfBefore
          {...{ sort }}
          behind={state.behind}
          isLost={state.lostAt !== null}
          onAgain={() => feed.reload()}
        />
      )}
      <Facets
        line={state.line}
        counts={counts.facets}
        areOfBefore={state.slow && counts.state === 'counting'}
        threshold={threshold}
        brief={layout !== 'table'}
        onToggle={(term) => feed.toggle(term)}
      />
      {weighed && <WeighedOf {...{ run, weighed, isEmpty }} />}
      {!isEmpty && older && <NotLookedFor {...{ run, older }} />}
      {isUnweighed ? null : layout === 'table' ? (
        <ColumnHeads {...{ shown, sort, scrolled }} onSort={order} />
      ) : (
        <OrderLine sort={sort} onOpen={() => toggle('columns')} />
      )}
      {state.slow && (
        <progress aria-label="Reading rollouts" {...(state.progress !== null && { value: state.progress })} />
      )}
      {state.waiting > 0 && (
        <button type="button" class={styles.waiting} onClick={() => feed.follow()}>
          {sort === null
            ? `${grouped(state.waiting)} new above`
            : `${grouped(state.waiting)} new, not in this list yet`}{' '}
          <kbd>Home</kbd>
        </button>
      )}
      {isEmpty && counts.matching !== null && (
        <NothingLeft
          {...{ run, feed, older, isUnweighed, onRows }}
          line={state.behind?.line ?? state.goodLine}
          total={counts.total ?? 0}
          isCounted={counts.state === 'counted'}
        />
      )}
      <VirtualList
        count={length}
        lines={lines}
        lineHeight={lineHeights[layout]}
        list={`${list} ${layout}`}
        followed={state.following}
        label={`Rollouts, ${orderWords(sort)}`}
        selected={selected}
        sought={inSight.sought}
        activeId={selected === null ? null : `row-${selectedId}`}
        onSight={(first, last) => {
          inSight.see({ first, last });
          feed.see(first, last);
        }}
        onScrolled={({ top, left, byPerson }) => {
          const away = top > 4;
          if (away && byPerson && !scrolledAway.current) feed.hold();
          scrolledAway.current = away;
          if (left !== scrolled) setScrolled(left);
        }}
        idOf={(index) => rows.at(index)?.id ?? index}
        row={(index, top, slot) => {
          const row = rows.at(index);
          const place = { index, top, length, layout };
          if (!row) return <Placeholder key={slot} {...place} />;
          return (
            <Row
              key={slot}
              {...{ ...place, row, shown, ordered, context, onSelect }}
              selected={row.id === selectedId}
              startsGroup={rows.startsGroup(index)}
            />
          );
        }}
      />
      <ListFoot
        {...{ state, counts, selected }}
        away={inSight.away}
        onBack={goBack}
        onGoTo={() => toggle('jump')}
        onStop={() => stopReading(feed, choices)}
        onCount={() => feed.counts.start()}
      />
    </Pane>
  );
}

function useLayout(): ListLayout {
  const isSlim = useNarrow(slimmest);
  const isNarrow = useNarrow(narrowest);
  const isMiddle = useNarrow(editors);
  if (isSlim) return 'two lines';
  /* On a narrow page the list has the whole width. */
  return isMiddle && !isNarrow ? 'grouped' : 'table';
}

/** Rows of one question share their text: it is looked through once. */
function hitsBy(query: Expression): CellContext['hits'] {
  const held = new Map<string, readonly Span[]>();
  return (text) => {
    const known = held.get(text);
    if (known) return known;
    const hits = hitsOf(query, text);
    if (held.size > 2000) held.clear();
    held.set(text, hits);
    return hits;
  };
}

/** Where no heads of columns say the order. */
function OrderLine({ sort, onOpen }: { sort: ListSort | null; onOpen: () => void }) {
  if (sort === null) return <div class={styles.noHeads} />;
  return (
    <button type="button" class={styles.order} title="Columns and order (C)" onClick={onOpen}>
      {orderWords(sort)}
    </button>
  );
}
