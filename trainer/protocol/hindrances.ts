/**
 * What keeps a run from learning, found before it starts: settings under which no weight can change, rewards that nothing can earn,
 * evaluation questions that are trained on. The trainer refuses what is certain and says the rest; a live setting is judged alike.
 */
import type { Method, ParameterName, ParameterValues } from './parameters.ts';

export interface Hindrance {
  /** Nothing can be learned at all: the run is refused. Else a person may mean it, and is told. */
  readonly isCertain: boolean;
  readonly place: ParameterName | 'dataset' | 'evaluationDataset';
  /** A clause without a full stop, which can follow "because". */
  readonly message: string;
  readonly remedy: string;
}

/** What a run's files hold, of the rows that it trains on and is evaluated on. */
export interface DatasetFacts {
  readonly rows: number;
  readonly videos: number;
  /** Rows for which no answer can earn an accuracy reward. */
  readonly neverPaid: number;
  /** Null without a dataset to be evaluated on. */
  readonly evaluation: {
    readonly rows: number;
    /** Rows whose question is trained on: same problem and options, of the same medium or path. */
    readonly sameQuestion: number;
    /** Rows whose video or image is trained on, under whatever question. */
    readonly sameMedium: number;
    /** Places of the first few. */
    readonly examples?: readonly string[];
  } | null;
}

const alike = 'all answers to a question are then alike, no advantage is anything but 0, and nothing is learned';

/** Whether T-GRPO can pay anything for order. */
const paysOrder = ({ temporalCredit, alpha, shuffledGroupSize, creditWeight }: ParameterValues): boolean =>
  (temporalCredit !== 'answer' && alpha > 0 && shuffledGroupSize > 0) ||
  (temporalCredit !== 'group' && creditWeight > 0);

/** Settings that leave every weight, or every advantage, as it is. */
function ofSettings(method: Method, p: ParameterValues): Hindrance[] {
  const found: Hindrance[] = [];
  const refuse = (place: ParameterName, message: string, remedy: string) =>
    found.push({ isCertain: true, place, message, remedy });
  const warn = (place: ParameterName, message: string, remedy: string) =>
    found.push({ isCertain: false, place, message, remedy });

  if (p.learningRate === 0) warn('learningRate', 'learningRate is 0, so no weight changes', 'Set it above 0.');
  else if (p.schedule === 'cosine' && p.scheduleFloor === 0 && p.steps === 1)
    warn(
      'steps',
      'the cosine schedule ends at 0 at the last step, and there is only one, so no weight changes',
      'Train more steps, set scheduleFloor above 0, or schedule to constant.',
    );
  if (method === 'sft') return found;

  if (p.groupSize === 1)
    refuse(
      'groupSize',
      'groupSize is 1: the reward of an only answer is the mean of its group, every advantage is 0, and nothing is learned',
      'Set groupSize to 2 or more; the paper takes 8.',
    );
  if (p.temperature === 0)
    refuse('temperature', `temperature is 0: ${alike}`, 'Set temperature above 0; the paper takes 1.');
  else if (p.temperature < 0.05)
    warn(
      'temperature',
      `temperature is ${p.temperature}: answers to a question are nearly all alike, and little is learned`,
      'The paper takes 1.',
    );
  if (p.topK === 1) refuse('topK', `topK is 1: ${alike}`, 'Set topK to 0, which keeps all tokens, or to 2 or more.');
  if (p.topP === 0) refuse('topP', `topP is 0: ${alike}`, 'Set topP above 0; the paper takes 0.95.');
  else if (p.topP < 0.05)
    warn(
      'topP',
      `topP is ${p.topP}: answers to a question are nearly all alike, and little is learned`,
      'The paper takes 0.95.',
    );

  for (const name of ['flagPenalty', 'maskFlagged', 'leaveOutDropped'] as const)
    if (!p.obeyLabels && p[name] !== 0 && p[name] !== false)
      warn(name, `${name} is ${p[name]}, but obeyLabels is off, so nothing comes of it`, 'Set obeyLabels to true.');

  if (p.fillFlatGroups && p.maxSamplingRounds === 1)
    warn(
      'maxSamplingRounds',
      'maxSamplingRounds is 1, so fillFlatGroups asks no further question and only leaves flat groups out',
      'Set maxSamplingRounds to 2 or more, or fillFlatGroups to false.',
    );

  if (p.omega > 0 && p.lengthMin > p.maxNewTokens)
    warn(
      'lengthMin',
      `answers end at maxNewTokens (${p.maxNewTokens}), below lengthMin (${p.lengthMin}), so no length bonus is paid`,
      'Raise maxNewTokens, lower lengthMin, or set omega to 0.',
    );
  if (p.overlongPenalty > 0 && p.overlongCache >= p.maxNewTokens)
    warn(
      'overlongCache',
      `overlongCache (${p.overlongCache}) is not below maxNewTokens (${p.maxNewTokens}), so answers of every length pay a part of overlongPenalty`,
      'Lower overlongCache; DAPO takes a fifth of the longest answer.',
    );
  if (method === 'tgrpo' && !paysOrder(p)) {
    const place = p.temporalCredit !== 'group' ? 'creditWeight' : p.alpha === 0 ? 'alpha' : 'shuffledGroupSize';
    warn(
      place,
      `${place} is 0, so no temporal reward is paid and T-GRPO is GRPO`,
      `Set ${place} above 0, or "method" to grpo.`,
    );
  }
  return found;
}

const inRows = (count: number, of: number) => (count === of ? `all ${of}` : `${count} of the ${of}`);

function ofFiles(
  method: Method,
  p: ParameterValues,
  { rows, videos, neverPaid, evaluation }: DatasetFacts,
): Hindrance[] {
  const found: Hindrance[] = [];
  if (method !== 'sft' && neverPaid > 0) {
    // Temporal and length reward are for correct answers; without them and without form, every reward is 0.
    const isCertain = neverPaid === rows && p.formatWeight === 0;
    found.push({
      isCertain,
      place: 'dataset',
      message: `no answer to ${inRows(neverPaid, rows)} questions can earn an accuracy reward${isCertain ? ', every reward is 0, and nothing is learned' : ''}`,
      remedy: 'video-r1 check names the rows and says why.',
    });
  }
  if (method === 'tgrpo' && paysOrder(p) && (videos === 0 || p.imageShare === 1))
    found.push({
      isCertain: false,
      place: 'dataset',
      message: 'no question is about a video, so no temporal reward is paid and T-GRPO is GRPO',
      remedy: 'Add video questions, or set "method" to grpo.',
    });
  if (evaluation !== null && evaluation.sameQuestion + evaluation.sameMedium > 0) {
    const { sameQuestion, sameMedium, examples = [] } = evaluation;
    const what =
      sameQuestion > 0
        ? `${inRows(sameQuestion, evaluation.rows)} evaluation questions are trained on`
        : `the video or image of ${inRows(sameMedium, evaluation.rows)} evaluation questions is trained on`;
    found.push({
      isCertain: false,
      place: 'evaluationDataset',
      message: `${what}, so that their figures are not those of unseen questions`,
      remedy: `${examples.length > 0 ? `The first: ${examples.join('; ')}. ` : ''}video-r1 check EVALUATION --against DATASET names them; video-r1 split makes two files that share nothing.`,
    });
  }
  return found;
}

/** @param facts null where the files have not been read: then the settings alone are judged */
export function hindrances(method: Method, parameters: ParameterValues, facts: DatasetFacts | null): Hindrance[] {
  const settings = ofSettings(method, parameters);
  return facts === null ? settings : [...settings, ...ofFiles(method, parameters, facts)];
}

/** A hindrance as a sentence, to be shown alone. A parameter's name is written as it is. */
export function hindranceSentence({ place, message }: Hindrance): string {
  return `${message.startsWith(place) ? message : message.charAt(0).toUpperCase() + message.slice(1)}.`;
}
