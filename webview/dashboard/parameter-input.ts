/** How a parameter is edited, and what a person typed as its value, checked against the parameter's own schema. */
import { z } from 'zod';
import { refusal } from '../../trainer/protocol/commands.ts';
import { optimizerKey } from '../../trainer/protocol/engine.ts';
import { describeRange } from '../../trainer/protocol/parameter-range.ts';
import {
  type ParameterName,
  type ParameterValue,
  type ParameterValues,
  parameters,
  rangeFault,
} from '../../trainer/protocol/parameters.ts';
import type { EngineStatus, RunSummary } from '../../trainer/protocol/run-state.ts';

/** How a parameter is edited. */
export type ParameterForm =
  | { readonly kind: 'switch' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  | { readonly kind: 'number' };

export function formOf(name: ParameterName): ParameterForm {
  const { schema } = parameters[name];
  if (schema instanceof z.ZodBoolean) return { kind: 'switch' };
  if (schema instanceof z.ZodEnum) return { kind: 'choice', choices: schema.options.map(String) };
  return { kind: 'number' };
}

export type ReadParameter = { readonly value: ParameterValue } | { readonly fault: string };

/** The value, or what would be one. An empty text is null, which only some parameters take. */
export function readParameter(name: ParameterName, typed: string): ReadParameter {
  const text = typed.trim().replaceAll('\u2212', '-');
  const value = text === '' || text === 'as given' ? null : Number(text);
  const checked = parameters[name].schema.safeParse(value);
  if (checked.success) return { value: checked.data };
  const range = describeRange(name).replace(/ or null$/, ', or nothing for as given');
  return { fault: text === '' ? `Type a ${range}.` : `“${text}” is no ${range}.` };
}

/**
 * As `readParameter`, and what the run would have against it, before it is sent.
 * @param toCome the run's values when what waits has been applied
 */
export function readForRun(
  name: ParameterName,
  typed: string,
  run: RunSummary,
  toCome: ParameterValues,
): ReadParameter {
  const read = readParameter(name, typed);
  if ('fault' in read) return read;
  const { value } = read;
  const why =
    rangeFault({ ...toCome, [name]: value } as ParameterValues, name) ??
    refusal({ kind: 'set', parameter: name, value }, run, []);
  return why === null ? read : { fault: `It can’t be ${typed.trim()}: ${why}.` };
}

/** Why a change would do nothing with the engine that computes the run; null where it would, or nobody knows. */
export function withoutEffect(name: ParameterName, engine: EngineStatus | null): string | null {
  if (!engine?.capabilities) return null;
  const { samplerIsTrainer, topAlternatives, optimizerKeys } = engine.capabilities;
  if (name === 'importanceCap' && samplerIsTrainer)
    return `it has no effect: the engine ${engine.name} samples by the program that it trains with`;
  if (name === 'alternatives' && topAlternatives === 0) return `it has no effect: the engine ${engine.name} tells none`;
  const key = optimizerKey.safeParse(name);
  if (!key.success || optimizerKeys.includes(key.data)) return null;
  return `it has no effect on the optimizer of the engine ${engine.name}`;
}
