/** The other arms of an evaluation, asked: the same questions without reasoning, and videos with their frames reversed. */
import type { LoadedQuestion } from '../data/questions.ts';
import { hash32 } from '../data/random.ts';
import type { Chunk, Completion, Engine, Prompt } from '../engines/engine.ts';
import { changedPrompt, seenPrompt } from '../evidence/interventions/changed-prompt.ts';
import type { DirectBy, EvaluationArm } from '../protocol/evaluation-arms.ts';
import { emptyReasoning } from '../reasoning/prompt.ts';
import { directTemplate, type PromptTemplate } from '../reasoning/template.ts';
import { type AllSampling, sampleAll } from './sample-all.ts';

export interface ArmAsking extends AllSampling {
  readonly template: PromptTemplate;
  /** With a question's row it fixes the answer, whatever is asked beside it. */
  readonly seed: number;
}

/** What a model answered; `text` with what it was given to go on from. */
export interface ArmAnswer {
  readonly text: string;
  readonly completion: Completion;
}

/** How an engine's model is asked for an answer without reasoning. */
export const directByOf = ({ capabilities }: Pick<Engine, 'capabilities'>): DirectBy =>
  capabilities.prefix ? 'prefix' : 'hint';

/** One answer a question, frames in order, without reasoning. @throws as `sampleAll` does */
export async function askDirect(questions: readonly LoadedQuestion[], how: ArmAsking): Promise<ArmAnswer[]> {
  if (directByOf(how.engine) === 'hint') {
    const template = directTemplate(how.template);
    return askOnce(questions, how, 'direct', (loaded) => seenPrompt(asked(loaded, template)));
  }
  const { ids } = await how.engine.render(how.model, [{ kind: 'text', text: emptyReasoning }]);
  const begun: Chunk = { kind: 'tokens', ids: Array.from(ids) };
  const answers = await askOnce(questions, how, 'direct', (loaded) => [
    ...seenPrompt(asked(loaded, how.template)),
    begun,
  ]);
  return answers.map(({ text, completion }) => ({ text: emptyReasoning + text, completion }));
}

/** Whether a question's frames have another order to be shown in. */
export const canReverse = ({ question, frames }: LoadedQuestion): boolean =>
  question.dataType === 'video' && frames.count > 1;

/** One answer a video, its frames reversed. @param questions that `canReverse`. @throws as `sampleAll` does */
export function askReversed(questions: readonly LoadedQuestion[], how: ArmAsking): Promise<ArmAnswer[]> {
  return askOnce(questions, how, 'reversed', (loaded) =>
    changedPrompt(asked(loaded, how.template), { kind: 'reversed' }),
  );
}

const asked = ({ question, frames }: LoadedQuestion, template: PromptTemplate) => ({
  ...{ question, frames, template },
  seen: question.dataType === 'video' ? Array.from({ length: frames.count }, (_, i) => i) : null,
});

async function askOnce(
  questions: readonly LoadedQuestion[],
  how: ArmAsking,
  arm: EvaluationArm,
  promptOf: (loaded: LoadedQuestion) => Prompt,
): Promise<ArmAnswer[]> {
  const requests = questions.map((loaded) => ({
    prompt: promptOf(loaded),
    seeds: [hash32(how.seed, loaded.question.row, arm)],
  }));
  const all = await sampleAll(requests, how);
  return all.map((given) => {
    const completion = given[0] as Completion;
    return { text: completion.text, completion };
  });
}
