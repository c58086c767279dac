/** What the halves of the parser share: the parts that a line is cut into, what is said of them, and how much is too much. */
import type { Joined, RolloutTerm } from './expression.ts';
import type { FieldName } from './fields.ts';

/** What is wrong with a part of the line. Offsets are into the line, UTF-16 code units, end exclusive. */
export interface QueryFault {
  readonly start: number;
  readonly end: number;
  readonly message: string;
  /** What to put in its place; null when nothing known is near. */
  readonly suggestion: string | null;
}

/** A part of the line for colouring and completion. Pieces do not overlap; between them stand spaces and commas. */
export interface QueryPiece {
  readonly kind: 'name' | 'operator' | 'value' | 'keyword' | 'bracket' | 'words';
  readonly start: number;
  /** A value that is still missing is a piece without length. */
  readonly end: number;
  /** The field whose name, operator or value it is. */
  readonly field: FieldName | null;
}

/** One of the conditions that must all hold, brackets around the whole line aside. */
export interface QueryOperand<Term = RolloutTerm> {
  readonly start: number;
  readonly end: number;
  /** Null where it has a fault. */
  readonly expression: Joined<Term> | null;
  /** An `or` without brackets: it needs some beside another condition. */
  readonly bare: boolean;
}

export interface ParsedQuery<Term = RolloutTerm> {
  /** Null when there is a fault. */
  readonly expression: Joined<Term> | null;
  /** In the order of the line. */
  readonly faults: readonly QueryFault[];
  readonly pieces: readonly QueryPiece[];
  readonly operands: readonly QueryOperand<Term>[];
}

/** Longest line in characters, most comparisons and phrases, deepest nesting of brackets and `not`, most faults told at once. */
export const queryLimits = { length: 10_000, terms: 200, depth: 32, faults: 20 } as const;

export type Keyword = 'and' | 'or' | 'not';
export const keywords: readonly Keyword[] = ['and', 'or', 'not'];

export type Lexeme<Term = RolloutTerm> =
  | { readonly kind: 'open' | 'close' | Keyword; readonly start: number; readonly end: number }
  /** A comparison, a word or a phrase; its expression is null where it has a fault. */
  | { readonly kind: 'term'; readonly start: number; readonly end: number; readonly expression: Joined<Term> | null };

export const allOf = <Term = RolloutTerm>(of: readonly Joined<Term>[]): Joined<Term> =>
  of.length === 1 ? (of[0] as Joined<Term>) : { kind: 'all', of };
export const anyOf = <Term = RolloutTerm>(of: readonly Joined<Term>[]): Joined<Term> =>
  of.length === 1 ? (of[0] as Joined<Term>) : { kind: 'any', of };
