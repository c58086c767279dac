/**
 * The paper's ablation (table 2) and plain GRPO on videos alone: what each arm changes, the figures over seeds, and the arms
 * against each other. Training and sampling are for `cli/experiments/run-ablation.ts`.
 */
import type { ParameterValues } from '../protocol/parameters.ts';
import type { RunFile } from '../protocol/runfile.ts';
import type { AnswersLine } from './answers-file.ts';
import type { GroupFigures } from './measure-groups.ts';
import { benchmarks, paperAblation } from './paper-results.ts';
import { overall, paperCells, percent } from './report.ts';
import { type EvaluationResults, orderAnswers } from './results.ts';
import { bootstrapMean, type Interval, meanOverSeeds, type PairedDifference, pairedOverSeeds } from './statistics.ts';
import { plain, type Report, type Table } from './table.ts';

export const arms = ['tgrpo', 'grpo', 'credit', 'tgrpo-no-images', 'grpo-no-images'] as const;
export type Arm = (typeof arms)[number];

/** The arms of the paper's table. */
export const paperArms: readonly Arm[] = ['tgrpo', 'grpo', 'tgrpo-no-images'];

/** A T-GRPO run file with what an arm changes: it leaves out image questions, or the shuffled group and its reward, or both, or pays order by answer. */
export function armOf(base: RunFile, arm: Arm): RunFile {
  const withoutImages = (file: RunFile): RunFile => ({ ...file, parameters: { ...file.parameters, imageShare: 0 } });
  switch (arm) {
    case 'tgrpo':
      return base;
    case 'grpo':
      return { ...base, method: 'grpo' };
    case 'credit':
      return { ...base, parameters: { ...base.parameters, temporalCredit: 'answer' } };
    case 'tgrpo-no-images':
      return withoutImages(base);
    case 'grpo-no-images':
      return withoutImages({ ...base, method: 'grpo' });
    default:
      return arm satisfies never;
  }
}

/** An arm, or the checkpoint that the arms of a seed start from. */
export type Stage = Arm | 'start';

const stageTitles: Readonly<Record<Stage, string>> = {
  start: 'the start',
  tgrpo: 'T-GRPO',
  grpo: 'GRPO',
  credit: 'T-GRPO, credit by answer',
  'tgrpo-no-images': 'T-GRPO without images',
  'grpo-no-images': 'GRPO without images',
};

/** A checkpoint and what was found out about it. */
export interface StageRun {
  readonly stage: Stage;
  /** Null for a start that all seeds share. */
  readonly seed: number | null;
  readonly run: string;
  readonly results: EvaluationResults;
  readonly answers: readonly AnswersLine[];
  /** Null where the first dataset has no video. */
  readonly groups: GroupFigures | null;
}

/** By column: shares, but for `tokensColumn`. */
type Figures = Readonly<Record<string, number>>;

const inOrder = 'frames in order';
const shuffledFrames = 'frames shuffled';
const useOfOrder = 'use of order';
const temporalPaid = 'temporal paid';
const temporalFelt = 'temporal felt';
const tokensColumn = 'mean tokens';
/** After the datasets' accuracies, in this order. */
const laterColumns: readonly string[] = [inOrder, shuffledFrames, useOfOrder, temporalPaid, temporalFelt, tokensColumn];

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function figuresOf({ results: { datasets }, answers, groups }: StageRun): Figures {
  const accuracies = datasets.flatMap(({ name, all }) => {
    const value = overall(all);
    return value === null ? [] : [[name, value] as const];
  });
  const pairs = datasets.flatMap(({ name }) => orderAnswers(answers.filter(({ dataset }) => dataset === name)));
  const ordered = mean(pairs.map((pair) => pair.ordered.accuracy));
  const shuffled = mean(pairs.map((pair) => pair.shuffled.accuracy));
  const lengths = answers.flatMap((line) => (line.outcome === 'answered' ? [line.ordered.tokens] : []));
  return Object.fromEntries([
    ...accuracies,
    ...(pairs.length === 0
      ? []
      : [
          [inOrder, ordered],
          [shuffledFrames, shuffled],
          [useOfOrder, ordered - shuffled],
        ]),
    ...(groups
      ? [
          [temporalPaid, groups.temporalPaid],
          [temporalFelt, groups.temporalFelt],
        ]
      : []),
    ...(lengths.length === 0 ? [] : [[tokensColumn, mean(lengths)]]),
  ]);
}

export interface AblationRow {
  readonly stage: Stage;
  readonly seeds: readonly number[];
  readonly figures: Readonly<Record<string, NonNullable<ReturnType<typeof meanOverSeeds>>>>;
}

/** The start first, then the arms that were trained. */
export function ablationRows(runs: readonly StageRun[]): AblationRow[] {
  return (['start', ...arms] as const).flatMap((stage) => {
    const own = runs.filter((run) => run.stage === stage);
    if (own.length === 0) return [];
    const each = own.map(figuresOf);
    const columns = [...new Set(each.flatMap((figures) => Object.keys(figures)))];
    const figures = columns.flatMap((column) => {
      const found = meanOverSeeds(each.flatMap((one) => one[column] ?? []));
      return found ? [[column, found] as const] : [];
    });
    return [
      { stage, seeds: own.flatMap(({ seed }) => (seed === null ? [] : [seed])), figures: Object.fromEntries(figures) },
    ];
  });
}

export interface Contrast {
  readonly first: Stage;
  readonly second: Stage;
  readonly seeds: readonly number[];
  /** First minus second, by column. */
  readonly figures: Readonly<Record<string, PairedDifference>>;
  /** The use of order, first minus second: each question's mean over seeds, bootstrapped over questions. */
  readonly overQuestions: Interval | null;
}

const contrasted: readonly (readonly [Stage, Stage])[] = [
  ['tgrpo', 'grpo'],
  ['credit', 'tgrpo'],
  ['credit', 'grpo'],
  ['tgrpo-no-images', 'grpo-no-images'],
  ['tgrpo', 'tgrpo-no-images'],
  ['grpo', 'grpo-no-images'],
  ['tgrpo', 'start'],
  ['grpo', 'start'],
  ['credit', 'start'],
];

/** Arms against each other over the seeds that both have: the same start, the same questions, the same order of them. */
export function ablationContrasts(runs: readonly StageRun[]): Contrast[] {
  return contrasted.flatMap(([first, second]) => {
    const pairs = runs.flatMap((one) => {
      if (one.stage !== first || one.seed === null) return [];
      const other = runs.find(({ stage, seed }) => stage === second && (seed === one.seed || seed === null));
      return other ? [{ seed: one.seed, one, other }] : [];
    });
    if (pairs.length === 0) return [];
    const each = pairs.map(({ one, other }) => ({ one: figuresOf(one), other: figuresOf(other) }));
    const figures = Object.keys(each[0]?.one ?? {}).flatMap((column) => {
      const both = each.flatMap(({ one, other }) => {
        const [a, b] = [one[column], other[column]];
        return a === undefined || b === undefined ? [] : [[a, b] as const];
      });
      const found = pairedOverSeeds(
        both.map(([a]) => a),
        both.map(([, b]) => b),
      );
      return found ? [[column, found] as const] : [];
    });
    return [
      {
        first,
        second,
        seeds: pairs.map(({ seed }) => seed),
        figures: Object.fromEntries(figures),
        overQuestions: overQuestions(pairs),
      },
    ];
  });
}

function overQuestions(pairs: readonly { one: StageRun; other: StageRun }[]): Interval | null {
  const uses = pairs.map(({ one, other }) => [useByQuestion(one), useByQuestion(other)] as const);
  const questions = [...(uses[0]?.[0].keys() ?? [])];
  const gains = questions.flatMap((question) => {
    const each = uses.map(([one, other]) => {
      const [a, b] = [one.get(question), other.get(question)];
      return a === undefined || b === undefined ? null : a - b;
    });
    return each.includes(null) ? [] : [mean(each as number[])];
  });
  return bootstrapMean(gains, 1);
}

/** Ordered minus shuffled accuracy of each question that says what order is worth. */
function useByQuestion({ results, answers }: StageRun): Map<string, number> {
  const pairs = results.datasets.flatMap(({ name }) => orderAnswers(answers.filter(({ dataset }) => dataset === name)));
  return new Map(
    pairs.map(({ dataset, row, ordered, shuffled }) => [`${dataset}\n${row}`, ordered.accuracy - shuffled.accuracy]),
  );
}

/** What was chosen, and so holds for the figures of any commit; by words that a table can show. */
export type AblationSettings = Readonly<Record<string, string>>;

export function ablationSettings(
  rl: ParameterValues,
  sft: ParameterValues | null,
  counts: { readonly questions: number; readonly ofOrder: number; readonly groups: number },
): AblationSettings {
  const rate = (p: ParameterValues) =>
    `${p.learningRate}, ${p.schedule}${p.schedule === 'cosine' ? ` to ${p.scheduleFloor} of it` : ''}`;
  return {
    ...(sft && {
      'SFT: steps': String(sft.steps),
      'SFT: questions a step': String(sft.questionsPerStep),
      'SFT: learning rate': rate(sft),
    }),
    steps: String(rl.steps),
    'questions a step': String(rl.questionsPerStep),
    'G, ordered + shuffled': `${rl.groupSize} + ${rl.shuffledGroupSize}`,
    'α, μ': `${rl.alpha}, ${rl.mu}`,
    'credit: γ, from and in full from, K': `${rl.creditWeight}, ${rl.creditLow} and ${rl.creditHigh} nats, ${rl.creditShuffles}`,
    'learning rate': rate(rl),
    'β of the KL term': String(rl.beta),
    'advantages divided by std of': rl.advantageScale,
    temperature: String(rl.temperature),
    'evaluation: questions, of them order': `${counts.questions}, ${counts.ofOrder}`,
    'evaluation: temperature': String(rl.evaluationTemperature),
    'evaluation: groups sampled': String(counts.groups),
  };
}

function cell(column: string, figure: AblationRow['figures'][string] | Interval | null | undefined): string {
  if (!figure) return '-';
  const shown = column === tokensColumn ? (value: number) => value.toFixed(1) : percent;
  const { low, high } = figure;
  return low === null || high === null ? shown(figure.mean) : `${shown(figure.mean)} (${shown(low)} to ${shown(high)})`;
}

function contrastTable(contrasts: readonly Contrast[]): Table[] {
  if (contrasts.length === 0) return [];
  const shown: readonly string[] = [inOrder, shuffledFrames, useOfOrder];
  return [
    {
      title: '',
      head: ['paired differences', 'seeds', ...shown, 'use of order, over questions', 'would be found'],
      rows: contrasts.map(({ first, second, seeds, figures, overQuestions: questions }) => [
        `${stageTitles[first]} - ${stageTitles[second]}`,
        String(seeds.length),
        ...shown.map((column) => cell(column, figures[column])),
        cell(useOfOrder, questions),
        percent(figures[useOfOrder]?.detectable),
      ]),
    },
  ];
}

export interface Ablation {
  readonly settings: AblationSettings;
  readonly rows: readonly AblationRow[];
  readonly contrasts: readonly Contrast[];
}

/** @param note what the reader has to know first: that answers to other questions were left out, say; or null */
export function ablationReport(title: string, { settings, rows, contrasts }: Ablation, note: string | null): Report {
  const found = [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))];
  // Datasets in the order in which they were named.
  const columns = [
    ...found.filter((column) => !laterColumns.includes(column)),
    ...laterColumns.filter((column) => found.includes(column)),
  ];
  const names = benchmarks.map(({ name }) => name);
  const oneSeed = rows.some(({ stage, seeds }) => stage !== 'start' && seeds.length < 2);
  return {
    title,
    lines: note === null ? [] : [note],
    tables: [
      {
        title: '',
        head: ['measured here', 'seeds', ...columns.map((column) => plain(column, 40))],
        rows: rows.map(({ stage, seeds, figures }) => [
          stageTitles[stage],
          seeds.join(', '),
          ...columns.map((column) => cell(column, figures[column])),
        ]),
      },
      ...contrastTable(contrasts),
      { title: '', head: ['settings', 'value'], rows: Object.entries(settings) },
      {
        title: '',
        head: ['the paper’s table 2, not measured here', 'frames', ...names],
        rows: paperAblation.map((row) => [row.model, String(row.frames), ...paperCells(row, names)]),
      },
    ],
    notes: [
      `In percent, mean over seeds${oneSeed ? '; one seed says nothing of how much seeds differ, so it has no interval' : ''}. In brackets: Student’s 95 % interval over seeds, n - 1 degrees of freedom.`,
      'GRPO draws no shuffled answers and pays no temporal reward: the paper’s arm without temporal reward.',
      'credit by answer: each right answer to a video is paid by what order is worth to it (temporalCredit answer); no shuffled answers are drawn.',
      'accuracy by the benchmarks’ rule over all questions: OCR and free-form score 0, regression counts by its mean relative accuracy.',
      'use of order: accuracy on frames in order minus that on shuffled frames, on questions that need order where the dataset says so, else on all videos.',
      'temporal paid, temporal felt: of groups sampled from each checkpoint as T-GRPO samples them, on videos of the first dataset, the share in which the temporal reward would be paid, and in which it would change an advantage. In a group whose rewards are of two sizes, right and wrong, the division by the standard deviation (eq. 3) takes it out again.',
      'paired differences: both arms with the same seed, so the same start and questions; the paired t test’s 95 % interval over seeds. over questions: bootstrap over questions of their means over seeds. An interval over seeds does not know of other questions, one over questions not of other seeds.',
      'would be found: the true difference in the use of order that as many seeds, spread like these, find four times in five; a smaller one may be there unseen.',
    ],
  };
}
