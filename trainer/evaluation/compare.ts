/** Two evaluations of the same questions: which is better, how sure that is, and which questions flipped. Computes only. */
import { settingsThatDiffer } from '../journal/json-lines.ts';
import { StudioError } from '../protocol/errors.ts';
import { shownRow } from '../protocol/records.ts';
import type { AnsweredLine, AnswersHeader, AnswersLine, GivenAnswer } from './answers-file.ts';
import type { ArmLines, DirectLine, ReversedLine } from './arm-files.ts';
import { bounds, modelLabel, percent, probability } from './report.ts';
import { isRegression } from './results.ts';
import { type Interval, mcnemarExact, pairedBootstrap } from './statistics.ts';
import { plain, type Report } from './table.ts';

export interface Side {
  readonly header: AnswersHeader;
  readonly lines: readonly AnswersLine[];
  /** What was asked besides; compared where both have it. */
  readonly arms?: ArmLines;
}

export interface ComparedSlice {
  readonly name: string;
  readonly count: number;
  readonly a: number;
  readonly b: number;
  /** b minus a, paired. */
  readonly difference: Interval;
  readonly onlyARight: number;
  readonly onlyBRight: number;
  readonly mcnemarP: number;
}

export interface Flip {
  readonly direction: 'right to wrong' | 'wrong to right';
  readonly dataset: string;
  /** Rows of the files, from 1. */
  readonly rowA: number;
  readonly rowB: number;
  readonly problemId: string;
  readonly problem: string;
  readonly problemType: string;
  readonly solution: string;
  readonly path: string;
  readonly a: { readonly answer: string; readonly text: string };
  readonly b: { readonly answer: string; readonly text: string };
}

export interface Comparison {
  readonly version: 1;
  readonly a: AnswersHeader['label'];
  readonly b: AnswersHeader['label'];
  /** Settings in which the two differ besides the model. */
  readonly otherSettings: readonly string[];
  readonly pairs: number;
  /** Answers of one side without a partner: not asked, or skipped, on the other. */
  readonly leftOut: { readonly a: number; readonly b: number };
  readonly slices: readonly ComparedSlice[];
  readonly flips: readonly Flip[];
}

const regressionSlice = 'regression (MRA)';

type Pair = readonly [AnsweredLine, AnsweredLine];

type Answered<L extends AnyLine> = Extract<L, { outcome: 'answered' }>;
type AnyLine = AnswersLine | DirectLine | ReversedLine;

/** By dataset and content; where a dataset asks the same twice, the first with the first. */
function byContent<L extends AnyLine>(lines: readonly L[]): Map<string, Answered<L>> {
  const times = new Map<string, number>();
  const answered = lines.filter((line): line is Answered<L> => line.outcome === 'answered');
  return new Map(
    answered
      .toSorted((x, y) => x.row - y.row)
      .map((line) => {
        const content = `${line.dataset}\n${line.key}`;
        const time = times.get(content) ?? 0;
        times.set(content, time + 1);
        return [`${content}\n${time}`, line];
      }),
  );
}

type Scored = Pick<GivenAnswer, 'accuracy' | 'correct'>;
type ScoredPair = readonly [Scored, Scored];

const inOrder = ([x, y]: Pair): ScoredPair => [x.ordered, y.ordered];

function sliceOf(name: string, pairs: readonly ScoredPair[], seed: number): ComparedSlice[] {
  const accuracies = (side: 0 | 1) => pairs.map((pair) => pair[side].accuracy);
  const [a, b] = [accuracies(0), accuracies(1)];
  const difference = pairedBootstrap(b, a, seed);
  if (!difference) return [];
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const onlyARight = pairs.filter(([x, y]) => x.correct && !y.correct).length;
  const onlyBRight = pairs.filter(([x, y]) => !x.correct && y.correct).length;
  const mcnemarP = mcnemarExact(onlyARight, onlyBRight);
  return [{ name, count: pairs.length, a: mean(a), b: mean(b), difference, onlyARight, onlyBRight, mcnemarP }];
}

const partOf = ([{ family, problemType }]: Pair) => family ?? problemType;

/** A dataset, then its families, or types of problem where it names none. */
function datasetSlices(name: string, scored: readonly Pair[], seed: number): ComparedSlice[] {
  const own = scored.filter(([line]) => line.dataset === name);
  const parts = [...Map.groupBy(own, partOf)].sort(([x], [y]) => (x < y ? -1 : 1));
  return [
    ...sliceOf(name, own.map(inOrder), seed),
    ...parts.flatMap(([part, pairs]) => sliceOf(`  ${part}`, pairs.map(inOrder), seed)),
  ];
}

/** Names of rows of what was asked besides. */
const [directSlice, pairSlice] = ['without reasoning', 'clip and its reversal'];

/** Scored by content: answers without reasoning, but of regression. */
const directScores = ({ arms }: Side): Map<string, Scored> =>
  new Map(
    [...byContent(arms?.direct ?? [])]
      .filter(([, line]) => !isRegression(line))
      .map(([content, { direct }]) => [content, direct]),
  );

/** Scored by content: right where the clip and its reversal are. */
function pairScores({ lines, arms }: Side): Map<string, Scored> {
  const clips = byContent(lines);
  return new Map(
    [...byContent(arms?.reversed ?? [])].flatMap(([content, { reversed }]): [string, Scored][] => {
      const clip = clips.get(content);
      if (clip === undefined) return [];
      const correct = clip.ordered.correct && reversed.correct;
      return [[content, { accuracy: Number(correct), correct }]];
    }),
  );
}

function sharedScores(a: Map<string, Scored>, b: Map<string, Scored>): ScoredPair[] {
  return [...a].flatMap(([content, x]): ScoredPair[] => {
    const y = b.get(content);
    return y ? [[x, y]] : [];
  });
}

/**
 * Pairs the answers on ordered frames. Sampling and wording may differ, which is said; what the models were shown may not.
 * @throws StudioError `conflict` when frames differ, or no question is in both
 */
export function compareEvaluations(a: Side, b: Side): Comparison {
  const unlike = settingsThatDiffer(a.header.frames, b.header.frames);
  if (unlike.length > 0)
    throw new StudioError('conflict', `The two models were not shown the same frames:\n${unlike.join('\n')}`, {
      remedy: 'Evaluate one of them again with the other’s frames and sizes.',
    });
  const [left, right] = [byContent(a.lines), byContent(b.lines)];
  const pairs = [...left].flatMap(([content, line]): Pair[] => {
    const partner = right.get(content);
    return partner ? [[line, partner]] : [];
  });
  if (pairs.length === 0)
    throw new StudioError('conflict', 'No question was answered in both evaluations.', {
      remedy: `One asked ${names(a)}, the other ${names(b)}.`,
    });
  const { seed } = a.header.sampling;
  const scored = pairs.filter(([line]) => !isRegression(line));
  const datasets = [...new Set(pairs.map(([line]) => line.dataset))];
  const { label: _a, model: _modelA, datasets: _datasetsA, ...settingsA } = a.header;
  const { label: _b, model: _modelB, datasets: _datasetsB, ...settingsB } = b.header;
  return {
    version: 1,
    a: a.header.label,
    b: b.header.label,
    otherSettings: settingsThatDiffer(settingsA, settingsB),
    pairs: pairs.length,
    leftOut: { a: left.size - pairs.length, b: right.size - pairs.length },
    slices: [
      ...datasets.flatMap((name) => datasetSlices(name, scored, seed)),
      ...sliceOf(regressionSlice, pairs.filter(([line]) => isRegression(line)).map(inOrder), seed),
      ...sliceOf(directSlice, sharedScores(directScores(a), directScores(b)), seed),
      ...sliceOf(pairSlice, sharedScores(pairScores(a), pairScores(b)), seed),
    ],
    flips: pairs.filter(([x, y]) => x.ordered.correct !== y.ordered.correct).map(flipOf),
  };
}

const names = ({ header }: Side) => header.datasets.map(({ name }) => name).join(', ');

function flipOf([a, b]: Pair): Flip {
  const { dataset, problemId, problem, problemType, solution, path } = a;
  return {
    direction: a.ordered.correct ? 'right to wrong' : 'wrong to right',
    dataset,
    rowA: shownRow(a),
    rowB: shownRow(b),
    ...{ problemId, problem, problemType, solution, path },
    a: { answer: a.ordered.answer, text: a.ordered.text },
    b: { answer: b.ordered.answer, text: b.ordered.text },
  };
}

const shownFlips = 5;

function flipTable(title: Flip['direction'], flips: readonly Flip[]) {
  const own = flips.filter(({ direction }) => direction === title);
  const rows = own
    .slice(0, shownFlips)
    .map((flip) => [
      plain(flip.problem, 60),
      plain(flip.solution, 20),
      plain(flip.a.answer, 24) || '(none)',
      plain(flip.b.answer, 24) || '(none)',
    ]);
  const more = own.length > rows.length ? `, the first ${rows.length}` : '';
  return rows.length === 0
    ? []
    : [{ title: '', head: [`${title}: ${own.length}${more}`, 'solution', 'A answers', 'B answers'], rows }];
}

export function comparisonReport(a: Side, b: Side, comparison: Comparison): Report {
  const { pairs, leftOut, otherSettings, slices, flips } = comparison;
  return {
    title: `A: ${modelLabel(a.header)}    B: ${modelLabel(b.header)}`,
    lines: [
      `${pairs} questions that both answered, paired by dataset and content.`,
      ...(leftOut.a + leftOut.b > 0
        ? [`Left out, since the other has no answer: ${leftOut.a} of A, ${leftOut.b} of B.`]
        : []),
      ...otherSettings.map((difference) => `Other settings: ${plain(difference, 200)}`),
    ],
    tables: [
      {
        title: '',
        head: ['accuracy', 'pairs', 'A', 'B', 'B - A', '95 % interval', 'only A : only B right', 'McNemar p'],
        rows: slices.map((s) => [
          // Indented under its dataset.
          s.name.startsWith(' ') ? `  ${plain(s.name, 40)}` : plain(s.name, 40),
          String(s.count),
          percent(s.a),
          percent(s.b),
          percent(s.difference.mean),
          bounds(s.difference),
          `${s.onlyARight} : ${s.onlyBRight}`,
          probability(s.mcnemarP),
        ]),
      },
      ...flipTable('wrong to right', flips),
      ...flipTable('right to wrong', flips),
    ],
    notes: [
      'In percent, frames in order, by the benchmarks’ rule. Interval: paired bootstrap over questions, 10,000 resamples.',
      ...(slices.some(({ name }) => name === regressionSlice)
        ? ['regression: an answer is right where its mean relative accuracy is 1, within 5 % of the solution.']
        : []),
      ...(slices.some(({ name }) => name === directSlice)
        ? [`${directSlice}: the same questions, answered directly; regression is left out.`]
        : []),
      ...(slices.some(({ name }) => name === pairSlice)
        ? [`${pairSlice}: right on both, on videos of which the dataset says what is right backwards.`]
        : []),
      'p: McNemar’s exact test, two-sided, on the questions where only one is right. Rows of many families are many tests: a small p among them comes by chance.',
    ],
  };
}
