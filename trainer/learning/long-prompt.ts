/** Finds prompts that are too long before a model is given them; their beginning is never cut off. */
import type { Unfit } from '../data/questions.ts';
import type { Engine, ModelHandle, Prompt } from '../engines/engine.ts';
import { StudioError } from '../protocol/errors.ts';
import { buildPrompt } from '../reasoning/prompt.ts';
import type { PromptTemplate } from '../reasoning/template.ts';

/** @param mostTokens the parameter `maxPromptTokens`, visual tokens included; 0 for no limit */
export function longPrompt(engine: Engine, model: ModelHandle, template: PromptTemplate, mostTokens: number): Unfit {
  return async ({ question, frames }) => {
    const why = await tooLong(engine, model, buildPrompt(question, frames, null, template), mostTokens);
    return why === null ? null : new StudioError('bad-dataset', why, { place: question.path, remedy: shorten });
  };
}

/** What a person can do about it. */
export const shorten = 'Shorten the problem, show fewer or smaller frames, or raise maxPromptTokens.';

/** Why a prompt is too long, as a sentence; null where it is not. @param mostTokens as of `longPrompt` */
export async function tooLong(
  engine: Engine,
  model: ModelHandle,
  prompt: Prompt,
  mostTokens: number,
): Promise<string | null> {
  if (mostTokens === 0) return null;
  const { length: tokens } = (await engine.render(model, prompt)).ids;
  if (tokens <= mostTokens) return null;
  return `The prompt has ${tokens.toLocaleString('en-US')} tokens; maxPromptTokens allows ${mostTokens.toLocaleString('en-US')}.`;
}
