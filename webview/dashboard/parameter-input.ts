/** How a parameter is edited, and what a person typed as its value, checked against the parameter's own schema. */
import { z } from 'zod';
import { optimizerKey } from '../../trainer/protocol/engine.ts';
import { faultLine } from '../../trainer/protocol/issues.ts';
import { type ParameterName, type ParameterValue, parameters } from '../../trainer/protocol/parameters.ts';
import type { EngineStatus } from '../../trainer/protocol/run-state.ts';

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

/** The value, or what is wrong with it in words. An empty text is null, which only some parameters take. */
export function readParameter(
  name: ParameterName,
  typed: string,
): { readonly value: ParameterValue } | { readonly fault: string } {
  const text = typed.trim().replaceAll('\u2212', '-');
  const value = text === '' || text === 'as given' ? null : Number(text);
  if (value !== null && Number.isNaN(value)) return { fault: `"${typed.trim()}" is not a number.` };
  const checked = parameters[name].schema.safeParse(value);
  if (checked.success) return { value: checked.data };
  if (value === null) return { fault: 'A value is needed.' };
  return { fault: `${faultLine(parameters[name].schema, value, checked.error, 'it')}.` };
}

/** Why a change would do nothing with the engine that computes the run; null where it would, or nobody knows. */
export function withoutEffect(name: ParameterName, engine: EngineStatus | null): string | null {
  const key = optimizerKey.safeParse(name);
  if (!key.success || !engine?.capabilities || engine.capabilities.optimizerKeys.includes(key.data)) return null;
  return `it has no effect on the optimizer of the engine ${engine.name}`;
}
