/** The rows of a question over the columns of its steps: accuracy, whether the test paid, length, and every answer as a cell. */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { answerMark, fractionText, isFractional } from '../../trainer/protocol/correctness.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { HistoryAnswer } from '../../trainer/protocol/questions.ts';
import type { GroupPurpose } from '../../trainer/protocol/records.ts';
import { OrderMark } from '../ui/icons.tsx';
import { fixed, signed } from '../ui/numbers.ts';
import { accuracyOf, answerAt, type Cell, type CellRow, type Column, lengthOf, purposeNames } from './timeline.ts';
import styles from './timeline-view.module.css';

/** What happened to the run between two columns, for a line through the charts. */
export interface TimelineMark {
  readonly step: number;
  readonly label: string;
}

interface TimelineViewProps {
  readonly columns: readonly Column[];
  readonly rows: readonly CellRow[];
  /** What the charts are of. */
  readonly purpose: GroupPurpose;
  /** Ends of the length window at a step, inclusive; null for a run without one. */
  readonly windowAt: ((step: number) => readonly [number, number]) | null;
  readonly marks: readonly TimelineMark[];
  readonly threshold: number;
  readonly cursor: Cell | null;
  readonly first: Cell | null;
  readonly second: Cell | null;
  readonly onCursor: (cell: Cell) => void;
}

/** CSS pixels. */
const widest = 96;
const narrowest = 36;
const labelWidth = 116;
const accuracyHeight = 118;
const lengthHeight = 84;
/** Between two numbers of an axis, at least. */
const axisLine = 12;
/** Room above and below what is plotted. */
const margin = 8;
/** Columns beyond those in sight that are in the document. */
const overscan = 6;

export function TimelineView(props: TimelineViewProps) {
  const { columns, rows, purpose, windowAt, cursor, first, second } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [sight, setSight] = useState({ left: 0, width: 800 });
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const look = () => setSight({ left: element.scrollLeft, width: element.clientWidth });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    look();
    return () => observer.disconnect();
  }, []);
  const room = sight.width - labelWidth - 12;
  const column = Math.max(narrowest, Math.min(widest, Math.floor(room / Math.max(1, columns.length))));
  const from = Math.max(0, Math.floor(sight.left / column) - overscan);
  const to = Math.min(columns.length, Math.ceil((sight.left + room) / column) + overscan);
  const inSight = columns.slice(from, to).map((held, index) => ({ column: held, at: from + index }));
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element && cursor) bringIntoSight(element, cursor.column * column, column);
  }, [cursor?.column, column]);
  const center = (at: number) => at * column + column / 2;
  const groups = columns.map((held) => held.groups[purpose]);
  const lane = { width: columns.length * column };
  const lanes = cellLanes(rows);
  const isPicked = (at: number) => at === first?.column || at === second?.column;
  const hasShuffled = rows.some((row) => row.purpose === purpose && row.order === 'shuffled');
  const tests = groups.some((group) => group?.temporal);
  return (
    <div
      ref={scroller}
      class={styles.scroller}
      onScroll={({ currentTarget }) => setSight({ left: currentTarget.scrollLeft, width: currentTarget.clientWidth })}
    >
      <div class={styles.all} style={{ width: `${labelWidth + lane.width + 12}px` }}>
        <div class={styles.steps}>
          <Label>step</Label>
          <Lane {...lane}>
            {inSight.map(({ column: { step, superseded }, at }) => (
              <span
                key={at}
                class={`${styles.step} ${isPicked(at) ? styles.picked : ''} ${superseded === null ? '' : styles.gone}`}
                style={{ left: `${at * column}px`, width: `${column}px` }}
                title={
                  superseded === null
                    ? `step ${step}`
                    : `step ${step}, superseded: the run went back over it (${superseded})`
                }
              >
                {step}
              </span>
            ))}
          </Lane>
        </div>
        <div class={styles.lane} style={{ height: `${accuracyHeight}px` }}>
          <Label
            axis={[
              ['1', margin],
              ['0.5', accuracyHeight / 2],
              ['0', accuracyHeight - margin],
            ]}
          >
            <b>accuracy</b>
            <Legend order="ordered" value={lastOf(groups.map((group) => accuracyOf(group, 'ordered')))} />
            {hasShuffled && (
              <Legend order="shuffled" value={lastOf(groups.map((group) => accuracyOf(group, 'shuffled')))} />
            )}
            {purpose !== 'train' && <span>{purposeNames[purpose]}</span>}
          </Label>
          <Lane {...lane}>
            <AccuracyChart {...{ columns, groups, purpose, center, marks: props.marks, inSight }} width={lane.width} />
          </Lane>
        </div>
        {tests && (
          <div class={styles.lane}>
            <Label>
              <b>temporal test</b>
            </Label>
            <Lane {...lane}>
              {inSight.map(({ at }) => (
                <TestCell key={at} test={groups[at]?.temporal ?? null} left={at * column} width={column} />
              ))}
            </Lane>
          </div>
        )}
        <LengthLane {...{ columns, groups, windowAt, center, lane, marks: props.marks, inSight }} />
        {lanes.map(({ purpose: own, order, from: firstRow, count: number }) => (
          <section
            key={`${own} ${order}`}
            class={`${styles.lane} ${styles.cells}`}
            aria-label={`Answers of ${purposeNames[own]} on ${order} frames`}
          >
            <Label>
              {own !== purpose && order === 'ordered' && <b>{purposeNames[own]}</b>}
              {own === purpose && order === 'ordered' && <b>answers</b>}
              <span>
                <OrderMark order={order} /> {order} {number > 1 ? `1–${number}` : ''}
              </span>
              {order === 'ordered' && own === purpose && <span>filled: right</span>}
            </Label>
            <Lane {...lane}>
              {Array.from({ length: number }, (_, place) => {
                const row = firstRow + place;
                return (
                  <div key={row} class={styles.row}>
                    {inSight.map(({ column: held, at }) => (
                      <AnswerCell
                        key={at}
                        answer={answerAt(held, rows[row])}
                        cameUp={held.groups[own] !== undefined}
                        superseded={held.superseded !== null}
                        what={`step ${held.step}, ${order} ${place + 1}`}
                        left={at * column}
                        width={column}
                        threshold={props.threshold}
                        isCursor={cursor?.column === at && cursor.row === row}
                        badge={badgeOf({ column: at, row }, first, second)}
                        onPress={() => props.onCursor({ column: at, row })}
                      />
                    ))}
                  </div>
                );
              })}
            </Lane>
          </section>
        ))}
      </div>
    </div>
  );
}

/** Scrolls sideways, and nothing else, to where a column is whole in sight beside the labels. */
function bringIntoSight(element: HTMLElement, left: number, width: number): void {
  const room = element.clientWidth - labelWidth;
  if (left < element.scrollLeft) element.scrollLeft = left;
  else if (left + width > element.scrollLeft + room) element.scrollLeft = left + width - room + 12;
}

const isAt = (cell: Cell, other: Cell | null) => cell.column === other?.column && cell.row === other.row;
const badgeOf = (cell: Cell, first: Cell | null, second: Cell | null) =>
  [isAt(cell, first) ? '1' : '', isAt(cell, second) ? '2' : ''].join('');

interface CellLane extends Pick<CellRow, 'purpose' | 'order'> {
  /** First of its rows, and how many there are. */
  readonly from: number;
  readonly count: number;
}

function cellLanes(rows: readonly CellRow[]): CellLane[] {
  const lanes: { purpose: CellRow['purpose']; order: CellRow['order']; from: number; count: number }[] = [];
  for (const [index, { purpose, order }] of rows.entries()) {
    const last = lanes.at(-1);
    if (last?.purpose === purpose && last.order === order) last.count += 1;
    else lanes.push({ purpose, order, from: index, count: 1 });
  }
  return lanes;
}

function Label({
  axis = [],
  children,
}: {
  axis?: readonly (readonly [string, number])[];
  children: ComponentChildren;
}) {
  return (
    <div class={styles.label} style={{ width: `${labelWidth}px` }}>
      {children}
      {axis.map(([text, top]) => (
        <span key={text} class={styles.tick} style={{ top: `${top - 8}px` }}>
          {text}
        </span>
      ))}
    </div>
  );
}

function Lane({ width, children }: { width: number; children: ComponentChildren }) {
  return (
    <div class={styles.plot} style={{ width: `${width}px` }}>
      {children}
    </div>
  );
}

function Legend({ order, value }: { order: 'ordered' | 'shuffled'; value: number | null }) {
  return (
    <span>
      <OrderMark order={order} /> {order} {fixed(value, 3)}
    </span>
  );
}

const lastOf = (values: readonly (number | null)[]) => values.findLast((value) => value !== null) ?? null;

interface ChartProps {
  readonly columns: readonly Column[];
  readonly groups: readonly (Column['groups']['train'] | undefined)[];
  readonly center: (at: number) => number;
  readonly marks: readonly TimelineMark[];
  readonly inSight: readonly { readonly at: number }[];
}

function AccuracyChart({
  columns,
  groups,
  purpose,
  center,
  marks,
  inSight,
  width,
}: ChartProps & { purpose: GroupPurpose; width: number }) {
  const y = (accuracy: number) => accuracyHeight - margin - accuracy * (accuracyHeight - 2 * margin);
  const line = (order: 'ordered' | 'shuffled') =>
    columns.flatMap(({ step, superseded }, at) => {
      const accuracy = accuracyOf(groups[at], order);
      return accuracy === null ? [] : [{ at, step, accuracy, superseded, x: center(at), y: y(accuracy) }];
    });
  const ordered = line('ordered');
  const shuffled = line('shuffled');
  const ends = (points: typeof ordered) =>
    points.length === 0
      ? ''
      : `${fixed(points[0]?.accuracy ?? null, 3)} at step ${points[0]?.step} to ${fixed(points.at(-1)?.accuracy ?? null, 3)} at step ${points.at(-1)?.step}`;
  const words = `Accuracy in ${purposeNames[purpose]}: on ordered frames ${ends(ordered)}${shuffled.length > 0 ? `, on shuffled ones ${ends(shuffled)}` : ''}`;
  const seen = new Set(inSight.map(({ at }) => at));
  const path = (points: typeof ordered) => points.map(({ x, y: top }) => `${x},${top}`).join(' ');
  return (
    <svg class={styles.chart} width={width} height={accuracyHeight} role="img" aria-label={words}>
      {[0, 0.5, 1].map((value) => (
        <line key={value} class={styles.grid} x1="0" x2={width} y1={y(value)} y2={y(value)} />
      ))}
      <Marks {...{ columns, marks, center }} height={accuracyHeight} />
      <polyline class={styles.shuffledLine} points={path(shuffled)} />
      <polyline class={styles.orderedLine} points={path(ordered)} />
      {shuffled
        .filter(({ at }) => seen.has(at))
        .map(({ at, step, accuracy, x, y: top }) => (
          <rect key={at} class={styles.shuffledPoint} x={x - 3} y={top - 3} width="6" height="6">
            <title>{`step ${step}: ${fixed(accuracy, 3)} on shuffled frames`}</title>
          </rect>
        ))}
      {ordered
        .filter(({ at }) => seen.has(at))
        .map(({ at, step, accuracy, x, y: top }) => (
          <circle key={at} class={styles.orderedPoint} cx={x} cy={top} r="3.5">
            <title>{`step ${step}: ${fixed(accuracy, 3)} on ordered frames`}</title>
          </circle>
        ))}
    </svg>
  );
}

/** Lines through a chart where something happened, between the columns around it. */
function Marks({
  columns,
  marks,
  center,
  height,
}: Pick<ChartProps, 'columns' | 'marks' | 'center'> & { height: number }) {
  const before = (step: number) => columns.findLastIndex((column) => column.step < step);
  return marks.map(({ step, label }) => {
    const at = before(step);
    if (at < 0 || at >= columns.length - 1) return null;
    const x = (center(at) + center(at + 1)) / 2;
    return (
      <g key={`${step} ${label}`} class={styles.mark}>
        <line x1={x} x2={x} y1="0" y2={height} />
        <rect x={x - 4} y="0" width="8" height={height}>
          <title>{`${label}, step ${step}`}</title>
        </rect>
      </g>
    );
  });
}

function TestCell({
  test,
  left,
  width,
}: {
  test: { passed: boolean; p: number; pShuffled: number; mu: number; comparison: string; paid: number } | null;
  left: number;
  width: number;
}) {
  const place = { left: `${left}px`, width: `${width}px` };
  if (!test) return <span class={styles.test} style={place} />;
  const words = `p ${fixed(test.p, 3)} ${test.passed ? test.comparison : test.comparison === '>' ? '≤' : '<'} ${fixed(test.mu, 2)} × ${fixed(test.pShuffled, 3)}: ${test.passed ? `passed, each right answer was paid ${signed(test.paid, 2)}` : 'not passed'}`;
  return (
    <span class={`${styles.test} ${test.passed ? styles.paid : ''}`} style={place} title={words}>
      {test.passed ? 'paid' : 'not'}
    </span>
  );
}

function LengthLane({
  columns,
  groups,
  windowAt,
  center,
  lane,
  marks,
  inSight,
}: ChartProps & Pick<TimelineViewProps, 'windowAt'> & { lane: { width: number } }) {
  const points = columns.flatMap(({ step }, at) => {
    const length = lengthOf(groups[at]);
    return length === null ? [] : [{ at, step, length, x: center(at) }];
  });
  const windows = windowAt ? points.map(({ step, x }) => ({ x, ends: windowAt(step) })) : [];
  const lengths = points.map(({ length }) => length);
  const highest = Math.max(1, ...lengths);
  const ends = windows.at(-1)?.ends;
  /* A window that ends far above every answer would press the line to the ground. */
  const upper = ends && ends[1] <= highest * 2.5 ? Math.max(highest, ends[1]) : highest;
  const top = upper * 1.08;
  const y = (length: number) => lengthHeight - margin - (Math.min(length, top) / top) * (lengthHeight - 2 * margin);
  const axis: (readonly [string, number])[] = ends
    ? [
        ['0', y(0)],
        // Above its own zero by the height of a number.
        ...(y(0) - y(ends[0]) >= axisLine && ends[0] <= top ? [[String(ends[0]), y(ends[0])] as const] : []),
        ends[1] <= top ? [String(ends[1]), y(ends[1])] : [String(Math.round(highest)), y(highest)],
      ]
    : [
        ['0', y(0)],
        [String(Math.round(highest)), y(highest)],
      ];
  const band = [
    ...windows.map(({ x, ends: [, most] }) => `${x},${y(most)}`),
    ...windows.toReversed().map(({ x, ends: [least] }) => `${x},${y(least)}`),
  ].join(' ');
  const seen = new Set(inSight.map(({ at }) => at));
  const words = `Mean length from ${fixed(lengths[0] ?? null, 0)} to ${fixed(lengths.at(-1) ?? null, 0)} tokens${ends ? `, window ${ends[0]} to ${ends[1]}` : ''}`;
  return (
    <div class={styles.lane} style={{ height: `${lengthHeight}px` }}>
      <Label axis={axis}>
        <b>length</b>
        <span>tokens, mean</span>
        {ends && (
          <span>
            window {ends[0]}–{ends[1]}
          </span>
        )}
      </Label>
      <Lane {...lane}>
        <svg class={styles.chart} width={lane.width} height={lengthHeight} role="img" aria-label={words}>
          {windows.length > 1 && <polygon class={styles.band} points={band} />}
          {windows.length === 1 && ends && (
            <rect
              class={styles.band}
              x={(windows[0]?.x ?? 0) - 12}
              width="24"
              y={y(ends[1])}
              height={Math.max(1, y(ends[0]) - y(ends[1]))}
            />
          )}
          <line class={styles.grid} x1="0" x2={lane.width} y1={y(0)} y2={y(0)} />
          <Marks {...{ columns, marks, center }} height={lengthHeight} />
          <polyline class={styles.lengthLine} points={points.map(({ x, length }) => `${x},${y(length)}`).join(' ')} />
          {points
            .filter(({ at }) => seen.has(at))
            .map(({ at, step, length, x }) => (
              <circle key={at} class={styles.lengthPoint} cx={x} cy={y(length)} r="3">
                <title>{`step ${step}: ${fixed(length, 1)} tokens`}</title>
              </circle>
            ))}
        </svg>
      </Lane>
    </div>
  );
}

interface AnswerCellProps {
  readonly answer: HistoryAnswer | undefined;
  readonly cameUp: boolean;
  readonly superseded: boolean;
  readonly what: string;
  readonly left: number;
  readonly width: number;
  readonly threshold: number;
  readonly isCursor: boolean;
  readonly badge: string;
  readonly onPress: () => void;
}

function AnswerCell({
  answer,
  cameUp,
  superseded,
  what,
  left,
  width,
  threshold,
  isCursor,
  badge,
  onPress,
}: AnswerCellProps) {
  const place = { left: `${left + 1}px`, width: `${width - 2}px` };
  if (!answer) {
    if (!cameUp) return null;
    const words = `${what}: the store has no such answer`;
    return <span class={styles.absent} style={place} role="img" title={words} aria-label={words} />;
  }
  const mark = answerMark(answer.accuracy, answer.correct, threshold);
  const shown = answer.answer === '' ? 'none' : shownLine(answer.answer, 40);
  const words = `${what}: ${shown}, ${mark.label}, reward ${fixed(answer.reward, 2)}, ${answer.tokenCount} tokens`;
  const fraction = isFractional(answer.accuracy);
  const fill = mark.kind === 'exact' ? 1 : fraction ? answer.accuracy : 0;
  return (
    <button
      type="button"
      class={`${styles.cell} ${mark.kind === 'exact' ? styles.right : ''} ${superseded ? styles.gone : ''} ${isCursor ? styles.cursor : ''} ${badge ? styles.chosen : ''}`}
      style={place}
      aria-current={isCursor ? 'true' : undefined}
      aria-label={`${words}${badge ? `, compared as ${badge}` : ''}`}
      title={words}
      tabIndex={isCursor ? 0 : -1}
      data-rollout={answer.rolloutId}
      onClick={onPress}
    >
      {fill > 0 && <i class={styles.fill} style={{ width: `${fill * 100}%` }} />}
      {badge && <span class={styles.badge}>{badge === '12' ? '1 2' : badge}</span>}
      <span class={`${styles.answer} cut model-text`}>{shown}</span>
      {fraction && <span class={styles.fraction}>{fractionText(answer.accuracy)}</span>}
    </button>
  );
}
