/** What of a query is left when some fields say nothing of a rollout: of one that nobody weighed, or that older rules have read. */
import { type Expression, fieldsOf } from './expression.ts';
import type { FieldName } from './fields.ts';

/** The conditions that ask for none of some fields; null where the query asks for none of them at all. */
export function conditionsBut(query: Expression, names: readonly FieldName[]): Expression[] | null {
  const asks = (condition: Expression) => fieldsOf(condition).some((name) => names.includes(name));
  if (!asks(query)) return null;
  const conditions = query.kind === 'all' ? query.of : [query];
  return conditions.filter((condition) => !asks(condition));
}
