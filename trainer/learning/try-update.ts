/**
 * What an update does to its answers: they are scored again by the new weights. And updates for a look alone, which are taken back:
 * weights and optimizer are what they were before, bit for bit. No randomness is used.
 */
import type { Scored, Sequence } from '../engines/engine.ts';
import { StudioError } from '../protocol/errors.ts';
import { learningRateAt } from '../protocol/learning-rate.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import type { MovedAnswer, Receipt, TriedUpdate } from '../protocol/receipts.ts';
import type { UpdatedAnswer } from './groups.ts';
import type { OpenAnswer, OpenGroups } from './open-groups.ts';
import { updatePolicy } from './policy-update.ts';
import type { Models } from './training.ts';

/** An update that was made. */
export interface MadeUpdate {
  readonly step: number;
  /** As they were when it was made. */
  readonly open: OpenGroups;
  /** What it computed before it changed the weights. */
  readonly computed: readonly UpdatedAnswer[];
}

/**
 * The receipt of the update whose weights the policy holds. `before` is what the update itself computed; of answers that it left out,
 * the old log-probabilities.
 * @throws StudioError as the engine does
 */
export async function receiptOf(models: Models, { step, open, computed }: MadeUpdate): Promise<Receipt> {
  const byUpdate = new Map(computed.map(({ rolloutId, logprobs }) => [rolloutId, logprobs]));
  const answers = open.answers().map((answer) => ({ answer, before: byUpdate.get(answer.rolloutId) ?? answer.old }));
  const scored = await score(
    models,
    answers.map(({ answer }) => answer),
  );
  return {
    step,
    at: Date.now(),
    answers: answers.map(({ answer, before }, i) => movedAnswer(answer, before, scored[i])),
  };
}

/** An update that could be made. */
export interface PlannedUpdate {
  readonly open: OpenGroups;
  readonly parameters: ParameterValues;
}

export interface Trying {
  readonly step: number;
  readonly signal: AbortSignal;
  /** What is under way, for people. */
  tell(doing: string): void;
}

/** The weights are no longer the run's: whoever goes on with them would train others than those it recorded. */
export class WeightsNotPutBack extends StudioError {
  constructor(cause: unknown) {
    super('engine-failed', 'The weights could not be put back after an update was tried.', {
      remedy: 'Resume the run from its last checkpoint.',
      cause,
    });
  }
}

/**
 * Makes both updates from the policy's present weights, one after the other, and takes each back. All answers are scored in the same
 * calls before and after, so that what an update does not move is 0 exactly.
 * @throws StudioError `cancelled` or the signal's reason between two calls of the engine; as the engine does. The weights are put back then
 * @throws WeightsNotPutBack
 */
export async function tryUpdate(
  models: Models,
  { plain, tried }: { readonly plain: PlannedUpdate; readonly tried: PlannedUpdate },
  { step, signal, tell }: Trying,
): Promise<Omit<TriedUpdate, 'again'>> {
  const { engine, policy } = models;
  const ids = new Set([...plain.open.answers(), ...tried.open.answers()].map(({ rolloutId }) => rolloutId));
  const answers = plain.open.everyAnswer().filter(({ rolloutId }) => ids.has(rolloutId));
  tell('scoring the answers');
  const before = await score(models, answers);
  signal.throwIfAborted();
  tell('keeping the weights aside');
  const kept = await engine.snapshot(policy);
  const putBack = async (): Promise<void> => {
    try {
      await engine.restore(kept);
    } catch (thrown) {
      throw new WeightsNotPutBack(thrown);
    }
  };
  const rate = ({ parameters }: PlannedUpdate): number => learningRateAt(step, parameters);
  const made = async (planned: PlannedUpdate, name: string): Promise<Receipt> => {
    signal.throwIfAborted();
    tell(`making the ${name} update`);
    const sequences = planned.open.sequences();
    try {
      const update = await updatePolicy(models, sequences, planned.parameters, rate(planned));
      signal.throwIfAborted();
      tell(`scoring the answers after the ${name} update`);
      const after = update === null ? before : await score(models, answers);
      const advantages = new Map(sequences.map(({ rolloutId, advantage }) => [rolloutId, advantage]));
      const moved = answers.map((answer, i) =>
        movedAnswer(
          { ...answer, advantage: advantages.get(answer.rolloutId) ?? null },
          before[i]?.logprobs ?? [],
          after[i],
        ),
      );
      return { step, at: Date.now(), answers: moved };
    } finally {
      await putBack();
    }
  };
  const learningRate = { plain: rate(plain), tried: rate(tried) };
  let receipts: Pick<TriedUpdate, 'plain' | 'tried'>;
  try {
    receipts = { plain: await made(plain, 'plain'), tried: await made(tried, 'changed') };
  } catch (thrown) {
    // What went wrong first is told: weights that are not put back matter more than a copy that is not let go.
    await engine.release(kept).catch(() => undefined);
    throw thrown;
  }
  await engine.release(kept);
  return { step, learningRate, ...receipts };
}

async function score({ engine, policy }: Models, answers: readonly OpenAnswer[]): Promise<Scored[]> {
  if (answers.length === 0) return [];
  const sequences = answers.map(({ prompt, tokens }): Sequence => ({ prompt, answer: { tokens } }));
  return engine.forward(policy, sequences);
}

function movedAnswer(
  { rolloutId, advantage }: Pick<OpenAnswer, 'rolloutId' | 'advantage'>,
  before: ArrayLike<number>,
  after: Scored | undefined,
): MovedAnswer {
  return { rolloutId, advantage, before: Array.from(before), after: Array.from(after?.logprobs ?? []) };
}
