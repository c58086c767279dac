/**
 * What rewards and advantages of a recorded group would be under other parameters, by the trainer's own arithmetic, from the
 * scores in its record. Nothing is asked of the trainer, and nothing is changed.
 */
import {
  type GroupAdvantages,
  groupAdvantages,
  type RewardParameters,
} from '../../../trainer/advantages/advantages.ts';
import { type RecordedScores, recordedParameters, recordedScores } from '../../../trainer/advantages/recorded.ts';
import type { CommandChange, CommandRecord } from '../../../trainer/protocol/commands.ts';
import { inPresentNames } from '../../../trainer/protocol/former-names.ts';
import { temporalPaid } from '../../../trainer/protocol/paid-and-felt.ts';
import type { GroupWithRollouts, RewardPart, Rollout } from '../../../trainer/protocol/records.ts';

/** What can be tried, in the order in which it is shown. */
export const whatIfNames = [
  'alpha',
  'mu',
  'omega',
  'temporalTest',
  'temporalShare',
  'correctThreshold',
  'lengthMin',
  'lengthMax',
  'formatWeight',
  'advantageScale',
  'stdDegrees',
  'creditWeight',
  'creditLow',
  'creditHigh',
] as const satisfies readonly (keyof RewardParameters)[];
export type WhatIfName = (typeof whatIfNames)[number];

/** What is tried in place of what the group was made with; kept from one group to the next. */
export type WhatIfChanges = Partial<Pick<RewardParameters, WhatIfName>>;

/**
 * What the parameters of a run may have been when a group was made, the likeliest first: those of now without what commands
 * changed after it; what commands had made of them before it; those of now.
 * @param commands in any order
 */
export function candidateParameters(
  group: Pick<GroupWithRollouts, 'at'>,
  now: RewardParameters,
  commands: readonly CommandRecord[],
): [RewardParameters, ...RewardParameters[]] {
  const changes = commands
    .flatMap((command) =>
      command.state === 'applied' && command.request.kind === 'set' && command.change !== null
        ? changesOf(command.request.parameter, command.change).map((change) => ({ ...change, at: command.endedAt }))
        : [],
    )
    .filter(({ name }) => name in now)
    .sort((a, b) => a.at - b.at);
  const undone: Record<string, unknown> = { ...now };
  for (const { name, from } of changes.filter(({ at }) => at > group.at).reverse()) undone[name] = from;
  const before: Record<string, unknown> = { ...undone };
  for (const { name, to } of changes.filter(({ at }) => at <= group.at)) before[name] = to;
  return [undone as unknown as RewardParameters, before as unknown as RewardParameters, now];
}

/** What a command changed, under the names of today. */
function changesOf(
  parameter: string,
  { from, to }: NonNullable<CommandChange>,
): { name: string; from: unknown; to: unknown }[] {
  const [before, after] = [from, to].map((value) => inPresentNames({ [parameter]: value }).settings);
  return Object.entries(before ?? {}).map(([name, value]) => ({ name, from: value, to: after?.[name] }));
}

/** A group as its record lets it be made again. */
export interface KnownGroup {
  readonly group: GroupWithRollouts;
  readonly scores: RecordedScores;
  /** Those that it was made with, where `giveTheRecord`; else the likeliest. */
  readonly parameters: RewardParameters;
  readonly giveTheRecord: boolean;
  /** With those parameters. */
  readonly asMade: GroupAdvantages;
}

export function knownGroup(
  group: GroupWithRollouts,
  now: RewardParameters,
  commands: readonly CommandRecord[],
): KnownGroup {
  const scores = recordedScores(group);
  const { parameters, giveTheRecord } = recordedParameters(group, candidateParameters(group, now, commands));
  return {
    group,
    scores,
    parameters,
    giveTheRecord,
    asMade: groupAdvantages(scores.ordered, scores.shuffled, parameters),
  };
}

/** Why α and μ have nothing to act on in this group, for people; null where they have. */
export function withoutTestSentence({ group, asMade }: KnownGroup): string | null {
  if (asMade.temporal !== null) return null;
  const { kind, indices } = group.media;
  if (group.credit?.by === 'answer')
    return 'μ and α have nothing to act on here: order is paid answer by answer, so there is no temporal test. γ and the others work.';
  const why =
    kind === 'image'
      ? 'an image has no order of frames to shuffle'
      : indices.length < 2
        ? 'one frame has no order to shuffle'
        : 'this group has no answers on shuffled frames to compare with (GRPO draws none)';
  return `μ and α have nothing to act on here: ${why}, so there is no temporal test. ω and the others work.`;
}

const ofTest: readonly WhatIfName[] = ['alpha', 'mu', 'omega'];
const ofCredit: readonly WhatIfName[] = ['creditWeight', 'creditLow', 'creditHigh'];

/** What is set above what comes of it, and what below: above is what order is paid by in this group. */
export function controlsOf({ group }: Pick<KnownGroup, 'group'>): {
  above: readonly WhatIfName[];
  below: WhatIfName[];
} {
  const above = group.credit?.by === 'answer' ? ofCredit : ofTest;
  const isShown = (name: WhatIfName) => group.credit !== undefined || !ofCredit.includes(name);
  return { above, below: whatIfNames.filter((name) => isShown(name) && !above.includes(name)) };
}

/** Why a parameter changes nothing of this group, whatever its value; null where it may. */
export function withoutEffect({ group, scores, asMade }: KnownGroup, name: WhatIfName): string | null {
  switch (name) {
    case 'alpha':
    case 'mu':
    case 'temporalTest':
    case 'temporalShare':
      return asMade.temporal === null ? 'no shuffled answers' : null;
    case 'creditWeight':
    case 'creditLow':
    case 'creditHigh':
      return group.credit === undefined ? 'no credit is paid' : group.credit.without;
    case 'formatWeight':
      return scores.formatIsKnown ? null : 'weighed 0 in this group, so its record does not tell who had the form';
    default:
      return null;
  }
}

/** Why one value can't be tried on this group, where others of the parameter can; null where it can. */
export function refusedValue({ parameters }: KnownGroup, name: WhatIfName, value: unknown): string | null {
  return name === 'advantageScale' && value === 'batch' && parameters.batchStd === undefined
    ? 'The record of this older group does not tell the standard deviation of its batch.'
    : null;
}

/** Those of the changes that say something of this group: what is tried is kept from one group to the next. */
export function triedHere(known: KnownGroup, changes: WhatIfChanges): WhatIfChanges {
  const names = whatIfNames.filter(
    (name) =>
      changes[name] !== undefined &&
      changes[name] !== known.parameters[name] &&
      withoutEffect(known, name) === null &&
      refusedValue(known, name, changes[name]) === null,
  );
  return Object.fromEntries(names.map((name) => [name, changes[name]]));
}

/** What the group would be. @param tried as `triedHere` gives it */
export function whatIf({ scores, parameters }: KnownGroup, tried: WhatIfChanges): GroupAdvantages {
  return groupAdvantages(scores.ordered, scores.shuffled, { ...parameters, ...tried });
}

/** What an answer is and would be. */
export interface AnswerIf {
  readonly rollout: Rollout;
  readonly total: number;
  /** Its own temporal part, as recorded and as it would be: r_t is paid to right ordered answers alone. Null for shuffled answers. */
  readonly temporal: { readonly recorded: number; readonly ifTried: number } | null;
  /** As training made it or, where nothing was trained on, as it would have. Null for shuffled answers. */
  readonly recorded: number | null;
  readonly advantage: number | null;
  /** Its advantage would pull the other way, or begin or cease to pull. */
  readonly flips: boolean;
  /** Whether it would count as right. */
  readonly correct: boolean;
}

const temporalOf = (parts: readonly RewardPart[] | undefined) =>
  parts === undefined ? 0 : temporalPaid({ reward: { parts: [...parts], total: 0 } });

const direction = (advantage: number) => Math.sign(Number(advantage.toFixed(9)));

export function answersIf({ group, asMade }: KnownGroup, made: GroupAdvantages): AnswerIf[] {
  return group.rollouts.map((rollout) => {
    const of = made[rollout.order][rollout.index];
    const isOrdered = rollout.order === 'ordered';
    const recorded = isOrdered ? (rollout.advantage ?? asMade.advantages[rollout.index] ?? null) : null;
    const advantage = isOrdered ? (made.advantages[rollout.index] ?? null) : null;
    return {
      rollout,
      correct: of?.correct ?? rollout.correct,
      total: of?.total ?? rollout.reward.total,
      temporal: isOrdered ? { recorded: temporalOf(rollout.reward.parts), ifTried: temporalOf(of?.parts) } : null,
      recorded,
      advantage,
      flips: recorded !== null && advantage !== null && direction(recorded) !== direction(advantage),
    };
  });
}
