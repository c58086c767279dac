/** What the model is asked, as chunks in Qwen's chat layout, and what SFT trains it to answer. */
import { type Chunk, type Frames, type Prompt, specialTokens } from '../engines/engine.ts';
import type { DatasetRow } from '../protocol/dataset.ts';
import type { Question } from '../protocol/records.ts';
import type { PromptTemplate } from './template.ts';

type Asked = Pick<Question, 'problem' | 'problemType' | 'dataType' | 'options'>;

/**
 * The user's text: the problem; for choice `Options:` directly after it and each option on a line of its own; then a
 * newline, the instruction, and the sentence for the problem's type.
 */
export function questionText(
  question: Pick<Asked, 'problem' | 'problemType' | 'options'>,
  template: PromptTemplate,
): string {
  const options =
    question.problemType === 'multiple choice'
      ? `Options:\n${question.options.map((option) => `${option}\n`).join('')}`
      : '';
  return `${question.problem}${options}\n${template.instruction}${template.answerHint[question.problemType]}`;
}

const text = (words: string): Chunk => ({ kind: 'text', text: words });
const special = (token: string): Chunk => ({ kind: 'special', token });

/**
 * The chunks of one question's prompt, up to the point where the assistant speaks. Text of the dataset is always plain:
 * what looks like a special token in it stays text.
 *
 * @param order Place i shows frame `order[i]`; null shows a video's frames as they are. An image has no order.
 */
export function buildPrompt(
  question: Asked,
  frames: Frames,
  order: readonly number[] | null,
  template: PromptTemplate,
): Prompt {
  const { turnStart, turnEnd, visionStart, visionEnd } = specialTokens;
  const media: Chunk =
    question.dataType === 'image'
      ? { kind: 'image', frames }
      : { kind: 'video', frames, order: order ?? Array.from({ length: frames.count }, (_, i) => i) };
  const system =
    template.system === null
      ? []
      : [special(turnStart), text(`system\n${template.system}`), special(turnEnd), text('\n')];
  return [
    ...system,
    special(turnStart),
    text('user\n'),
    special(visionStart),
    media,
    special(visionEnd),
    text(questionText(question, template)),
    special(turnEnd),
    text('\n'),
    special(turnStart),
    text('assistant\n'),
  ];
}

/**
 * What an answer without reasoning begins with: an empty chain of thought and the answer's tag. The tag's `>` is left to the model: in
 * Qwen's tokenizers it is cut together with the letter that follows, and alone it stands behind a closing tag, where a turn ends.
 */
export const emptyReasoning = '<think></think><answer';

/** What SFT trains: the chain of thought, a newline, the solution with its tags. Null for a row without a chain of thought. */
export function solutionText(row: Pick<DatasetRow, 'process' | 'solution'>): string | null {
  return row.process === undefined ? null : `${row.process}\n${row.solution}`;
}
