/**
 * What an answer stood on, as its pane shows it: the words that people read with what the order of the frames and each frame pair
 * are worth to them, and the pairs with the words that stand on them. Log-probabilities in; no request, no clock.
 */
import { answerDelta, changesOf, orderWorthOf, pairDeltas } from '../../../trainer/evidence/deltas.ts';
import { type OrderWorth, orderFloor } from '../../../trainer/evidence/order-rule.ts';
import { type Verdict, verdictOf } from '../../../trainer/evidence/verdict.ts';
import { type Word, wordsIn, wordsOf } from '../../../trainer/evidence/words.ts';
import type { InterventionKind, Weighing } from '../../../trainer/protocol/evidence.ts';
import { temporalPaid } from '../../../trainer/protocol/paid-and-felt.ts';
import type { Rollout } from '../../../trainer/protocol/records.ts';
import type { EvidenceShade } from '../shades.ts';

export interface EvidenceWord extends Word {
  /** Null where order was not weighed. */
  readonly order: OrderWorth | null;
  /** Δ in nats by frame pair; null for one that was not weighed. */
  readonly pairs: readonly (number | null)[];
}

export interface AnswerEvidence {
  readonly weighing: Weighing;
  readonly verdict: Verdict;
  /** Those of the reasoning and of the answer, in the order of the text; of a completion without tags all. */
  readonly words: readonly EvidenceWord[];
  /** Δ of the whole answer by frame pair; empty where pairs were not weighed. */
  readonly pairs: readonly (number | null)[];
  /** Δ of the whole answer in nats; null where it was not weighed. */
  readonly reversed: number | null;
  readonly blind: number | null;
}

type Answered = Pick<Rollout, 'text' | 'parsed' | 'reward'>;

/** @param pieces one per token, as they were sampled */
export function answerEvidence(weighing: Weighing, rollout: Answered, pieces: readonly string[]): AnswerEvidence {
  const { think, answer } = rollout.parsed;
  const all = wordsOf(rollout.text, pieces);
  const parts = [think, answer].filter((part) => part !== null);
  const read = parts.length === 0 ? all : parts.flatMap((part) => wordsIn(all, part));
  const words = read
    .map((word) => ({ ...word, order: orderWorthOf(weighing, word.tokens), pairs: pairDeltas(weighing, word.tokens) }))
    .sort((a, b) => a.span.start - b.span.start);
  const paid = temporalPaid(rollout) > 0;
  return {
    weighing,
    verdict: verdictOf(weighing, words, paid),
    words,
    pairs: pairDeltas(weighing),
    reversed: wholeDelta(weighing, 'reversed'),
    blind: wholeDelta(weighing, 'blind'),
  };
}

function wholeDelta(weighing: Weighing, kind: InterventionKind): number | null {
  const [change] = changesOf(weighing, kind);
  return change === undefined ? null : answerDelta(weighing, change);
}

/** Where the steps of a fill begin, in nats. */
export const evidenceBounds = [0.1, 0.5, 1, 2] as const;

export type EvidenceStep = 0 | 1 | 2 | 3 | 4;

export const evidenceStep = (nats: number): EvidenceStep =>
  evidenceBounds.filter((bound) => nats >= bound).length as EvidenceStep;

/** What a shade says of a word, in nats: the worth of order, or Δ by the pair that matters most to it. Null where it was not weighed. */
export function worthOf({ order, pairs }: EvidenceWord, shade: EvidenceShade): number | null {
  if (shade === 'order') return order?.worth ?? null;
  const known = pairs.filter((delta) => delta !== null);
  return known.length === 0 ? null : Math.max(...known);
}

/** A word is heavy from the worth on that is called using order; one that other frames make likelier by as much is too. */
export const isHeavy = (word: EvidenceWord, shade: EvidenceShade): boolean =>
  Math.abs(worthOf(word, shade) ?? 0) >= orderFloor;

/** Pairs that a word stands on: Δ of `orderFloor` or more, or where none has that, the one that matters most if it matters at all. */
export function standsOn({ pairs }: Pick<EvidenceWord, 'pairs'>): readonly number[] {
  const heavy = pairs.flatMap((delta, pair) => (delta !== null && delta >= orderFloor ? [pair] : []));
  if (heavy.length > 0) return heavy;
  const most = Math.max(...pairs.map((delta) => delta ?? 0), 0);
  return most >= evidenceBounds[0] ? [pairs.indexOf(most)] : [];
}

/** Words that stand on a pair, the heaviest first. */
export function wordsOn(words: readonly EvidenceWord[], pair: number): readonly EvidenceWord[] {
  return words
    .filter((word) => standsOn(word).includes(pair))
    .sort((a, b) => (b.pairs[pair] ?? 0) - (a.pairs[pair] ?? 0));
}

/** The heavy word after the one that is picked, or before it, around the ends. Null where none is heavy. */
export function heavyWordBeside(
  words: readonly EvidenceWord[],
  shade: EvidenceShade,
  pickedStart: number | null,
  by: 1 | -1,
): EvidenceWord | null {
  const heavy = words.filter((word) => isHeavy(word, shade));
  if (pickedStart === null) return heavy.at(by === 1 ? 0 : -1) ?? null;
  const beyond = heavy.filter(({ span }) => (by === 1 ? span.start > pickedStart : span.start < pickedStart));
  return (by === 1 ? (beyond[0] ?? heavy[0]) : (beyond.at(-1) ?? heavy.at(-1))) ?? null;
}

/** Why a kind of evidence can't be had of an answer that was weighed; null where it was weighed. */
export function withoutEvidence({ words, pairs, weighing }: AnswerEvidence, shade: EvidenceShade): string | null {
  const kind = shade === 'order' ? 'order' : 'pair';
  if (shade === 'order' ? words.some(({ order }) => order !== null) : pairs.length > 0) return null;
  return weighing.without.find((one) => one.kind === kind)?.why ?? 'It was not weighed.';
}

/** Below this a word is not worth naming, in nats. */
const worthNaming = 0.3;
const mostNamed = 3;

/** Words that a verdict names: those that use order, or where the answer does not, those that it would count for or against most. */
export function namedWords({
  verdict,
  words,
}: AnswerEvidence): readonly { readonly word: Word; readonly worth: number }[] {
  if (verdict.kind === 'uses order') return verdict.words;
  return words
    .flatMap((word) => (word.order === null ? [] : [{ word, worth: word.order.worth }]))
    .filter(({ worth }) => Math.abs(worth) >= worthNaming)
    .sort((a, b) => Math.abs(b.worth) - Math.abs(a.worth))
    .slice(0, mostNamed);
}
