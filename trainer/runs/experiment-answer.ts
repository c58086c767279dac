/** An answer to what was asked again, as it is kept. */
import type { Completion } from '../engines/engine.ts';
import type { ExperimentAnswer } from '../protocol/ask.ts';
import { isCorrect } from '../protocol/correctness.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import type { RolloutTokens } from '../protocol/records.ts';
import { analyse } from '../reasoning/analysis.ts';
import { parseCompletion } from '../reasoning/completion.ts';
import { score } from '../rewards/score.ts';
import type { AskedPrompt } from './asked-prompt.ts';

/** As rollouts are scored and read: no reward parts, no advantage. */
export function experimentAnswer(
  index: number,
  completion: Completion,
  { prompt, parameters }: { readonly prompt: AskedPrompt; readonly parameters: ParameterValues },
): ExperimentAnswer {
  const { question, given, media } = prompt;
  const text = given + completion.text;
  const { think, answer: span, problems } = parseCompletion(text);
  const parsed = { think, answer: span, problems };
  const { answer, accuracy } = score(text, question, parameters);
  const correct = isCorrect(accuracy, parameters.correctThreshold);
  const { stopReason, tokens, logprobs } = completion;
  const reward = { parts: [], total: 0 };
  const found = analyse({ text, parsed, stopReason, answer, correct, reward }, { question, media, temporal: null });
  const sum = logprobs.reduce((all, logprob) => all + logprob, 0);
  return {
    ...{ index, text, from: given.length, parsed, answer, accuracy, correct },
    ...{ aha: found.aha, commitments: found.commitments, stopReason, newTokens: tokens.length },
    meanLogprob: tokens.length === 0 ? null : sum / tokens.length,
    order: null,
  };
}

export function tokensOf({ tokens, pieces, logprobs, entropy }: Completion): RolloutTokens {
  return {
    pieces: [...pieces],
    logprobs: Array.from(logprobs),
    ...(entropy && { entropy: Array.from(entropy) }),
    ids: Array.from(tokens),
  };
}
