/**
 * The groups of a step between sampling and update. At `before-update` answers can be given other scores, and tokens can be
 * left out of the loss, and answers out of the group; advantages and sequences are made afterwards, of what then stands. What was
 * recorded of the groups when they were sampled stays as it is.
 */

import {
  batchStdOf,
  type GroupAdvantages,
  groupAdvantages,
  type RewardParameters,
  type ScoredAnswer,
} from '../advantages/advantages.ts';
import type { PolicySequence, Prompt } from '../engines/engine.ts';
import { StudioError } from '../protocol/errors.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import type { FrameOrder } from '../protocol/records.ts';
import type { SampledGroup } from './groups.ts';
import { importanceWeights } from './importance.ts';

interface OpenGroup {
  readonly id: string;
  readonly prompt: Prompt;
  readonly completions: SampledGroup['completions'];
  /** Log-probabilities of each ordered answer by the trainer's weights before the update. */
  readonly old: readonly Float32Array[];
  readonly scores: Record<FrameOrder, ScoredAnswer[]>;
  /** Of the ordered answers. */
  readonly rolloutIds: readonly string[];
  /** Of each ordered answer: what its tokens weigh in the loss; null where all weigh 1. */
  readonly weights: (Float32Array | null)[];
  /** Numbers of ordered answers that do not count in the group. */
  readonly leftOut: Set<number>;
  /** Another question was asked in its place: it stays out of the update and its batch, whatever becomes of its scores. */
  readonly isReplaced: boolean;
}

/** A sequence to train on, before the reference has been asked for its log-probabilities, and the rollout that it is of. */
export type OpenSequence = Omit<PolicySequence, 'refLogprobs'> & { readonly rolloutId: string };

/** An ordered answer as it stands. */
export interface OpenAnswer {
  readonly rolloutId: string;
  readonly prompt: Prompt;
  readonly tokens: Int32Array;
  /** Log-probabilities by the weights before the update. */
  readonly old: Float32Array;
  /** In the update; null where it is left out of it. */
  readonly advantage: number | null;
}

/** Null where it is not in the update. */
export interface StandingAnswer {
  readonly reward: number;
  readonly advantage: number | null;
}

type OpenParameters = RewardParameters & Pick<ParameterValues, 'skipFlatGroups' | 'importanceCap'>;

/** What a person or a rule may find of an answer in place of what scoring found. */
export type Rescore = Partial<ScoredAnswer>;

export class OpenGroups {
  readonly sampled: readonly SampledGroup[];
  private readonly groups: readonly OpenGroup[];
  private readonly places = new Map<string, { group: OpenGroup; half: FrameOrder; index: number }>();
  private readonly parameters: OpenParameters;

  /** @param parameters those of the step, which decided how the groups were sampled and scored */
  constructor(sampled: readonly SampledGroup[], parameters: OpenParameters) {
    this.parameters = parameters;
    this.sampled = sampled;
    this.groups = sampled.map(({ group, prompt, completions, old, scores }) => {
      const open: OpenGroup = {
        id: group.id,
        prompt,
        completions,
        old: completions.map(({ logprobs }, i) => old?.[i]?.logprobs ?? logprobs),
        scores: { ordered: [...scores.ordered], shuffled: [...scores.shuffled] },
        rolloutIds: group.rollouts.filter(({ order }) => order === 'ordered').map(({ id }) => id),
        weights: completions.map(() => null),
        leftOut: new Set(),
        isReplaced: group.leftOut !== undefined,
      };
      for (const { id, order, index } of group.rollouts) this.places.set(id, { group: open, half: order, index });
      return open;
    });
  }

  /** The same groups as they stand now, which can be changed without these. @param parameters others than those of the step */
  copy(parameters = this.parameters): OpenGroups {
    const copy = new OpenGroups(this.sampled, parameters);
    this.groups.forEach(({ scores, weights, leftOut }, i) => {
      const group = copy.groups[i] as OpenGroup;
      group.scores.ordered.splice(0, scores.ordered.length, ...scores.ordered);
      group.scores.shuffled.splice(0, scores.shuffled.length, ...scores.shuffled);
      group.weights.splice(0, weights.length, ...weights);
      for (const index of leftOut) group.leftOut.add(index);
    });
    return copy;
  }

  /** @throws StudioError `not-found` for a rollout that is not in these groups */
  rescore(rolloutId: string, change: Rescore): void {
    const { group, half, index } = this.placeOf(rolloutId);
    group.scores[half][index] = { ...(group.scores[half][index] as ScoredAnswer), ...change };
  }

  /** It counts again. @throws StudioError `not-found` */
  putBack(rolloutIds: readonly string[]): void {
    for (const id of rolloutIds) {
      const { group, half, index } = this.placeOf(id);
      if (half === 'ordered') group.leftOut.delete(index);
    }
  }

  /** Its scores are those that scoring found. @throws StudioError `not-found` */
  asScored(rolloutId: string): void {
    const { group, half, index } = this.placeOf(rolloutId);
    group.scores[half][index] = this.sampledOf(group).scores[half][index] as ScoredAnswer;
  }

  /** What stands of every answer now, by rollout id. */
  standing(): ReadonlyMap<string, StandingAnswer> {
    const batch = this.batch();
    return new Map(
      this.groups.flatMap((group) => {
        const counted = countedIn(group);
        // Those that are left out are paid as if they were not.
        const whole = groupAdvantages(group.scores.ordered, group.scores.shuffled, { ...this.parameters, ...batch });
        const now = counted.length === 0 ? null : this.advantages(group, batch);
        const of = (half: FrameOrder, index: number): StandingAnswer => {
          const at = counted.indexOf(index);
          if (half === 'shuffled' || at < 0 || now === null)
            return { reward: whole[half][index]?.total ?? 0, advantage: null };
          return { reward: now.ordered[at]?.total ?? 0, advantage: now.advantages[at] ?? 0 };
        };
        return this.sampledOf(group).group.rollouts.map(({ id, order, index }) => [id, of(order, index)] as const);
      }),
    );
  }

  private sampledOf({ id }: OpenGroup): SampledGroup {
    return this.sampled.find(({ group }) => group.id === id) as SampledGroup;
  }

  /**
   * Tokens of weight 0 are left out of the loss; the answer counts in its group as before.
   * @param weights one per token, the end token included; null weighs all alike again
   * @throws StudioError `not-found`; `bad-request` for a shuffled answer, which is not trained on, and for another number of weights
   */
  weigh(rolloutId: string, weights: Float32Array | null): void {
    const { group, half, index } = this.placeOf(rolloutId);
    if (half === 'shuffled')
      throw new StudioError('bad-request', 'Answers on shuffled frames are not trained on.', { place: rolloutId });
    const count = group.completions[index]?.tokens.length;
    if (weights !== null && weights.length !== count)
      throw new StudioError('bad-request', `${weights.length} weights were given for ${count} tokens.`, {
        place: rolloutId,
      });
    group.weights[index] = weights;
  }

  /**
   * Ordered answers that count no more, as if they had not been sampled: neither in the update nor in what the others of their
   * group are compared with.
   * @returns advantages in the update that are others by it; null for those that are gone
   * @throws StudioError `not-found`; `bad-request` for a shuffled answer, which is not trained on
   */
  leaveOut(rolloutIds: readonly string[]): { rolloutId: string; from: number; to: number | null }[] {
    const places = rolloutIds.map((id) => ({ id, ...this.placeOf(id) }));
    const shuffled = places.find(({ half }) => half === 'shuffled');
    if (shuffled)
      throw new StudioError('bad-request', 'Answers on shuffled frames are not trained on.', { place: shuffled.id });
    const before = this.byAnswer();
    for (const { group, index } of places) group.leftOut.add(index);
    const after = this.byAnswer();
    return [...before]
      .map(([rolloutId, from]) => ({ rolloutId, from, to: after.get(rolloutId) ?? null }))
      .filter(({ from, to }) => from !== to);
  }

  /** The advantage of each ordered answer that counts; 0 in groups that are left out because they are flat. */
  private byAnswer(): Map<string, number> {
    const batch = this.batch();
    return new Map(
      this.groups.flatMap((group) => {
        const counted = countedIn(group);
        const { advantages } = counted.length === 0 ? { advantages: [] } : this.advantages(group, batch);
        return counted.map((i, at): [string, number] => [group.rolloutIds[i] as string, advantages[at] ?? 0]);
      }),
    );
  }

  /** Rewards and advantages of a group as it stands now, of the answers that count. @throws StudioError `not-found` */
  advantagesOf(groupId: string): GroupAdvantages {
    const group = this.groups.find(({ id }) => id === groupId);
    if (!group) throw new StudioError('not-found', `There is no open group ${groupId}.`);
    return this.advantages(group, this.batch());
  }

  /** What the update is made of now: ordered answers of all groups, of flat ones only where `skipFlatGroups` is off. */
  sequences(): OpenSequence[] {
    const batch = this.batch();
    return this.groups.flatMap((group) => {
      const counted = countedIn(group);
      if (counted.length === 0 || group.isReplaced) return [];
      const { advantages, flat } = this.advantages(group, batch);
      if (flat && this.parameters.skipFlatGroups) return [];
      return counted.map((i, at): OpenSequence => {
        const completion = group.completions[i] as (typeof group.completions)[number];
        const weights = this.weightsOf(group, i);
        return {
          rolloutId: group.rolloutIds[i] as string,
          prompt: group.prompt,
          answer: { tokens: completion.tokens, ...(weights && { weights }) },
          advantage: advantages[at] ?? 0,
          oldLogprobs: group.old[i] as Float32Array,
        };
      });
    });
  }

  /** What the tokens of an ordered answer weigh in the loss, its truncated importance weights among it; null where all weigh 1. */
  private weightsOf({ weights, old, completions }: OpenGroup, i: number): Float32Array | null {
    const own = weights[i] ?? null;
    const [trainer, sampler] = [old[i] as Float32Array, (completions[i] as (typeof completions)[number]).logprobs];
    const importance =
      trainer === sampler ? null : importanceWeights({ trainer, sampler }, this.parameters.importanceCap);
    return own && importance ? importance.map((weight, token) => weight * (own[token] as number)) : (own ?? importance);
  }

  /** The ordered answers of the groups that the update is made of now, those that are left out of it included. */
  answers(): OpenAnswer[] {
    const trained = new Set(this.sequences().map(({ rolloutId }) => this.placeOf(rolloutId).group));
    return this.everyAnswer().filter(({ rolloutId }) => trained.has(this.placeOf(rolloutId).group));
  }

  /** The ordered answers of all groups. */
  everyAnswer(): OpenAnswer[] {
    const advantages = new Map(this.sequences().map(({ rolloutId, advantage }) => [rolloutId, advantage]));
    return this.groups.flatMap(({ prompt, completions, old, rolloutIds }) =>
      completions.map(({ tokens }, i): OpenAnswer => {
        const rolloutId = rolloutIds[i] as string;
        const advantage = advantages.get(rolloutId) ?? null;
        return { rolloutId, prompt, tokens, old: old[i] as Float32Array, advantage };
      }),
    );
  }

  /** What the groups are made advantages of together, as they stand now. */
  private batch(): Pick<RewardParameters, 'batchStd'> {
    if (this.parameters.advantageScale !== 'batch') return {};
    const counted = this.groups.filter((group) => countedIn(group).length > 0 && !group.isReplaced);
    return { batchStd: batchStdOf(counted.map(countedScores), this.parameters) };
  }

  private advantages(group: OpenGroup, batch: Pick<RewardParameters, 'batchStd'>): GroupAdvantages {
    const { ordered, shuffled } = countedScores(group);
    return groupAdvantages(ordered, shuffled, { ...this.parameters, ...batch });
  }

  private placeOf(rolloutId: string): { group: OpenGroup; half: FrameOrder; index: number } {
    const place = this.places.get(rolloutId);
    if (!place) throw new StudioError('not-found', `There is no rollout ${rolloutId} among the open groups.`);
    return place;
  }
}

/** Numbers of the ordered answers that count. */
const countedIn = ({ completions, leftOut }: OpenGroup): number[] =>
  completions.flatMap((_, i) => (leftOut.has(i) ? [] : [i]));

/** What scoring found of the answers that count, and of those that they are compared with. */
const countedScores = (group: OpenGroup) => ({
  ordered: countedIn(group).map((i) => group.scores.ordered[i] as ScoredAnswer),
  shuffled: group.scores.shuffled,
});
