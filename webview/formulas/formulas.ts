/**
 * How each number on the pages comes about: formula, what it is taken over, unit, and the paper's equation or the file that
 * computes it. Data alone; the pages put a group's own numbers in.
 */

export interface Formula {
  readonly title: string;
  /** Plain text in the field's symbols; lines are cases. */
  readonly formula: readonly string[];
  /** Which rollouts, tokens, questions or steps. */
  readonly over: string;
  readonly unit: string;
  /** Where it differs from what one would expect. */
  readonly note?: string;
  /** Where more is said of it: `aha` explains all tiers. */
  readonly more?: 'aha';
  /** Equation of the paper, and the file that computes it. */
  readonly source: string;
}

const smoothed =
  'The strong line and the number are the mean of the last 10 steps that have a value; the faint line and the hairline show single steps.';
const policyUpdate = 'With several updates a sampling, the last one counts; it is taken before its optimizer step.';

export const formulas = {
  // ---- dashboard: header ----
  progress: {
    title: 'Steps done',
    formula: ['step of steps'],
    over: 'Optimizer steps that were applied, out of the parameter steps.',
    unit: 'steps; percent of steps',
    note: 'A step that was given up half-way is not counted.',
    source: 'trainer/runs/run.ts',
  },
  timeLeft: {
    title: 'Time left',
    formula: ['(steps − step) × mean duration of a step'],
    over: 'The newest 20 steps.',
    unit: 'time',
    note: 'Evaluations and checkpoints between steps are not in it, nor what was held at safe points. Without a trainer there is none.',
    source: 'trainer/protocol/run-state.ts, webview/run/progress.ts',
  },

  // ---- dashboard: curves ----
  accuracyReward: {
    title: 'Accuracy reward, ordered',
    formula: ['mean over o of accuracy(o)'],
    over: 'All ordered answers of the step, to videos and images.',
    unit: '0 to 1',
    note: `Fractional for OCR, free-form and regression. ${smoothed}`,
    source: 'trainer/learning/sampling.ts',
  },
  accuracyShuffled: {
    title: 'Accuracy reward, shuffled',
    formula: ['mean over õ of accuracy(õ)'],
    over: 'All shuffled answers of the step.',
    unit: '0 to 1',
    note: `Images and videos of one frame have no shuffled answers, so this is over fewer questions than the ordered curve. ${smoothed}`,
    source: 'trainer/learning/sampling.ts',
  },
  probeAccuracy: {
    title: 'Probe accuracy, ordered',
    formula: ['mean over o of accuracy(o)'],
    over: 'Two ordered answers to each probe question, every probeEvery steps.',
    unit: '0 to 1',
    note: 'Not smoothed. Few answers: a step up or down may be chance.',
    source: 'trainer/learning/sft.ts, trainer/learning/sampling.ts',
  },
  probeAccuracyShuffled: {
    title: 'Probe accuracy, shuffled',
    formula: ['mean over õ of accuracy(õ)'],
    over: 'Two shuffled answers to each probe question that is a video of two frames or more.',
    unit: '0 to 1',
    note: 'Not smoothed.',
    source: 'trainer/learning/sft.ts, trainer/learning/sampling.ts',
  },
  temporalReward: {
    title: 'Temporal reward, scaled 0–1',
    formula: [
      'mean over questions of [ test holds and some o_i is correct ]',
      'test: p > μ·p̃, or p ≥ μ·p̃ as the run says',
    ],
    over: 'Questions of the step with shuffled answers: videos of two frames or more.',
    unit: 'share of questions, 0 to 1',
    note: `A test that holds with no correct answer pays nobody and counts as 0. Images are not counted; the released code logs 0.5 for them. ${smoothed}`,
    source: 'Video-R1 eq. 1; trainer/learning/sampling.ts',
  },
  responseLength: {
    title: 'Response length',
    formula: ['mean over o of len(o)'],
    over: 'All ordered answers of the step; in SFT those of the probe.',
    unit: 'tokens, the end token included',
    note: smoothed,
    source: 'trainer/learning/sampling.ts',
  },
  rewardCurve: {
    title: 'Reward',
    formula: ['mean over o of r(o)', 'r = accuracy + format + temporal + length'],
    over: 'All ordered answers of the step; in SFT those of the probe.',
    unit: 'reward',
    note: smoothed,
    source: 'Video-R1 eq. 2 and 5; trainer/learning/sampling.ts',
  },
  sftLoss: {
    title: 'Loss (cross-entropy)',
    formula: ['− Σ_t log π(y_t) / N'],
    over: 'All N answer tokens of the batch at once, the end token included; with “train prompt tokens” the prompt’s text tokens too.',
    unit: 'nats per token',
    note: `Taken before the optimizer step. ${smoothed}`,
    source: 'trainer/engines/losses.ts',
  },
  policyLoss: {
    title: 'Loss (T-GRPO and GRPO)',
    formula: [
      '− Σ_i Σ_t w_it · [ min(ρ·A_i, clip(ρ, 1−ε, 1+ε)·A_i) − β·KL ]',
      'ρ = exp(log π − log π_old);  KL by k3 or exact, as “KL estimator” says',
      'w = 1/(answers × len_i), or 1/(all tokens), as lossMean says',
    ],
    over: 'Tokens of all ordered answers in the update. “skip flat groups” leaves groups of equal rewards out; a step without any other has no value.',
    unit: 'none',
    note: `With one update a sampling ρ is 1 and a group’s advantages add up to 0, so under the mean by answer the loss is β × KL: it is not expected to fall. ${policyUpdate} ${smoothed}`,
    source: 'Video-R1 eq. 4; trainer/engines/losses.ts',
  },
  kl: {
    title: 'KL',
    formula: [
      'Σ k3 / tokens,  k3 = exp(d) − d − 1',
      'd = log π_ref − log π, clamped to ±10',
      'with the exact estimator Σ_t Σ_v π(v)·(log π(v) − log π_ref(v)) / tokens',
    ],
    over: 'All tokens of the ordered answers in the update, each token alike.',
    unit: 'nats per token (k3: an estimate of KL(π || π_ref))',
    note: `None while β is 0. ${policyUpdate} ${smoothed}`,
    source: 'Video-R1 eq. 4; trainer/engines/losses.ts',
  },
  entropy: {
    title: 'Entropy',
    formula: ['mean over o of ( mean over t of H_t )', 'H_t = − Σ_v π(v)·log π(v)'],
    over: 'Tokens of each ordered answer, then answers; in SFT those of the probe.',
    unit: 'nats',
    note: `At temperature 1 over the whole vocabulary, whatever temperature drew the tokens. ${smoothed}`,
    source: 'trainer/engines/tfjs/model/generation.ts, trainer/learning/sampling.ts',
  },
  gradientNorm: {
    title: 'Gradient norm',
    formula: ['sqrt( Σ g² )'],
    over: 'All trained weights, before clipping to gradClipNorm.',
    unit: 'none',
    note: `Of the last update of the step. ${smoothed}`,
    source: 'trainer/engines/tfjs/replica.ts',
  },
  learningRate: {
    title: 'Learning rate',
    formula: [
      'constant: peak × min(1, step / warmupSteps)',
      'cosine: that × ( f + (1 − f) × (1 + cos(π·step/steps)) / 2 ),  f = scheduleFloor',
    ],
    over: 'This step.',
    unit: 'none',
    note: 'Not smoothed. No warm-up where warmupSteps is 0.',
    source: 'trainer/learning/schedule.ts',
  },
  clippedShare: {
    title: 'Clipped share',
    formula: ['tokens with clip(ρ, 1−ε, 1+ε)·A < ρ·A, divided by tokens'],
    over: 'All tokens of the ordered answers in the update.',
    unit: '0 to 1',
    note: `0 with one update a sampling, where ρ is 1. ${policyUpdate} ${smoothed}`,
    source: 'Video-R1 eq. 4; trainer/engines/losses.ts',
  },
  flatGroups: {
    title: 'Flat groups',
    formula: ['groups with std = 0, divided by groups'],
    over: 'All questions of the step; in SFT those of the probe.',
    unit: '0 to 1',
    note: `Flat: all rewards are equal (within 1e−9), so no answer has an advantage. A group of one is flat under n − 1. ${smoothed}`,
    source: 'trainer/advantages/advantages.ts, trainer/learning/sampling.ts',
  },
  drawnCurve: {
    title: 'What is drawn',
    formula: ['strong line: mean of the value and the 9 before it', 'min, max: over single steps'],
    over: 'Steps that have a value; others are passed over. Least and most are over all steps of the run, whatever is zoomed into.',
    unit: 'as the curve',
    note: 'The first nine points are means of fewer values. Learning rate and probe accuracy are not smoothed.',
    source: 'webview/dashboard/smoothing.ts, webview/dashboard/chart.tsx',
  },

  // ---- dashboard: time ----
  stepTime: {
    title: 'Time of a step',
    formula: ['end − start − held'],
    over: 'The newest step; “took … each” is the mean of the newest 20.',
    unit: 'time',
    note: 'Begins after the safe point before-step. Held is what it stood still at safe points inside the step.',
    source: 'trainer/learning/tgrpo.ts, trainer/learning/sft.ts',
  },
  timePart: {
    title: 'Where the time went',
    formula: ['time of the part;  part / time of the step'],
    over: 'The newest step. decode: reading frames; sample: answers; score: rewards and aha; update: reference, gradient and optimizer; store: writing the groups; other: the rest.',
    unit: 'time; percent',
    source: 'trainer/learning/training.ts, webview/dashboard/where-the-time-went.tsx',
  },
  throughput: {
    title: 'Throughput',
    formula: ['(tokens sampled + tokens trained) / time of the step'],
    over: 'The newest step: ordered and shuffled answers sampled, and the tokens of one update.',
    unit: 'tokens per second',
    note: 'Prompt and vision tokens are not counted, unless SFT trains prompt tokens.',
    source: 'webview/dashboard/where-the-time-went.tsx',
  },

  // ---- dashboard: evaluations ----
  evaluationCount: {
    title: 'n',
    formula: ['questions of the slice'],
    over: 'Questions of the evaluation whose media could be read.',
    unit: 'questions',
    note: 'Questions left out are counted in the line above and in no mean.',
    source: 'trainer/evaluation/evaluate.ts',
  },
  evaluationOrdered: {
    title: 'Evaluation, ordered',
    formula: ['mean over questions of accuracy(o)'],
    over: 'One answer to each question of the slice, at the evaluation temperature and top-p.',
    unit: '0 to 1',
    note: 'Accuracy as in training, for all five types; the shuffles are the same in every evaluation of a run.',
    source: 'trainer/evaluation/evaluate.ts',
  },
  evaluationShuffled: {
    title: 'Evaluation, shuffled',
    formula: ['mean over questions of accuracy(õ)'],
    over: 'One answer on shuffled frames to each question of the slice that is a video of two frames or more.',
    unit: '0 to 1',
    note: 'A dash where the slice holds no such question.',
    source: 'trainer/evaluation/evaluate.ts',
  },
  evaluationGap: {
    title: 'Difference, ordered − shuffled',
    formula: ['mean accuracy(o) − mean accuracy(õ)'],
    over: 'The questions of the slice that were answered both ways: images are not.',
    unit: '−1 to 1',
    note: 'Where a slice holds images, the count beside its shuffled mean is of those questions; “ordered” is over the whole slice. In older records the first mean has the images.',
    source: 'webview/dashboard/evaluation-table.tsx',
  },
  evaluationSince: {
    title: 'Change since the first evaluation',
    formula: ['ordered now − ordered then'],
    over: 'The same slice in the first evaluation of the run.',
    unit: '−1 to 1',
    note: 'Where the two did not ask the same questions (another number of them, another dataset, others left out), the cell says so with the number of then.',
    source: 'webview/dashboard/evaluation-table.tsx',
  },

  rate: {
    title: 'Share and its interval',
    formula: ['share = Σ counted / Σ of, over the last 10 steps that have any', 'interval = Wilson score, z = 1.96'],
    over: 'The step and the nine before it; faint is each step alone. Under the pointer stand the counts of its step.',
    unit: '0 to 1',
    note: 'Answers of one group are alike, so that over answers the interval is narrower than it should be.',
    source: 'trainer/protocol/proportion.ts, webview/dashboard/rates.ts',
  },
  flatReasons: {
    title: 'Flat groups, by reason',
    formula: [
      'share = flat groups of a reason / groups',
      'all right:  every answer exact, all paid alike',
      'all wrong:  no answer with any accuracy, all paid alike',
      'alike otherwise:  equal fractions, or parts that make up for each other',
    ],
    over: 'The training groups of the last 10 steps. Each flat group has one reason.',
    unit: '0 to 1',
    note: 'The query flatBecause:right lists them, as do flatBecause:wrong and flatBecause:alike.',
    source: 'trainer/protocol/flat-reason.ts, trainer/protocol/step-counts.ts',
  },

  ahaRate: {
    title: 'Aha moments, by tier',
    formula: ['share of T = answers with a moment of tier T / answers that the present rules have read'],
    over: 'Answers on frames in order, of the last 10 steps. An answer counts in each tier that it has.',
    unit: '0 to 1',
    note: 'T1 is a cue that the prompt asks for and no aha. The query aha>=3 lists answers by their highest tier.',
    more: 'aha',
    source: 'trainer/protocol/step-counts.ts, trainer/reasoning/aha.ts',
  },
  namesTime: {
    title: 'Names a frame or time',
    formula: ['share = answers whose reasoning names a frame or a time of the video / answers that were read'],
    over: 'Answers on frames in order, of the last 10 steps, those to images included.',
    unit: '0 to 1',
    note: '“frame 9”, “the last shot”, “at 3 s”, “0:52”; how long something lasts is no such time. The query namesTime:true lists them.',
    source: 'trainer/reasoning/turns.ts, trainer/protocol/step-counts.ts',
  },
  transition: {
    title: 'From the first answer to the final one',
    formula: [
      'first:  the first answer that the reasoning settles on',
      'final:  the text between the answer tags',
      'no first answer:  the reasoning settles on none before',
      'not comparable:  the form of the first does not tell whether it was right, and the final one is another',
    ],
    over: 'Answers on frames in order that the present rules have read. A row adds up to its answers.',
    unit: 'answers',
    note: 'A cell opens the list of its answers.',
    more: 'aha',
    source: 'trainer/protocol/analysis.ts',
  },

  // ---- rollouts: group ----
  correct: {
    title: 'Right',
    formula: ['correct(o):  accuracy(o) > threshold, or accuracy(o) = 1'],
    over: 'The answers of this half of the group.',
    unit: 'answers',
    note: 'The threshold is the parameter correctThreshold; it matters for the types with fractional accuracy.',
    source: 'trainer/advantages/advantages.ts',
  },
  p: {
    title: 'p',
    formula: [
      'p = correct ordered answers / ordered answers',
      'or the mean accuracy of the ordered answers, as temporalShare says',
    ],
    over: 'The ordered answers to this question.',
    unit: '0 to 1',
    source: 'Video-R1 eq. 1; trainer/advantages/advantages.ts',
  },
  pShuffled: {
    title: 'p̃',
    formula: [
      'p̃ = correct shuffled answers / shuffled answers',
      'or the mean accuracy of the shuffled answers, as temporalShare says',
    ],
    over: 'The shuffled answers to this question.',
    unit: '0 to 1',
    source: 'Video-R1 eq. 1; trainer/advantages/advantages.ts',
  },
  threshold: {
    title: 'μ·p̃',
    formula: ['μ × p̃'],
    over: 'The shuffled answers to this question.',
    unit: '0 to 1',
    note: 'The tick on the bar of p.',
    source: 'Video-R1 eq. 1; trainer/advantages/advantages.ts',
  },
  temporalTest: {
    title: 'r_t',
    formula: ['r_t = α  if p > μ·p̃, else 0', 'the preset upstream takes ≥ in place of >'],
    over: 'This question.',
    unit: 'reward',
    note: 'Given to each correct ordered answer and to no other. With ≥, 0 ≥ 0 holds and pays nobody.',
    source: 'Video-R1 eq. 1 and 2; trainer/advantages/advantages.ts',
  },
  mean: {
    title: 'Mean',
    formula: ['mean = Σ_i r_i / n'],
    over: 'The ordered answers to this question.',
    unit: 'reward',
    source: 'Video-R1 eq. 3; trainer/advantages/advantages.ts',
  },
  std: {
    title: 'Standard deviation',
    formula: ['std = sqrt( Σ_i (r_i − mean)² / (n − 1) )', 'or n in place of n − 1, as stdDegrees says'],
    over: 'The ordered answers to this question.',
    unit: 'reward',
    note: '0 where all rewards are equal (within 1e−9) and for a single answer under n − 1.',
    source: 'Video-R1 eq. 3; trainer/advantages/advantages.ts',
  },
  groupSize: {
    title: 'n',
    formula: ['n = ordered answers'],
    over: 'The ordered answers to this question; shuffled ones only measure.',
    unit: 'answers',
    source: 'trainer/learning/sampling.ts',
  },
  advantageSum: {
    title: 'Sum of the advantages',
    formula: ['Σ_i A_i = 0'],
    over: 'The ordered answers to this question.',
    unit: 'none',
    note: 'Each is a distance from the group’s own mean, so they cancel.',
    source: 'Video-R1 eq. 3; webview/rollouts/group/group-view.tsx',
  },

  // ---- rollouts: one answer ----
  accuracyPart: {
    title: 'Accuracy',
    formula: [
      'choice: 1 if the texts are equal, else 0',
      'numerical: 1 if equal after rounding to 2 decimals, else 0',
      'OCR: 1 − word error rate;  free-form: mean F of ROUGE-1, -2 and -L',
      'regression: 1 − (|a − s| + 1e−9) / (|s| + 1e−9)',
    ],
    over: 'The text between this answer’s first <answer> tags, against the solution’s.',
    unit: '0 to 1; OCR and regression clamped',
    note: 'No answer tag counts as an empty text. Numerical: 0 if only one of the two has a “.” or “,”.',
    source: 'trainer/rewards/score.ts',
  },
  formatPart: {
    title: 'Format',
    formula: ['formatWeight  if the whole text is <think>…</think> <answer>…</answer>, else 0'],
    over: 'This answer’s whole text.',
    unit: 'reward',
    note: 'Only whitespace may stand between the two, and nothing before or after them.',
    source: 'trainer/rewards/format.ts',
  },
  temporalPart: {
    title: 'Temporal',
    formula: ['α  if p > μ·p̃ (or ≥) and this answer is correct, else 0'],
    over: 'This ordered answer; shuffled answers have no such part.',
    unit: 'reward',
    note: 'Without shuffled answers (images, GRPO) nothing can be paid.',
    source: 'Video-R1 eq. 1 and 2; trainer/advantages/advantages.ts',
  },
  lengthPart: {
    title: 'Length',
    formula: ['ω  if this answer is correct and l_min ≤ len ≤ l_max, else 0'],
    over: 'Tokens of this ordered answer, the end token included.',
    unit: 'reward',
    note: 'With “length needs two correct” it is paid only if more than one ordered answer is correct. With a length adaptation a above 0 both bounds are multiplied by 1 + a (1 − 2p), p the share of correct ordered answers.',
    source: 'Video-R1 eq. 5; trainer/advantages/advantages.ts',
  },
  total: {
    title: 'Total reward',
    formula: ['r = accuracy + format + temporal + length'],
    over: 'This answer; a shuffled one has accuracy and format only.',
    unit: 'reward',
    source: 'Video-R1 eq. 2 and 5; trainer/advantages/advantages.ts',
  },
  advantage: {
    title: 'Advantage',
    formula: ['A_i = (r_i − mean) / (std + stdEpsilon)', 'A_i = r_i − mean  where “divide by std” is off'],
    over: 'This answer among the ordered answers to its question; the same for each of its tokens.',
    unit: 'none',
    note: '0 in a flat group. Shuffled answers, probes and evaluations have none.',
    source: 'Video-R1 eq. 3; trainer/advantages/advantages.ts',
  },
  tokens: {
    title: 'Length of an answer',
    formula: ['len(o)'],
    over: 'Tokens that were sampled, the end token included.',
    unit: 'tokens',
    source: 'trainer/learning/sampling.ts',
  },
  meanLogprob: {
    title: 'Mean log-probability',
    formula: ['Σ_t log π(y_t) / len'],
    over: 'The tokens of this answer, the end token included.',
    unit: 'nats per token',
    note: 'At temperature 1 and without top-p, by the weights that sampled it.',
    source: 'trainer/learning/sampling.ts, trainer/engines/tfjs/model/generation.ts',
  },
  meanEntropy: {
    title: 'Mean entropy',
    formula: ['Σ_t H_t / len,  H_t = − Σ_v π(v)·log π(v)'],
    over: 'The tokens of this answer, the end token included.',
    unit: 'nats',
    note: 'At temperature 1 over the whole vocabulary.',
    source: 'trainer/learning/sampling.ts, trainer/engines/tfjs/model/generation.ts',
  },
  tokenProbability: {
    title: 'Probability of a token',
    formula: ['π(y_t) = exp(logit_y) / Σ_v exp(logit_v)'],
    over: 'Each token, given the prompt and the tokens before it.',
    unit: '0 to 1',
    note: 'At temperature 1 and without top-p, whatever drew the token.',
    source: 'trainer/engines/tfjs/model/generation.ts',
  },
  tokenEntropy: {
    title: 'Entropy at a token',
    formula: ['H_t = − Σ_v π(v)·log π(v)'],
    over: 'The whole vocabulary, given the prompt and the tokens before it.',
    unit: 'nats',
    note: 'At temperature 1, by the weights that sampled it.',
    source: 'trainer/engines/tfjs/model/generation.ts',
  },
  tokenKl: {
    title: 'KL at a token',
    formula: ['k3 = exp(d) − d − 1,  d = log π_ref(y_t) − log π_old(y_t)'],
    over: 'Each token: its log-probability by the reference, and by the weights that sampled it.',
    unit: 'nats, 0 or more',
    note: 'An estimate from the one token that was drawn. Whatever estimator the run’s klEstimator names, this is k3.',
    source: 'webview/rollout/token-numbers.ts',
  },
  tokenMismatch: {
    title: 'Trainer against sampler at a token',
    formula: ['| log π_trainer(y_t) − log π_sampler(y_t) |'],
    over: 'Each token, by two programs that hold the same weights.',
    unit: 'nats',
    note: 'Above 0 the two do not compute alike, and the ratio of the policy loss begins away from 1.',
    source: 'webview/rollout/shades.ts',
  },
  aha1: {
    title: 'T1: a cue',
    formula: ['“wait”, “hmm”, “let me check” before any commitment to an answer'],
    over: 'Sentences of the think text.',
    unit: 'tier',
    note: 'The prompt itself asks for such words, so it is no aha and is never counted as one.',
    more: 'aha',
    source: 'trainer/reasoning/aha.ts',
  },
  aha2: {
    title: 'T2: looks again',
    formula: [
      'commitment → looks again → the same answer, no new evidence',
      'or an answer is rejected without a reason',
    ],
    over: 'Sentences of the think text; one finding for each time it looks again, its highest tier.',
    unit: 'tier',
    more: 'aha',
    source: 'trainer/reasoning/aha.ts',
  },
  aha3: {
    title: 'T3: checks',
    formula: ['commitment → looks again → names a frame, place, time, option, quotation or number not named before'],
    over: 'Sentences of the think text; one finding for each time it looks again, its highest tier.',
    unit: 'tier',
    more: 'aha',
    source: 'trainer/reasoning/aha.ts',
  },
  aha4: {
    title: 'T4: rejects with a reason',
    formula: ['an answer or option is rejected, with a reason in the sentence or evidence in the next one'],
    over: 'Sentences of the think text; also before any commitment.',
    unit: 'tier',
    more: 'aha',
    source: 'trainer/reasoning/aha.ts',
  },
  aha5: {
    title: 'T5: the answer changes',
    formula: ['commitment to one answer → commitment to another', 'after looking again, or with both stated outright'],
    over: 'Sentences of the think text.',
    unit: 'tier',
    note: 'Whether each was right stands in the evidence of the finding.',
    more: 'aha',
    source: 'trainer/reasoning/aha.ts',
  },
  ahaTier: {
    title: 'Aha tier',
    formula: ['highest tier among the findings of the answer; T0 for none'],
    over: 'The think text of this answer.',
    unit: 'tier, 0 to 5',
    note: 'T1 is a cue and no aha. The same text always gives the same tier.',
    more: 'aha',
    source: 'trainer/reasoning/aha.ts',
  },
} as const satisfies Record<string, Formula>;

export type FormulaName = keyof typeof formulas;
