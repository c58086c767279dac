/** What of a query rests on evidence: an answer that nobody weighed has none of it, and can't match. */
import { conditionsBut } from './conditions-but.ts';
import type { Expression } from './expression.ts';
import type { FieldName } from './fields.ts';

const weighedFields = ['orderWorth', 'orderError', 'usesOrder'] as const satisfies readonly FieldName[];

/** The conditions of a query that ask for nothing that is weighed; null where all of them are such. */
export const butForEvidence = (query: Expression): Expression[] | null => conditionsBut(query, weighedFields);

/** Keeps what was weighed and has an order. */
export const isWeighed: Expression = { kind: 'compare', field: 'orderWorth', comparison: '>=', value: -1e12 };
