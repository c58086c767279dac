/**
 * What arms of a run learned: the figures over seeds, and the arms against each other, within a project or pooled over projects of
 * several data seeds. Training and sampling are for `cli/experiments/run-ablation.ts`.
 */
import { cueWrongSource } from '../data/sample/families.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import type { AnswersLine } from './answers-file.ts';
import { arms, contrasted, type Stage, stageTitle } from './arms.ts';
import { type GroupFigures, worthShuffles } from './measure-groups.ts';
import { benchmarks, paperAblation } from './paper-results.ts';
import { decimals, overall, paperCells, percent } from './report.ts';
import { type EvaluationResults, orderAnswers } from './results.ts';
import { bootstrapMean, type Interval, meanOverSeeds, type PairedDifference, pairedOverSeeds } from './statistics.ts';
import type { StepCosts } from './step-cost.ts';
import { plain, type Report, type Table } from './table.ts';

/** A checkpoint and what was found out about it. */
export interface StageRun {
  readonly stage: Stage;
  /** Of the sample project; null where the project is the only one. */
  readonly dataSeed: number | null;
  /** Null for a start that all seeds share. */
  readonly seed: number | null;
  readonly run: string;
  readonly results: EvaluationResults;
  readonly answers: readonly AnswersLine[];
  /** Null where the first dataset has no video. */
  readonly groups: GroupFigures | null;
  /** Of its RL steps; null for a start, and where they were not measured. */
  readonly costs: StepCosts | null;
}

/** By column; in the unit of its form. */
type Figures = Readonly<Record<string, number>>;

export const inOrder = 'frames in order';
const shuffledFrames = 'frames shuffled';
export const useOfOrder = 'use of order';
export const cueWrong = 'cue wrong';
const worthRight = 'c, right';
export const worthWrong = 'c, wrong';
const withoutOrder = 'right without order';
export const processorTime = 'processor s a step';

/** After the datasets' accuracies, in this order; those are shares, as what has no other form. */
const laterColumns: ReadonlyMap<string, (value: number) => string> = new Map([
  [inOrder, percent],
  [shuffledFrames, percent],
  [useOfOrder, percent],
  [cueWrong, percent],
  [worthRight, decimals(1)],
  [worthWrong, decimals(1)],
  [withoutOrder, percent],
  ['temporal paid', percent],
  ['temporal felt', percent],
  ['mean tokens', decimals(1)],
  [processorTime, decimals(2)],
  ['shuffled half', decimals(2)],
  ['credit', decimals(2)],
]);

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

export function figuresOf({ results: { datasets }, answers, groups, costs }: StageRun): Figures {
  const accuracies = datasets.map(({ name, all }) => [name, overall(all)] as const);
  const pairs = datasets.flatMap(({ name }) => orderAnswers(answers.filter(({ dataset }) => dataset === name)));
  const ordered = mean(pairs.map((pair) => pair.ordered.accuracy));
  const shuffled = mean(pairs.map((pair) => pair.shuffled.accuracy));
  const answered = answers.filter((line) => line.outcome === 'answered');
  const misled = answered.filter(({ source }) => source.endsWith(cueWrongSource));
  const aStep = (seconds: number | undefined) => (costs && seconds !== undefined ? seconds / costs.steps : null);
  const all: readonly (readonly [string, number | null | undefined])[] = [
    ...accuracies,
    [inOrder, ordered],
    [shuffledFrames, shuffled],
    [useOfOrder, ordered - shuffled],
    [cueWrong, mean(misled.map((line) => line.ordered.accuracy))],
    [worthRight, groups?.worth.right],
    [worthWrong, groups?.worth.wrong],
    [withoutOrder, groups?.worth.rightWithout],
    ['temporal paid', groups?.temporalPaid],
    ['temporal felt', groups?.temporalFelt],
    ['mean tokens', mean(answered.map((line) => line.ordered.tokens))],
    [processorTime, aStep(costs?.processorSeconds)],
    ['shuffled half', aStep(costs?.shuffledSeconds)],
    ['credit', aStep(costs?.creditSeconds)],
  ];
  return Object.fromEntries(
    all.filter((one): one is [string, number] => typeof one[1] === 'number' && !Number.isNaN(one[1])),
  );
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

/** Arms against each other over the seeds, and data seeds, that both have: the same start, the same questions, the same order of them. */
export function ablationContrasts(runs: readonly StageRun[]): Contrast[] {
  return contrasted.flatMap(([first, second]) => {
    const pairs = runs.flatMap((one) => {
      if (one.stage !== first || one.seed === null) return [];
      const other = runs.find(
        ({ stage, seed, dataSeed }) =>
          stage === second && dataSeed === one.dataSeed && (seed === one.seed || seed === null),
      );
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
  const gains = [...Map.groupBy(pairs, ({ one }) => one.dataSeed).values()].flatMap((ofProject) => {
    const uses = ofProject.map(({ one, other }) => [useByQuestion(one), useByQuestion(other)] as const);
    return [...(uses[0]?.[0].keys() ?? [])].flatMap((question) => {
      const each = uses.map(([one, other]) => {
        const [a, b] = [one.get(question), other.get(question)];
        return a === undefined || b === undefined ? null : a - b;
      });
      return each.includes(null) ? [] : [mean(each as number[])];
    });
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

export function cell(column: string, figure: AblationRow['figures'][string] | Interval | null | undefined): string {
  if (!figure) return '-';
  const shown = laterColumns.get(column) ?? percent;
  const { low, high } = figure;
  return low === null || high === null ? shown(figure.mean) : `${shown(figure.mean)} (${shown(low)} to ${shown(high)})`;
}

/** What contrasts are shown of, where it was measured. */
const contrastColumns: readonly string[] = [inOrder, shuffledFrames, useOfOrder, cueWrong, worthWrong, processorTime];

export function contrastTable(contrasts: readonly Contrast[]): Table[] {
  if (contrasts.length === 0) return [];
  const shown = contrastColumns.filter((column) => contrasts.some(({ figures }) => column in figures));
  return [
    {
      title: '',
      head: ['paired differences', 'pairs', ...shown, 'use of order, over questions', 'would be found'],
      rows: contrasts.map(({ first, second, seeds, figures, overQuestions: questions }) => [
        `${stageTitle(first)} - ${stageTitle(second)}`,
        String(seeds.length),
        ...shown.map((column) => cell(column, figures[column])),
        cell(useOfOrder, questions),
        percent(figures[useOfOrder]?.detectable),
      ]),
    },
  ];
}

/** Of arms, means over runs. @param over the column that says what the means of a row are over */
export function rowsTable(
  rows: readonly AblationRow[],
  over: { readonly head: string; of(row: AblationRow): string },
): Table {
  const found = [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))];
  // Datasets in the order in which they were named.
  const columns = [
    ...found.filter((column) => !laterColumns.has(column)),
    ...[...laterColumns.keys()].filter((column) => found.includes(column)),
  ];
  return {
    title: '',
    head: ['measured here', over.head, ...columns.map((column) => plain(column, 40))],
    rows: rows.map((row) => [
      stageTitle(row.stage),
      over.of(row),
      ...columns.map((column) => cell(column, row.figures[column])),
    ]),
  };
}

export interface Ablation {
  readonly settings: AblationSettings;
  readonly rows: readonly AblationRow[];
  readonly contrasts: readonly Contrast[];
}

/** How the figures of arms are to be read. */
export const figureNotes: readonly string[] = [
  'GRPO draws no shuffled answers and pays no temporal reward: the paper’s arm without temporal reward.',
  'felt T-GRPO: α = 1, μ = 1, as many shuffled answers as ordered ones, advantages not divided by the standard deviation.',
  'credit: each right answer to a video is paid by what order is worth to it (temporalCredit answer), measured with K shuffles; no shuffled answers are drawn. undivided: advantages are not divided by the standard deviation.',
  'settings: of the run files, which all arms have but for what is said of an arm here.',
  'The column that is named as a dataset, such as eval: accuracy by the benchmarks’ rule over all its questions: OCR and free-form score 0, regression counts by its mean relative accuracy.',
  'use of order: accuracy on frames in order minus that on shuffled frames, on questions that need order where the dataset says so, else on all videos.',
  'cue wrong: accuracy on frames in order, on the questions whose cue suggests a wrong answer.',
  `c: what order is worth to an answer, as credit measures it, with ${worthShuffles} shuffles; its mean over right and over wrong answers of the sampled groups, and the share of right answers with c below creditLow. c that rises with wrong answers too is dependence on order that is no use of it.`,
  'temporal paid, temporal felt: of groups sampled from each checkpoint as T-GRPO samples them, on videos of the first dataset, the share in which the temporal reward would be paid, and in which it would change an advantage. In a group whose rewards are of two sizes, right and wrong, the division by the standard deviation (eq. 3) takes it out again.',
  'processor s a step: of this whole process while it trained, the first step of a sitting left out; shuffled half and credit: parts of it, shared out by the clock, the shuffled half by its share of the tokens.',
  'paired differences: both arms with the same seed, so the same start and questions; the paired t test’s 95 % interval over seeds. over questions: bootstrap over questions of their means over seeds. An interval over seeds does not know of other questions, one over questions not of other seeds.',
];

/** @param note what the reader has to know first: that answers to other questions were left out, say; or null */
export function ablationReport(title: string, { settings, rows, contrasts }: Ablation, note: string | null): Report {
  const names = benchmarks.map(({ name }) => name);
  const oneSeed = rows.some(({ stage, seeds }) => stage !== 'start' && seeds.length < 2);
  return {
    title,
    lines: note === null ? [] : [note],
    tables: [
      rowsTable(rows, { head: 'seeds', of: ({ seeds }) => seeds.join(', ') }),
      ...contrastTable(contrasts),
      { title: '', head: ['settings', 'value'], rows: Object.entries(settings) },
      {
        title: '',
        head: ['the paper’s table 2, not measured here', 'frames', ...names],
        rows: paperAblation.map((row) => [row.model, String(row.frames), ...paperCells(row, names)]),
      },
    ],
    notes: [
      `In percent, c in nats; mean over seeds${oneSeed ? '; one seed says nothing of how much seeds differ, so it has no interval' : ''}. In brackets: Student’s 95 % interval over seeds, n - 1 degrees of freedom.`,
      ...figureNotes,
      'would be found: the true difference in the use of order that as many seeds, spread like these, find four times in five; a smaller one may be there unseen.',
    ],
  };
}
