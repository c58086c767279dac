/** The wording of prompts: our own by default, another from a template file. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { ProblemType } from '../protocol/dataset.ts';
import { StudioError } from '../protocol/errors.ts';
import { faultLine } from '../protocol/issues.ts';
import { jsonOf } from '../protocol/json.ts';

const answerHints = z.strictObject({
  'multiple choice': z.string(),
  numerical: z.string(),
  OCR: z.string(),
  'free-form': z.string(),
  regression: z.string(),
} satisfies Record<ProblemType, z.ZodString>);

/**
 * `system`: the system turn, or null for a prompt without one. `instruction` stands on its own line after the problem and
 * its options. `answerHint` follows it directly, as it is (give it its leading space), and says by problem type what goes
 * between the answer tags.
 */
export const promptTemplate = z.strictObject({
  system: z.string().nullable(),
  instruction: z.string(),
  answerHint: answerHints,
});
export type PromptTemplate = z.infer<typeof promptTemplate>;

export const defaultTemplate: PromptTemplate = {
  system: 'You are a helpful assistant.',
  instruction:
    'Before you answer, reason about the question at length, the way a careful person talks to themselves: describe what you ' +
    'see and in which order it happens, and follow it to a conclusion. Stop now and then with words such as "wait", "hmm" or ' +
    '"let me check that again", go back to the evidence, and correct yourself where an earlier step does not hold. Write this ' +
    'reasoning between <think> and </think>, and after it nothing but the final answer between <answer> and </answer>.',
  answerHint: {
    'multiple choice':
      ' The answer is the letter of one option, such as A, B, C or D, with nothing else between <answer> and </answer>.',
    numerical: ' The answer is a number, such as 42 or 3.14, with nothing else between <answer> and </answer>.',
    OCR: ' The answer is the text that can be read in the picture or video, copied exactly between <answer> and </answer>.',
    'free-form': ' The answer is a text of your own between <answer> and </answer>.',
    regression:
      ' The answer is your best estimate as a number, such as 42 or 3.14, with nothing else between <answer> and </answer>.',
  },
};

/** The wording that asks for an answer alone: without the instruction, which is the one to reason. */
export const directTemplate = (template: PromptTemplate): PromptTemplate => ({ ...template, instruction: '' });

/**
 * The template of a JSON file, or our own wording when no file is named.
 * @throws StudioError `bad-template` when the file can't be read, is not JSON, lacks a key or has one too many.
 */
export async function readTemplate(file: string | undefined): Promise<PromptTemplate> {
  if (file === undefined) return defaultTemplate;
  const form =
    'A template is {"system": text or null, "instruction": text, "answerHint": {one text for each problem type}}.';
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new StudioError('bad-template', `The prompt template can't be read: ${(cause as Error).message}`, {
      place: file,
      remedy: 'Check "promptTemplate" in the run file; its path is relative to the run file’s folder.',
      cause,
    });
  }
  let json: unknown;
  try {
    json = jsonOf(text);
  } catch (cause) {
    throw new StudioError('bad-template', `The prompt template is not JSON: ${(cause as Error).message}`, {
      place: file,
      remedy: form,
      cause,
    });
  }
  const template = promptTemplate.safeParse(json);
  if (template.success) return template.data;
  const faults = faultLine(promptTemplate, json, template.error, 'the template');
  throw new StudioError('bad-template', `The prompt template has a fault: ${faults}.`, {
    place: file,
    remedy: form,
  });
}
