/** A question as it was asked, and an answer to it as tokens: what interventions change. */
import type { Frames } from '../../engines/engine.ts';
import type { ParsedCompletion, Question } from '../../protocol/records.ts';
import type { PromptTemplate } from '../../reasoning/template.ts';

export type AskedOf = Pick<Question, 'problem' | 'problemType' | 'dataType' | 'options'>;

export interface AnsweredQuestion {
  readonly question: AskedOf;
  readonly frames: Frames;
  /** Place i showed frame `seen[i]`; null for an image. */
  readonly seen: readonly number[] | null;
  readonly template: PromptTemplate;
}

export interface WeighedAnswer extends AnsweredQuestion {
  readonly rolloutId: string;
  readonly text: string;
  readonly parsed: ParsedCompletion;
  /** With the end token where it was reached. */
  readonly ids: Int32Array;
  /** One per token; they concatenate to the text, special tokens by name. */
  readonly pieces: readonly string[];
  /** As they were told when the answer was sampled. */
  readonly recorded: readonly number[];
}
