/** Advisories on whether a run gets anywhere: accuracy, evaluations, kinds of questions, and the disk that it needs. Computes only. */
import { slopeInterval } from '../../evaluation/statistics.ts';
import type { WayOn } from '../../protocol/advisories.ts';
import { askedTheSame, type Evaluation } from '../../protocol/records.ts';
import type { KindCount } from '../../store/kind-counts.ts';
import {
  type Finding,
  forkAt,
  type JudgedStep,
  lastSteps,
  lookAtKind,
  percent,
  type Rule,
  setTo,
  shown,
  stepWords,
} from './facts.ts';
import { thresholds } from './thresholds.ts';

export const stalled: Rule = (facts, stands) => {
  const { window, begins, ends, lastTenth } = thresholds.stalled;
  const { steps: total, parameters: p } = facts.run;
  const steps = facts.steps.slice(-Math.max(window, Math.floor(facts.steps.length / 2)));
  const values = steps.flatMap(({ metrics }) => metrics.accuracy ?? []);
  const left = total - (steps.at(-1)?.metrics.step ?? total);
  if (!stands() && left < lastTenth * total) return [];
  const found = values.length < window ? null : slopeInterval(values);
  if (found === null) return [];
  const accuracy = values.reduce((sum, value) => sum + value, 0) / values.length;
  const gain = found.high * left;
  if (stands()) {
    // A rise that is sure and too small to be noticed is none; one that may be large, or is sure and large enough, is one.
    if (gain >= (found.low > 0 ? begins : ends)) return [];
  } else {
    const isFlat = found.low <= 0 && found.high >= 0;
    const isKnown = ((found.high - found.low) / 2) * left < begins;
    if (!isFlat || !isKnown || gain >= begins || accuracy > 1 - begins) return [];
  }
  return [
    {
      message: `The accuracy has stayed at ${accuracy.toFixed(2)} over ${stepWords(steps)}: its slope is ${shown(found.slope)} a step, 95 % interval ${shown(found.low)} to ${shown(found.high)}. Even at the upper end the ${left} steps that are left would bring ${gain.toFixed(3)}.`,
      numbers: { accuracy, ...found, left, gain },
      ways: [
        { kind: 'command', command: 'stop', why: 'to save the time that is left' },
        ...(p.learningRate > 0
          ? setTo(facts, 'learningRate', Number((2 * p.learningRate).toPrecision(3)), 'to take larger steps')
          : []),
        { kind: 'person', why: 'Other questions, neither too easy nor too hard for it, have more to learn from.' },
      ],
    },
  ];
};

/** What an evaluation is judged by: the questions that need order where it knows of some. */
const judged = ({ needsOrder, all }: Evaluation) => needsOrder ?? all;

/** Of a difference of two shares of so many questions each, at 95 %. */
const margin = (a: { count: number; ordered: number }, b: { count: number; ordered: number }): number =>
  1.96 * Math.sqrt((a.ordered * (1 - a.ordered)) / a.count + (b.ordered * (1 - b.ordered)) / b.count);

export const evaluationFalls: Rule = (facts, stands) => {
  const { window, begins, ends } = thresholds['evaluation-falls'];
  const newest = facts.evaluations.at(-1);
  if (!newest) return [];
  const earlier = facts.evaluations.filter((one) => one.step < newest.step && askedTheSame(one, newest));
  const best = earlier.reduce<Evaluation | null>(
    (found, one) => (found === null || judged(one).ordered > judged(found).ordered ? one : found),
    null,
  );
  if (best === null) return [];
  const [now, then] = [judged(newest), judged(best)];
  const fall = then.ordered - now.ordered;
  const least = stands() ? Math.max(ends, margin(now, then) / 2) : Math.max(begins, margin(now, then));
  if (fall <= least) return [];
  const between = facts.steps.filter(({ metrics }) => metrics.step > best.step && metrics.step <= newest.step);
  const rewards = between.flatMap(({ metrics }) => metrics.reward ?? []);
  const rise = rewards.length < window ? null : slopeInterval(rewards);
  if (!stands() && (rise === null || rise.low <= 0)) return [];
  const slope = rise?.slope ?? 0;
  return [
    {
      message: `The evaluation after step ${newest.step} has ${percent(now.ordered)} right on ${now.count} questions, the one after step ${best.step} had ${percent(then.ordered)}: ${shown(100 * fall)} points less, more than chance allows for. The training reward rose meanwhile by ${shown(slope * rewards.length)}: it learns what its own questions pay, and nothing that carries over.`,
      numbers: { now: now.ordered, best: then.ordered, bestStep: best.step, fall, rise: slope * rewards.length },
      ways: [
        { kind: 'command', command: 'pause', why: 'to look before it goes on' },
        ...forkAt(facts, best.step, {}, 'to go on from the best'),
        { kind: 'person', why: 'The group view of answers that are paid most says what they are paid for.' },
      ],
    },
  ];
};

interface KindMean {
  readonly groups: number;
  readonly mean: number;
  /** Squared standard error of the mean. */
  readonly error: number;
}

function meanOfKinds(steps: readonly JudgedStep[], keeps: (kind: KindCount) => boolean): KindMean | null {
  let [groups, sum, squares] = [0, 0, 0];
  for (const { kinds } of steps)
    for (const kind of kinds)
      if (keeps(kind)) {
        groups += kind.groups;
        sum += kind.accuracy;
        squares += kind.squares;
      }
  if (groups < thresholds['source-fails'].leastGroups) return null;
  const mean = sum / groups;
  return { groups, mean, error: Math.max(0, squares / groups - mean ** 2) / (groups - 1) };
}

const kindWords = ({ by, name }: Pick<KindCount, 'by' | 'name'>) =>
  by === 'source' ? `questions of the source “${name}”` : `${name} questions`;

export const sourceFails: Rule = (facts, stands) => {
  const { window, before, begins, ends, errors, others: mayFall, otherwise } = thresholds['source-fails'];
  const steps = lastSteps(facts, window);
  const earlier = facts.steps.slice(-(window + before), -window);
  const named = new Map(
    steps.flatMap(({ kinds }) => kinds).map(({ by, name }) => [`${by} ${name}`, { by, name }] as const),
  );
  return [...named].flatMap(([subject, kind]): Finding[] => {
    const isIt = ({ by, name }: KindCount) => by === kind.by && name === kind.name;
    const isOther = (one: KindCount) => one.by === kind.by && !isIt(one);
    const [now, rest] = [meanOfKinds(steps, isIt), meanOfKinds(steps, isOther)];
    if (now === null || rest === null) return [];
    const [was, restWas] = [meanOfKinds(earlier, isIt), meanOfKinds(earlier, isOther)];
    const limit = stands(subject) ? ends : begins;
    const isNever = now.mean === 0 && rest.mean >= otherwise;
    const fall = was === null ? 0 : was.mean - now.mean;
    const isSure = was !== null && fall > errors * Math.sqrt(was.error + now.error);
    const restFell = restWas === null ? 0 : restWas.mean - rest.mean;
    const hasFallen = fall >= limit && (isSure || stands(subject)) && restFell <= mayFall;
    if (!isNever && !hasFallen) return [];
    const how = isNever
      ? `Not one answer is right to ${now.groups} ${kindWords(kind)} of ${stepWords(steps)}`
      : `To ${now.groups} ${kindWords(kind)} of ${stepWords(steps)} ${percent(now.mean)} of the answers are right, where it was ${percent(was?.mean ?? 0)} in the ${earlier.length} steps before`;
    return [
      {
        subject,
        message: `${how}; to the others ${percent(rest.mean)} are.`,
        numbers: { groups: now.groups, now: now.mean, others: rest.mean, ...(was && { before: was.mean }) },
        ways: [
          lookAtKind(steps, kind, 'to see what is answered instead'),
          {
            kind: 'check',
            dataset: facts.run.dataset,
            why: 'to see whether its rows can be answered as they are',
          },
          { kind: 'person', why: 'Rows that can’t be answered are better mended or left out.' },
        ],
      },
    ];
  });
};

/** `1.4 GB`. */
const size = (bytes: number): string =>
  bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;

export const diskLow: Rule = (facts, stands) => {
  const { begins, ends } = thresholds['disk-low'];
  const newest = facts.checkpoints.at(-1);
  if (facts.disk === null || !newest || newest.sizeBytes === 0) return null;
  const { freeBytes, folder } = facts.disk;
  const room = Math.floor(freeBytes / newest.sizeBytes);
  if (room >= (stands() ? ends : begins)) return [];
  const scheduled = facts.checkpoints.filter(({ reason }) => reason === 'schedule');
  const fewer = Math.max(1, scheduled.length - 1);
  const spared: WayOn[] =
    scheduled.length > 1
      ? setTo(
          facts,
          'checkpointsKept',
          Math.min(fewer, facts.run.parameters.checkpointsKept),
          `to keep fewer of ${size(newest.sizeBytes)} each`,
        )
      : [];
  return [
    {
      message: `${size(freeBytes)} are free where this run writes (${folder}), and its newest checkpoint takes ${size(newest.sizeBytes)}: there is room for ${room === 0 ? 'none more' : `${room} more`}. When the disk is full the run pauses.`,
      numbers: { freeBytes, checkpointBytes: newest.sizeBytes, room },
      ways: [
        ...spared,
        {
          kind: 'person',
          why: 'Delete runs that are no longer needed (video-r1 ctl delete --run RUN), or other files.',
        },
      ],
    },
  ];
};
