/** What the order of the frames is worth to answers that were asked for: each scored again with its frames shuffled, as it went on. */
import { hash32 } from '../data/random.ts';
import type { Sequence } from '../engines/engine.ts';
import { shuffles, usualShuffles } from '../evidence/interventions/plan.ts';
import { type OrderWorth, orderWorth } from '../evidence/order-rule.ts';
import { wordsOf } from '../evidence/words.ts';
import type { Experiment, ExperimentAnswer } from '../protocol/ask.ts';
import { StudioError } from '../protocol/errors.ts';
import type { RolloutTokens } from '../protocol/records.ts';
import { type AskedAbout, type AskSources, askedPrompt } from './asked-prompt.ts';
import type { WeightsAtHand } from './weights-at-hand.ts';

interface WeighedExperiment {
  readonly asked: AskedAbout;
  readonly experiment: Experiment;
  readonly answers: readonly Pick<ExperimentAnswer, 'text' | 'from'>[];
  /** Of the answers, those that the model wrote. */
  readonly tokens: readonly RolloutTokens[];
  readonly sources: AskSources;
  readonly at: WeightsAtHand;
}

/**
 * One for each answer, in nats over the tokens that the model wrote, and over those of each word: what was kept and typed is given. As seen and shuffled are scored
 * in one call. Null for an answer without tokens.
 * @throws StudioError `bad-request` where no order was shown; as `askedPrompt` and the engine do
 */
export async function worthOfAnswers({
  asked,
  experiment,
  answers,
  tokens,
  sources,
  at,
}: WeighedExperiment): Promise<ExperimentAnswer['order'][]> {
  const { ask, seed, shown } = experiment;
  // The shuffles by which the original is weighed.
  const orders =
    shown === null || asked.group.media.kind === 'image'
      ? []
      : shuffles(shown.order.length, usualShuffles, hash32('order', shown.key, asked.group.question.problem));
  if (orders.length === 0)
    throw new StudioError('bad-request', 'Fewer than two frames were shown, and no order.', {
      remedy: 'Ask with more of them.',
    });
  const prompts = [await askedPrompt(asked, ask, seed, sources)];
  for (const places of orders) prompts.push(await askedPrompt(asked, ask, seed, sources, places));
  const sequences = tokens.flatMap(({ ids = [] }): Sequence[] =>
    prompts.map(({ prompt }) => ({ prompt, answer: { tokens: Int32Array.from(ids) } })),
  );
  const scored = await at.piece(({ engine, model }) => engine.forward(model, sequences));
  return tokens.map(({ ids = [], pieces }, k) => {
    if (ids.length === 0) return null;
    const own = scored.slice(k * prompts.length, (k + 1) * prompts.length);
    const worthOf = (of: readonly number[]): OrderWorth => {
      const [seen = 0, ...changed] = own.map(({ logprobs }) =>
        of.reduce((sum, token) => sum + (logprobs[token] ?? 0), 0),
      );
      return orderWorth(changed.map((sum) => seen - sum));
    };
    const { text, from } = answers[k] as Pick<ExperimentAnswer, 'text' | 'from'>;
    const words = wordsOf(text.slice(from), pieces).map(({ span: { start, end }, tokens: of }) => ({
      span: { start: from + start, end: from + end },
      worth: worthOf(of).worth,
    }));
    return { ...worthOf(ids.map((_, i) => i)), words };
  });
}
