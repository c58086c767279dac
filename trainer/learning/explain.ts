/** One group given by its numbers alone: what `groupAdvantages` makes of it, under the names that the field's code uses. */
import { z } from 'zod';
import {
  type GroupAdvantages,
  groupAdvantages,
  type RewardParameters,
  type ScoredAnswer,
} from '../advantages/advantages.ts';
import { tokenWeight } from '../engines/losses.ts';
import { dataType } from '../protocol/dataset.ts';
import { StudioError } from '../protocol/errors.ts';
import { faultLine } from '../protocol/issues.ts';
import { advantagesWithout, feltBy } from '../protocol/paid-and-felt.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import { type LossParameters, lossOf } from './policy-update.ts';

const scores = z.array(z.number().min(0).max(1));

/** A group as numbers; entry i of `accuracy`, `format` and `lengths` is ordered answer i. */
const groupNumbers = z.strictObject({
  data_type: dataType,
  /** Accuracy rewards, 0..1. */
  accuracy: scores.min(1),
  /** Format rewards, 0 or 1. */
  format: scores,
  /** Tokens, the end token included. */
  lengths: z.array(z.number().int().min(1)),
  /** Accuracy rewards of the answers on shuffled frames; none for an image. */
  shuffled_accuracy: scores.default([]),
  /** What order is worth to each ordered answer, in nats, for `temporalCredit`; null where it was not measured. None for an image. */
  credit: z.array(z.number().nullable()).default([]),
  /** Whether the temporal reward is on; false is plain GRPO. */
  temporal: z.boolean().default(true),
  /** For advantageScale batch: the standard deviation of the step's answers from their groups' means; absent: this group's own. */
  batch_std: z.number().min(0).optional(),
  /** Whether the length bonus is on. */
  len_control: z.boolean().default(true),
});
export type GroupNumbers = z.infer<typeof groupNumbers>;

export interface ExplainedGroup {
  readonly p: number;
  /** Null where no shuffled answers are compared with, as for images. */
  readonly p_shuffled: number | null;
  readonly temporal_pass: boolean | null;
  /** r_t: what each correct ordered answer gets. */
  readonly temporal_reward: number;
  /** γ · share(c) of each answer; empty where no credit is paid. */
  readonly credit_paid: number[];
  readonly length_bonus: number[];
  readonly rewards: number[];
  readonly mean: number;
  readonly std: number;
  readonly advantages: number[];
  /** What they would be if nobody had been paid r_t. */
  readonly advantages_without_temporal: number[];
  /** Whether that is another one, `stdEpsilon` aside. */
  readonly temporal_felt: boolean[];
  /** What each token of an answer weighs in the loss, were this group the whole update. */
  readonly token_weights: number[];
  readonly explanation: string[];
}

/**
 * @param paid the parameter `temporalCredit`: by answer alone, no shuffled answers are asked for
 * @throws StudioError `bad-input` naming the key and what is wrong with it
 */
export function readGroupNumbers(
  value: unknown,
  place: string,
  paid: RewardParameters['temporalCredit'] = 'group',
): GroupNumbers {
  const remedy =
    'A group is {"data_type": "video", "accuracy": [1, 0], "format": [1, 1], "lengths": [400, 90], "shuffled_accuracy": [0]}, with "temporal" and "len_control" as true or false, "batch_std" as a number and "credit": [2.5, null] in nats if wanted.';
  const fail = (message: string): never => {
    throw new StudioError('bad-input', message, { place, remedy });
  };
  const checked = groupNumbers.safeParse(value);
  if (!checked.success) {
    return fail(`The group does not fit: ${faultLine(groupNumbers, value, checked.error, 'the group')}.`);
  }
  const group = checked.data;
  for (const key of ['format', 'lengths'] as const) {
    if (group[key].length !== group.accuracy.length)
      fail(`${key} has ${group[key].length} entries for ${group.accuracy.length} answers.`);
  }
  if (group.data_type === 'image' && group.shuffled_accuracy.length > 0)
    fail('An image has no order of frames, so it has no shuffled answers.');
  if (group.data_type === 'image' && group.credit.length > 0)
    fail('An image has no order of frames, so it has no credit.');
  if (group.credit.length > 0 && group.credit.length !== group.accuracy.length)
    fail(`credit has ${group.credit.length} entries for ${group.accuracy.length} answers.`);
  if (paid !== 'answer' && group.data_type === 'video' && group.temporal && group.shuffled_accuracy.length === 0)
    fail(
      'shuffled_accuracy is empty, so there is nothing to compare with; for plain GRPO say "temporal": false, for credit by answer --set temporal_credit=answer.',
    );
  return group;
}

const at = (parts: GroupAdvantages['ordered'][number]['parts'], name: string) =>
  parts.find((part) => part.name === name)?.value ?? 0;

const number = (value: number) => String(Number(value.toFixed(3)));

/** Video-R1 eq. 1, 2, 3 and 5 on a group's numbers, with a sentence for the group and for each answer. */
export function explainGroup(group: GroupNumbers, parameters: RewardParameters & LossTold): ExplainedGroup {
  const answer = (accuracy: number, i: number): ScoredAnswer => ({
    accuracy,
    accuracyExplanation: '',
    format: group.format[i] ?? 0,
    formatExplanation: '',
    length: group.lengths[i] ?? 0,
    flagged: [],
  });
  const credited = group.temporal && parameters.temporalCredit !== 'group';
  const ordered = group.accuracy.map(
    (accuracy, i): ScoredAnswer => ({
      ...answer(accuracy, i),
      credit:
        group.data_type === 'image' ? { without: 'an image has no order of frames' } : (group.credit[i] ?? undefined),
    }),
  );
  const shuffled = group.temporal && parameters.temporalCredit !== 'answer' ? group.shuffled_accuracy.map(answer) : [];
  const p = { ...parameters, ...(group.batch_std !== undefined && { batchStd: group.batch_std }) };
  const verdict = groupAdvantages(ordered, shuffled, {
    ...p,
    temporalCredit: credited ? parameters.temporalCredit : 'group',
    omega: group.len_control ? parameters.omega : 0,
  });
  const sentences = verdict.ordered.map(({ parts, total }, i) => {
    const sum = parts
      .filter(({ value }) => value !== 0)
      .map(({ name, value }) => `${name} ${number(value)}`)
      .join(' + ');
    const reasonOf = (wanted: string) => parts.find(({ name }) => name === wanted)?.explanation;
    const reasons = [...(credited ? [reasonOf('credit')] : []), ...(group.len_control ? [reasonOf('length')] : [])];
    return `Answer ${i + 1}: ${sum || 'nothing paid'} = ${number(total)}, advantage ${number(verdict.advantages[i] ?? 0)}${reasons.length > 0 ? ` (${reasons.join('; ')})` : ''}.`;
  });
  const allTokens = group.lengths.reduce((sum, length) => sum + length, 0);
  const weights = group.lengths.map((answerTokens) =>
    tokenWeight(lossOf(parameters).mean, { answerTokens, answers: group.lengths.length, allTokens }),
  );
  const paid = verdict.ordered.map(({ parts, total }) => ({
    total,
    temporal: at(parts, 'temporal') + at(parts, 'credit'),
  }));
  return {
    p: verdict.p,
    p_shuffled: verdict.temporal?.pShuffled ?? null,
    temporal_pass: verdict.temporal?.passed ?? null,
    temporal_reward: verdict.temporal?.paid ?? 0,
    credit_paid: credited ? verdict.ordered.map(({ parts }) => at(parts, 'credit')) : [],
    length_bonus: verdict.ordered.map(({ parts }) => at(parts, 'length')),
    rewards: verdict.ordered.map(({ total }) => total),
    mean: verdict.mean,
    std: verdict.std,
    advantages: verdict.advantages,
    advantages_without_temporal: advantagesWithout(paid, p),
    temporal_felt: feltBy(paid, p),
    token_weights: weights,
    explanation: [
      ...verdict.explanation,
      ...(credited || group.credit.length === 0 ? [] : [unpaidCredit(group)]),
      ...sentences,
      lossSentence(group.lengths, parameters),
    ],
  };
}

/** Of credits that were given and that nothing pays. */
const unpaidCredit = ({ temporal }: GroupNumbers) =>
  `"credit" is not paid: ${temporal ? 'temporalCredit is group, and --set temporal_credit=answer or both pays it' : '"temporal" is false'}.`;

type LossTold = LossParameters & Pick<ParameterValues, 'importanceCap'>;

/** How an answer's tokens stand in the loss (Video-R1 eq. 4). */
function lossSentence(lengths: readonly number[], p: LossTold): string {
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const weighs = {
    answer: `each answer weighs 1/${lengths.length}, shared by its tokens`,
    token: `each of the ${tokens} tokens weighs the same`,
    constant: `each token weighs 1/(${lengths.length} × ${p.maxNewTokens}), whatever the length of its answer`,
  }[p.lossMean];
  const bounds = [1 - p.clipLow, 1 + p.clipHigh].map((bound) => String(Number(bound.toFixed(6)))).join('–');
  const ratio =
    p.ratio === 'token'
      ? `the ratio of each token is clipped to ${bounds}`
      : `an answer has one ratio, exp of the mean log-ratio of its tokens, clipped to ${bounds}`;
  const importance =
    p.importanceCap > 0
      ? `, each token times its importance weight of at most ${p.importanceCap} where another program samples than trains`
      : '';
  return `In the loss ${weighs}${importance}; ${ratio}.`;
}
