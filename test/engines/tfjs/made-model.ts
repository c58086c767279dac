/** Weights and pixels of the fixtures, made of counter-based numbers as test/fidelity/qwen.py makes them. */
import type { NamedTensor } from '../../../trainer/engines/tfjs/checkpoint/safetensors.ts';
import { sizeOf } from '../../../trainer/engines/tfjs/model/parameters.ts';
import { hashSeed, uniform } from '../../../trainer/engines/tfjs/model/random.ts';

/** Numbers of the special tokens in the fixtures' models. */
export const imageToken = 1;
export const videoToken = 2;

/** Values that a fixture holds in base64. */
export const floats = (base64: string): Float32Array =>
  new Float32Array(new Uint8Array(Buffer.from(base64, 'base64')).buffer);

/** Pixels by a name, as `pixels` in qwen.py makes them. */
export function frames(name: string, count: number, height: number, width: number): Uint8Array {
  const key = hashSeed(7, name);
  return Uint8Array.from({ length: count * height * width * 3 }, (_, i) => Math.floor(256 * uniform(key, i)));
}

/** A parameter of the fixture's models, as `weight` in qwen.py makes it. */
export function weight(name: string, shape: readonly number[]): NamedTensor {
  const key = hashSeed(5, name);
  const isNorm = /(?:norm|norm1|norm2|layernorm|ln_q)\.weight$/.test(name);
  const scale = name.endsWith('.bias')
    ? 0.3
    : name === 'model.embed_tokens.weight' || name === 'lm_head.weight'
      ? 0.8
      : 2.2 / Math.sqrt(sizeOf(shape.slice(1)));
  const values = Float32Array.from({ length: sizeOf(shape) }, (_, i) => {
    const value = 2 * uniform(key, i) - 1;
    return isNorm ? 1 + 0.3 * value : scale * value;
  });
  return { name, shape, values };
}
