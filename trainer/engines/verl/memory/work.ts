/** The longest sequences that a run's parameters allow. */
import type { Method, ParameterValues } from '../../../protocol/parameters.ts';
import { mergeSize, patchSize, temporalPatchSize } from '../../qwen/config.ts';
import type { Work } from './estimate.ts';

/** Of a question and its template, about: what is longer is known when the dataset is read. */
const textTokens = 512;

export function workOf(method: Method, parameters: ParameterValues): Work {
  const pixels = (patchSize * mergeSize) ** 2;
  const ofVideo = Math.ceil(parameters.maxFrames / temporalPatchSize) * Math.ceil(parameters.maxPixels / pixels);
  const visionTokens = Math.max(ofVideo, Math.ceil(parameters.imageMaxPixels / pixels));
  const longest = parameters.maxPromptTokens === 0 ? Number.POSITIVE_INFINITY : parameters.maxPromptTokens;
  const promptTokens = Math.min(longest, visionTokens + textTokens);
  const samples = method !== 'sft';
  return {
    promptTokens,
    visionTokens: Math.min(visionTokens, promptTokens),
    answerTokens: parameters.maxNewTokens,
    answers: samples ? parameters.groupSize : 1,
    reference: samples,
    samples,
  };
}
