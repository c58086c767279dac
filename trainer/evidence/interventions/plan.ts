/** Which interventions an answer is weighed by, drawn from a seed alone: the same answer is always shown the same shuffles. */
import { permutation, randomFrom } from '../../data/random.ts';
import { framesPerPair, type Intervention, type InterventionKind, type Weighing } from '../../protocol/evidence.ts';
import type { AnsweredQuestion } from './asked.ts';

/** Shuffles that the worth of order is the mean over, where nothing else is asked for. */
export const usualShuffles = 4;

export interface Wanted {
  readonly kinds: readonly InterventionKind[];
  /** Shuffles for `order`. */
  readonly shuffles: number;
  readonly seed: number;
}

export interface InterventionPlan {
  readonly interventions: readonly Intervention[];
  /** Kinds that make no sense here, with the reason. */
  readonly without: Weighing['without'];
}

/**
 * `count` orders of the places 0 … n-1, distinct and never the one in which they stand; all that there are where those are fewer.
 */
export function shuffles(n: number, count: number, seed: number): number[][] {
  const others = factorialUpTo(n, count + 1) - 1;
  const drawn = new Map<string, number[]>();
  for (let attempt = 0; drawn.size < Math.min(count, others); attempt++) {
    const order = permutation(n, randomFrom(seed, attempt));
    if (order.some((from, place) => from !== place)) drawn.set(order.join(), order);
  }
  return [...drawn.values()];
}

/** n!, or `most` where it is more. */
function factorialUpTo(n: number, most: number): number {
  let product = 1;
  for (let i = 2; i <= n && product < most; i++) product *= i;
  return Math.min(product, most);
}

/** @param answered its frames are taken in the order in which the answer saw them */
export function planInterventions(
  {
    question,
    seen,
  }: { readonly question: Pick<AnsweredQuestion['question'], 'options' | 'problemType'> } & Pick<
    AnsweredQuestion,
    'seen'
  >,
  wanted: Wanted,
): InterventionPlan {
  const interventions: Intervention[] = [];
  const without: { kind: InterventionKind; why: string }[] = [];
  for (const kind of new Set(wanted.kinds)) {
    const found = ofKind(kind, wanted, seen, question.options.length, question.problemType === 'multiple choice');
    if (typeof found === 'string') without.push({ kind, why: found });
    else interventions.push(...found);
  }
  return { interventions, without };
}

/** @returns the reason where there is none */
function ofKind(
  kind: InterventionKind,
  wanted: Wanted,
  seen: readonly number[] | null,
  options: number,
  isChoice: boolean,
): Intervention[] | string {
  const frames = seen?.length ?? 1;
  const pairs = Math.ceil(frames / framesPerPair);
  switch (kind) {
    case 'order':
      if (seen === null) return 'An image has no order.';
      if (frames < 2) return 'One frame alone has no order.';
      return shuffles(frames, wanted.shuffles, wanted.seed).map((order) => ({
        kind,
        order: order.map((place) => seen[place] as number),
      }));
    case 'reversed':
      if (seen === null) return 'An image has no order.';
      return frames < 2 ? 'One frame alone has no order.' : [{ kind }];
    case 'pair':
      if (seen === null) return 'An image has no frame pairs.';
      if (pairs < 2) return 'There is one frame pair alone, and none to put in its place.';
      return Array.from({ length: pairs }, (_, pair) => ({ kind, pair }));
    case 'one frame':
      if (seen === null) return 'An image is one frame.';
      if (frames < 2) return 'The video is one frame.';
      return (['first', 'middle', 'last'] as const).map((frame) => ({ kind, frame }));
    case 'options permuted': {
      if (!isChoice || options < 2) return 'The question has no options to permute.';
      const [order] = shuffles(options, 1, wanted.seed);
      return order === undefined ? 'There is one option alone.' : [{ kind, order }];
    }
    case 'blind':
    case 'no medium':
    case 'no question':
    case 'no reasoning':
      return [{ kind }];
  }
}
