/** What an answer stood on, in one sentence. */
import type { Weighing } from '../protocol/evidence.ts';
import { orderDeltas, orderWorthOf, sumOver } from './deltas.ts';
import type { OrderWorth } from './order-rule.ts';
import { orderFloor } from './order-rule.ts';
import type { Word } from './words.ts';

/** A word with what order is worth to it, in nats. */
export interface WeighedWord {
  readonly word: Word;
  readonly worth: number;
  readonly error: number | null;
  readonly uses: boolean | null;
}

export type Verdict =
  /** The medium has no order, or it was not weighed. */
  | { readonly kind: 'no order'; readonly why: string }
  /** One shuffle alone is possible, or was scored: a number, and nothing to judge it by. */
  | { readonly kind: 'unjudged'; readonly order: OrderWorth; readonly forCredit: boolean }
  | {
      readonly kind: 'uses order';
      readonly order: OrderWorth;
      /** The heaviest, at most three, that use order themselves. */
      readonly words: readonly WeighedWord[];
      /** Share of the answer's worth in those words. */
      readonly share: number;
    }
  /** @param paid the temporal reward was paid all the same */
  | { readonly kind: 'not used'; readonly order: OrderWorth; readonly paid: boolean };

const namedWords = 3;

/** Words by what order is worth to them, the heaviest first. Null where order was not weighed. */
export function weighedWords(
  weighing: Pick<Weighing, 'seen' | 'changes'>,
  words: readonly Word[],
): WeighedWord[] | null {
  const deltas = orderDeltas(weighing);
  if (deltas === null) return null;
  return words
    .map((word): WeighedWord => {
      const { error, uses } = orderWorthOf(weighing, word.tokens) as OrderWorth;
      return { word, worth: sumOver(deltas, word.tokens), error, uses };
    })
    .sort((a, b) => b.worth - a.worth);
}

/** @param paid the answer got the temporal reward */
export function verdictOf(weighing: Weighing, words: readonly Word[], paid: boolean): Verdict {
  const order = orderWorthOf(weighing);
  if (order === null) {
    const why = weighing.without.find(({ kind }) => kind === 'order')?.why ?? 'Order was not weighed.';
    return { kind: 'no order', why };
  }
  if (order.uses === null) return { kind: 'unjudged', order, forCredit: weighing.forCredit === true };
  if (!order.uses) return { kind: 'not used', order, paid };
  const heaviest = (weighedWords(weighing, words) ?? []).filter(({ uses }) => uses === true).slice(0, namedWords);
  const share = heaviest.reduce((sum, { worth }) => sum + worth, 0) / order.worth;
  return { kind: 'uses order', order, words: heaviest, share };
}

/** Nats as they are said: a true minus, no minus before zero. */
export function nats(value: number, decimals = 1): string {
  const rounded = value.toFixed(decimals);
  return Number(rounded) === 0 ? rounded.replace('-', '') : rounded.replace('-', '−');
}

/** `6.8 ± 0.3 nats`; without an error where there is none. */
export function worthText({ worth, error }: Pick<OrderWorth, 'worth' | 'error'>): string {
  return error === null ? `${nats(worth)} nats` : `${nats(worth)} ± ${nats(error)} nats`;
}

/** The sentence without its words, which a page shows as buttons behind it. */
export function verdictSentence(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'no order':
      return verdict.why;
    case 'unjudged':
      if (verdict.forCredit)
        return `One other order was scored, for its credit: it costs this answer ${worthText(verdict.order)}, and one number has no error to judge it by.`;
      return `One other order alone is possible: it costs this answer ${worthText(verdict.order)}, and one number has no error to judge it by.`;
    case 'not used': {
      const { order, paid } = verdict;
      // The rule asks for twice the error: what is worth a lot to some shuffles and nothing to others is not shown by so few.
      const what =
        order.worth < orderFloor
          ? `order was not used: ${worthText(order)}`
          : `it is not shown that order was used: ${worthText(order)}, less than twice the error`;
      return paid ? `Paid, but ${what}.` : `${what.charAt(0).toUpperCase()}${what.slice(1)}.`;
    }
    case 'uses order': {
      const { words, share } = verdict;
      const worth = `Order is worth ${worthText(verdict.order)} to this answer`;
      if (words.length === 0) return `${worth}, and of no single word is it shown that it uses order.`;
      const count = ['one word', 'two words', 'three words'][words.length - 1];
      return `${worth}; ${Math.round(100 * Math.min(1, share))} % of it in ${count}:`;
    }
  }
}
