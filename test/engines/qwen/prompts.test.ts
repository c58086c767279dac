/** Prompts that show the same become one object where that is asked for, so that no backend can tell them apart. */
import { expect, test } from 'vitest';
import type { Prompt } from '../../../trainer/engines/engine.ts';
import { newConfigFile, readConfig } from '../../../trainer/engines/qwen/config.ts';
import { PromptEncoder } from '../../../trainer/engines/qwen/prompts.ts';
import { Tokenizer } from '../../../trainer/engines/qwen/tokenizer/tokenizer.ts';
import { trainTokenizer } from '../../../trainer/engines/qwen/tokenizer/training.ts';
import { clip, question, tinySize, tinyTexts, videoPrompt } from '../tfjs/tiny.ts';

const tokenizer = new Tokenizer(trainTokenizer(tinyTexts, tinySize.vocab_size), 'test');
const config = readConfig(
  newConfigFile(
    tinySize,
    tokenizer.vocabularySize,
    { pad: 0, turnEnd: 1, visionStart: 2, visionEnd: 3, image: 4, video: 5 },
    '5.18',
  ),
  'test',
);

const frames = clip(['red', 'blue', 'red', 'red']);
const shown = (order: readonly number[]): Prompt => videoPrompt(frames, question, order);

test('frames of the same pixels are the same frame where that is asked for, and only there', () => {
  const alike = new PromptEncoder(tokenizer, config, true);
  const seen = alike.encode(shown([0, 1, 2, 3]));
  expect(alike.encode(shown([3, 1, 0, 2]))).toBe(seen);
  expect(alike.encode(shown([1, 0, 2, 3]))).not.toBe(seen);
  expect(seen.media.map(({ medium }) => medium.order)).toEqual([[0, 1, 0, 0]]);
  // A gradient is added up by rows, and would tell.
  const apart = new PromptEncoder(tokenizer, config);
  expect(apart.encode(shown([3, 1, 0, 2])).media[0]?.medium.order).toEqual([3, 1, 0, 2]);
  expect(apart.encode(shown([3, 1, 0, 2]))).not.toBe(apart.encode(shown([0, 1, 2, 3])));
});

test.each([true, false])('frames that are not there are refused; frames of the same pixels as one: %s', (alike) => {
  const encoder = new PromptEncoder(tokenizer, config, alike);
  expect(() => encoder.encode(shown([0, 4]))).toThrow(/names frame 4/);
  const cut = { ...frames, pixels: frames.pixels.subarray(0, -1) };
  expect(() => encoder.encode(videoPrompt(cut, question))).toThrow(/Frames hold/);
});
