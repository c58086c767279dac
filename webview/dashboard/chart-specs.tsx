/** Which charts a run's dashboard has, and the curves of each: of every run that is overlaid. Only what has values is drawn. */
import type { CurveName } from '../../trainer/protocol/curves.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import type { FormulaName } from '../formulas/formulas.ts';
import { hasValues } from '../state/metric-columns.ts';
import { OrderMark } from '../ui/icons.tsx';
import { plain } from '../ui/numbers.ts';
import type { ChartProps } from './chart.tsx';
import { type Curve, valuesOf } from './curve.ts';
import type { Drawn } from './drawn-runs.ts';
import { runDash } from './run-marks.tsx';

export type ChartSpec = Pick<ChartProps, 'title' | 'curves' | 'note' | 'range' | 'band'>;

interface CurveSpec {
  readonly metric: CurveName;
  readonly formula: FormulaName;
  readonly name: string;
  readonly colour: Curve['colour'];
  readonly mark?: Curve['mark'];
  readonly dash?: readonly number[];
  readonly smoothed?: boolean;
  /** Left out where a run has no such values. */
  readonly ifAny?: boolean;
}

/** The large charts and the small ones, in their order. */
export function chartSpecs(drawn: Drawn): { large: ChartSpec[]; small: ChartSpec[] } {
  const [first] = drawn.runs;
  if (!first) return { large: [], small: [] };
  const curves = (specs: readonly CurveSpec[]) => specs.flatMap((spec) => curvesOf(drawn, spec));
  const one = (title: string, spec: CurveSpec): ChartSpec => ({ title, curves: curves([spec]) });
  const plainOne = (title: string, metric: CurveName, formula: FormulaName, smoothed = true) =>
    one(title, { metric, formula, name: nameOf(title), colour: 'plain', ...(smoothed ? {} : { smoothed }) });

  const learnsBySupervision = first.run.method === 'sft';
  const probes = learnsBySupervision ? { smoothed: false } : {};
  const accuracy: ChartSpec = {
    title: learnsBySupervision ? 'Probe accuracy' : 'Accuracy reward',
    curves: curves([
      {
        metric: 'accuracy',
        formula: learnsBySupervision ? 'probeAccuracy' : 'accuracyReward',
        ...{ name: 'ordered', colour: 'ordered', mark: <OrderMark order="ordered" />, ...probes },
      },
      {
        metric: 'accuracyShuffled',
        formula: learnsBySupervision ? 'probeAccuracyShuffled' : 'accuracyShuffled',
        ...{ name: 'shuffled', colour: 'shuffled', mark: <OrderMark order="shuffled" />, ...probes },
        ...{ dash: [5, 3], ifAny: true },
      },
    ]),
  };
  const temporal: ChartSpec = {
    ...one('Temporal reward, scaled 0–1', {
      metric: 'temporal',
      formula: 'temporalReward',
      name: 'share paid',
      colour: 'temporal',
    }),
    range: [0, 1],
  };
  const length: ChartSpec = {
    ...one('Response length', { metric: 'length', formula: 'responseLength', name: 'tokens', colour: 'plain' }),
    ...(learnsBySupervision ? {} : lengthWindow(first.run)),
  };
  const loss = plainOne('Loss', 'loss', learnsBySupervision ? 'sftLoss' : 'policyLoss');
  const hasAny = (spec: ChartSpec) => spec.curves.some(({ values }) => values.some((value) => value !== null));
  return {
    large: (learnsBySupervision ? [loss, accuracy, length] : [accuracy, temporal, length]).filter(hasAny),
    small: [
      ...(learnsBySupervision ? [] : [loss]),
      plainOne('KL', 'kl', 'kl'),
      plainOne('Entropy', 'entropy', 'entropy'),
      plainOne('Gradient norm', 'gradNorm', 'gradientNorm'),
      plainOne('Flat groups', 'flatGroups', 'flatGroups'),
      plainOne('Learning rate', 'learningRate', 'learningRate', false),
      plainOne('Reward', 'reward', 'rewardCurve'),
      plainOne('Clipped share', 'clipped', 'clippedShare'),
      plainOne('Mismatch, nats', 'mismatch', 'mismatch'),
      plainOne('Mismatch, k3', 'mismatchK3', 'mismatch'),
      plainOne('Largest weight', 'importance', 'importance'),
      plainOne('Tokens a second', 'tokensPerSecond', 'throughput'),
      one('Trainer, GB', {
        metric: 'memory',
        formula: 'memory',
        name: 'trainer memory, GB',
        colour: 'plain',
      }),
      one('Ranks, GB', {
        metric: 'rankMemory',
        formula: 'rankMemory',
        name: 'rank memory, GB',
        colour: 'plain',
      }),
    ].filter(hasAny),
  };
}

/** Inside a sentence; an abbreviation stays as it is. */
const nameOf = (title: string) => (/^[A-Z]{2}/.test(title) ? title : title.toLowerCase());

const gigabyte = 1e9;

function curvesOf({ runs }: Drawn, spec: CurveSpec): Curve[] {
  const { metric, ifAny = false, dash: own, ...shown } = spec;
  return runs.flatMap(({ run, metrics }, place): Curve[] => {
    const column = metrics.columns[metric];
    if ((ifAny || place > 0) && !hasValues(column)) return [];
    const dash = runDash(own, place);
    return [
      {
        ...shown,
        ...valuesOf(metric === 'memory' || metric === 'rankMemory' ? scaled(column, 1 / gigabyte) : column),
        ...(dash && { dash }),
        ...(runs.length > 1 && { ofRun: { place, id: run.id } }),
      },
    ];
  });
}

function scaled(column: Parameters<typeof valuesOf>[0], by: number): Parameters<typeof valuesOf>[0] {
  const times = (values: readonly (number | null)[]) => values.map((value) => value && value * by);
  return { ...column, mean: times(column.mean), low: times(column.low), high: times(column.high) };
}

function lengthWindow({ parameters }: RunSummary): Pick<ChartSpec, 'band' | 'note'> {
  const { lengthMin, lengthMax, lengthAdaptation } = parameters;
  return {
    band: [lengthMin, lengthMax],
    note: `window ${plain(lengthMin)}–${plain(lengthMax)}${lengthAdaptation > 0 ? ', moved by difficulty' : ''}`,
  };
}
