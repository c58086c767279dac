/**
 * What people change in the open groups of a step, one change after the other: who left which answer out, who gave which scores, and
 * what each change did to rewards and advantages (Video-R1 eq. 1 to 3 made anew of what then stands).
 */
import type { CorrectedAnswer, GivenScores, RescoredAnswer } from '../protocol/corrections.ts';
import { StudioError } from '../protocol/errors.ts';
import type { MaskedAnswer } from '../protocol/masked-answers.ts';
import type { Rollout } from '../protocol/records.ts';
import type { OpenGroups, Rescore } from './open-groups.ts';

/** What one command changes. */
export type CorrectionAsked =
  | { readonly kind: 'mask'; readonly rollouts: readonly string[]; readonly masked: boolean }
  /** Null takes back what was given. */
  | { readonly kind: 'rescore'; readonly rollout: string; readonly scores: GivenScores | null };

interface Said {
  readonly by: string;
  readonly why: string;
}

export class Corrections {
  readonly step: number;
  readonly open: OpenGroups;
  private readonly masked = new Map<string, Said>();
  private readonly rescored = new Map<string, RescoredAnswer>();
  private readonly recorded: ReadonlyMap<string, Rollout>;

  constructor(step: number, open: OpenGroups) {
    this.step = step;
    this.open = open;
    this.recorded = new Map(
      open.sampled.flatMap(({ group }) => group.rollouts.map((rollout) => [rollout.id, rollout] as const)),
    );
  }

  /** Of how many answers something is changed. */
  get changed(): number {
    return new Set([...this.masked.keys(), ...this.rescored.keys()]).size;
  }

  /**
   * @returns the answers of all groups in which something is another by it, as they stand then
   * @throws StudioError before anything is changed: `not-found`; `bad-request` for a shuffled answer that is to be left out, and for
   *   what changes nothing
   */
  make(asked: CorrectionAsked, said: Said): CorrectedAnswer[] {
    const before = this.open.standing();
    if (asked.kind === 'mask') this.mask(asked, said);
    else this.rescore(asked, said);
    const after = this.open.standing();
    const named = new Set(asked.kind === 'mask' ? asked.rollouts : [asked.rollout]);
    const touched = new Set(
      [...this.recorded.values()].flatMap(({ id, groupId }) => {
        const [from, to] = [before.get(id), after.get(id)];
        return named.has(id) || from?.reward !== to?.reward || from?.advantage !== to?.advantage ? [groupId] : [];
      }),
    );
    return [...this.recorded.values()].flatMap((rollout) => {
      const { id, groupId } = rollout;
      const [from, to] = [before.get(id), after.get(id)];
      if (!touched.has(groupId) || !from || !to) return [];
      return [
        {
          rolloutId: id,
          reward: { from: from.reward, to: to.reward },
          advantage: { from: from.advantage, to: to.advantage },
          now: {
            masked: this.maskOf(rollout),
            rescored: this.rescored.get(id) ?? null,
            updatedReward: to.reward === rollout.reward.total ? null : to.reward,
            updatedAdvantage: to.advantage === null || to.advantage === rollout.advantage ? null : to.advantage,
          },
        },
      ];
    });
  }

  private mask({ rollouts, masked }: Extract<CorrectionAsked, { kind: 'mask' }>, said: Said): void {
    for (const id of rollouts) this.demandKnown(id);
    const changed = rollouts.filter((id) => this.masked.has(id) !== masked);
    if (changed.length === 0)
      throw new StudioError('bad-request', masked ? 'They are left out already.' : 'None of them is left out.', {
        ...(rollouts[0] !== undefined && { place: rollouts[0] }),
      });
    if (masked) this.open.leaveOut(changed);
    else this.open.putBack(changed);
    for (const id of changed) {
      if (masked) this.masked.set(id, said);
      else this.masked.delete(id);
    }
  }

  private rescore({ rollout, scores }: Extract<CorrectionAsked, { kind: 'rescore' }>, said: Said): void {
    this.demandKnown(rollout);
    if (scores === null && !this.rescored.has(rollout))
      throw new StudioError('bad-request', 'Its scores are those that scoring found.', { place: rollout });
    // What was given before is taken back first.
    this.open.asScored(rollout);
    this.rescored.delete(rollout);
    if (scores === null) return;
    const explanation = `given by ${said.by}: ${said.why}`;
    const change: Rescore = {
      ...(scores.accuracy !== undefined && { accuracy: scores.accuracy, accuracyExplanation: explanation }),
      ...(scores.format !== undefined && { format: scores.format, formatExplanation: explanation }),
    };
    this.open.rescore(rollout, change);
    this.rescored.set(rollout, { ...scores, ...said });
  }

  private demandKnown(id: string): void {
    if (!this.recorded.has(id))
      throw new StudioError('not-found', `Step ${this.step} has no answer ${id}.`, { place: id });
  }

  private maskOf({ id, advantage }: Rollout): MaskedAnswer | null {
    const said = this.masked.get(id);
    return said ? { words: [], advantage: advantage ?? 0, ...said } : null;
  }
}
