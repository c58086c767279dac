/** What advisories are judged by: the steps of a run with what was counted of them, its evaluations, its disk. Computes only. */
import type { Advisory, WayOn } from '../../protocol/advisories.ts';
import type { Checkpoint, Evaluation, StepMetrics } from '../../protocol/records.ts';
import type { RunFacts } from '../../protocol/run-state.ts';
import type { CountName } from '../../protocol/step-counts.ts';
import type { KindCount } from '../../store/kind-counts.ts';

export interface JudgedStep {
  readonly metrics: StepMetrics;
  /** Of the groups that were trained on; what was counted nowhere is not there. */
  readonly counts: Readonly<Partial<Record<CountName, number>>>;
  /** Only of the newest steps. */
  readonly kinds: readonly KindCount[];
}

export interface Facts {
  readonly run: Pick<RunFacts, 'id' | 'method' | 'parameters' | 'steps' | 'dataset'>;
  /** Those that stand, oldest first. */
  readonly steps: readonly JudgedStep[];
  /** Oldest first. */
  readonly evaluations: readonly Evaluation[];
  /** Oldest first. */
  readonly checkpoints: readonly Checkpoint[];
  /** Where the run writes; null where it can't be known. */
  readonly disk: { readonly freeBytes: number; readonly folder: string } | null;
}

/** What a rule finds: an advisory without its name and its step. */
export type Finding = Pick<Advisory, 'message' | 'numbers' | 'ways'> & { readonly subject?: string };

/**
 * What holds now of a rule; null where nothing can be said, and what stands goes on standing.
 * @param stands whether what it finds of this subject stands already: then the milder limit counts
 */
export type Rule = (facts: Facts, stands: (subject?: string) => boolean) => readonly Finding[] | null;

/** The last `count` steps; empty where there are fewer. */
export const lastSteps = ({ steps }: Facts, count: number): readonly JudgedStep[] =>
  steps.length < count ? [] : steps.slice(-count);

/** Null where no step has the number. */
export function meanOf(steps: readonly JudgedStep[], pick: (metrics: StepMetrics) => number | null): number | null {
  const values = steps.flatMap(({ metrics }) => pick(metrics) ?? []);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

export const sumOf = (steps: readonly JudgedStep[], name: CountName): number =>
  steps.reduce((sum, { counts }) => sum + (counts[name] ?? 0), 0);

// ---- words ----------------------------------------------------------------------------------------------------------

/** `the last 10 steps (31 to 40)`. */
export const stepWords = (steps: readonly JudgedStep[]): string =>
  `the last ${steps.length} steps (${steps[0]?.metrics.step} to ${steps.at(-1)?.metrics.step})`;

/** `34 %`. */
export const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** Without the last digits, which say nothing: `0.52`, `0.0031`. */
export const shown = (value: number): string => String(Number(value.toPrecision(2)));

const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

/** The answers of these steps that a term keeps, to be looked at. */
export const look = (steps: readonly JudgedStep[], term: string, why: string): WayOn => ({
  kind: 'look',
  query: `purpose:train half:ordered step>=${steps[0]?.metrics.step ?? 0} ${term}`.trim(),
  why,
});
export const lookAtKind = (steps: readonly JudgedStep[], { by, name }: Pick<KindCount, 'by' | 'name'>, why: string) =>
  look(steps, `${by}:${quoted(name)} correct:false`, why);

/** A live parameter; nothing where it has the value already. */
export function setTo({ run }: Facts, parameter: keyof RunFacts['parameters'], value: unknown, why: string): WayOn[] {
  return run.parameters[parameter] === value ? [] : [{ kind: 'set', parameter, value, why }];
}

/** Half the learning rate, with as many digits as are worth reading; nothing where it is 0. */
export function halfTheRate(facts: Facts, why: string): WayOn[] {
  const { learningRate } = facts.run.parameters;
  return learningRate > 0 ? setTo(facts, 'learningRate', Number((learningRate / 2).toPrecision(3)), why) : [];
}

/** A new run from the newest checkpoint of a step or an earlier one; nothing where there is none. */
export function forkAt(
  { checkpoints }: Facts,
  step: number,
  set: Partial<RunFacts['parameters']>,
  why: string,
): WayOn[] {
  const from = checkpoints.filter((held) => held.step <= step).reduce((max, held) => Math.max(max, held.step), -1);
  return from < 0 ? [] : [{ kind: 'fork', from, set, why }];
}
