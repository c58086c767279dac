/**
 * The order of a list of rollouts: the newest first, or by a field. Rollouts without a value of that field come last in either
 * direction, and those of one value the newest first. Texts are ordered by code unit, case of a to z aside; known values as
 * their field names them.
 */
import { z } from 'zod';
import { type Field, type FieldName, fieldNames, fields, foldedText, type Subject } from './fields.ts';

/** A field of several texts has no order, and an id is one rollout's alone. */
export const sortFields: readonly FieldName[] = fieldNames.filter(
  (name) => fields[name].kind !== 'texts' && name !== 'id',
);

export const listSort = z.object({
  by: z.enum(sortFields as [FieldName, ...FieldName[]]),
  descending: z.boolean(),
});
export type ListSort = z.infer<typeof listSort>;

/** What a rollout is ordered by. */
export type SortValue = number | string | null;

/** A field's value as it is ordered: truths as 0 and 1, known values by their number, texts folded. */
export function sortValue(name: FieldName, subject: Subject): SortValue {
  const field: Field = fields[name];
  switch (field.kind) {
    case 'number':
    case 'time':
      return field.of(subject);
    case 'truth': {
      const value = field.of(subject);
      return value === null ? null : Number(value);
    }
    case 'choice': {
      const value = field.of(subject);
      return value === null ? null : Object.keys(field.values).indexOf(value);
    }
    case 'text': {
      const value = field.of(subject);
      return value === null ? null : foldedText(value);
    }
    case 'texts':
      return null;
  }
}

/** Below 0 when `a` comes first; 0 when their values do not decide. Both are of one field. */
export function compareSortValues(a: SortValue, b: SortValue, descending: boolean): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a < b === descending ? 1 : -1;
}
