/** What an update moved: differences of log-probabilities, after − before, in nats. Above 0 a token or an answer became likelier. */
import type { MovedAnswer, Receipt } from '../protocol/receipts.ts';

/** Whether the update was to make an answer likelier, or less likely; `neither` where its advantage is 0 or it was left out. */
export type Side = 'rewarded' | 'punished' | 'neither';

export function sideOf({ advantage }: Pick<MovedAnswer, 'advantage'>): Side {
  if (advantage === null || advantage === 0) return 'neither';
  return advantage > 0 ? 'rewarded' : 'punished';
}

/** Difference of each token [tokens]. */
export function movesOf({ before, after }: Pick<MovedAnswer, 'before' | 'after'>): number[] {
  return after.map((logprob, i) => logprob - (before[i] ?? logprob));
}

/** Σ over the tokens of an answer: ln of how many times as likely the whole answer is. */
export function moveOf(answer: Pick<MovedAnswer, 'before' | 'after'>): number {
  return movesOf(answer).reduce((sum, move) => sum + move, 0);
}

export interface MovedTogether {
  readonly answers: number;
  /** Those of them that became likelier as a whole. */
  readonly likelier: number;
  readonly tokens: number;
  /** Mean over all their tokens, so that long answers weigh more. */
  readonly perToken: number;
}

/** Null without answers, or where none has a token. */
export function movedTogether(answers: readonly MovedAnswer[]): MovedTogether | null {
  const tokens = answers.reduce((sum, { after }) => sum + after.length, 0);
  if (tokens === 0) return null;
  const moves = answers.map(moveOf);
  return {
    answers: answers.length,
    likelier: moves.filter((move) => move > 0).length,
    tokens,
    perToken: moves.reduce((sum, move) => sum + move, 0) / tokens,
  };
}

export function movedBySide({ answers }: Pick<Receipt, 'answers'>): Readonly<Record<Side, MovedTogether | null>> {
  const of = (side: Side) => movedTogether(answers.filter((answer) => sideOf(answer) === side));
  return { rewarded: of('rewarded'), punished: of('punished'), neither: of('neither') };
}

export interface MovedToken {
  readonly rolloutId: string;
  /** Place in its answer. */
  readonly token: number;
  readonly move: number;
}

/** Tokens that moved at all, those that did most first; among equals in the order of the answers. */
export function mostMoved(answers: readonly MovedAnswer[], count: number): MovedToken[] {
  return answers
    .flatMap((answer) => movesOf(answer).map((move, token) => ({ rolloutId: answer.rolloutId, token, move })))
    .filter(({ move }) => move !== 0)
    .sort((a, b) => Math.abs(b.move) - Math.abs(a.move))
    .slice(0, count);
}
