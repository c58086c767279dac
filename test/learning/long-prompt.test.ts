/** A prompt above maxPromptTokens, its visual tokens counted, is unfit; 0 is no limit. */
import { expect, it } from 'vitest';
import { longPrompt } from '../../trainer/learning/long-prompt.ts';
import { buildPrompt } from '../../trainer/reasoning/prompt.ts';
import { aLoadedQuestion, scriptedTraining } from './scripted-training.ts';

it('is unfit by one token, and fit at the limit', async () => {
  const question = aLoadedQuestion(0);
  const { training } = await scriptedTraining('tgrpo', { questions: [question] });
  const { engine, policy, template } = training;
  const { ids } = await engine.render(policy, buildPrompt(question.question, question.frames, null, template));
  const tokens = ids.length;
  const unfit = (most: number) => longPrompt(engine, policy, template, most)(question);
  expect(await unfit(tokens)).toBeNull();
  expect(await unfit(0)).toBeNull();
  expect(await unfit(tokens - 1)).toMatchObject({
    kind: 'bad-dataset',
    message: `The prompt has ${tokens} tokens; maxPromptTokens allows ${tokens - 1}.`,
    place: '0.mp4',
  });
});
