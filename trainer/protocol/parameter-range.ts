/** What a parameter takes, in words: from its schema, so that what is said is what is checked. */
import { z } from 'zod';
import { type ParameterName, parameters } from './parameters.ts';

interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly anyOf?: readonly JsonSchema[];
}

const isBound = (bound: number | undefined): bound is number =>
  bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER;

function describe(schema: JsonSchema): string {
  if (schema.anyOf) return schema.anyOf.map(describe).join(' or ');
  if (schema.type === 'null') return 'null';
  if (schema.enum) return schema.enum.map(String).join(' or ');
  if (schema.type === 'boolean') return 'true or false';
  const what = schema.type === 'integer' ? 'whole number' : 'number';
  const low = isBound(schema.minimum)
    ? `at least ${schema.minimum}`
    : isBound(schema.exclusiveMinimum)
      ? `above ${schema.exclusiveMinimum}`
      : '';
  const high = isBound(schema.maximum)
    ? `at most ${schema.maximum}`
    : isBound(schema.exclusiveMaximum)
      ? `below ${schema.exclusiveMaximum}`
      : '';
  if (low.startsWith('at least') && high.startsWith('at most'))
    return `${what} from ${schema.minimum} to ${schema.maximum}`;
  return [what, low, high].filter(Boolean).join(' ');
}

/** `number from 0 to 1`, `whole number above 0`, `constant or cosine or linear`. */
export function describeRange(name: ParameterName): string {
  return describe(z.toJSONSchema(parameters[name].schema) as JsonSchema);
}
