/** A prompt as the text that a model is given. */
import { type Chunk, type Prompt, specialTokens } from './engine.ts';

type MediaChunk = Extract<Chunk, { kind: 'image' | 'video' }>;

/**
 * Special tokens by name, text as it is, and `placeholders` of `<|image_pad|>` or `<|video_pad|>` for each medium: one as
 * the chat template has it, or as many as the medium has vision tokens.
 */
export function promptText(prompt: Prompt, placeholders: (chunk: MediaChunk) => number): string {
  const textOf = (chunk: Chunk): string => {
    switch (chunk.kind) {
      case 'text':
        return chunk.text;
      case 'special':
        return chunk.token;
      case 'image':
        return specialTokens.image.repeat(placeholders(chunk));
      case 'video':
        return specialTokens.video.repeat(placeholders(chunk));
    }
  };
  return prompt.map(textOf).join('');
}
