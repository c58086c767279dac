/** Series for the rules of advisories: recorded runs of the study, and made ones with as much noise as those have. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fastRandom } from '../../../trainer/data/random.ts';
import { presetParameters } from '../../../trainer/learning/presets.ts';
import type { Advisory, AdvisoryRule } from '../../../trainer/protocol/advisories.ts';
import type { Method, ParameterValues } from '../../../trainer/protocol/parameters.ts';
import type { Evaluation, StepMetrics } from '../../../trainer/protocol/records.ts';
import type { CountName } from '../../../trainer/protocol/step-counts.ts';
import type { Facts, JudgedStep } from '../../../trainer/runs/advisories/facts.ts';
import { judge } from '../../../trainer/runs/advisories/judge.ts';
import type { KindCount } from '../../../trainer/store/kind-counts.ts';
import { anEvaluation, someMetrics } from '../../store/records.ts';

/** As a test changes a step: what is not named is that of a run that goes well. */
export interface MadeStep {
  readonly metrics?: Partial<StepMetrics>;
  readonly counts?: Partial<Record<CountName, number>>;
  readonly kinds?: readonly KindCount[];
}

/** A number around 0 with a standard deviation of about `size`: the sum of twelve even ones, less 6. */
export function noise(seed: number): (size: number) => number {
  const random = fastRandom(seed);
  return (size) => size * (Array.from({ length: 12 }, () => random() / 2 ** 32).reduce((a, b) => a + b, 0) - 6);
}

export const kind = (name: string, groups: number, mean: number, spread = 0.3, by: KindCount['by'] = 'source') => ({
  ...{ by, name, groups, accuracy: groups * mean },
  squares: groups * (mean ** 2 + spread ** 2),
});

/** 12 groups of 8 a step, as the sample samples; a few answers in a hundred without the right form, half of the groups flat. */
export function aSeries(count: number, make: (step: number) => MadeStep = () => ({})): JudgedStep[] {
  const around = noise(7);
  return Array.from({ length: count }, (_, i): JudgedStep => {
    const step = i + 1;
    const { metrics, counts, kinds } = make(step);
    const accuracy = 0.6 + 0.3 * (i / count) + around(0.06);
    return {
      metrics: someMetrics(step, {
        ...{ accuracy, reward: 1.1 + accuracy + around(0.05), kl: 0.02 + around(0.005), entropy: 0.09 + around(0.008) },
        ...{ flatGroups: 0.5, ...metrics },
      }),
      counts: {
        ...{ groups: 12, answers: 96, analysed: 96, brokenFormat: 2, cutAtLimit: 0, paid: 60, felt: 20 },
        ...{ flatAllRight: 5, flatAllWrong: 1, flatAlike: 0, ...counts },
      },
      kinds: kinds ?? [kind('a', 6, 0.8), kind('b', 6, 0.6), kind('multiple choice', 12, 0.7, 0.3, 'type')],
    };
  });
}

interface MadeRun {
  readonly method?: Method;
  readonly steps?: number;
  readonly parameters?: Partial<ParameterValues>;
  readonly evaluations?: Facts['evaluations'];
  readonly checkpoints?: Facts['checkpoints'];
  readonly disk?: Facts['disk'];
}

export function factsOf(steps: readonly JudgedStep[], given: MadeRun = {}): Facts {
  const { method = 'tgrpo', parameters = {}, evaluations = [], checkpoints = [], disk = null } = given;
  const values = { ...presetParameters('sample', method), ...parameters };
  return {
    run: { id: 'tgrpo-1', method, parameters: values, steps: given.steps ?? 100, dataset: 'rl.json' },
    ...{ steps, evaluations, checkpoints, disk },
  };
}

/** An evaluation of so many questions, so many of them right. */
export const evaluated = (step: number, ordered: number, count = 400): Evaluation => ({
  ...anEvaluation(step),
  all: { name: 'all', count, ordered, shuffled: null },
});

/** What a run hears while it goes through its steps: `begins` and `ends` of each key, with the step. */
export interface Heard {
  readonly told: { readonly key: string; readonly begins: number; readonly ends: number | null }[];
  readonly advisories: Advisory[];
  of(rule: AdvisoryRule): Advisory | undefined;
}

export function hear(steps: readonly JudgedStep[], given: MadeRun = {}): Heard {
  const told: { key: string; begins: number; ends: number | null }[] = [];
  const advisories: Advisory[] = [];
  let standing: Advisory[] = [];
  for (const [i, { metrics }] of steps.entries()) {
    const evaluations = (given.evaluations ?? []).filter(({ step }) => step <= metrics.step);
    const facts = factsOf(steps.slice(0, i + 1), { ...given, evaluations });
    for (const change of judge(facts, standing, metrics.step)) {
      if (change.type === 'advisory') {
        standing = [...standing, change.advisory];
        advisories.push(change.advisory);
        told.push({ key: change.advisory.key, begins: metrics.step, ends: null });
      } else {
        standing = standing.filter(({ key }) => key !== change.key);
        const open = told.findLast(({ key }) => key === change.key);
        if (open) open.ends = metrics.step;
      }
    }
  }
  return { told, advisories, of: (rule) => advisories.find((one) => one.rule === rule) };
}

// ---- recorded runs --------------------------------------------------------------------------------------------------

interface RecordedRun {
  readonly world: string;
  readonly arm: string;
  readonly method: Method;
  readonly metrics: Readonly<
    Record<'accuracy' | 'reward' | 'kl' | 'entropy' | 'flatGroups', readonly (number | null)[]>
  >;
  readonly counts: Readonly<Partial<Record<CountName, readonly number[]>>>;
  /** By source, a triple for each step that had groups of it: groups, sum of their accuracy, sum of squares. */
  readonly sources: Readonly<Record<string, readonly (readonly [number, number, number] | null)[]>>;
}

export type RecordedName = 'healthy' | 'formatLost' | 'paidNotFelt' | 'flat';

const file = path.resolve(import.meta.dirname, '../../fixtures/advised-runs.json');
const recorded = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<RecordedName, RecordedRun>>;

/** 40 steps of a run that `npm run study` made, as its store had them. */
export function recordedRun(name: RecordedName): { method: Method; steps: JudgedStep[] } {
  const { method, metrics, counts, sources } = recorded[name];
  const steps = metrics.accuracy.map((_, i): JudgedStep => {
    const at = <T>(columns: Readonly<Record<string, readonly T[]>>) =>
      Object.fromEntries(Object.entries(columns).map(([key, column]) => [key, column[i] as T]));
    return {
      metrics: someMetrics(i + 1, at(metrics) as Partial<StepMetrics>),
      counts: at(counts as Readonly<Record<string, readonly number[]>>),
      kinds: Object.entries(sources).flatMap(([source, column]): KindCount[] => {
        const found = column[i];
        if (!found) return [];
        const [groups, accuracy, squares] = found;
        return [{ by: 'source', name: source, groups, accuracy, squares }];
      }),
    };
  });
  return { method, steps };
}
