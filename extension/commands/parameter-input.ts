/** How a live parameter is shown, asked for and read; from the table in the protocol, so that editor and trainer agree. */
import { z } from 'zod';
import {
  type Method,
  type ParameterName,
  type ParameterValue,
  parameters,
  parametersOf,
} from '../../trainer/protocol/parameters.ts';

interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly anyOf?: readonly JsonSchema[];
}

/** A parameter that takes one of a few values, or what is typed. */
export type InputKind =
  | { readonly kind: 'choice'; readonly values: readonly ParameterValue[] }
  | { readonly kind: 'text' };

function schemaOf(name: ParameterName): JsonSchema {
  return z.toJSONSchema(parameters[name].schema) as JsonSchema;
}

export function liveParameters(method: Method): ParameterName[] {
  return parametersOf(method).filter((name) => parameters[name].changes === 'live');
}

export function inputKind(name: ParameterName): InputKind {
  const schema = schemaOf(name);
  if (schema.enum) return { kind: 'choice', values: schema.enum as ParameterValue[] };
  if (schema.type === 'boolean') return { kind: 'choice', values: [true, false] };
  return { kind: 'text' };
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

/** `number from 0 to 1`, `whole number above 0`, `constant or cosine`. */
export function describeRange(name: ParameterName): string {
  return describe(schemaOf(name));
}

/** `0.0015`, `null`, `cosine`: what a run file would say, without quotes; small numbers as 1e-6. */
export function showValue(value: unknown): string {
  if (typeof value !== 'number') return String(value);
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value);
}

export type Reading = { readonly value: ParameterValue } | { readonly problem: string };

/** Reads what was typed; the problem says what would be right. */
export function readValue(name: ParameterName, text: string): Reading {
  const typed = text.trim();
  const problem = `${parameters[name].label}: ${describeRange(name)}`;
  if (typed === '') return { problem };
  const raw: unknown = typed === 'null' ? null : Number(typed);
  const checked = parameters[name].schema.safeParse(raw);
  return checked.success ? { value: checked.data } : { problem };
}
