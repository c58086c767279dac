/** What of a query rests on the rules that read reasoning: of an answer that older ones have read it may say nothing yet. */
import { conditionsBut } from './conditions-but.ts';
import { type Expression, fieldsOf } from './expression.ts';
import type { FieldName } from './fields.ts';

/** The fields that those rules fill. Which of them have read an answer, `analysis` says of every one. */
const foundByRules = ['aha', 'change', 'namesTime', 'pattern'] as const satisfies readonly FieldName[];

/** What a query asks for of what the rules find. */
export function ruleFieldsOf(query: Expression): FieldName[] {
  const held = fieldsOf(query);
  return foundByRules.filter((name) => held.includes(name));
}

/** The conditions of a query that ask for nothing that rules find; null where all of them are such. */
export const butForFindings = (query: Expression): Expression[] | null => conditionsBut(query, foundByRules);
