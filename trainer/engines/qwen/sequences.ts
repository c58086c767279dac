/** Sequences as tokens: prompts with positions and media, and the answers to them. */
import { StudioError } from '../../protocol/errors.ts';
import type { Sequence } from '../engine.ts';
import { specialTokens } from '../engine.ts';
import type { ModelConfig } from './config.ts';
import { type EncodedPrompt, PromptEncoder } from './prompts.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';

/**
 * @param alikeFrames whether frames of the same pixels are taken as the same frame: not where a gradient is added up by rows
 * @throws StudioError `bad-request`, `bad-media`
 */
export function encodeSequences(
  { tokenizer, config }: { readonly tokenizer: Tokenizer; readonly config: ModelConfig },
  sequences: readonly Sequence[],
  alikeFrames = false,
): { prompts: EncodedPrompt[]; answers: Int32Array[] } {
  const encoder = new PromptEncoder(tokenizer, config, alikeFrames);
  const prompts = sequences.map(({ prompt }) => encoder.encode(prompt));
  const end = tokenizer.special(specialTokens.turnEnd);
  const answers = sequences.map(({ answer }) => {
    if ('text' in answer) {
      const newline = answer.turnNewline === true ? tokenizer.encode('\n') : [];
      return Int32Array.from([...tokenizer.encode(answer.text), end, ...newline]);
    }
    const bad = answer.tokens.find((token) => token < 0 || token >= config.text.vocabularySize);
    if (bad !== undefined)
      throw new StudioError(
        'bad-request',
        `An answer holds token ${bad}; the model has ${config.text.vocabularySize}.`,
      );
    return answer.tokens;
  });
  return { prompts, answers };
}

/** Tokens of a prompt that a loss over prompts predicts: all from the second on but vision tokens. */
export function predictedTokens({ tokens, media }: EncodedPrompt): number {
  const vision = media.reduce((sum, medium) => sum + medium.tokens, 0);
  const startsWithVision = media.some(({ firstToken }) => firstToken === 0);
  return tokens.length - vision - (startsWithVision ? 0 : 1);
}
