/**
 * Scores answers again under interventions. All of one answer, as it was seen and changed, goes into one call of `forward`, so that
 * what is shared is computed once and no change gives exactly 0. Knows engines by their interface alone.
 */
import type { Engine, ModelHandle, Prompt, Scored, Sequence } from '../../engines/engine.ts';
import { type ChangedScore, evidenceVersion, type Intervention, type Weighing } from '../../protocol/evidence.ts';
import { type CutCompletion, cutCompletion, withReasoningCut } from './answer-tokens.ts';
import type { WeighedAnswer } from './asked.ts';
import { changedPrompt, movedLetter, seenPrompt } from './changed-prompt.ts';
import { planInterventions, type Wanted } from './plan.ts';

/** What is left out of a weighing until it is known whose weights made it, and when. */
export type Weighed = Omit<Weighing, 'at' | 'by'>;

/** A sequence to score, and which of its tokens' values are taken: those from `from` to `to`, which are token `first` and on of the answer. */
interface Scoring {
  readonly sequence: Sequence;
  readonly from: number;
  readonly to: number;
}

/** An answer with everything that is to be scored of it. */
export interface WeighingOrder {
  readonly answer: WeighedAnswer;
  readonly interventions: readonly {
    readonly intervention: Intervention;
    readonly first: number;
    readonly scoring: Scoring;
  }[];
  readonly commitment: readonly { readonly end: number; readonly scoring: Scoring }[] | null;
  readonly without: Weighing['without'];
}

/** Forward passes that an order takes: the changed answers, the curve's points, and the unchanged answer. */
export function passesOf({ interventions, commitment }: WeighingOrder): number {
  return 1 + interventions.length + (commitment?.length ?? 0);
}

/**
 * What is to be scored of an answer.
 * @param model as it tokenizes: an answer whose options are permuted ends in another letter
 */
export async function orderWeighing(
  engine: Pick<Engine, 'render'>,
  model: ModelHandle,
  answer: WeighedAnswer,
  wanted: Wanted & { readonly commitment: boolean },
): Promise<WeighingOrder> {
  const { ids, question, text, pieces, parsed } = answer;
  const plan = planInterventions(answer, wanted);
  const without = [...plan.without];
  const cut = cutCompletion(text, pieces, parsed, question.options);
  const opening = typeof cut === 'string' || cut.opening === null ? null : await tokensOf(engine, model, cut.opening);
  const seen = seenPrompt(answer);
  const interventions: WeighingOrder['interventions'][number][] = [];
  for (const intervention of plan.interventions) {
    const put = (scoring: Scoring, first: number) => interventions.push({ intervention, scoring, first });
    const { kind } = intervention;
    const prompt = changedPrompt(answer, intervention);
    if (kind !== 'no reasoning' && kind !== 'options permuted') {
      put(whole(prompt, ids), 0);
      continue;
    }
    if (typeof cut === 'string') {
      without.push({ kind, why: cut });
      continue;
    }
    if (kind === 'no reasoning') {
      put(forced(prompt, ids, cut, cut.thinkFrom, opening), cut.answerFrom);
      continue;
    }
    const moved = await movedAnswer(engine, model, answer, cut, intervention.order);
    if (typeof moved === 'string') without.push({ kind, why: moved });
    else put({ sequence: sequenceOf(prompt, moved), from: cut.answerFrom, to: cut.answerTo }, cut.answerFrom);
  }
  const commitment =
    wanted.commitment && typeof cut !== 'string'
      ? cut.cuts.map(({ end, token }) => ({ end, scoring: forced(seen, ids, cut, token, opening) }))
      : null;
  return { answer, interventions, commitment, without };
}

/**
 * Scores orders, all of them in one call.
 * @param unchanged whether the answers as they were seen are scored too, or what was recorded of them stands for it: only where the
 *   model is the one that sampled them, and the engine's `samplerIsTrainer`
 * @returns one weighing per order. @throws StudioError as `forward` does
 */
export async function weigh(
  engine: Engine,
  model: ModelHandle,
  orders: readonly WeighingOrder[],
  unchanged: 'scored' | 'recorded' = 'scored',
): Promise<Weighed[]> {
  const sequences = orders.flatMap(({ answer, interventions, commitment }) => [
    ...(unchanged === 'scored' ? [sequenceOf(seenPrompt(answer), answer.ids)] : []),
    ...interventions.map(({ scoring }) => scoring.sequence),
    ...(commitment ?? []).map(({ scoring }) => scoring.sequence),
  ]);
  const scored = await engine.forward(model, sequences);
  let next = 0;
  const take = (): Scored => scored[next++] as Scored;
  const valuesOf = ({ from, to }: Scoring): number[] => Array.from(take().logprobs.subarray(from, to));
  return orders.map(({ answer, interventions, commitment, without }): Weighed => {
    const seen = unchanged === 'scored' ? Array.from(take().logprobs) : [...answer.recorded];
    const changes = interventions.map(
      ({ intervention, scoring, first }): ChangedScore => ({ intervention, first, logprobs: valuesOf(scoring) }),
    );
    const curve = commitment?.map(({ end, scoring }) => ({
      end,
      logprob: valuesOf(scoring).reduce((sum, logprob) => sum + logprob, 0),
    }));
    const { recorded, rolloutId } = answer;
    const lessLikely = seen.reduce((sum, logprob, i) => sum + ((recorded[i] ?? logprob) - logprob), 0) / seen.length;
    return { rolloutId, version: evidenceVersion, seen, lessLikely, changes, commitment: curve ?? null, without };
  });
}

const sequenceOf = (prompt: Prompt, tokens: Int32Array): Sequence => ({ prompt, answer: { tokens } });

const whole = (prompt: Prompt, ids: Int32Array): Scoring => ({
  sequence: sequenceOf(prompt, ids),
  from: 0,
  to: ids.length,
});

/** The answer's tokens, forced after the reasoning up to `token`. */
function forced(
  prompt: Prompt,
  ids: Int32Array,
  cut: CutCompletion,
  token: number,
  opening: Int32Array | null,
): Scoring {
  const { tokens, shift } = withReasoningCut(ids, cut, token, opening);
  return { sequence: sequenceOf(prompt, tokens), from: cut.answerFrom - shift, to: cut.answerTo - shift };
}

async function tokensOf(engine: Pick<Engine, 'render'>, model: ModelHandle, text: string): Promise<Int32Array> {
  return (await engine.render(model, [{ kind: 'text', text }])).ids;
}

/** An option's letter in running text; `A` and `I` only where the words before say so. */
const namesLetter = /\b(?:[Oo]ption|[Aa]nswer|[Cc]hoice)\s+(?:is\s+)?\(?[A-Z]\b|\([A-Z]\)|\b[B-HJ-Z]\b/;

/** The tokens with another letter for an answer; why there are none, as a sentence. */
async function movedAnswer(
  engine: Pick<Engine, 'render'>,
  model: ModelHandle,
  { text, ids, pieces, parsed, question }: WeighedAnswer,
  { answerFrom, answerTo }: CutCompletion,
  order: readonly number[],
): Promise<Int32Array | string> {
  const { think, answer } = parsed;
  if (think && namesLetter.test(text.slice(think.start, think.end)))
    return 'The reasoning names options by their letters, which would be others.';
  const given = answer === null ? '' : text.slice(answer.start, answer.end);
  const letter = movedLetter(given, question.options, order);
  if (letter === null) return 'The answer is not the letter of an option.';
  const tokens = pieces.slice(answerFrom, answerTo).join('');
  const moved = await tokensOf(engine, model, tokens.replace(given.trim(), letter));
  if (moved.length !== answerTo - answerFrom) return 'The other letter is another number of tokens.';
  const changed = ids.slice();
  changed.set(moved, answerFrom);
  return changed;
}
