/** What sampling is held to before anything is computed: the options, and which tokens may be drawn. */
import { StudioError } from '../../protocol/errors.ts';
import type { SampleOptions } from '../engine.ts';
import { specialTokens } from '../engine.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';

/** @throws StudioError `bad-request` naming the option */
export function checkOptions(options: SampleOptions, mostAlternatives: number): void {
  const { maxTokens, temperature, topP, topK = 0, alternatives = 0, stop = [] } = options;
  const whole = (value: number, least: number, most: number): boolean =>
    Number.isInteger(value) && value >= least && value <= most;
  const faults = [
    whole(maxTokens, 1, Number.MAX_SAFE_INTEGER) ? [] : [`maxTokens is ${maxTokens}; it is a number of tokens`],
    Number.isFinite(temperature) && temperature >= 0 ? [] : [`temperature is ${temperature}; it is 0 or more`],
    topP > 0 && topP <= 1 ? [] : [`topP is ${topP}; it is above 0 and at most 1`],
    whole(topK, 0, Number.MAX_SAFE_INTEGER) ? [] : [`topK is ${topK}; it is a number of tokens, or 0`],
    whole(alternatives, 0, mostAlternatives) ? [] : [`alternatives is ${alternatives}; it is 0 to ${mostAlternatives}`],
    stop.every((text) => text !== '') ? [] : ['stop holds an empty text'],
  ].flat();
  if (faults.length > 0) throw new StudioError('bad-request', `${faults.join('. ')}.`);
}

/** Which tokens may be drawn, and which end an answer. */
export function drawable(tokenizer: Tokenizer, vocabularySize: number): { allowed: Float32Array; endTokens: number[] } {
  const endTokens = [tokenizer.special(specialTokens.turnEnd), tokenizer.special(specialTokens.pad)];
  const allowed = Float32Array.from({ length: vocabularySize }, (_, token) =>
    endTokens.includes(token) || (tokenizer.has(token) && tokenizer.specialName(token) === null) ? 1 : 0,
  );
  return { allowed, endTokens };
}
