/** What the answers of an evaluation say, by dataset, type of problem, source and family. Computes only; how it is shown is for `report.ts`. */
import type { DirectArm, ReversedArm } from '../protocol/evaluation-arms.ts';
import { shownRow } from '../protocol/records.ts';
import type { AnsweredLine, AnswersHeader, AnswersLine, GivenAnswer, SkippedLine } from './answers-file.ts';
import type { ArmLines, DirectLine, ReversedLine } from './arm-files.ts';
import { type DirectPair, directArmOf, type ReversedPair, reversedArmOf } from './arm-results.ts';
import { bootstrapMean, type Interval, mcnemarExact, pairedBootstrap } from './statistics.ts';

export interface SliceResult {
  readonly name: string;
  /** Questions that were answered; all means are over these. */
  readonly count: number;
  /** Questions that could not be asked, since their medium can't be read or their prompt is too long: in no mean. */
  readonly skipped: number;
  /** Of them, questions whose type the benchmarks do not score (OCR, free-form): each counts 0 in the accuracy. */
  readonly unscored: number;
  /** Share of right answers, regression left out; null where all are regression. */
  readonly accuracy: (Interval & { readonly count: number }) | null;
  /** Of regression alone. */
  readonly meanRelativeAccuracy: (Interval & { readonly count: number }) | null;
  /** Mean accuracy reward as training pays it, over all answers. */
  readonly reward: number | null;
}

/** Ordered against shuffled frames, question by question. */
export interface OrderResult {
  readonly name: string;
  readonly count: number;
  readonly ordered: number;
  readonly shuffled: number;
  /** Ordered minus shuffled, paired. */
  readonly difference: Interval;
  readonly onlyOrderedRight: number;
  readonly onlyShuffledRight: number;
  readonly mcnemarP: number;
}

export interface DatasetResult {
  readonly name: string;
  /** Rows of the dataset; answered and skipped ones may be fewer. */
  readonly rows: number;
  readonly all: SliceResult;
  readonly byType: readonly SliceResult[];
  readonly bySource: readonly SliceResult[];
  /** Only for datasets that say the family of a question. */
  readonly byFamily: readonly SliceResult[];
  /** Empty without shuffled answers. */
  readonly order: readonly OrderResult[];
  /** The same questions without reasoning; absent where none was asked so. */
  readonly direct?: DirectArm;
  /** Videos shown backwards; absent where none was asked so. */
  readonly reversed?: ReversedArm;
  /** Rows from 1. */
  readonly unreadable: readonly { readonly row: number; readonly path: string; readonly message: string }[];
}

export interface EvaluationResults {
  readonly version: 1;
  readonly settings: AnswersHeader;
  readonly datasets: readonly DatasetResult[];
}

export const isRegression = ({ problemType }: Pick<AnswersLine, 'problemType'>) => problemType === 'regression';
const isUnscored = ({ problemType }: AnswersLine) => problemType === 'OCR' || problemType === 'free-form';

function counted(values: readonly number[], seed: number): (Interval & { count: number }) | null {
  const interval = bootstrapMean(values, seed);
  return interval && { ...interval, count: values.length };
}

function slice(name: string, lines: readonly AnswersLine[], seed: number): SliceResult {
  const answered = lines.filter(isAnswered);
  const accuracies = (regression: boolean) =>
    answered.filter((line) => isRegression(line) === regression).map((line) => line.ordered.accuracy);
  const rewards = answered.map((line) => line.ordered.reward);
  return {
    name,
    count: answered.length,
    skipped: lines.length - answered.length,
    unscored: answered.filter(isUnscored).length,
    accuracy: counted(accuracies(false), seed),
    meanRelativeAccuracy: counted(accuracies(true), seed),
    reward: rewards.length === 0 ? null : rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length,
  };
}

function slices(
  lines: readonly AnswersLine[],
  nameOf: (line: AnswersLine) => string | null,
  seed: number,
): SliceResult[] {
  const groups = Map.groupBy(lines, nameOf);
  return [...groups]
    .flatMap(([name, own]) => (name === null ? [] : [slice(name, own, seed)]))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function orderOf(name: string, lines: readonly AnswersLine[], seed: number): OrderResult[] {
  const pairs = lines.flatMap((line) =>
    line.outcome === 'answered' && line.shuffled ? [{ ordered: line.ordered, shuffled: line.shuffled }] : [],
  );
  const ordered = pairs.map((pair) => pair.ordered.accuracy);
  const shuffled = pairs.map((pair) => pair.shuffled.accuracy);
  const difference = pairedBootstrap(ordered, shuffled, seed);
  if (!difference) return [];
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const onlyOrderedRight = pairs.filter((pair) => pair.ordered.correct && !pair.shuffled.correct).length;
  const onlyShuffledRight = pairs.filter((pair) => !pair.ordered.correct && pair.shuffled.correct).length;
  return [
    {
      name,
      count: pairs.length,
      ordered: mean(ordered),
      shuffled: mean(shuffled),
      difference,
      onlyOrderedRight,
      onlyShuffledRight,
      mcnemarP: mcnemarExact(onlyOrderedRight, onlyShuffledRight),
    },
  ];
}

/** The answers that say what order is worth: on questions that need it where the dataset says so, else on all videos; regression left out. */
export function orderAnswers(lines: readonly AnswersLine[]): (AnsweredLine & { shuffled: GivenAnswer })[] {
  const pairs = lines.filter(
    (line): line is AnsweredLine & { shuffled: GivenAnswer } =>
      line.outcome === 'answered' && line.shuffled !== null && !isRegression(line),
  );
  const needsOrder = pairs.filter((line) => line.needsOrder === true);
  return needsOrder.length > 0 ? needsOrder : pairs;
}

const isAnswered = <L extends { readonly outcome: string }>(line: L): line is Extract<L, { outcome: 'answered' }> =>
  line.outcome === 'answered';

const partOf = (line: AnsweredLine) => ({
  ...{ type: line.problemType, family: line.family, needsOrder: line.needsOrder === true },
});

/** Pairs by row: what only one of the two answered is in none. */
function directOf(own: readonly AnsweredLine[], lines: readonly DirectLine[], seed: number): DirectArm | null {
  const answered = lines.filter(isAnswered);
  const byRow = new Map(answered.map((line) => [line.row, line]));
  const pairs = (lines: readonly AnsweredLine[]): DirectPair[] =>
    lines.flatMap((line) => {
      const other = byRow.get(line.row);
      return other ? [{ ...partOf(line), reasoning: line.ordered, direct: other.direct }] : [];
    });
  const scored = own.filter((line) => !isRegression(line));
  return directArmOf(answered[0]?.by ?? 'prefix', pairs(scored), seed, pairs(own.filter(isRegression)));
}

function reversedOf(
  own: readonly AnswersLine[],
  lines: readonly ReversedLine[],
  seed: number,
  saysReversed: (row: number) => boolean,
): ReversedArm {
  const byRow = new Map(lines.map((line) => [line.row, line]));
  const pairs = own.filter(isAnswered).flatMap((line): ReversedPair[] => {
    const other = byRow.get(line.row);
    return other?.outcome === 'answered' ? [{ ...partOf(line), clip: line.ordered, reversed: other.reversed }] : [];
  });
  return reversedArmOf(pairs, own.filter(({ row }) => !saysReversed(row)).length, seed);
}

export interface ResultArms extends ArmLines {
  /** Whether a dataset says what is right of a row's video backwards. */
  saysReversed(dataset: string, row: number): boolean;
}

/** Everything that is in the file counts, whichever sitting it came from. The seed of the evaluation fixes the resamples. */
export function resultsOf(
  header: AnswersHeader,
  lines: readonly AnswersLine[],
  arms: ResultArms = { saysReversed: () => false },
): EvaluationResults {
  const { seed } = header.sampling;
  return {
    version: 1,
    settings: header,
    datasets: header.datasets.map(({ name, rows }) => {
      const ofDataset = (line: { readonly dataset: string }) => line.dataset === name;
      const own = lines.filter(ofDataset);
      const direct = arms.direct && directOf(own.filter(isAnswered), arms.direct.filter(ofDataset), seed);
      const reversed =
        arms.reversed && reversedOf(own, arms.reversed.filter(ofDataset), seed, (row) => arms.saysReversed(name, row));
      const scored = own.filter((line) => !isRegression(line));
      const needsOrder = orderOf(
        'questions that need order',
        scored.filter((line) => line.needsOrder === true),
        seed,
      );
      const videos = orderOf('all videos', scored, seed);
      return {
        name,
        rows,
        all: slice(name, own, seed),
        byType: slices(own, (line) => line.problemType, seed),
        bySource: slices(own, (line) => line.source || '(no source)', seed),
        byFamily: slices(own, (line) => line.family, seed),
        order: [
          ...needsOrder,
          // The same questions would be the same row again.
          ...videos.filter(({ count }) => count !== needsOrder[0]?.count),
          ...orderOf('regression on videos (MRA)', own.filter(isRegression), seed),
        ],
        ...(direct && { direct }),
        ...(reversed && { reversed }),
        unreadable: own
          .filter((line): line is SkippedLine => line.outcome === 'skipped')
          .map(({ path, message, ...line }) => ({ row: shownRow(line), path, message })),
      };
    }),
  };
}
