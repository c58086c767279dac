/** Why something is not there that a rollout's tokens or a group's prompt may have, in words for people. */
import type { FrameOrder, GroupPurpose } from '../protocol/records.ts';

export const beforeKept = 'It was recorded before this was kept.';

/** What is known of a rollout whose tokens were read. */
export interface Recorded {
  readonly purpose: GroupPurpose;
  readonly order: FrameOrder;
  readonly step: number;
  /** The run went back over it. */
  readonly isSuperseded: boolean;
  /** Its ids are there: a version of the program that keeps them wrote it. */
  readonly hasIds: boolean;
  /** What the update of its step said; null where none did. */
  readonly update: { readonly isLeftOut: boolean } | null;
}

/** @param isUnderWay the run computes or stands still in memory, so an update may still be made */
export function whyNotScored(of: Recorded, array: 'reference' | 'trainer', isUnderWay: boolean): string {
  const { purpose, order, step, update } = of;
  if (!of.hasIds) return beforeKept;
  if (purpose === 'evaluation') return 'Answers of an evaluation are not trained on, so no update computed it.';
  if (purpose === 'probe') return 'It is a look during SFT, which has no update on answers.';
  if (order === 'shuffled') return 'Answers on shuffled frames are never trained on, so no update computed it.';
  if (array === 'trainer' && update?.isLeftOut !== true) return sameProgram;
  if (update === null && of.isSuperseded) return `The run went back before the update of step ${step}.`;
  if (update === null && isUnderWay) return `The update of step ${step} is not made yet.`;
  if (update === null) return `The run ended before the update of step ${step}.`;
  if (update.isLeftOut)
    return 'It was left out of the update: with its flat group (skipFlatGroups, fillFlatGroups), or because it was flagged (maskFlagged).';
  return 'The KL weight β was 0, so no reference was asked.';
}

const sameProgram =
  'The sampler computes as the trainer does: its log-probabilities are the trainer’s, up to rounding.';

export const noEntropy =
  'The engine tells none while it samples, and only answers that are trained on are scored by the trainer, which has it.';
export const noAlternatives = 'None were asked for (alternatives is 0), or the engine tells none.';
