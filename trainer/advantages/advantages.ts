/**
 * T-GRPO's arithmetic: from the scores of one group to rewards and advantages, with a sentence for each decision.
 * Pure; GRPO is the same function without a shuffled half.
 */
import { fractionsRule, isCorrect } from '../protocol/correctness.ts';
import { batchStd, type Normalisation, normalise } from '../protocol/normalise.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import type { RewardPart, TemporalTest } from '../protocol/records.ts';
import { type Credit, creditPart, creditSentence } from './credit.ts';
import { overlongPart } from './overlong.ts';
import { compareShares } from './temporal-test.ts';

/** What scoring found out about one answer. */
export interface ScoredAnswer {
  /** Accuracy reward, 0..1. */
  readonly accuracy: number;
  readonly accuracyExplanation: string;
  /** 1 when the whole completion has the asked form, else 0. */
  readonly format: number;
  readonly formatExplanation: string;
  /** Tokens, the end token included. */
  readonly length: number;
  /** Words that it holds and that people flagged in answers to the same question. */
  readonly flagged: readonly string[];
  /** For `temporalCredit`; absent where it was not measured, as of wrong answers. */
  readonly credit?: Credit | undefined;
}

export type RewardParameters = Pick<
  ParameterValues,
  | 'formatWeight'
  | 'alpha'
  | 'mu'
  | 'temporalTest'
  | 'temporalShare'
  | 'temporalCredit'
  | 'creditLow'
  | 'creditHigh'
  | 'creditWeight'
  | 'correctThreshold'
  | 'omega'
  | 'flagPenalty'
  | 'lengthMin'
  | 'lengthMax'
  | 'lengthNeedsMoreThanOne'
  | 'lengthAdaptation'
  | 'stdDegrees'
  | 'overlongPenalty'
  | 'overlongCache'
  | 'maxNewTokens'
  | 'stdEpsilon'
  | 'advantageScale'
> &
  Pick<Normalisation, 'batchStd'>;

export interface RewardedAnswer {
  readonly correct: boolean;
  readonly parts: RewardPart[];
  readonly total: number;
}

export interface GroupAdvantages {
  readonly ordered: RewardedAnswer[];
  /** Shuffled answers earn accuracy and format only; they are compared with, never trained on. */
  readonly shuffled: RewardedAnswer[];
  /** Share of correct ordered answers, or their mean accuracy, as `temporalShare` says. */
  readonly p: number;
  readonly temporal: TemporalTest | null;
  /** Lengths that the bonus is paid for in this group, inclusive. */
  readonly lengthWindow: LengthWindow;
  readonly mean: number;
  readonly std: number;
  /** One per ordered answer (Video-R1 eq. 3). */
  readonly advantages: number[];
  /** True when all rewards are equal, so that no answer has an advantage. */
  readonly flat: boolean;
  readonly explanation: string[];
}

export interface LengthWindow {
  readonly min: number;
  readonly max: number;
}

/**
 * The length window of one question: l_min and l_max times 1 + a (1 - 2p), rounded, with a the parameter `lengthAdaptation` and p
 * the share of correct ordered answers. At p = 1/2 it is the window as set; where nobody was correct it is moved up by a, where
 * everybody was, down by it. The paper names rewards that adapt to difficulty as future work; the formula is ours.
 */
export function lengthWindow(
  p: Pick<RewardParameters, 'lengthMin' | 'lengthMax' | 'lengthAdaptation'>,
  correctShare: number,
): LengthWindow {
  const scale = 1 + p.lengthAdaptation * (1 - 2 * correctShare);
  return { min: Math.round(p.lengthMin * scale), max: Math.round(p.lengthMax * scale) };
}

const number = (value: number) => String(Number(value.toFixed(3)));
const mean = (values: readonly number[]) =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Rewards and advantages of one question's answers.
 * @param ordered G answers on ordered frames, G at least 1
 * @param shuffled answers on shuffled frames; empty for images and for GRPO
 * Video-R1 eq. 1 (temporal reward), 2, 5 (length), 3 (advantage).
 */
export function groupAdvantages(
  ordered: readonly ScoredAnswer[],
  shuffled: readonly ScoredAnswer[],
  p: RewardParameters,
): GroupAdvantages {
  const explanation: string[] = [];
  const correct = ordered.map((answer) => isCorrect(answer.accuracy, p.correctThreshold));
  const correctCount = correct.filter(Boolean).length;

  const shares = sharesOf(ordered, p);
  const shuffledShares = sharesOf(shuffled, p);
  let temporal: TemporalTest | null = null;
  if (p.temporalCredit === 'answer') explanation.push('Order is paid answer by answer, without a test of the group.');
  else if (shuffled.length === 0) explanation.push('No shuffled answers were drawn, so there is no temporal test.');
  else {
    const { passed, formula } = compareShares(shares, shuffledShares, p.mu, p.temporalTest);
    temporal = {
      p: mean(shares),
      pShuffled: mean(shuffledShares),
      mu: p.mu,
      comparison: p.temporalTest,
      passed,
      paid: passed ? p.alpha : 0,
    };
    explanation.push(temporalSentence(temporal, formula, ordered, shuffled, p));
  }
  if (p.temporalCredit !== 'group')
    explanation.push(
      creditSentence(
        ordered.map(({ credit }) => credit),
        correct,
        p,
      ),
    );

  const window = lengthWindow(p, correctCount / ordered.length);
  if (p.lengthAdaptation > 0 && p.omega > 0) {
    explanation.push(
      `${correctCount} of ${ordered.length} answers are correct, so the length window ${p.lengthMin}–${p.lengthMax} becomes ${window.min}–${window.max}.`,
    );
  }
  const lengthOpen = !p.lengthNeedsMoreThanOne || correctCount > 1;
  if (p.omega > 0 && !lengthOpen && correctCount === 1) {
    explanation.push('Only one answer is correct, so the length bonus is not paid.');
  }

  const basics = (answer: ScoredAnswer): RewardPart[] => [
    { name: 'accuracy', value: answer.accuracy, possible: 1, explanation: answer.accuracyExplanation },
    {
      name: 'format',
      value: answer.format * p.formatWeight,
      possible: p.formatWeight,
      explanation: answer.formatExplanation,
    },
  ];
  const total = (parts: readonly RewardPart[]) => parts.reduce((sum, part) => sum + part.value, 0);

  const rewarded = ordered.map((answer, i): RewardedAnswer => {
    const right = correct[i] === true;
    const rule = fractionsRule([answer.accuracy], p.correctThreshold);
    const parts = [
      ...basics(answer),
      ...(p.temporalCredit === 'answer' ? [] : [temporalPart(temporal, right, rule, p)]),
      ...(p.temporalCredit === 'group' ? [] : [creditPart(answer.credit, right, rule, p)]),
      lengthPart(answer.length, right, rule, lengthOpen, window, p.omega),
      ...(p.overlongPenalty > 0 ? [overlongPart(answer.length, p)] : []),
      ...(p.flagPenalty > 0 ? [flaggedPart(answer.flagged, p.flagPenalty)] : []),
    ];
    return { correct: right, parts, total: total(parts) };
  });
  const compared = shuffled.map((answer): RewardedAnswer => {
    const parts = basics(answer);
    return { correct: isCorrect(answer.accuracy, p.correctThreshold), parts, total: total(parts) };
  });

  const totals = rewarded.map((answer) => answer.total);
  const { mean: average, std, flat, advantages } = normalise(totals, p);
  explanation.push(
    totals.length === 1
      ? `The only reward is ${number(average)}: there is none to compare it with, so it has no advantage, and there is no standard deviation.`
      : flat
        ? `All ${totals.length} rewards are ${number(average)}: no answer has an advantage.`
        : `Mean ${number(average)}, standard deviation ${number(std)} over ${totals.length} answers (${p.stdDegrees}).`,
  );
  if (p.advantageScale === 'batch' && !flat)
    explanation.push(
      !p.batchStd
        ? 'Advantages are divided by the standard deviation of the batch; this group is all that is known of it.'
        : `Advantages are divided by the standard deviation of the batch from its groups’ means, ${number(p.batchStd)}.`,
    );
  return {
    ordered: rewarded,
    shuffled: compared,
    p: mean(shares),
    temporal,
    lengthWindow: window,
    mean: average,
    std,
    advantages,
    flat,
    explanation,
  };
}

/** `batchStd` of groups by the scores of their answers, whatever they are divided by. */
export function batchStdOf(
  groups: readonly { readonly ordered: readonly ScoredAnswer[]; readonly shuffled: readonly ScoredAnswer[] }[],
  p: RewardParameters,
): number {
  const totals = groups.map(({ ordered, shuffled }) =>
    groupAdvantages(ordered, shuffled, p).ordered.map(({ total }) => total),
  );
  return batchStd(totals, p.stdDegrees);
}

/** What p and p̃ of eq. 1 are the means of. */
export const sharesOf = (answers: readonly ScoredAnswer[], p: RewardParameters): number[] =>
  answers.map(({ accuracy }) =>
    p.temporalShare === 'correct' ? Number(isCorrect(accuracy, p.correctThreshold)) : accuracy,
  );

function temporalSentence(
  test: TemporalTest,
  formula: string,
  ordered: readonly ScoredAnswer[],
  shuffled: readonly ScoredAnswer[],
  p: RewardParameters,
): string {
  const right = (answers: readonly ScoredAnswer[]) =>
    answers.filter(({ accuracy }) => isCorrect(accuracy, p.correctThreshold)).length;
  const rule = fractionsRule(
    [...ordered, ...shuffled].map(({ accuracy }) => accuracy),
    p.correctThreshold,
  );
  const counts = `${right(ordered)} of ${ordered.length} ordered answers were right against ${right(shuffled)} of ${shuffled.length} shuffled${rule}`;
  const means = p.temporalShare === 'accuracy' ? ', compared by mean accuracy' : '';
  if (!test.passed) return `${counts}${means}: ${formula} does not hold, so no answer gets the temporal reward.`;
  if (right(ordered) === 0)
    return `${counts}${means}: ${formula} holds, but no answer is right, so none gets the temporal reward.`;
  return `${counts}${means}: ${formula} holds, so each right ordered answer gets α = ${number(test.paid)}.`;
}

/** @param rule by which a fractional accuracy was called right or wrong; empty for others */
function temporalPart(test: TemporalTest | null, right: boolean, rule: string, p: RewardParameters): RewardPart {
  const part = (value: number, explanation: string): RewardPart => ({
    name: 'temporal',
    value,
    possible: test === null ? 0 : p.alpha,
    explanation,
  });
  if (test === null) return part(0, 'no shuffled answers to compare with');
  if (!test.passed) return part(0, 'the temporal test failed');
  return right
    ? part(test.paid, `test passed, this answer is right${rule}`)
    : part(0, `test passed, but this answer is wrong${rule}`);
}

function lengthPart(
  length: number,
  right: boolean,
  rule: string,
  open: boolean,
  { min, max }: LengthWindow,
  omega: number,
): RewardPart {
  const window = `${min}–${max}`;
  const inside = length >= min && length <= max;
  const part = (value: number, explanation: string): RewardPart => ({
    name: 'length',
    value,
    possible: omega,
    explanation,
  });
  if (!inside) return part(0, `${length} tokens: outside ${window}`);
  if (!right) return part(0, `${length} tokens: inside ${window}, but the answer is wrong${rule}`);
  if (!open) return part(0, `${length} tokens: inside ${window}, but only one answer is correct`);
  return part(omega, `${length} tokens: inside ${window}`);
}

function flaggedPart(flagged: readonly string[], penalty: number): RewardPart {
  const words = flagged.map((quote) => `“${quote}”`).join(', ');
  return {
    ...{ name: 'flagged', possible: 0 },
    value: flagged.length > 0 ? -penalty : 0,
    explanation: flagged.length > 0 ? `holds what people flagged: ${words}` : 'holds nothing that people flagged',
  };
}
