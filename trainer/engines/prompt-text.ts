/** A prompt as the text that a model is given. */
import { type Chunk, type Prompt, specialTokens } from './engine.ts';

type MediaChunk = Extract<Chunk, { kind: 'image' | 'video' }>;

/**
 * Special tokens by name, text as it is, and `placeholders` of `<|image_pad|>` or `<|video_pad|>` for each medium: one as
 * the chat template has it, or as many as the medium has vision tokens.
 * @param textOfTokens of tokens by number, special tokens by name; where no tokenizer is at hand they stay numbers
 */
export function promptText(
  prompt: Prompt,
  placeholders: (chunk: MediaChunk) => number,
  textOfTokens: (ids: readonly number[]) => string = (ids) => ids.map((id) => `<|${id}|>`).join(''),
): string {
  const textOf = (chunk: Chunk): string => {
    switch (chunk.kind) {
      case 'text':
        return chunk.text;
      case 'special':
        return chunk.token;
      case 'tokens':
        return textOfTokens(chunk.ids);
      case 'image':
        return specialTokens.image.repeat(placeholders(chunk));
      case 'video':
        return specialTokens.video.repeat(placeholders(chunk));
    }
  };
  return prompt.map(textOf).join('');
}
