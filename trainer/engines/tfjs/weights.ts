/** Between tensors in memory and the parts that a checkpoint's files hold. */
import { StudioError } from '../../protocol/errors.ts';
import type { Parameter, ParameterTable } from './parameters.ts';
import { sizeOf } from './parameters.ts';
import type { NamedTensor } from './safetensors.ts';

/** The parts of a parameter as views of its values; `suffix` is put after each name. */
export function splitParts(parameter: Parameter, values: Float32Array, suffix = ''): NamedTensor[] {
  let at = 0;
  return parameter.parts.map(({ name, shape }) => {
    const part = values.subarray(at, at + sizeOf(shape));
    at += part.length;
    return { name: name + suffix, shape, values: part };
  });
}

/** A parameter's values from its parts. @throws StudioError `bad-model` naming file and tensor */
export function joinParts(
  parameter: Parameter,
  tensors: ReadonlyMap<string, NamedTensor>,
  file: string,
  suffix = '',
): Float32Array {
  const values = new Float32Array(parameter.size);
  let at = 0;
  for (const { name, shape } of parameter.parts) {
    const tensor = tensors.get(name + suffix);
    const fail = (message: string): never => {
      throw new StudioError('bad-model', message, {
        place: `${file}: ${name}${suffix}`,
        remedy: 'Use a checkpoint whose config.json belongs to its weights.',
      });
    };
    if (tensor === undefined) return fail('This tensor is missing.');
    if (tensor.shape.join() !== shape.join())
      fail(`This tensor has shape [${tensor.shape.join(', ')}]; config.json asks for [${shape.join(', ')}].`);
    if (!tensor.values.every(Number.isFinite)) fail('This tensor holds values that are not finite.');
    values.set(tensor.values, at);
    at += tensor.values.length;
  }
  return values;
}

/** @throws StudioError `bad-model` when a file holds a tensor that no parameter takes */
export function refuseUnknown(
  table: ParameterTable,
  tensors: ReadonlyMap<string, NamedTensor>,
  file: string,
  suffixes: readonly string[],
): void {
  const known = new Set(
    table.parameters.flatMap(({ parts }) => parts.flatMap(({ name }) => suffixes.map((suffix) => name + suffix))),
  );
  for (const name of tensors.keys()) {
    if (known.has(name)) continue;
    throw new StudioError('bad-model', 'config.json knows no such tensor.', {
      place: `${file}: ${name}`,
      remedy: 'Use a checkpoint whose config.json belongs to its weights.',
    });
  }
}

/** Endings of the names of AdamW's two moments in `optimizer.safetensors`. */
export const momentSuffixes = ['.exp_avg', '.exp_avg_sq'] as const;
