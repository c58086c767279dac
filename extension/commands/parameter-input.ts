/** How a live parameter is shown, asked for and read; from the table in the protocol, so that editor and trainer agree. */
import { z } from 'zod';
import { describeRange } from '../../trainer/protocol/parameter-range.ts';
import {
  type Method,
  type ParameterName,
  type ParameterValue,
  parameters,
  parametersOf,
} from '../../trainer/protocol/parameters.ts';

/** A parameter that takes one of a few values, or what is typed. */
export type InputKind =
  | { readonly kind: 'choice'; readonly values: readonly ParameterValue[] }
  | { readonly kind: 'text' };

export function liveParameters(method: Method): ParameterName[] {
  return parametersOf(method).filter((name) => parameters[name].changes === 'live');
}

export function inputKind(name: ParameterName): InputKind {
  const { schema } = parameters[name];
  if (schema instanceof z.ZodEnum) return { kind: 'choice', values: schema.options as ParameterValue[] };
  if (schema instanceof z.ZodBoolean) return { kind: 'choice', values: [true, false] };
  return { kind: 'text' };
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
