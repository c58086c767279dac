/**
 * Measures what the order of the frames is worth to right answers, in the weights that sampled them and before they change: forward
 * passes alone, by evidence's own interventions and arithmetic. What an answer is paid for it is in `trainer/advantages/credit.ts`.
 */
import type { Credit } from '../advantages/credit.ts';
import type { LoadedQuestion } from '../data/questions.ts';
import { hash32 } from '../data/random.ts';
import type { Completion, Engine, Frames, ModelHandle } from '../engines/engine.ts';
import { orderWorthOf } from '../evidence/deltas.ts';
import { orderWeighing, type Weighed, type WeighingOrder, weigh } from '../evidence/interventions/weigh.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import type { CreditTerms } from '../protocol/records.ts';
import { parseCompletion } from '../reasoning/completion.ts';
import type { PromptTemplate } from '../reasoning/template.ts';

export interface CreditMeasuring {
  readonly engine: Engine;
  readonly model: ModelHandle;
  readonly template: PromptTemplate;
  /** Shuffles come from it, the step and the group's number. */
  readonly seed: number;
  readonly step: number;
  /** K: the mean is over so many, or over all that there are where those are fewer. */
  readonly shuffles: number;
}

/** The ordered answers to a question. */
export interface AnsweredGroup {
  readonly loaded: LoadedQuestion;
  readonly number: number;
  readonly ordered: readonly Completion[];
  /** Entry i is of answer i. */
  readonly right: readonly boolean[];
}

export interface GroupCredit {
  /** Entry i is of answer i; undefined where it was not measured, which wrong answers are not. */
  readonly credits: readonly (Credit | undefined)[];
  /** What was scored, by number of the answer. */
  readonly weighed: ReadonlyMap<number, Omit<Weighed, 'rolloutId'>>;
  readonly without: string | null;
}

/** Why no order of a medium's frames is another one, as a clause; null where there is one. */
export function withoutOrder(isVideo: boolean, frames: Pick<Frames, 'count' | 'pixels'>): string | null {
  if (!isVideo) return 'an image has no order of frames';
  if (frames.count < 2) return 'one frame alone has no order';
  const { pixels, count } = frames;
  const size = pixels.length / count;
  return pixels.every((value, i) => value === pixels[i % size]) ? 'its frames are all alike' : null;
}

/**
 * c of each right answer to a video, all in one call of the engine. Equal answers of a group are scored once; shuffles are the same for
 * all answers of a group. Where the sampler is the trainer, what it told of an answer stands for scoring it as it was seen.
 * @returns one per group. @throws StudioError as `forward` does
 */
export async function measureCredits(groups: readonly AnsweredGroup[], how: CreditMeasuring): Promise<GroupCredit[]> {
  const { engine, model } = how;
  const orders: WeighingOrder[] = [];
  const plans: { without: string | null; places: ReadonlyMap<number, number> }[] = [];
  for (const group of groups) {
    const { question, frames } = group.loaded;
    const without = withoutOrder(question.dataType === 'video', frames);
    const places = new Map<number, number>();
    const known = new Map<string, number>();
    for (const [i, completion] of group.ordered.entries()) {
      if (without !== null || group.right[i] !== true) continue;
      const key = completion.tokens.join();
      if (!known.has(key)) known.set(key, orders.push(await orderOf(group, completion, how)) - 1);
      places.set(i, known.get(key) as number);
    }
    plans.push({ without, places });
  }
  const weighed =
    orders.length === 0
      ? []
      : await weigh(engine, model, orders, engine.capabilities.samplerIsTrainer ? 'recorded' : 'scored');
  return groups.map(({ ordered }, g) => {
    const { without, places } = plans[g] as (typeof plans)[number];
    const own = new Map(
      [...places].map(([i, place]) => {
        const { rolloutId: _, ...found } = weighed[place] as Weighed;
        return [i, { ...found, forCredit: true as const }];
      }),
    );
    return {
      credits: ordered.map((_, i): Credit | undefined => {
        if (without !== null) return { without };
        const found = own.get(i);
        return found && orderWorthOf(found)?.worth;
      }),
      weighed: own,
      without,
    };
  });
}

function orderOf(
  { loaded: { question, frames }, number }: AnsweredGroup,
  { text, tokens, pieces, logprobs }: Completion,
  { engine, model, template, seed, step, shuffles }: CreditMeasuring,
): Promise<WeighingOrder> {
  const seen = Array.from({ length: frames.count }, (_, i) => i);
  const answer = { rolloutId: '', question, frames, seen, template, text, parsed: parseCompletion(text), ids: tokens };
  return orderWeighing(
    engine,
    model,
    { ...answer, pieces, recorded: Array.from(logprobs) },
    { kinds: ['order'], shuffles, seed: hash32(seed, step, number, 0xc4), commitment: false },
  );
}

/** How it was paid, for the record. */
export function creditTermsOf({ without }: GroupCredit, p: ParameterValues): CreditTerms {
  const { creditShuffles: shuffles, creditLow: low, creditHigh: high, creditWeight: weight } = p;
  return { by: p.temporalCredit === 'both' ? 'both' : 'answer', shuffles, low, high, weight, without };
}
