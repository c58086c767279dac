/**
 * A query as data: what the parser makes of a typed line, what is held against a rollout in memory, and what the store turns
 * into SQL. A field that a rollout does not have is null there: every comparison with null is false, and `not` of it true.
 */
import type { FieldKind, FieldName } from './fields.ts';

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** Comparisons that fields take. Ranges go with those that have an order; of several texts, `=` holds for one of them. */
export const comparisonsOf: Readonly<Record<FieldKind, readonly Comparison[]>> = {
  number: ['=', '!=', '<', '<=', '>', '>='],
  time: ['=', '!=', '<', '<=', '>', '>='],
  truth: ['=', '!='],
  choice: ['=', '!='],
  text: ['=', '!='],
  texts: ['='],
};

/** Terms of a language, joined. */
export type Joined<Term> =
  | Term
  /** Every one holds; without any, everything does. */
  | { readonly kind: 'all'; readonly of: readonly Joined<Term>[] }
  /** At least one holds. */
  | { readonly kind: 'any'; readonly of: readonly Joined<Term>[] }
  | { readonly kind: 'not'; readonly of: Joined<Term> };

/** What can be said of one rollout. */
export type RolloutTerm =
  | {
      readonly kind: 'compare';
      readonly field: FieldName;
      readonly comparison: Comparison;
      readonly value: number | string | boolean;
    }
  /** Two fields of one kind; false where one of them is null. */
  | {
      readonly kind: 'compareFields';
      readonly field: FieldName;
      readonly comparison: Comparison;
      readonly other: FieldName;
    }
  /** Both ends belong to it. */
  | { readonly kind: 'between'; readonly field: FieldName; readonly from: number; readonly to: number }
  /**
   * Words as `wordsOf` cuts them, one after the other in the text or in the question. With `prefix` the last one may be the
   * start of a word.
   */
  | { readonly kind: 'words'; readonly words: readonly string[]; readonly prefix: boolean };

export type Expression = Joined<RolloutTerm>;

/** Keeps everything. */
export const everything: Expression = { kind: 'all', of: [] };

/** The fields that an expression compares. */
export function fieldsOf(expression: Expression): FieldName[] {
  switch (expression.kind) {
    case 'all':
    case 'any':
      return expression.of.flatMap(fieldsOf);
    case 'not':
      return fieldsOf(expression.of);
    case 'compare':
    case 'between':
      return [expression.field];
    case 'compareFields':
      return [expression.field, expression.other];
    case 'words':
      return [];
  }
}
