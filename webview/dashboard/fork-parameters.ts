/** What a person types as the changed parameters of a fork: `learningRate=5e-5 beta=0.02`. */
import { z } from 'zod';
import { describeRange } from '../../trainer/protocol/parameter-range.ts';
import { noParameter, type ParameterName, parameterMeant, parameters } from '../../trainer/protocol/parameters.ts';

export type ForkParameters =
  | { readonly changes: Readonly<Partial<Record<ParameterName, unknown>>> }
  | { readonly fault: string };

/** @param typed pairs, parted by spaces or commas; names also as files of the released code have them, or by symbol */
export function forkParameters(typed: string): ForkParameters {
  const changes: Partial<Record<ParameterName, unknown>> = {};
  for (const pair of typed.split(/[\s,]+/).filter(Boolean)) {
    const [, named, text] = /^([^=]+)=(.+)$/.exec(pair) ?? [];
    if (named === undefined || text === undefined) return { fault: `“${pair}” is not of the form name=value.` };
    const name = parameterMeant(named);
    if (name === null) return { fault: `${capital(noParameter(named))}.` };
    const read = parameters[name].schema.safeParse(typedValue(name, text));
    if (!read.success) return { fault: `${name}: “${text}” is no ${describeRange(name)}.` };
    changes[name] = read.data;
  }
  return { changes };
}

function typedValue(name: ParameterName, text: string): unknown {
  const { schema } = parameters[name];
  if (schema instanceof z.ZodEnum) return text;
  if (schema instanceof z.ZodBoolean) return { true: true, on: true, false: false, off: false }[text];
  return text === 'null' ? null : Number(text.replaceAll('\u2212', '-'));
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
