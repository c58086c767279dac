/** Finds prompts that are too long before a model is given them; their beginning is never cut off. */
import type { Unfit } from '../data/questions.ts';
import type { Engine, ModelHandle } from '../engines/engine.ts';
import { StudioError } from '../protocol/errors.ts';
import { buildPrompt } from '../reasoning/prompt.ts';
import type { PromptTemplate } from '../reasoning/template.ts';

/** @param mostTokens the parameter `maxPromptTokens`, visual tokens included; 0 for no limit */
export function longPrompt(engine: Engine, model: ModelHandle, template: PromptTemplate, mostTokens: number): Unfit {
  return async ({ question, frames }) => {
    if (mostTokens === 0) return null;
    const { length: tokens } = (await engine.render(model, buildPrompt(question, frames, null, template))).ids;
    if (tokens <= mostTokens) return null;
    return new StudioError(
      'bad-dataset',
      `The prompt has ${tokens.toLocaleString('en-US')} tokens; maxPromptTokens allows ${mostTokens.toLocaleString('en-US')}.`,
      { place: question.path, remedy: 'Shorten the problem, show fewer or smaller frames, or raise maxPromptTokens.' },
    );
  };
}
