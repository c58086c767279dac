/** The columns of the list, one entry each: head, cells, grid, menu and what a row says to readers all follow from this table. */
import type { JSX } from 'preact';
import { usesOrder } from '../../../trainer/evidence/order-rule.ts';
import { nats, worthText } from '../../../trainer/evidence/verdict.ts';
import { answerMark } from '../../../trainer/protocol/correctness.ts';
import { shownLine } from '../../../trainer/protocol/hostile-text.ts';
import { type Field, type FieldName, fields, shortValue } from '../../../trainer/protocol/query/fields.ts';
import type { ListSort } from '../../../trainer/protocol/query/sort.ts';
import type { RewardPart, Span } from '../../../trainer/protocol/records.ts';
import type { FormulaName } from '../../formulas/formulas.ts';
import { AhaTier } from '../../rollout/aha-tier.tsx';
import { AnswerMark } from '../../rollout/answer-mark.tsx';
import { RewardParts } from '../../rollout/reward-parts.tsx';
import { Icon, OrderMark, TypeIcon } from '../../ui/icons.tsx';
import { clock, count, fixed, signed } from '../../ui/numbers.ts';
import styles from './columns.module.css';
import { Hits } from './hits.tsx';
import type { RolloutRow } from './rollout-row.ts';

export interface CellContext {
  /** The run's `correctThreshold`. */
  readonly threshold: number;
  /** Where the filter's words stand in a text. */
  readonly hits: (text: string) => readonly Span[];
}

export interface Column {
  /** What the list is ordered by with it. */
  readonly field: FieldName;
  /** What it is called in the menu and to readers. */
  readonly name: string;
  /** At its top; empty where its cells say it all. */
  readonly head: string;
  readonly formula?: FormulaName;
  /** In pixels; null takes what the others leave. */
  readonly width: number | null;
  readonly align: 'left' | 'right' | 'center';
  /** The first click on its head: the largest first, or the smallest. */
  readonly descends: boolean;
  /** Shown unless somebody chose otherwise. */
  readonly usual: boolean;
  /** As `usual`, where every question has a head above its answers. */
  readonly slim?: true;
  /** On a narrow page: on the row's first line, or its second. */
  readonly line: 1 | 2;
  readonly cell: (row: RolloutRow, context: CellContext) => JSX.Element | string;
  /** For readers; null where there is nothing to say. */
  readonly said: (row: RolloutRow, context: CellContext) => string | null;
}

const number = (
  column: Omit<Column, 'cell' | 'said' | 'align' | 'line' | 'descends'> & {
    readonly of: (row: RolloutRow) => number | null;
    readonly decimals: number;
    readonly sign?: true;
  },
): Column => {
  const { of, decimals, sign, ...rest } = column;
  const text = (row: RolloutRow) => (sign ? signed : fixed)(of(row), decimals);
  return {
    ...rest,
    align: 'right',
    line: 2,
    descends: true,
    cell: text,
    said: (row) => (of(row) === null ? null : `${column.name} ${text(row)}`),
  };
};

const part = (name: RewardPart['name'], field: FieldName, head: string, formula: FormulaName) =>
  number({
    field,
    name: `${name} part`,
    head,
    formula,
    width: 32,
    usual: false,
    decimals: 2,
    of: ({ parts }) => parts.find((held) => held.name === name)?.value ?? null,
  });

const quotedWords = (words: readonly string[]) => words.map((quote) => `“${shownLine(quote, 60)}”`).join(', ');

const purposeLetters = { train: '', probe: 'probe', evaluation: 'eval' } as const;

export const columns = {
  step: {
    ...number({
      field: 'step',
      name: 'step',
      head: 'step',
      width: 30,
      usual: true,
      decimals: 0,
      of: ({ step }) => step,
    }),
    line: 1,
  },
  type: {
    field: 'type',
    name: 'type of the question',
    head: '',
    width: 14,
    align: 'center',
    descends: false,
    usual: true,
    line: 1,
    cell: ({ problemType }) => <TypeIcon type={problemType} />,
    said: () => null,
  },
  question: {
    field: 'question',
    name: 'question',
    head: 'question',
    width: null,
    align: 'left',
    descends: false,
    usual: true,
    line: 1,
    cell: (row, { hits }) => <Question row={row} hits={hits} />,
    said: ({ problem }) => shownLine(problem, 120),
  },
  half: {
    field: 'half',
    name: 'half',
    head: '',
    width: 10,
    align: 'center',
    descends: false,
    usual: true,
    slim: true,
    line: 2,
    cell: ({ order }) => <OrderMark order={order} />,
    said: ({ order, index }) => `${order} ${index + 1}`,
  },
  nth: number({
    field: 'nth',
    name: 'number in its half',
    head: '#',
    width: 12,
    usual: false,
    slim: true,
    decimals: 0,
    of: ({ index }) => index + 1,
  }),
  answer: {
    field: 'answer',
    name: 'answer',
    head: 'answer',
    width: null,
    align: 'left',
    descends: false,
    usual: false,
    slim: true,
    line: 2,
    cell: ({ answer }) => <span class="cut model-text">{shownLine(answer, 40)}</span>,
    said: ({ answer }) => (answer === '' ? 'no answer' : `answer ${shownLine(answer, 40)}`),
  },
  correct: {
    field: 'accuracy',
    name: 'right or wrong',
    head: '',
    formula: 'accuracyPart',
    width: 26,
    align: 'center',
    descends: true,
    usual: true,
    slim: true,
    line: 2,
    cell: ({ accuracy, correct }, { threshold }) => (
      <AnswerMark accuracy={accuracy} correct={correct} threshold={threshold} />
    ),
    said: ({ accuracy, correct }, { threshold }) => answerMark(accuracy, correct, threshold).label,
  },
  parts: {
    field: 'reward',
    name: 'reward parts',
    head: 'parts',
    width: 54,
    align: 'left',
    descends: true,
    usual: true,
    slim: true,
    line: 2,
    cell: ({ parts }) => <RewardParts parts={parts} width={54} />,
    said: () => null,
  },
  accuracy: part('accuracy', 'accuracy', 'acc', 'accuracyPart'),
  format: part('format', 'format', 'fmt', 'formatPart'),
  temporal: part('temporal', 'temporal', 'temp', 'temporalPart'),
  credit: part('credit', 'credit', 'cred', 'creditPart'),
  bonus: part('length', 'lengthBonus', 'len +', 'lengthPart'),
  reward: number({
    field: 'reward',
    name: 'reward',
    head: 'total',
    formula: 'total',
    width: 30,
    usual: true,
    decimals: 2,
    of: ({ total }) => total,
  }),
  advantage: {
    ...number({
      field: 'advantage',
      name: 'advantage',
      head: 'adv',
      formula: 'advantage',
      width: 38,
      usual: true,
      slim: true,
      decimals: 2,
      sign: true,
      of: ({ advantage }) => advantage,
    }),
    cell: ({ advantage, masked }) =>
      masked ? <s title="left out of the update">{signed(advantage, 2)}</s> : signed(advantage, 2),
    said: ({ advantage, masked }) =>
      [
        ...(advantage === null ? [] : [`advantage ${signed(advantage, 2)}`]),
        ...(masked ? ['left out of the update'] : []),
      ].join(', ') || null,
  },
  felt: {
    field: 'felt',
    name: 'temporal reward felt',
    head: 'felt',
    formula: 'felt',
    width: 28,
    align: 'center',
    descends: true,
    usual: false,
    line: 2,
    cell: ({ felt }) => (felt === null ? '' : felt ? 'yes' : 'no'),
    said: ({ felt }) => (felt === null ? null : `temporal reward ${felt ? '' : 'not '}felt`),
  },
  length: number({
    field: 'length',
    name: 'length in tokens',
    head: 'len',
    formula: 'tokens',
    width: 30,
    usual: true,
    decimals: 0,
    of: ({ tokenCount }) => tokenCount,
  }),
  order: {
    field: 'orderWorth',
    name: 'worth of order',
    head: 'ord',
    formula: 'orderWorth',
    width: 26,
    align: 'right',
    descends: true,
    usual: true,
    slim: true,
    line: 2,
    /* What is not shown to use it is faint: a large worth may be less than twice its error. */
    cell: ({ orderWorth, orderError }) => {
      if (orderWorth === null) return '';
      const uses = orderError !== null && usesOrder(orderWorth, orderError);
      return uses ? nats(orderWorth) : <span class="dim">{nats(orderWorth)}</span>;
    },
    said: ({ orderWorth, orderError }) =>
      orderWorth === null ? null : `order is worth ${worthText({ worth: orderWorth, error: orderError })}`,
  },
  aha: {
    field: 'aha',
    name: 'aha tier',
    head: 'aha',
    formula: 'ahaTier',
    width: 20,
    align: 'right',
    descends: true,
    usual: true,
    slim: true,
    line: 2,
    cell: ({ ahaTier }) => (ahaTier > 0 ? <AhaTier tier={ahaTier} /> : ''),
    said: ({ ahaTier }) => (ahaTier > 0 ? `aha tier ${ahaTier}` : null),
  },
  kl: number({
    field: 'kl',
    name: 'KL',
    head: 'KL',
    formula: 'kl',
    width: 44,
    usual: false,
    decimals: 3,
    of: ({ kl }) => kl,
  }),
  entropy: number({
    field: 'entropy',
    name: 'entropy',
    head: 'entropy',
    formula: 'meanEntropy',
    width: 44,
    usual: false,
    decimals: 3,
    of: ({ meanEntropy }) => meanEntropy,
  }),
  logprob: number({
    field: 'logprob',
    name: 'mean log p',
    head: 'log p',
    formula: 'meanLogprob',
    width: 46,
    usual: false,
    decimals: 3,
    of: ({ meanLogprob }) => meanLogprob,
  }),
  mismatch: number({
    field: 'mismatch',
    name: 'mismatch of sampler and trainer',
    head: 'mismatch',
    formula: 'mismatch',
    width: 52,
    usual: false,
    decimals: 4,
    of: ({ mismatch }) => mismatch,
  }),
  importance: number({
    field: 'importance',
    name: 'largest importance weight',
    head: 'weight',
    formula: 'importance',
    width: 46,
    usual: false,
    decimals: 3,
    of: ({ importance }) => importance,
  }),
  p: number({ field: 'p', name: 'p', head: 'p', formula: 'p', width: 34, usual: false, decimals: 3, of: ({ p }) => p }),
  pShuffled: number({
    field: 'pShuffled',
    name: 'p̃',
    head: 'p̃',
    formula: 'pShuffled',
    width: 34,
    usual: false,
    decimals: 3,
    of: ({ pShuffled }) => pShuffled,
  }),
  time: {
    field: 'time',
    name: 'time',
    head: 'time',
    width: 50,
    align: 'right',
    descends: true,
    usual: false,
    line: 2,
    cell: ({ at }) => (at === null ? '–' : <span title={new Date(at).toLocaleString('en-GB')}>{clock(at)}</span>),
    said: ({ at }) => (at === null ? null : new Date(at).toLocaleString('en-GB')),
  },
  cameBack: {
    field: 'cameBack',
    name: 'flagged words that came back',
    head: 'came back',
    width: 90,
    align: 'left',
    descends: true,
    usual: false,
    line: 2,
    cell: ({ flagged }) => (
      <span class="cut model-text" title={quotedWords(flagged)}>
        {quotedWords(flagged)}
      </span>
    ),
    said: ({ flagged }) => (flagged.length > 0 ? `flagged words came back: ${quotedWords(flagged)}` : null),
  },
  flags: {
    field: 'flags',
    name: 'flags',
    head: '',
    width: 13,
    align: 'center',
    descends: true,
    usual: true,
    slim: true,
    line: 1,
    cell: ({ flags }) => (flags > 0 ? <Icon name="flag" label={count(flags, 'flag')} /> : ''),
    said: ({ flags }) => (flags > 0 ? count(flags, 'flag') : null),
  },
} as const satisfies Record<string, Column>;

export type ColumnName = keyof typeof columns;

export const columnNames = Object.keys(columns) as ColumnName[];

export const columnOf = (name: ColumnName): Column => columns[name];

/** The column that says an order: of those with its field the last, which shows it as a number. Null where none does. */
export const orderColumn = (sort: ListSort, among: readonly ColumnName[] = columnNames): ColumnName | null =>
  among.findLast((name) => columnOf(name).field === sort.by) ?? null;

/** What an order begins with, in a word. */
export function firstOf({ by, descending }: ListSort): string {
  const field: Field = fields[by];
  switch (field.kind) {
    case 'time':
      return descending ? 'newest' : 'oldest';
    case 'text':
      return descending ? 'Z' : 'A';
    case 'choice':
      return shortValue(field.values, Object.keys(field.values).at(descending ? -1 : 0) ?? '');
    default:
      return descending ? 'largest' : 'smallest';
  }
}

export const orderSign = ({ descending }: ListSort): string => (descending ? '▾' : '▴');

export function orderWords(sort: ListSort | null): string {
  if (sort === null) return 'newest first';
  const name = orderColumn(sort);
  return `by ${name ? columnOf(name).name : sort.by}, ${firstOf(sort)} first`;
}

/** In the order of the table. */
export const inOrder = (names: readonly ColumnName[]): ColumnName[] =>
  columnNames.filter((name) => names.includes(name));

/** A table of columns; answers under a head with their question; rows of two lines. */
export type ListLayout = 'table' | 'grouped' | 'two lines';

/** @param weighed there are answers that were weighed: what order is worth takes the place of their length */
export const usualColumns = (layout: ListLayout, weighed = false): readonly ColumnName[] =>
  columnNames
    .filter((name) => (layout === 'grouped' ? columnOf(name).slim : columnOf(name).usual))
    .filter((name) => name !== (weighed ? 'length' : 'order'));

/** What the sign of an order takes beside a column's head, in pixels. */
const signWidth = 10;

/** Widths of the grid. Texts share what is left, a question more of it than an answer. @param ordered has the sign of the order */
export const gridOf = (shown: readonly ColumnName[], ordered: ColumnName | null): string =>
  shown
    .map((name) => {
      const { width } = columnOf(name);
      if (width !== null) return `${name === ordered ? width + signWidth : width}px`;
      return name === 'question' ? 'minmax(56px, 3fr)' : 'minmax(20px, 1fr)';
    })
    .join(' ');

/** What readers hear of a row: all that its columns show, and which answer of which question it is in any case. */
export function saidOf(row: RolloutRow, shown: readonly ColumnName[], context: CellContext): string {
  const names = columnNames.filter((name) => shown.includes(name) || ['step', 'question', 'half'].includes(name));
  return names.flatMap((name) => columnOf(name).said(row, context) ?? []).join(', ');
}

export function Question({ row, hits }: { row: RolloutRow; hits: CellContext['hits'] }) {
  const purpose = purposeLetters[row.purpose];
  return (
    <span class="cut model-text">
      {purpose && <span class={styles.purpose}>{purpose}</span>}
      <Hits text={row.problem.slice(0, 400)} hits={hits} />
    </span>
  );
}
