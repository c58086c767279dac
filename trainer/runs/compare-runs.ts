/** What pairs of two runs, or of two evaluations, say: means with their intervals, tests, and the settings that differ. */
import { mcnemarExact, studentInterval } from '../evaluation/statistics.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import type {
  ComparedEvaluations,
  ComparedSlice,
  EvaluationPair,
  PairedMean,
  RunDifference,
  SharedQuestions,
} from '../protocol/questions.ts';
import { type EvaluationPairs, type PairSums, pairSums, type SharedPage } from '../store/question-pairs.ts';
import type { RunPlan } from './plan.ts';

/** The interval is that of the paired t test over questions: what makes one hard for both cancels. */
function pairedMeanOf({ count, first, second, difference, squares }: PairSums): PairedMean {
  const { low, high } = studentInterval(count, difference, squares);
  return { count, first, second, difference, low, high };
}

export function sharedQuestionsOf({ sums, ...page }: SharedPage): SharedQuestions {
  return {
    ...page,
    means: sums && {
      right: pairedMeanOf(sums.right),
      reward: pairedMeanOf(sums.reward),
      length: pairedMeanOf(sums.length),
    },
  };
}

// ---- evaluations ----------------------------------------------------------------------------------------------------

type ScoredPair = Readonly<Record<'first' | 'second', { readonly accuracy: number; readonly correct: boolean }>>;

function slice(kind: ComparedSlice['kind'], name: string, pairs: readonly ScoredPair[]): ComparedSlice {
  const only = (right: 'first' | 'second', wrong: 'first' | 'second') =>
    pairs.filter((pair) => pair[right].correct && !pair[wrong].correct).length;
  const [onlyFirst, onlySecond] = [only('first', 'second'), only('second', 'first')];
  const mean = pairedMeanOf(pairSums(pairs.map(({ first, second }) => [first.accuracy, second.accuracy])));
  return { kind, name, mean, onlyFirst, onlySecond, p: mcnemarExact(onlyFirst, onlySecond) };
}

function slices(
  kind: 'type' | 'family',
  pairs: readonly EvaluationPair[],
  nameOf: (pair: EvaluationPair) => string,
): ComparedSlice[] {
  return [...Map.groupBy(pairs, nameOf)]
    .sort(([x], [y]) => (x < y ? -1 : 1))
    .map(([name, own]) => slice(kind, name, own));
}

/** What both evaluations were asked besides. */
function besides(kind: 'direct' | 'reversal', name: string, pairs: readonly EvaluationPair[]): ComparedSlice[] {
  const own = pairs.flatMap((pair) => pair[kind] ?? []);
  return own.length > 0 ? [slice(kind, name, own)] : [];
}

/** Slices as an evaluation itself has them, then what both were asked besides. */
export function comparedEvaluationsOf(paired: EvaluationPairs): ComparedEvaluations {
  const { pairs } = paired;
  const needsOrder = pairs.filter((pair) => pair.needsOrder);
  return {
    ...paired,
    slices: [
      ...(pairs.length > 0 ? [slice('all', 'all', pairs)] : []),
      ...(needsOrder.length > 0 ? [slice('needs order', 'needs the order of frames', needsOrder)] : []),
      ...slices('type', pairs, ({ problemType }) => problemType),
      ...slices('family', pairs, ({ family }) => family),
      ...besides('direct', 'without reasoning', pairs),
      ...besides('reversal', 'clip and its reversal', pairs),
    ],
  };
}

// ---- settings -------------------------------------------------------------------------------------------------------

interface ComparedRun {
  readonly plan: RunPlan;
  readonly parameters: ParameterValues;
}

type Setting = readonly [kind: RunDifference['kind'], value: unknown];

function settingsOf({ plan, parameters }: ComparedRun): Map<string, Setting> {
  const { method, preset, dataset, evaluationDataset, promptTemplate, model, engine, seed, sourceWeights } = plan;
  const written = (place: string | null) => place && plan.paths.record(place);
  return new Map<string, Setting>([
    ['method', ['other', method]],
    ['preset', ['other', preset]],
    ['dataset', ['data', written(dataset)]],
    ['evaluationDataset', ['data', written(evaluationDataset)]],
    ['sourceWeights', ['data', sourceWeights]],
    ['promptTemplate', ['data', written(promptTemplate)]],
    ['seed', ['seed', seed]],
    ['model', ['weights', 'checkpoint' in model ? { ...model, checkpoint: written(model.checkpoint) } : model]],
    ['engine', ['other', engine]],
    ...Object.entries(parameters).map(([name, value]): [string, Setting] => [name, ['parameter', value]]),
  ]);
}

const shown = (value: unknown) =>
  value === null || value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value);

/** Settings of the run files, and parameters as they are now, in which two runs differ, and how many are equal. */
export function differencesOf(
  first: ComparedRun,
  second: ComparedRun,
): { differences: RunDifference[]; equal: number } {
  const [a, b] = [settingsOf(first), settingsOf(second)];
  const all = [...new Set([...a.keys(), ...b.keys()])].map((name): RunDifference => {
    const [one, other] = [a.get(name), b.get(name)];
    return { name, kind: (one ?? other)?.[0] ?? 'other', first: shown(one?.[1]), second: shown(other?.[1]) };
  });
  const differences = all.filter((setting) => setting.first !== setting.second);
  return { differences, equal: all.length - differences.length };
}
