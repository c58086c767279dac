/** What a word to look for may have been meant as: a value of a field, which has to be written with the field's name. */
import type { Condition } from './edit.ts';
import {
  type Field,
  type FieldName,
  fieldNamed,
  fieldNames,
  fields,
  knownValue,
  shortValue,
  valueText,
} from './fields.ts';

/** Of the fields that take any text, those whose values people know by name. */
const namedValues: readonly FieldName[] = ['family', 'source', 'dataset'];

/** Terms for a condition that is a word or a phrase; none for any other. Whether a run has such a value they do not say. */
export function termsMeant({ text, expression }: Pick<Condition, 'text' | 'expression'>): string[] {
  if (expression?.kind !== 'words') return [];
  const typed = text
    .replace(/\*$/, '')
    .replace(/^"(.*)"$/s, '$1')
    .replaceAll('""', '"');
  const right = { right: 'correct:true', wrong: 'correct:false' }[typed.toLowerCase()];
  return [...(right ? [right] : []), ...fieldNames.flatMap((name) => termMeant(name, typed) ?? [])];
}

function termMeant(name: FieldName, typed: string): string | null {
  const field: Field = fields[name];
  if (field.kind === 'truth') return fieldNamed(typed) === name ? `${name}:true` : null;
  if (namedValues.includes(name)) return `${name}:${valueText(typed)}`;
  if ((field.kind !== 'choice' && field.kind !== 'texts') || field.values === null) return null;
  const known = knownValue(field.values, typed);
  return known === null ? null : `${name}:${valueText(shortValue(field.values, known))}`;
}
