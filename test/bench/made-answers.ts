/** Questions, frames and answers as the sample has them, and a model of its size: what benches of the engine's work are measured on. */
import { randomFrom } from '../../trainer/data/random.ts';
import type { Frames } from '../../trainer/engines/engine.ts';
import type { WeighedAnswer } from '../../trainer/evidence/interventions/asked.ts';
import { questionText } from '../../trainer/reasoning/prompt.ts';

export const size = {
  ...{ hidden_size: 128, num_hidden_layers: 4, num_attention_heads: 4, num_key_value_heads: 2, intermediate_size: 384 },
  ...{ vocab_size: 512, vision_hidden_size: 64, vision_depth: 2, vision_num_heads: 2, vision_intermediate_size: 192 },
} as const;

export const template = {
  ...{ system: null, instruction: '' },
  answerHint: { 'multiple choice': '', numerical: '', OCR: '', 'free-form': '', regression: '' },
};

export const directions = ['left', 'right', 'up', 'down'];

/** Eight frames of 56 x 56 with content of their own. */
export function framesOf(question: number): Frames {
  const [side, count] = [56, 8];
  const random = randomFrom(question, 'frames of a bench');
  const pixels = new Uint8Array(new SharedArrayBuffer(3 * count * side * side));
  for (let i = 0; i < pixels.length; i++) pixels[i] = Math.floor(256 * random());
  return { key: `question ${question}`, width: side, height: side, count, pixels, place: null, sampleFps: 2 };
}

/** An answer as the sample's model gives them: what is seen second by second, and what follows. */
export function textOf(question: number, answer: number): string {
  const random = randomFrom(question, answer, 'answers of a bench');
  const one = () => directions[Math.floor(random() * directions.length)];
  const seconds = Array.from({ length: 4 }, (_, second) => `${second} s: ${one()}.`);
  return `<think>${seconds.join(' ')} So it moves ${one()}.</think>\n<answer>${'ABCD'.charAt(Math.floor(4 * random()))}</answer>`;
}

export const asked: WeighedAnswer['question'] = {
  ...{ problem: 'Which way does it move?', problemType: 'multiple choice', dataType: 'video' },
  options: directions.map((direction, i) => `${'ABCD'.charAt(i)}. ${direction}`),
};

/** What the tokenizer is made of, so that prompts and answers have about as many tokens as the sample's. */
export const trainingTexts = Array.from({ length: 400 }, (_, i) => [
  textOf(i, 0),
  `user\n${questionText(asked, template)}\nassistant\n`,
]).flat();
