/**
 * Every number and switch of a run, in one table: name, range, whether it can change while the run goes, and what it means.
 * From it come the validation of run files and of `set`, the JSON schema, the quick pick and the dashboard's parameter list.
 */
import { z } from 'zod';
import { readingFormerNames, renamedClause } from './former-names.ts';
import { nearestClause } from './nearest.ts';

export const methods = ['sft', 'tgrpo', 'grpo'] as const;
/** `grpo` is T-GRPO without the shuffled group and its reward. */
export const method = z.enum(methods);
export type Method = z.infer<typeof method>;

/** `live`: taken at the next safe point. `restart`: fixed when the run is created. */
export type Changeable = 'live' | 'restart';

interface ParameterInfo<S extends z.ZodType> {
  readonly label: string;
  readonly symbol?: string;
  readonly schema: S;
  readonly changes: Changeable;
  readonly methods: readonly Method[];
  readonly unit?: string;
  readonly help: string;
  /** What a record means that was written before there was this parameter. */
  readonly before?: z.infer<S>;
}

const all = methods;
const rl = ['tgrpo', 'grpo'] as const;
const temporal = ['tgrpo'] as const;

function parameter<S extends z.ZodType>(info: ParameterInfo<S>): ParameterInfo<S> {
  return info;
}

const share = z.number().min(0).max(1);
const positive = z.number().positive();
const nonNegative = z.number().min(0);
const count = z.number().int().positive();

export const parameters = {
  // optimiser
  learningRate: parameter({
    label: 'learning rate',
    schema: nonNegative.max(1),
    changes: 'live',
    methods: all,
    help: 'Step size of AdamW at the peak of its schedule.',
  }),
  schedule: parameter({
    label: 'schedule',
    schema: z.enum(['constant', 'cosine', 'linear']),
    changes: 'live',
    methods: all,
    help: 'How the learning rate falls from its peak to scheduleFloor of it at the last step: along half a cosine, in a straight line, or not at all.',
  }),
  scheduleFloor: parameter({
    label: 'schedule floor',
    schema: share,
    changes: 'live',
    methods: all,
    help: 'Share of the peak learning rate that is left at the last step.',
  }),
  warmupSteps: parameter({
    label: 'warm-up',
    schema: z.number().int().min(0),
    changes: 'live',
    methods: all,
    unit: 'steps',
    help: 'Steps over which the learning rate rises from zero.',
  }),
  weightDecay: parameter({
    label: 'weight decay',
    schema: nonNegative.max(1),
    changes: 'live',
    methods: all,
    help: 'AdamW weight decay of matrices.',
  }),
  beta1: parameter({
    label: 'Adam beta 1',
    symbol: 'β₁',
    schema: share,
    changes: 'restart',
    methods: all,
    help: 'Decay of the gradient mean.',
  }),
  beta2: parameter({
    label: 'Adam beta 2',
    symbol: 'β₂',
    schema: share,
    changes: 'restart',
    methods: all,
    help: 'Decay of the squared gradient.',
  }),
  gradClipNorm: parameter({
    label: 'gradient norm limit',
    schema: nonNegative,
    changes: 'live',
    methods: all,
    help: 'Gradients with a larger norm are scaled down to it; 0 switches it off.',
  }),
  // length of the run
  steps: parameter({
    label: 'steps',
    schema: count,
    changes: 'live',
    methods: all,
    unit: 'steps',
    help: 'Updates until the run is complete.',
  }),
  questionsPerStep: parameter({
    label: 'questions a step',
    schema: count,
    changes: 'restart',
    methods: all,
    unit: 'questions',
    help: 'Rows of the dataset that one update sees.',
  }),
  checkpointEvery: parameter({
    label: 'checkpoint every',
    schema: z.number().int().min(0),
    changes: 'live',
    methods: all,
    unit: 'steps',
    help: 'Steps between checkpoints; 0 keeps only the one at the end.',
  }),
  checkpointsKept: parameter({
    label: 'checkpoints kept',
    schema: count,
    changes: 'live',
    methods: all,
    unit: 'checkpoints',
    help: 'Of the checkpoints that are saved by schedule, how many of the last are kept. Older ones are deleted, but for the best by keepBest and those that are pinned; ones that were saved by hand never are.',
  }),
  keepBest: parameter({
    label: 'keep the best by',
    schema: z.enum(['none', 'evaluation', 'evaluation-order', 'reward', 'accuracy']),
    changes: 'live',
    methods: all,
    help: 'Which checkpoint is kept however old it is: the one with the highest accuracy in the evaluation of its step, over all questions or over those that need the order of frames; or with the highest mean reward or accuracy reward of the ten steps that it ends. none keeps none for that.',
    before: 'none',
  }),
  probeEvery: parameter({
    label: 'probe every',
    schema: z.number().int().min(0),
    changes: 'live',
    methods: ['sft'],
    unit: 'steps',
    help: 'Steps between looks at what the model answers during SFT, on ordered and shuffled frames; 0 for none.',
  }),
  probeQuestions: parameter({
    label: 'questions a probe',
    schema: count,
    changes: 'live',
    methods: ['sft'],
    unit: 'questions',
    help: 'Questions of one probe.',
  }),
  evaluateEvery: parameter({
    label: 'evaluate every',
    schema: z.number().int().min(0),
    changes: 'live',
    methods: all,
    unit: 'steps',
    help: 'Steps between evaluations on unseen questions; 0 for none.',
  }),
  evidenceShare: parameter({
    label: 'share of time for evidence',
    schema: share,
    changes: 'live',
    methods: all,
    help: 'How much of a step’s time may be used after it, while the run goes on, to find out what answers stood on and to ask again; 0 leaves a run that goes on alone.',
    before: 0,
  }),
  receiptShare: parameter({
    label: 'share of updates with a receipt',
    schema: share,
    changes: 'live',
    methods: rl,
    help: 'Share of the steps after which the answers that were trained on are scored again, to say whether those that were rewarded became likelier and which tokens moved. Which steps follows from the seed; 0 makes none unless it is asked for. Training does not change by it.',
    before: 0,
  }),
  // data
  imageShare: parameter({
    label: 'share of images',
    schema: share.nullable(),
    changes: 'live',
    methods: all,
    help: 'Share of image questions in the mix; 0 trains without images (the ablation), null takes the dataset as it is.',
  }),
  trainPromptTokens: parameter({
    label: 'train prompt tokens',
    schema: z.boolean(),
    changes: 'restart',
    methods: ['sft'],
    help: 'Also train on system and user tokens, as the released code does.',
  }),
  trainTurnNewline: parameter({
    label: 'train the newline',
    schema: z.boolean(),
    changes: 'restart',
    methods: ['sft'],
    help: 'Also train on the newline that the chat layout puts behind an answer’s <|im_end|>, as the released code does. No answer ever holds it: sampling ends at <|im_end|>.',
    before: false,
  }),
  obeyLabels: parameter({
    label: 'obey labels',
    schema: z.boolean(),
    changes: 'restart',
    methods: all,
    help: 'Heed what people say. SFT leaves out the rows that they would drop and trains the fixed text of those that somebody fixed; rows whose authors differ are trained as they are. Reinforcement learning counts the answers that hold words which people flagged in answers to the same question; leaveOutDropped says what else comes of labels. They are read when the run starts and when it is told to read them again.',
    before: false,
  }),
  leaveOutDropped: parameter({
    label: 'leave out dropped questions',
    schema: z.boolean(),
    changes: 'restart',
    methods: rl,
    help: 'Sample no answers to questions of which people would drop an answer or the row. Needs obeyLabels.',
    before: false,
  }),
  maxPromptTokens: parameter({
    label: 'longest prompt',
    schema: z.number().int().min(0),
    changes: 'restart',
    methods: all,
    unit: 'tokens',
    help: 'A row whose prompt, vision tokens included, is longer is left out and reported; the released code cuts its beginning off. 0 takes prompts of any length.',
    before: 0,
  }),
  // frames
  framesPerSecond: parameter({
    label: 'frames a second',
    schema: positive,
    changes: 'restart',
    methods: all,
    unit: 'frames/s',
    help: 'Rate at which frames are chosen from a video.',
  }),
  minFrames: parameter({
    label: 'least frames',
    schema: count,
    changes: 'restart',
    methods: all,
    unit: 'frames',
    help: 'At least this many frames, if the video has them.',
  }),
  maxFrames: parameter({
    label: 'most frames',
    schema: count,
    changes: 'restart',
    methods: all,
    unit: 'frames',
    help: 'At most this many frames.',
  }),
  frameRounding: parameter({
    label: 'frame number rounded',
    schema: z.enum(['half-even', 'down']),
    changes: 'restart',
    methods: all,
    help: 'How the number of frames becomes even: to the nearest even number, halves to a multiple of 4 (qwen-vl-utils 0.0.8), or down (its later versions, and the copy that the released code installs).',
    before: 'half-even',
  }),
  minPixels: parameter({
    label: 'least pixels a frame',
    schema: count,
    changes: 'restart',
    methods: all,
    unit: 'pixels',
    help: 'Frames smaller than this are enlarged.',
  }),
  maxPixels: parameter({
    label: 'most pixels a frame',
    schema: count,
    changes: 'restart',
    methods: all,
    unit: 'pixels',
    help: 'Frames larger than this are reduced.',
  }),
  imageMinPixels: parameter({
    label: 'least pixels an image',
    schema: count,
    changes: 'restart',
    methods: all,
    unit: 'pixels',
    help: 'Images smaller than this are enlarged.',
  }),
  imageMaxPixels: parameter({
    label: 'most pixels an image',
    schema: count,
    changes: 'restart',
    methods: all,
    unit: 'pixels',
    help: 'Images larger than this are reduced.',
  }),
  // sampling
  groupSize: parameter({
    label: 'ordered a question',
    symbol: 'G',
    schema: count,
    changes: 'restart',
    methods: rl,
    unit: 'answers',
    help: 'Answers on ordered frames.',
  }),
  shuffledGroupSize: parameter({
    label: 'shuffled a question',
    symbol: 'G̃',
    schema: z.number().int().min(0),
    changes: 'restart',
    methods: temporal,
    unit: 'answers',
    help: 'Answers on shuffled frames; they are compared with, never trained on.',
  }),
  temperature: parameter({
    label: 'temperature',
    symbol: 'T',
    schema: nonNegative.max(5),
    changes: 'live',
    methods: all,
    help: 'Sampling temperature; 0 takes the likeliest token.',
  }),
  topP: parameter({
    label: 'top-p',
    schema: share,
    changes: 'live',
    methods: all,
    help: 'Sampling keeps the likeliest tokens that sum to this share.',
  }),
  topK: parameter({
    label: 'top-k',
    schema: z.number().int().min(0),
    changes: 'live',
    methods: all,
    help: 'Sampling keeps this many of the likeliest tokens, before top-p takes of them; 0 keeps all.',
    before: 0,
  }),
  maxNewTokens: parameter({
    label: 'most new tokens',
    schema: count,
    changes: 'live',
    methods: all,
    unit: 'tokens',
    help: 'An answer is cut here.',
  }),
  alternatives: parameter({
    label: 'alternatives kept',
    schema: z.number().int().min(0).max(20),
    changes: 'live',
    methods: all,
    unit: 'tokens',
    help: 'Likeliest tokens that are kept beside each token drawn, with their log-probabilities, of those of 0.1 % and more; what is drawn does not change by it. 0 keeps none.',
    before: 0,
  }),
  // reward
  formatWeight: parameter({
    label: 'format weight',
    schema: nonNegative,
    changes: 'live',
    methods: rl,
    help: 'Reward of the right form, added to accuracy; 0 leaves it out.',
  }),
  alpha: parameter({
    label: 'temporal α',
    symbol: 'α',
    schema: nonNegative,
    changes: 'live',
    methods: temporal,
    help: 'Temporal reward of a correct ordered answer when the test passes (Video-R1 eq. 1, 2).',
  }),
  mu: parameter({
    label: 'temporal μ',
    symbol: 'μ',
    schema: nonNegative,
    changes: 'live',
    methods: temporal,
    help: 'Factor on the shuffled share in the temporal test p > μ p̃ (eq. 1).',
  }),
  temporalTest: parameter({
    label: 'temporal test',
    schema: z.enum(['>', '>=']),
    changes: 'live',
    methods: temporal,
    help: 'Whether p equal to μ p̃ passes.',
  }),
  temporalShare: parameter({
    label: 'p from',
    schema: z.enum(['correct', 'accuracy']),
    changes: 'live',
    methods: temporal,
    help: 'p as the share of correct answers, or as the mean accuracy reward.',
  }),
  temporalCredit: parameter({
    label: 'temporal reward by',
    schema: z.enum(['group', 'answer', 'both']),
    changes: 'live',
    methods: temporal,
    help: 'What order is paid by. group: all right answers alike where the test of their group passes (eq. 1). answer: each right answer to a video by what order is worth to it alone (c of creditLow); no shuffled answers are drawn then. both: the sum of the two.',
    before: 'group',
  }),
  creditShuffles: parameter({
    label: 'shuffles for a credit',
    symbol: 'K',
    schema: count.max(24),
    changes: 'live',
    methods: temporal,
    unit: 'shuffles',
    help: 'Orders of the frames that the worth of order, c, is a mean over. Each costs a forward pass of every right answer to a video; nothing more is sampled.',
    before: 1,
  }),
  creditLow: parameter({
    label: 'credit from',
    symbol: 'c_low',
    schema: nonNegative,
    changes: 'live',
    methods: temporal,
    unit: 'nats',
    help: 'Worth of order, c, at which the credit of an answer begins: c is how much likelier the answer is on the frames in order than on shuffled ones, as a log-probability.',
    before: 1,
  }),
  creditHigh: parameter({
    label: 'credit in full from',
    symbol: 'c_high',
    schema: nonNegative,
    changes: 'live',
    methods: temporal,
    unit: 'nats',
    help: 'Worth of order at which the credit is full; in between it rises in a straight line, and where both ends are equal it is all or nothing.',
    before: 1,
  }),
  creditWeight: parameter({
    label: 'credit γ',
    symbol: 'γ',
    schema: nonNegative,
    changes: 'live',
    methods: temporal,
    help: 'Full credit of a right answer to a video. 0 pays none, and c is measured all the same.',
    before: 0.3,
  }),
  correctThreshold: parameter({
    label: 'correct above',
    schema: share,
    changes: 'live',
    methods: rl,
    help: 'An answer counts as correct when its accuracy reward is above this.',
  }),
  omega: parameter({
    label: 'length ω',
    symbol: 'ω',
    schema: nonNegative,
    changes: 'live',
    methods: rl,
    help: 'Bonus of a correct answer whose length is inside the window (eq. 5).',
  }),
  flagPenalty: parameter({
    label: 'penalty for flagged words',
    schema: nonNegative,
    changes: 'live',
    methods: rl,
    help: 'Taken from the reward of an answer that holds words which people flagged in answers to the same question; 0 takes nothing. Needs obeyLabels.',
    before: 0,
  }),
  maskFlagged: parameter({
    label: 'leave flagged answers out',
    schema: z.boolean(),
    changes: 'live',
    methods: rl,
    help: 'Before the update, leave out answers that hold words which people flagged in answers to the same question, and answers that are flagged while the run stands still on them. The advantages of the others are made anew without them. Needs obeyLabels.',
    before: false,
  }),
  overlongPenalty: parameter({
    label: 'penalty for overlong answers',
    schema: nonNegative,
    changes: 'live',
    methods: rl,
    help: 'Taken in full from the reward of an answer of maxNewTokens tokens, and in part from one that comes nearer to that than overlongCache (DAPO’s soft overlong punishment); 0 takes nothing.',
    before: 0,
  }),
  overlongCache: parameter({
    label: 'overlong from',
    symbol: 'L_cache',
    schema: count,
    changes: 'live',
    methods: rl,
    unit: 'tokens',
    help: 'Tokens before maxNewTokens over which the penalty for overlong answers grows from nothing to the whole.',
    before: 154,
  }),
  lengthMin: parameter({
    label: 'shortest length',
    symbol: 'l_min',
    schema: z.number().int().min(0),
    changes: 'live',
    methods: rl,
    unit: 'tokens',
    help: 'Lower end of the length window, inclusive.',
  }),
  lengthMax: parameter({
    label: 'longest length',
    symbol: 'l_max',
    schema: count,
    changes: 'live',
    methods: rl,
    unit: 'tokens',
    help: 'Upper end of the length window, inclusive.',
  }),
  lengthNeedsMoreThanOne: parameter({
    label: 'length needs two correct',
    schema: z.boolean(),
    changes: 'live',
    methods: rl,
    help: 'Pay the length bonus only if more than one answer of the group is correct.',
  }),
  lengthAdaptation: parameter({
    label: 'length adaptation',
    schema: share,
    changes: 'live',
    methods: rl,
    help: 'How far the length window follows the question’s difficulty: both ends are multiplied by 1 + a (1 - 2p), p the share of correct answers, so that hard questions ask for longer answers. 0 keeps the window as it is.',
    before: 0,
  }),
  nanRegressionPays: parameter({
    label: 'nan regression pays',
    schema: z.boolean(),
    changes: 'live',
    methods: rl,
    help: 'Pay a regression answer whose error is not a number, such as nan, in full, as the released code does.',
    before: false,
  }),
  // update
  stdDegrees: parameter({
    label: 'std over',
    schema: z.enum(['n', 'n-1']),
    changes: 'live',
    methods: rl,
    help: 'Denominator of the standard deviation of a group, and of that of the batch.',
  }),
  stdEpsilon: parameter({
    label: 'std epsilon',
    schema: nonNegative,
    changes: 'live',
    methods: rl,
    help: 'Added to the standard deviation under the fraction.',
  }),
  advantageScale: parameter({
    label: 'advantages divided by',
    schema: z.enum(['none', 'group', 'batch']),
    changes: 'live',
    methods: rl,
    help: 'The mean of its group is taken from every reward. group divides by the group’s standard deviation too (eq. 3); batch by that of all answers of the step, each from its group’s mean (REINFORCE++-baseline); none by nothing (Dr. GRPO).',
  }),
  beta: parameter({
    label: 'KL weight β',
    symbol: 'β',
    schema: nonNegative,
    changes: 'live',
    methods: rl,
    help: 'Weight of the KL term towards the reference (eq. 4).',
  }),
  clipLow: parameter({
    label: 'clip ε below',
    symbol: 'ε_low',
    schema: positive.max(1),
    changes: 'live',
    methods: rl,
    help: 'The ratio is not let below 1 − this (eq. 4, where both ε are one).',
  }),
  clipHigh: parameter({
    label: 'clip ε above',
    symbol: 'ε_high',
    schema: positive,
    changes: 'live',
    methods: rl,
    help: 'The ratio is not let above 1 + this. DAPO sets it higher than the one below (0.28 to 0.2), so that unlikely tokens can become likelier.',
  }),
  ratio: parameter({
    label: 'ratio of',
    schema: z.enum(['token', 'sequence']),
    changes: 'live',
    methods: rl,
    help: 'token: each token has a ratio of its own (eq. 4). sequence: all tokens of an answer share one, exp of the mean of their log-ratios, which is clipped as a whole (GSPO; it goes with far narrower clips, such as 3e-4 and 4e-4).',
    before: 'token',
  }),
  importanceCap: parameter({
    label: 'importance weight cap',
    symbol: 'C',
    schema: nonNegative,
    changes: 'live',
    methods: rl,
    help: 'Where sampler and trainer are different programs (vLLM beside FSDP), each token’s share of the loss is multiplied by its importance weight, exp(log π_trainer − log π_sampler), and no more than this (truncated importance sampling, TIS; 2 is common). 0 switches it off. Where they are one program it has no effect.',
    before: 0,
  }),
  updatesPerSampling: parameter({
    label: 'updates a sampling',
    // A step is not stopped between them: its weights would be those of no step.
    schema: count.max(100),
    changes: 'live',
    methods: rl,
    help: 'Optimiser steps on the same answers; above 1 the clip matters.',
  }),
  lossMean: parameter({
    label: 'loss mean',
    schema: z.enum(['answer', 'token', 'constant']),
    changes: 'live',
    methods: rl,
    help: 'answer: mean over the tokens of an answer and then over answers (GRPO). token: mean over all tokens at once (DAPO). constant: the sum over an answer’s tokens divided by maxNewTokens, then the mean over answers, so that a token weighs the same in answers of any length (Dr. GRPO).',
  }),
  klEstimator: parameter({
    label: 'KL estimator',
    schema: z.enum(['k3', 'exact']),
    changes: 'live',
    methods: rl,
    help: 'k3 estimates the KL of a token from its two log-probabilities (eq. 4); exact sums over the whole vocabulary, which takes the reference’s logits.',
    before: 'k3',
  }),
  skipFlatGroups: parameter({
    label: 'skip flat groups',
    schema: z.boolean(),
    changes: 'live',
    methods: rl,
    help: 'Leave groups whose rewards are all equal out of the update; they carry no advantage, only KL.',
  }),
  fillFlatGroups: parameter({
    label: 'fill flat groups',
    schema: z.boolean(),
    changes: 'live',
    methods: rl,
    help: 'Ask further questions in place of those whose answers were all paid alike, until questionsPerStep groups have an advantage (DAPO’s dynamic sampling). The flat ones are kept in the record and left out of the update.',
    before: false,
  }),
  maxSamplingRounds: parameter({
    label: 'rounds of sampling',
    schema: count.max(100),
    changes: 'live',
    methods: rl,
    unit: 'rounds',
    help: 'With fillFlatGroups, a step asks this many times at most, the first time included; then it goes on with the groups that it has, and says so.',
    before: 10,
  }),
  // evaluation
  evaluationTemperature: parameter({
    label: 'evaluation temperature',
    schema: nonNegative,
    changes: 'restart',
    methods: all,
    help: 'Temperature of evaluation answers.',
  }),
  evaluationTopP: parameter({
    label: 'evaluation top-p',
    schema: share,
    changes: 'restart',
    methods: all,
    help: 'Top-p of evaluation answers.',
  }),
  evaluationQuestions: parameter({
    label: 'evaluation questions',
    schema: z.number().int().min(0),
    changes: 'restart',
    methods: all,
    unit: 'questions',
    help: 'Questions of an evaluation, taken evenly from the file; 0 takes all.',
  }),
  evaluationDirect: parameter({
    label: 'evaluation without reasoning',
    schema: z.boolean(),
    changes: 'live',
    methods: all,
    help: 'Every evaluation asks its questions without reasoning too, and says what reasoning is worth.',
    before: false,
  }),
  evaluationReversed: parameter({
    label: 'evaluation on reversed videos',
    schema: z.boolean(),
    changes: 'live',
    methods: all,
    help: 'Every evaluation shows videos backwards too, where the dataset has a reversed_solution, and says how often both answers are right.',
    before: false,
  }),
} as const;

export type ParameterName = keyof typeof parameters;
export type ParameterValues = { [K in ParameterName]: z.infer<(typeof parameters)[K]['schema']> };
export type ParameterValue = ParameterValues[ParameterName];

export const parameterNames = Object.keys(parameters) as ParameterName[];

const shape: Record<string, z.ZodType> = Object.fromEntries(
  parameterNames.map((name) => [name, parameters[name].schema.describe(parameters[name].help)]),
);
const recorded = Object.fromEntries(
  Object.entries(shape).map(([name, schema]) => {
    const { before } = parameters[name as ParameterName] as ParameterInfo<z.ZodType>;
    return [name, before === undefined ? schema : schema.default(before)];
  }),
);
/** All parameters, none unknown, each required but for those that older records can't have. */
export const parameterValues = readingFormerNames(z.strictObject(recorded)) as unknown as z.ZodType<ParameterValues>;
/** What a run file may override. */
export const parameterOverrides = readingFormerNames(z.strictObject(shape).partial()) as unknown as z.ZodType<
  Partial<ParameterValues>
>;

/** Parameters of which the first may not be above the second. */
const ranges = [
  ['minFrames', 'maxFrames'],
  ['minPixels', 'maxPixels'],
  ['imageMinPixels', 'imageMaxPixels'],
  ['lengthMin', 'lengthMax'],
  ['creditLow', 'creditHigh'],
] as const satisfies readonly (readonly [ParameterName, ParameterName])[];

/** Why values do not go together, as a clause: `creditLow (2) is above creditHigh (1)`; null where they do. @param by what one of them is called; any when absent */
export function rangeFault(values: ParameterValues, by?: string): string | null {
  const fault = ranges.find(
    ([low, high]) => values[low] > values[high] && (by === undefined || by === low || by === high),
  );
  if (fault === undefined) return null;
  const [low, high] = fault;
  return `${low} (${values[low]}) is above ${high} (${values[high]})`;
}

/** For a message: that there is no such parameter, with what it is called now or the nearest name. */
export function noParameter(name: string): string {
  const clause = renamedClause(name);
  return `there is no parameter ${name}${clause === '' ? nearestClause(name, parameterNames) : clause}`;
}

export function isParameterName(name: string): name is ParameterName {
  return Object.hasOwn(parameters, name);
}

/**
 * The parameter that a person means by a name: its own, with underscores as the Python code has them (`max_frames`), or its symbol
 * (`l_min`, `ω`).
 */
export function parameterMeant(name: string): ParameterName | null {
  if (isParameterName(name)) return name;
  const camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  if (isParameterName(camel)) return camel;
  // One letter has several codes: the micro sign of a keyboard is the μ of the table.
  const plain = (text: string) => text.normalize('NFKC');
  const symbolOf = (candidate: ParameterName) => (parameters[candidate] as { symbol?: string }).symbol;
  return parameterNames.find((candidate) => plain(symbolOf(candidate) ?? candidate) === plain(name)) ?? null;
}

/** Names of a method's parameters, in the table's order. */
export function parametersOf(which: Method): ParameterName[] {
  return parameterNames.filter((name) => (parameters[name].methods as readonly Method[]).includes(which));
}
