/**
 * The groups of a step between sampling and update. At `before-update` answers can be given other scores, and tokens can be
 * left out of the loss; advantages and sequences are made afterwards, of what then stands. What was recorded of the groups
 * when they were sampled stays as it is.
 */

import {
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

interface OpenGroup {
  readonly id: string;
  readonly prompt: Prompt;
  readonly completions: SampledGroup['completions'];
  readonly scores: Record<FrameOrder, ScoredAnswer[]>;
  /** Of the ordered answers. */
  readonly rolloutIds: readonly string[];
  /** Of each ordered answer: what its tokens weigh in the loss; null where all weigh 1. */
  readonly weights: (Float32Array | null)[];
}

/** A sequence to train on, before the reference has been asked for its log-probabilities, and the rollout that it is of. */
export type OpenSequence = Omit<PolicySequence, 'refLogprobs'> & { readonly rolloutId: string };

/** What a person or a rule may find of an answer in place of what scoring found. */
export type Rescore = Partial<ScoredAnswer>;

export class OpenGroups {
  private readonly groups: readonly OpenGroup[];
  private readonly places = new Map<string, { group: OpenGroup; half: FrameOrder; index: number }>();
  private readonly parameters: RewardParameters & Pick<ParameterValues, 'skipFlatGroups'>;

  /** @param parameters those of the step, which decided how the groups were sampled and scored */
  constructor(
    sampled: readonly SampledGroup[],
    parameters: RewardParameters & Pick<ParameterValues, 'skipFlatGroups'>,
  ) {
    this.parameters = parameters;
    this.groups = sampled.map(({ group, prompt, completions, scores }) => {
      const open: OpenGroup = {
        id: group.id,
        prompt,
        completions,
        scores: { ordered: [...scores.ordered], shuffled: [...scores.shuffled] },
        rolloutIds: group.rollouts.filter(({ order }) => order === 'ordered').map(({ id }) => id),
        weights: completions.map(() => null),
      };
      for (const { id, order, index } of group.rollouts) this.places.set(id, { group: open, half: order, index });
      return open;
    });
  }

  /** @throws StudioError `not-found` for a rollout that is not in these groups */
  rescore(rolloutId: string, change: Rescore): void {
    const { group, half, index } = this.placeOf(rolloutId);
    group.scores[half][index] = { ...(group.scores[half][index] as ScoredAnswer), ...change };
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

  /** Rewards and advantages of a group as it stands now. @throws StudioError `not-found` */
  advantagesOf(groupId: string): GroupAdvantages {
    const group = this.groups.find(({ id }) => id === groupId);
    if (!group) throw new StudioError('not-found', `There is no open group ${groupId}.`);
    return this.advantages(group);
  }

  /** What the update is made of now: ordered answers of all groups, of flat ones only where `skipFlatGroups` is off. */
  sequences(): OpenSequence[] {
    return this.groups.flatMap((group) => {
      const { advantages, flat } = this.advantages(group);
      if (flat && this.parameters.skipFlatGroups) return [];
      return group.completions.map((completion, i): OpenSequence => {
        const weights = group.weights[i] ?? null;
        return {
          rolloutId: group.rolloutIds[i] as string,
          prompt: group.prompt,
          answer: { tokens: completion.tokens, ...(weights && { weights }) },
          advantage: advantages[i] ?? 0,
          oldLogprobs: completion.logprobs,
        };
      });
    });
  }

  private advantages({ scores }: OpenGroup): GroupAdvantages {
    return groupAdvantages(scores.ordered, scores.shuffled, this.parameters);
  }

  private placeOf(rolloutId: string): { group: OpenGroup; half: FrameOrder; index: number } {
    const place = this.places.get(rolloutId);
    if (!place) throw new StudioError('not-found', `There is no rollout ${rolloutId} among the open groups.`);
    return place;
  }
}
