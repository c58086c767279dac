/** The list: filter, chips, rows. */
import type { ComponentChildren } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import { countingRule } from '../../../trainer/protocol/correctness.ts';
import type { ProblemType } from '../../../trainer/protocol/dataset.ts';
import { conditionsOf, corrected, holds, without } from '../../../trainer/protocol/query/edit.ts';
import { facetTerms } from '../../../trainer/protocol/query/facets.ts';
import { FormulaLabel } from '../../formulas/formula.tsx';
import { AhaTier } from '../../rollout/aha-tier.tsx';
import { AnswerMark } from '../../rollout/answer-mark.tsx';
import { RewardParts } from '../../rollout/reward-parts.tsx';
import { Blank } from '../../ui/blank.tsx';
import { PaneHead } from '../../ui/heads.tsx';
import { shownLine } from '../../ui/hostile-text.ts';
import { Icon, OrderMark, TickOrCross, TypeIcon } from '../../ui/icons.tsx';
import { Notice } from '../../ui/notice.tsx';
import { fixed, grouped, signed } from '../../ui/numbers.ts';
import { Pane } from '../../ui/pane.tsx';
import { useStore } from '../../ui/store.ts';
import { useNarrow } from '../../ui/use-narrow.ts';
import { VirtualList } from '../../ui/virtual-list.tsx';
import { FilterBox } from './filter-box.tsx';
import type { FeedState, RolloutFeed } from './rollout-feed.ts';
import styles from './rollout-list.module.css';
import type { RolloutRow } from './rollout-row.ts';

interface RolloutListProps {
  readonly feed: RolloutFeed;
  /** The run's `correctThreshold`. */
  readonly threshold: number;
  readonly selectedId: string | null;
  readonly onSelect: (row: RolloutRow) => void;
  /** The tool that exports what the list shows. */
  readonly exports: ComponentChildren;
}

export function RolloutList({ feed, threshold, selectedId, onSelect, exports }: RolloutListProps) {
  const state = useStore(feed.state, (held) => held);
  const narrow = useNarrow(760);
  const { rows, matching, total, waiting, faults, loading } = state;
  const selected = useMemo(() => {
    const index = rows.findIndex(({ id }) => id === selectedId);
    return index < 0 ? null : index;
  }, [rows, selectedId]);
  const scrolledAway = useRef(false);
  const count = rows.length;
  return (
    <Pane name="list" label="Rollouts" side>
      <PaneHead
        title="Rollouts"
        meta={
          matching === null
            ? 'reading'
            : matching === total
              ? grouped(matching)
              : `${grouped(matching)} of ${grouped(total ?? matching)}`
        }
        tools={exports}
      />
      {state.filled < 1 && (
        <Notice kind="info" title={`Re-indexing: ${Math.floor(100 * state.filled)} %.`}>
          This run is of an older version; until it is through, a filter finds only a part of its rollouts.
        </Notice>
      )}
      <FilterBox
        line={state.line}
        faults={faults}
        onLine={(line) => feed.setLine(line)}
        seen={() => feed.seenValues()}
      />
      {faults[0] ? (
        <div class={styles.fault} role="alert">
          <span class="grow">
            {shownLine(faults[0].message)} {rows.length > 0 && 'The list still shows the last filter that worked.'}
          </span>
          {faults[0].suggestion !== null && (
            <button
              type="button"
              class="link"
              onClick={() => faults[0] && feed.setLine(corrected(state.line, faults[0]))}
            >
              {faults[0].suggestion === '' ? 'Take it out' : `Use ${shownLine(faults[0].suggestion)}`}
            </button>
          )}
        </div>
      ) : null}
      <Facets state={state} feed={feed} threshold={threshold} />
      <div class={styles.columns}>
        <span class="num">step</span>
        <span />
        <span>question</span>
        <span />
        <span />
        <FormulaLabel name="total">reward</FormulaLabel>
        <span />
        <FormulaLabel name="advantage" class="num">
          adv
        </FormulaLabel>
        <FormulaLabel name="tokens" class="num">
          len
        </FormulaLabel>
        <FormulaLabel name="ahaTier" class="num">
          aha
        </FormulaLabel>
        <span />
      </div>
      {loading && <progress aria-label="Reading rollouts" />}
      {waiting.length > 0 && (
        <button type="button" class={styles.waiting} onClick={() => feed.follow()}>
          {grouped(waiting.length)} new above <kbd>Home</kbd>
        </button>
      )}
      {count === 0 && !loading && matching !== null && <NothingLeft state={state} feed={feed} />}
      <VirtualList
        count={count}
        rowHeight={narrow ? 40 : 22}
        label="Rollouts, newest first"
        selected={selected}
        activeId={selected === null ? null : `row-${selectedId}`}
        onSight={(_, last) => feed.want(last)}
        onScrolled={(offset) => {
          const away = offset > 4;
          if (away && !scrolledAway.current) feed.hold();
          scrolledAway.current = away;
        }}
        row={(index, top) => {
          const row = rows[index];
          if (!row) return null;
          return (
            <Row
              key={row.id}
              row={row}
              threshold={threshold}
              top={top}
              index={index}
              count={matching ?? count}
              selected={row.id === selectedId}
              startsGroup={rows[index - 1]?.groupId !== row.groupId}
              onSelect={onSelect}
            />
          );
        }}
      />
      <div class={styles.foot}>
        <span>
          {selected === null
            ? `${grouped(count)} read`
            : `row ${grouped(selected + 1)} of ${grouped(matching ?? count)}`}
        </span>
        <span class="grow" />
        <span class="far">
          <kbd>j</kbd> <kbd>k</kbd> move <kbd>g</kbd> group <kbd>x</kbd> flag
        </span>
      </div>
    </Pane>
  );
}

interface RowProps {
  readonly row: RolloutRow;
  readonly threshold: number;
  readonly top: number;
  readonly index: number;
  readonly count: number;
  readonly selected: boolean;
  readonly startsGroup: boolean;
  readonly onSelect: (row: RolloutRow) => void;
}

const purposeLetters = { train: '', probe: 'probe', evaluation: 'eval' } as const;

function Row({ row, threshold, top, index, count, selected, startsGroup, onSelect }: RowProps) {
  const purpose = purposeLetters[row.purpose];
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list takes the keys; rows are its options
    // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus and names its active option
    <div
      id={`row-${row.id}`}
      class={`${styles.row} ${startsGroup ? styles.starts : ''} ${selected ? styles.selected : ''}`}
      role="option"
      aria-selected={selected}
      aria-posinset={index + 1}
      aria-setsize={count}
      title={`step ${row.step}, ${purpose ? `${row.purpose}, ` : ''}${row.order} ${row.index + 1}: ${shownLine(row.problem)}`}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => onSelect(row)}
    >
      <span class="num">{row.step}</span>
      <TypeIcon type={row.problemType} />
      <span class="cut model-text">
        {purpose && <span class={styles.purpose}>{purpose}</span>}
        {shownLine(row.problem, 120)}
      </span>
      <OrderMark order={row.order} />
      <AnswerMark accuracy={row.accuracy} correct={row.correct} threshold={threshold} />
      <RewardParts parts={row.parts} width={54} />
      <span class="num" data-formula="total">
        {fixed(row.total, 2)}
      </span>
      <span class="num" data-formula="advantage">
        {row.advantage === null ? '–' : signed(row.advantage, 2)}
      </span>
      <span class="num" data-formula="tokens">
        {row.tokenCount}
      </span>
      {row.ahaTier > 0 ? <AhaTier tier={row.ahaTier} /> : <span />}
      <span>{row.flags > 0 && <Icon name="flag" label={`${row.flags} flags`} />}</span>
    </div>
  );
}

const facetLabels: Readonly<Record<string, string>> = {
  'half:ordered': 'ordered',
  'half:shuffled': 'shuffled',
  'correct:true': 'correct',
  'correct:false': 'wrong',
  'type:choice': 'choice',
  'type:number': 'number',
  'type:free': 'free',
  'type:regression': 'regr.',
  'type:ocr': 'OCR',
  'purpose:train': 'train',
  'purpose:probe': 'probe',
  'purpose:evaluation': 'evaluation',
  flagged: 'flagged',
};

const typesOfChips: Readonly<Record<string, ProblemType>> = {
  'type:choice': 'multiple choice',
  'type:number': 'numerical',
  'type:free': 'free-form',
  'type:regression': 'regression',
  'type:ocr': 'OCR',
};

function Facets({ state, feed, threshold }: { state: FeedState; feed: RolloutFeed; threshold: number }) {
  return (
    <dl class={styles.facets}>
      {facetTerms.map(({ name, terms }) => {
        /* A chip that would leave nothing says nothing, unless it is in the filter. */
        const shown = terms.filter((term) => holds(state.line, term) || (state.facets[term] ?? 1) > 0);
        if (shown.length === 0) return null;
        return (
          <div key={name} class={styles.facet}>
            <dt>{name}</dt>
            <dd>
              {shown.map((term) => (
                <button
                  key={term}
                  type="button"
                  title={term.startsWith('correct:') ? `${term}, a fraction ${countingRule(threshold)}` : term}
                  aria-pressed={holds(state.line, term)}
                  onClick={() => feed.toggle(term)}
                >
                  <FacetMark term={term} />
                  {facetLabels[term] && <span>{facetLabels[term]}</span>}
                  <span class="dim">{state.facets[term] === undefined ? '' : grouped(state.facets[term])}</span>
                </button>
              ))}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

function FacetMark({ term }: { term: string }) {
  switch (term) {
    case 'half:ordered':
      return <OrderMark order="ordered" />;
    case 'half:shuffled':
      return <OrderMark order="shuffled" />;
    case 'correct:true':
      return <TickOrCross tick label="correct" />;
    case 'correct:false':
      return <TickOrCross tick={false} label="wrong" />;
    case 'flagged':
      return <Icon name="flag" />;
  }
  const tier = /^aha>=(\d)$/.exec(term)?.[1];
  if (tier) return <AhaTier tier={Number(tier)} />;
  const type = typesOfChips[term];
  return type ? <TypeIcon type={type} /> : null;
}

/** Says what leaves nothing, and offers to drop it. */
function NothingLeft({ state, feed }: { state: FeedState; feed: RolloutFeed }) {
  const conditions = conditionsOf(state.goodLine);
  if (conditions.length === 0) {
    return (
      <Blank status>
        <p class="strong">No rollouts yet.</p>
        <p class="dim">They come as the model answers: in T-GRPO with every step, in SFT with every probe.</p>
      </Blank>
    );
  }
  return (
    <Blank status>
      <p class="strong">Nothing is left.</p>
      <p class="dim">None of the {grouped(state.total ?? 0)} rollouts fits the whole filter. Drop a part of it:</p>
      <p class={styles.terms}>
        {conditions.map((condition, place) => (
          <button
            key={condition}
            type="button"
            class="link mono"
            onClick={() => feed.setLine(without(state.goodLine, place))}
          >
            {shownLine(condition)}
          </button>
        ))}
      </p>
    </Blank>
  );
}
