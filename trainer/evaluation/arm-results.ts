/** What the other arms of an evaluation say beside its answers, pair by pair. Computes only. */
import type { DirectArm, DirectSlice, ReversedArm, ReversedSlice } from '../protocol/evaluation-arms.ts';
import { parseCompletion } from '../reasoning/completion.ts';
import { bootstrapMean, type Interval, mcnemarExact, pairedBootstrap } from './statistics.ts';

/** What an answer earned. */
interface Scored {
  readonly accuracy: number;
  readonly correct: boolean;
}

interface ArmPair {
  readonly type: string;
  /** Null where the dataset names none. */
  readonly family: string | null;
  readonly needsOrder: boolean;
}

/** A question with reasoning and without. */
export interface DirectPair extends ArmPair {
  readonly reasoning: Scored;
  readonly direct: Scored & { readonly text: string };
}

/** A video as it is and backwards. */
export interface ReversedPair extends ArmPair {
  readonly clip: Scored;
  readonly reversed: Scored;
}

type Part<P> = readonly [kind: DirectSlice['kind'], name: string, pairs: readonly P[]];

/** All; those that need order, where these are others; then by type and by family, where there are several. */
function partsOf<P extends ArmPair>(pairs: readonly P[]): Part<P>[] {
  const needsOrder = pairs.filter((pair) => pair.needsOrder);
  const by = (kind: 'type' | 'family', nameOf: (pair: P) => string | null): Part<P>[] => {
    const parts = [...Map.groupBy(pairs, nameOf)].flatMap(([name, own]): Part<P>[] =>
      name === null ? [] : [[kind, name, own]],
    );
    return parts.length < 2 ? [] : parts.sort(([, a], [, b]) => (a < b ? -1 : 1));
  };
  return [
    ['all', 'all', pairs],
    ...(needsOrder.length > 0 && needsOrder.length < pairs.length
      ? [['needs order', 'needs the order of frames', needsOrder] as const]
      : []),
    ...by('type', ({ type }) => type),
    ...by('family', ({ family }) => family),
  ];
}

/** @param values at least one */
const meanOf = (values: readonly number[], seed: number) => bootstrapMean(values, seed) as Interval;

/** @param pairs at least one */
function directSlice([kind, name, pairs]: Part<DirectPair>, seed: number): DirectSlice {
  const reasoning = pairs.map((pair) => pair.reasoning.accuracy);
  const direct = pairs.map((pair) => pair.direct.accuracy);
  const onlyReasoning = pairs.filter((pair) => pair.reasoning.correct && !pair.direct.correct).length;
  const onlyDirect = pairs.filter((pair) => !pair.reasoning.correct && pair.direct.correct).length;
  return {
    ...{ kind, name, count: pairs.length },
    reasoning: meanOf(reasoning, seed),
    direct: meanOf(direct, seed),
    difference: pairedBootstrap(reasoning, direct, seed) as Interval,
    ...{ onlyReasoning, onlyDirect, p: mcnemarExact(onlyReasoning, onlyDirect) },
  };
}

/**
 * @param by how the model was kept from reasoning
 * @param regression pairs whose accuracy is of another kind, and stands apart
 * @returns null without pairs
 */
export function directArmOf(
  by: DirectArm['by'],
  pairs: readonly DirectPair[],
  seed: number,
  regression: readonly DirectPair[] = [],
): DirectArm | null {
  if (pairs.length + regression.length === 0) return null;
  const completions = [...pairs, ...regression].map(({ direct }) => parseCompletion(direct.text));
  const parts: Part<DirectPair>[] = [
    ...(pairs.length === 0 ? [] : partsOf(pairs)),
    ...(regression.length === 0 ? [] : [['regression', 'regression (MRA)', regression] as const]),
  ];
  return {
    by,
    reasoned: completions.filter(({ thinkText }) => thinkText.trim() !== '').length,
    broken: completions.filter(({ problems }) => problems.length > 0).length,
    slices: parts.map((part) => directSlice(part, seed)),
  };
}

/** @param pairs at least one */
function reversedSlice([kind, name, pairs]: Part<ReversedPair>, seed: number): ReversedSlice {
  const share = (isRight: (pair: ReversedPair) => boolean) => meanOf(pairs.map(isRight).map(Number), seed);
  return {
    ...{ kind, name, count: pairs.length },
    clip: share(({ clip }) => clip.correct),
    reversed: share(({ reversed }) => reversed.correct),
    pair: share(({ clip, reversed }) => clip.correct && reversed.correct),
  };
}

/** Shares of right answers; regression is right where it is exactly so. @param leftOut questions without a reversed solution */
export function reversedArmOf(pairs: readonly ReversedPair[], leftOut: number, seed: number): ReversedArm {
  return { leftOut, slices: pairs.length === 0 ? [] : partsOf(pairs).map((part) => reversedSlice(part, seed)) };
}
