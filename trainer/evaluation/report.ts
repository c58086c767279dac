/** The tables of one evaluation, the paper's figures beside its own. */

import { type DirectSlice, directByWords, directCautions } from '../protocol/evaluation-arms.ts';
import { benchmarks, type PaperRow, paperMainTable } from './paper-results.ts';
import type { DatasetResult, EvaluationResults, OrderResult, SliceResult } from './results.ts';
import type { Interval } from './statistics.ts';
import { plain, type Report, type Table } from './table.ts';

/** With so many decimals, and without a sign where that is 0. */
export const decimals = (count: number) => (value: number) => value.toFixed(count).replace(/^-(0[.]0*)$/, '$1');

/** A share as percent with one decimal. */
export const percent = (share: number | null | undefined) => (share == null ? '-' : decimals(1)(100 * share));

/** `41.2 to 55.8` */
export const bounds = (interval: Pick<Interval, 'low' | 'high'> | null) =>
  interval === null ? '-' : `${percent(interval.low)} to ${percent(interval.high)}`;

/** `0.032`, or `< 0.001` */
export const probability = (p: number) => (p < 0.001 ? '< 0.001' : p.toFixed(3));

/** What a benchmark of one figure would say: all questions alike, regression by its mean relative accuracy. */
export function overall({ accuracy, meanRelativeAccuracy }: SliceResult): number | null {
  const parts = [accuracy, meanRelativeAccuracy].filter((part) => part !== null);
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  return count === 0 ? null : parts.reduce((sum, part) => sum + part.mean * part.count, 0) / count;
}

function sliceRow(label: string, s: SliceResult): string[] {
  return [
    label,
    String(s.count),
    percent(s.accuracy?.mean),
    bounds(s.accuracy),
    percent(s.meanRelativeAccuracy?.mean),
    bounds(s.meanRelativeAccuracy),
    percent(s.reward),
    String(s.skipped),
  ];
}

function datasetTable(result: DatasetResult): Table {
  const group = (title: string, slices: readonly SliceResult[]) =>
    slices.length === 0
      ? []
      : [
          [`  by ${title}`, '', '', '', '', '', '', ''],
          ...slices.map((one) => sliceRow(`    ${plain(one.name, 40)}`, one)),
        ];
  return {
    title: '',
    head: [
      plain(result.name, 40),
      'answered',
      'accuracy',
      '95 % interval',
      'MRA',
      '95 % interval',
      'reward',
      'skipped',
    ],
    rows: [
      sliceRow('all', result.all),
      ...group('type', result.byType),
      ...group('source', result.bySource),
      ...group('family', result.byFamily),
    ],
  };
}

function orderRow(dataset: string, o: OrderResult): string[] {
  return [
    `${plain(dataset, 30)}, ${o.name}`,
    String(o.count),
    percent(o.ordered),
    percent(o.shuffled),
    percent(o.difference.mean),
    bounds(o.difference),
    `${o.onlyOrderedRight} : ${o.onlyShuffledRight}`,
    probability(o.mcnemarP),
  ];
}

function orderTable(datasets: readonly DatasetResult[]): Table[] {
  const rows = datasets.flatMap(({ name, order }) => order.map((one) => orderRow(name, one)));
  const head = [
    'frames in order against shuffled',
    'videos',
    'ordered',
    'shuffled',
    'difference',
    '95 % interval',
    'only one right',
    'McNemar p',
  ];
  return rows.length === 0 ? [] : [{ title: '', head, rows }];
}

/** As it stands under the rows of a dataset. */
const partName = (dataset: string, { kind, name }: Pick<DirectSlice, 'kind' | 'name'>) =>
  kind === 'all'
    ? plain(dataset, 30)
    : kind === 'type' || kind === 'family'
      ? `  ${kind} ${plain(name, 40)}`
      : `  ${plain(name, 40)}`;

function directTable(datasets: readonly DatasetResult[]): Table[] {
  const rows = datasets.flatMap(({ name, direct }) =>
    (direct?.slices ?? []).map((one) => [
      partName(name, one),
      String(one.count),
      percent(one.reasoning.mean),
      bounds(one.reasoning),
      percent(one.direct.mean),
      bounds(one.direct),
      percent(one.difference.mean),
      bounds(one.difference),
      `${one.onlyReasoning} : ${one.onlyDirect}`,
      probability(one.p),
    ]),
  );
  const interval = '95 % interval';
  const head = [
    'with reasoning against without',
    'pairs',
    ...['reasoning', interval, 'direct', interval, 'difference', interval],
    ...['only one right', 'McNemar p'],
  ];
  return rows.length === 0 ? [] : [{ title: '', head, rows }];
}

function reversedTable(datasets: readonly DatasetResult[]): Table[] {
  const rows = datasets.flatMap(({ name, reversed }) =>
    (reversed?.slices ?? []).map((one) => [
      partName(name, one),
      String(one.count),
      ...[one.clip, one.reversed, one.pair].flatMap((share) => [percent(share.mean), bounds(share)]),
    ]),
  );
  const interval = '95 % interval';
  const head = ['videos and their reversals', 'pairs', 'clip', interval, 'reversed', interval, 'both', interval];
  return rows.length === 0 ? [] : [{ title: '', head, rows }];
}

function armNotes(datasets: readonly DatasetResult[]): string[] {
  const direct = datasets.flatMap(({ name, direct: arm }) => (arm ? [{ name, ...arm }] : []));
  const reversed = datasets.flatMap(({ name, reversed: arm }) => (arm ? [{ name, ...arm }] : []));
  return [
    ...[...new Set(direct.map(({ by }) => by))].map(
      (by) =>
        `direct: the same questions, frames in order, without reasoning: ${directByWords[by]}. Its difference is reasoning minus direct, paired bootstrap over questions.`,
    ),
    ...direct.flatMap(({ name, ...arm }) => directCautions(arm).map((caution) => `${plain(name)}: ${caution}`)),
    ...(reversed.length > 0
      ? [
          'reversed: the frames in reverse, where the dataset says what is right then; both: right on the clip and on its reversal. Shares of right answers; interval: bootstrap over questions.',
        ]
      : []),
    ...reversed
      .filter(({ leftOut }) => leftOut > 0)
      .map(
        ({ name, leftOut }) =>
          `${plain(name)}: ${leftOut} questions are left out of the pairs, as their rows have no reversed_solution.`,
      ),
  ];
}

/** The paper's row for a table whose columns are benchmarks by name; empty where it has no figure. */
export function paperCells(row: PaperRow, columns: readonly string[]): string[] {
  const figures = new Map<string, number | null>(Object.entries(row.accuracy));
  return columns.map((name) => figures.get(name)?.toFixed(1) ?? '');
}

function paperTable(results: EvaluationResults, label: string): Table[] {
  const known = benchmarks.filter(({ name }) => results.datasets.some((result) => result.name === name));
  if (known.length === 0) return [];
  const columns = known.map(({ name }) => name);
  const own = columns.map((column) => {
    const found = results.datasets.find(({ name }) => name === column);
    return percent(found && overall(found.all));
  });
  return [
    {
      title: '',
      head: ['beside the paper', 'frames', ...columns],
      rows: [
        [`${label} (measured here)`, String(results.settings.frames.maxFrames), ...own],
        ...paperMainTable.map((row) => [
          `${row.model} (the paper's figure)`,
          row.frames === null ? '' : String(row.frames),
          ...paperCells(row, columns),
        ]),
      ],
    },
  ];
}

/** `sft-1, step 60` */
export function modelLabel({ label }: EvaluationResults['settings']): string {
  return label.step === null ? plain(label.model, 80) : `${plain(label.model, 80)}, step ${label.step}`;
}

const hasNoWidth = ({ all, byType, bySource, byFamily }: DatasetResult) =>
  [all, ...byType, ...bySource, ...byFamily].some(
    ({ accuracy, unscored }) => accuracy !== null && accuracy.count > unscored && accuracy.low === accuracy.high,
  );

export function evaluationReport(results: EvaluationResults): Report {
  const { settings, datasets } = results;
  const { sampling } = settings;
  const label = modelLabel(settings);
  const paper = paperTable(results, label);
  const slices = datasets.map(({ all }) => all);
  const partial = datasets.filter(({ all, rows }) => all.count + all.skipped < rows);
  const unreadable = datasets.flatMap(({ name, unreadable: media }) => media.map((one) => ({ name, ...one })));
  const chosen = sampling.temperature === 0 ? 'greedy' : `temperature ${sampling.temperature}, top-p ${sampling.topP}`;
  return {
    title: `Evaluation of ${label}`,
    lines: [
      `At most ${settings.frames.maxFrames} frames a video; ${chosen}, at most ${sampling.maxTokens} tokens, seed ${sampling.seed}. In percent.`,
      ...partial.map(
        ({ name, all, rows }) =>
          `${plain(name)}: ${all.count + all.skipped} of ${rows} rows, drawn at random by the seed.`,
      ),
    ],
    tables: [
      ...datasets.map(datasetTable),
      ...orderTable(datasets),
      ...directTable(datasets),
      ...reversedTable(datasets),
      ...paper,
    ],
    notes: [
      'accuracy: the benchmarks’ rule, over all answers in the file but regression. interval: bootstrap over questions, 10,000 resamples.',
      ...(datasets.some(hasNoWidth)
        ? [
            'An interval without width means that all these answers are alike; the bootstrap sees no further than its sample.',
          ]
        : []),
      ...(slices.some((all) => all.unscored > 0)
        ? ['OCR and free-form answers score 0 by the benchmarks’ rule and are counted in the accuracy as such.']
        : []),
      ...(slices.some((all) => all.meanRelativeAccuracy) ? ['MRA: mean relative accuracy, of regression alone.'] : []),
      'reward: the accuracy reward that training pays for the same answers, all types.',
      ...(slices.some((all) => all.skipped > 0)
        ? [
            'skipped: media that could not be read, or prompts longer than maxPromptTokens; they are in no mean, and nothing was put in their place.',
          ]
        : []),
      ...unreadable
        .slice(0, 5)
        .map(
          ({ name, row, path, message }) =>
            `skipped: ${plain(name)}, row ${row}, ${plain(path, 80)}: ${plain(message, 160)}`,
        ),
      ...(unreadable.length > 5 ? [`and ${unreadable.length - 5} more, all named in results.json.`] : []),
      ...(datasets.some(({ order }) => order.length > 0)
        ? [
            'difference: ordered minus shuffled, paired bootstrap over questions; p: McNemar’s exact test on the questions where only one is right.',
          ]
        : []),
      ...armNotes(datasets),
      ...(paper.length > 0
        ? [
            'Figures marked as the paper’s are copied from it and were not measured here; empty: it has none. The row measured here counts regression by MRA among all questions.',
          ]
        : []),
    ],
  };
}
