/**
 * Finds out what answers stood on: one, those of a group, or all that a query keeps. What is found is written answer by answer, so
 * that what ends it keeps what is done, and the next one goes on.
 */
import { hash32 } from '../data/random.ts';
import type { Frames } from '../engines/engine.ts';
import { orderWorthOf } from '../evidence/deltas.ts';
import type { WeighedAnswer } from '../evidence/interventions/asked.ts';
import { planInterventions, usualShuffles } from '../evidence/interventions/plan.ts';
import { orderWeighing, passesOf, type WeighingOrder, weigh } from '../evidence/interventions/weigh.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import {
  answeredBy,
  type HeldOrderWorth,
  type InterventionKind,
  usualKinds,
  type Weighing,
  type WeighingCost,
} from '../protocol/evidence.ts';
import type { GroupWithRollouts, Rollout, RolloutTokens, RunEventBody } from '../protocol/records.ts';
import { seenOrder } from '../protocol/seen-order.ts';
import { splitSentences } from '../reasoning/sentences.ts';
import type { PromptTemplate } from '../reasoning/template.ts';
import type { RunStore } from '../store/run-store.ts';
import type { EventDetails } from '../store/run-tables.ts';
import type { CheckpointsRead } from './checkpoints.ts';
import { orAborted } from './or-aborted.ts';
import type { ChosenWeights, LendingRun, LoadedModel, WeightsAtHand, WeightsDesk } from './weights-at-hand.ts';

/** A run whose answers are weighed. */
export interface WeighedRun extends LendingRun {
  readonly store: RunStore;
  record(body: RunEventBody, details?: EventDetails): unknown;
}

export interface WeighingAsked {
  /** Ids, in the order in which they are weighed. */
  readonly rollouts: readonly string[];
  readonly kinds: readonly InterventionKind[] | null;
  /** Step of the checkpoint that scores; null leaves it to what is at hand. */
  readonly checkpoint: number | null;
}

export interface WeighingProgress {
  readonly done: number;
  readonly total: number;
  /** What is under way, for people; null where the numbers say all. */
  readonly doing: string | null;
  readonly leftMs: number | null;
}

/** Answers that were weighed now, those that were before, and those that could not be. */
export interface WeighingDone {
  weighed: number;
  before: number;
  readonly refused: { rolloutId: string; why: string }[];
  readonly cancelled: boolean;
}

/** Answers that the same weights are best for. */
interface Share {
  readonly chosen: ChosenWeights;
  readonly ids: string[];
}

interface ShareWork {
  readonly weights: WeightsAtHand;
  /** Of who asked, or of the weights. */
  readonly gone: AbortSignal;
  /** Counted on. */
  readonly done: WeighingDone;
  tell(): void;
}

/** Sequences that go into one call of the engine, about: between two calls a run has its turn. */
const sequencesPerPiece = 256;
/** At most: answers to one question have prompts in common, which a cut between them would have to score twice. */
const mostSequencesPerPiece = 2 * sequencesPerPiece;

/** Whether a piece of so many sequences is full where another answer would follow. */
export function isPieceFull(sequences: number, toTheSameQuestion: boolean): boolean {
  return sequences >= (toTheSameQuestion ? mostSequencesPerPiece : sequencesPerPiece);
}

/** What lists hold of a weighing; null without an order. */
export function heldWorth(weighing: Weighing): HeldOrderWorth | null {
  const order = orderWorthOf(weighing);
  return order && { ...order, step: weighing.by.step, same: weighing.by.same };
}

export class WeighingJob {
  private readonly desk: WeightsDesk;
  private readonly framesOf: (runId: string, key: string) => Promise<Frames>;
  /** Milliseconds a forward pass by runs, as the last ones went. */
  private readonly paces = new Map<string, number>();

  constructor(desk: WeightsDesk, framesOf: (runId: string, key: string) => Promise<Frames>) {
    this.desk = desk;
    this.framesOf = framesOf;
  }

  /** @throws StudioError `not-found` for a rollout that is not there */
  async cost(run: WeighedRun, asked: WeighingAsked): Promise<WeighingCost> {
    const { rollouts } = asked;
    const [firstId] = rollouts;
    const none = { by: null, answers: rollouts.length, weighed: 0, passes: 0, ms: null };
    if (firstId === undefined) return { ...none, refusal: 'There is nothing to weigh.' };
    const first = heldAnswer(run.store, firstId, new Map());
    let shares: Share[];
    try {
      shares = await this.shares(run, asked);
    } catch (thrown) {
      return { ...none, refusal: asStudioError(thrown).toString() };
    }
    const weighed = shares.reduce((sum, { chosen, ids }) => sum + run.store.weighedOf(ids, chosen).size, 0);
    const passes = (rollouts.length - weighed) * passesAbout(first, asked.kinds ?? usualKinds);
    const pace = this.paces.get(run.summary().id);
    const [{ chosen }] = shares as [Share];
    const by = { run: chosen.run, step: chosen.step, same: run.store.hasAnswered(first.group, chosen.step) };
    const ms = pace === undefined ? null : Math.round(pace * passes);
    return { by, answers: rollouts.length, weighed, passes, ms, refusal: unscorable(run.store.heldTokens(firstId)) };
  }

  /**
   * @param onProgress told after each piece
   * @throws StudioError `conflict` where no weights can be had, or they go away meanwhile; as the engine does
   */
  async compute(
    run: WeighedRun,
    asked: WeighingAsked,
    signal: AbortSignal,
    onProgress: (progress: WeighingProgress) => void,
  ): Promise<WeighingDone> {
    const { rollouts, kinds } = asked;
    if (rollouts.length === 0) return { weighed: 0, before: 0, refused: [], cancelled: false };
    const shares = (await this.shares(run, asked)).map(({ chosen, ids }) => {
      const known = kinds === null ? run.store.weighedOf(ids, chosen) : new Set<string>();
      return { chosen, ids: ids.filter((id) => !known.has(id)) };
    });
    const total = shares.reduce((sum, { ids }) => sum + ids.length, 0);
    const done: WeighingDone = { weighed: 0, before: rollouts.length - total, refused: [], cancelled: false };
    const known = done.before;
    const startedMs = performance.now();
    const tell = (doing: string | null): void => {
      const made = done.weighed + done.refused.length + done.before - known;
      const leftMs = made === 0 ? null : ((performance.now() - startedMs) / made) * (total - made);
      onProgress({ done: made, total, doing, leftMs });
    };
    try {
      for (const { chosen, ids } of shares) {
        if (ids.length === 0) continue;
        const work = (weights: WeightsAtHand, gone: AbortSignal) =>
          this.weighShare(run, ids, asked, { weights, gone, done, tell: () => tell(null) });
        await this.desk.use(run, chosen, signal, work, tell);
      }
    } catch (thrown) {
      if (!signal.aborted) throw done.weighed === 0 ? thrown : partly(asStudioError(thrown), done.weighed, total);
    }
    return { ...done, cancelled: signal.aborted };
  }

  private async weighShare(
    run: WeighedRun,
    ids: readonly string[],
    asked: WeighingAsked,
    { weights, gone, done, tell }: ShareWork,
  ): Promise<void> {
    for (let from = 0; from < ids.length; ) {
      gone.throwIfAborted();
      const { answers, next } = await this.portion(run, ids, from, weights.template, asked, done);
      from = next;
      if (answers.length > 0) {
        const piece = weights.piece((loaded) => this.weighPiece(run, answers, asked, { weights, gone, done }, loaded));
        await orAborted(gone, piece);
      }
      tell();
    }
  }

  private async weighPiece(
    run: WeighedRun,
    answers: readonly { readonly answer: WeighedAnswer; readonly group: GroupWithRollouts }[],
    asked: WeighingAsked,
    { weights, gone, done }: Omit<ShareWork, 'tell'>,
    { engine, model }: LoadedModel,
  ): Promise<void> {
    gone.throwIfAborted();
    const step = weights.step();
    // Somebody else may have weighed them while this waited for its turn. Kinds that are named are scored whatever was before.
    const ids = answers.map(({ answer }) => answer.rolloutId);
    const again = asked.kinds === null ? run.store.weighedOf(ids, { run: weights.run, step }) : new Set<string>();
    const open = answers.filter(({ answer }) => !again.has(answer.rolloutId));
    done.before += again.size;
    if (open.length === 0) return;
    const orders: WeighingOrder[] = [];
    for (const { answer } of open)
      orders.push(await orderWeighing(engine, model, answer, this.wantedOf(answer, asked)));
    const begunMs = performance.now();
    const scored = await weigh(engine, model, orders);
    const passes = orders.reduce((sum, order) => sum + passesOf(order), 0);
    this.paces.set(weights.run, (performance.now() - begunMs) / passes);
    if (gone.aborted) return;
    const found = scored.map((one, i): Weighing => {
      const { group } = open[i] as (typeof open)[number];
      return { ...one, at: Date.now(), by: { run: weights.run, step, same: run.store.hasAnswered(group, step) } };
    });
    this.keep(run, found);
    done.weighed += found.length;
  }

  private wantedOf(answer: WeighedAnswer, { kinds }: WeighingAsked) {
    // The same shuffles for all answers to a question, by whatever weights.
    const seed = hash32('order', answer.frames.key, answer.question.problem);
    return { kinds: kinds ?? usualKinds, shuffles: usualShuffles, seed, commitment: true };
  }

  /** Answers from a place on, enough for a piece. */
  private async portion(
    run: WeighedRun,
    ids: readonly string[],
    from: number,
    template: PromptTemplate,
    { kinds }: WeighingAsked,
    done: WeighingDone,
  ): Promise<{ answers: { answer: WeighedAnswer; group: GroupWithRollouts }[]; next: number }> {
    const answers: { answer: WeighedAnswer; group: GroupWithRollouts }[] = [];
    const groups = new Map<string, GroupWithRollouts>();
    let next = from;
    for (let sequences = 0; next < ids.length && !isPieceFull(sequences, true); next++) {
      const id = ids[next] as string;
      try {
        const held = heldAnswer(run.store, id, groups);
        if (isPieceFull(sequences, held.group === answers.at(-1)?.group)) break;
        answers.push({ answer: await this.answerOf(run, held, template), group: held.group });
        sequences += passesAbout(held, kinds ?? usualKinds);
      } catch (thrown) {
        const fault = asStudioError(thrown);
        if (!['not-found', 'bad-media', 'bad-request'].includes(fault.kind)) throw fault;
        // A single answer is asked for by somebody who reads it.
        if (ids.length === 1) throw fault;
        done.refused.push({ rolloutId: id, why: fault.toString() });
      }
    }
    return { answers, next };
  }

  private async answerOf(
    run: WeighedRun,
    { group, rollout }: HeldAnswer,
    template: PromptTemplate,
  ): Promise<WeighedAnswer> {
    const { id: rolloutId, text, parsed } = rollout;
    const tokens = run.store.tokens(rolloutId);
    const why = unscorable(tokens);
    if (why !== null) throw new StudioError('bad-request', why, { place: rolloutId });
    const { ids = [], pieces, logprobs, trainerLogprobs: recorded = logprobs } = tokens;
    const { question, media } = group;
    const frames = await this.framesOf(run.summary().id, media.key);
    const seen = media.kind === 'image' ? null : seenOrder(media, rollout.order);
    return { rolloutId, question, frames, seen, template, text, parsed, ids: Int32Array.from(ids), pieces, recorded };
  }

  /** What other weights found does not take the place of what those found that answered, but for what was scored for a credit alone. */
  private keep(run: WeighedRun, weighings: readonly Weighing[]): void {
    const isTold = (held: Weighing | null): boolean => held?.by.same === true && held.forCredit !== true;
    const answers = Object.fromEntries(
      weighings
        .filter(({ rolloutId, by }) => by.same || !isTold(run.store.weighing(rolloutId)))
        .map((weighing) => [weighing.rolloutId, heldWorth(weighing)]),
    );
    run.record({ type: 'weighed', answers }, { weighings });
  }

  /** The answers by the weights that are best for them, in their order. */
  private async shares(run: WeighedRun, { rollouts, checkpoint }: WeighingAsked): Promise<Share[]> {
    const groups = new Map<string, GroupWithRollouts>();
    const byStep = new Map<number, ChosenWeights>();
    const known: CheckpointsRead = new Map();
    const shares = new Map<string, Share>();
    for (const id of rollouts) {
      const { group } = heldAnswer(run.store, id, groups);
      const wanted = checkpoint ?? answeredBy(group);
      const chosen = byStep.get(wanted) ?? (await this.desk.choose(run, wanted, checkpoint !== null, known));
      byStep.set(wanted, chosen);
      const key = `${chosen.kind} ${chosen.step}`;
      const share = shares.get(key);
      if (share) share.ids.push(id);
      else shares.set(key, { chosen, ids: [id] });
    }
    return [...shares.values()];
  }
}

/** What was cut short says how far it had come. */
function partly({ kind, message, place, remedy }: StudioError, weighed: number, total: number): StudioError {
  const far = `${weighed.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} answers were weighed before.`;
  return new StudioError(kind, `${message} ${far}`, {
    ...(place !== undefined && { place }),
    ...(remedy !== undefined && { remedy }),
  });
}

/** An answer with its group. */
interface HeldAnswer {
  readonly group: GroupWithRollouts;
  readonly rollout: Rollout;
}

/** @throws StudioError `not-found` */
function heldAnswer(store: RunStore, rolloutId: string, known: Map<string, GroupWithRollouts>): HeldAnswer {
  const { groupId } = store.findPlace({ rolloutId });
  const group = groupId === null ? undefined : (known.get(groupId) ?? store.group(groupId));
  const rollout = group?.rollouts.find(({ id }) => id === rolloutId);
  if (!group || !rollout) throw new StudioError('not-found', `There is no rollout ${rolloutId} in this run.`);
  known.set(group.id, group);
  return { group, rollout };
}

/** Forward passes for an answer, as its frames and sentences suggest. */
function passesAbout({ group, rollout }: HeldAnswer, kinds: readonly InterventionKind[]): number {
  const { question, media } = group;
  const seen = media.kind === 'image' ? null : seenOrder(media, rollout.order);
  const { interventions } = planInterventions({ question, seen }, { kinds, shuffles: usualShuffles, seed: 0 });
  const { text, parsed } = rollout;
  const curve = parsed.think === null ? 0 : splitSentences(text, parsed.think, question.options).length + 1;
  return 1 + curve + interventions.length;
}

/** Why an answer can't be scored again, as a sentence; null where it can. */
function unscorable(tokens: RolloutTokens | null): string | null {
  if (tokens === null) return 'No tokens were recorded for this rollout.';
  return tokens.ids === undefined
    ? `It can’t be scored again: ${tokens.missing?.ids ?? 'its token ids are not kept'}`
    : null;
}
