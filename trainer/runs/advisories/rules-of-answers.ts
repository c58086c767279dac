/** Advisories on what the policy has become: its distance, its form, its entropy, its length. Computes only. */
import type { WayOn } from '../../protocol/advisories.ts';
import {
  type Facts,
  forkAt,
  halfTheRate,
  type JudgedStep,
  lastSteps,
  look,
  meanOf,
  percent,
  type Rule,
  setTo,
  shown,
  stepWords,
  sumOf,
} from './facts.ts';
import { thresholds } from './thresholds.ts';

/** To hold the policy nearer to its reference; nothing where no KL is asked. */
function strongerPull(facts: Facts, why: string): WayOn[] {
  const { beta } = facts.run.parameters;
  return beta > 0 ? setTo(facts, 'beta', Number((2 * beta).toPrecision(3)), why) : [];
}

export const klRunaway: Rule = (facts, stands) => {
  const { window, begins, ends } = thresholds['kl-runaway'];
  const steps = lastSteps(facts, window);
  const kl = meanOf(steps, (metrics) => metrics.kl);
  if (kl === null || kl < (stands() ? ends : begins)) return [];
  const calm = facts.steps.findLast(({ metrics }) => metrics.kl !== null && metrics.kl < ends)?.metrics.step ?? 0;
  return [
    {
      message: `The KL against the reference is ${shown(kl)} nats a token on average over ${stepWords(steps)}: the policy moves away from what it started as. It was last below ${ends} after step ${calm}.`,
      numbers: { kl, calm },
      ways: [
        ...halfTheRate(facts, 'to take smaller steps'),
        ...strongerPull(facts, 'to pull it back more strongly'),
        ...forkAt(facts, calm, {}, 'to go on from before'),
        look(steps, '', 'to see what it answers now'),
      ],
    },
  ];
};

const formedShare = (steps: readonly JudgedStep[]): number | null => {
  const analysed = sumOf(steps, 'analysed');
  return analysed === 0 ? null : 1 - sumOf(steps, 'brokenFormat') / analysed;
};

/** The best share over `window` consecutive steps, all before the last `window`, and the step that they end at. */
function bestBefore(steps: readonly JudgedStep[], window: number): { share: number; step: number } | null {
  let best: { share: number; step: number } | null = null;
  let [analysed, broken] = [0, 0];
  for (let i = 0; i < steps.length - window; i++) {
    const { counts, metrics } = steps[i] as JudgedStep;
    analysed += counts.analysed ?? 0;
    broken += counts.brokenFormat ?? 0;
    const left = steps[i - window];
    if (left) {
      analysed -= left.counts.analysed ?? 0;
      broken -= left.counts.brokenFormat ?? 0;
    }
    if (i + 1 < window || analysed === 0) continue;
    const share = 1 - broken / analysed;
    if (best === null || share >= best.share) best = { share, step: metrics.step };
  }
  return best;
}

export const formatLost: Rule = (facts, stands) => {
  const { window, begins, ends } = thresholds['format-lost'];
  const steps = lastSteps(facts, window);
  const now = formedShare(steps);
  const best = bestBefore(facts.steps, window);
  if (now === null || best === null || best.share - now < (stands() ? ends : begins)) return [];
  const { formatWeight } = facts.run.parameters;
  return [
    {
      message: `${percent(now)} of the answers of ${stepWords(steps)} have the right form; over the ${window} steps up to ${best.step} it was ${percent(best.share)}. An answer without it has none that could be right.`,
      numbers: { now, best: best.share, bestStep: best.step },
      ways: [
        ...(formatWeight === 0 ? setTo(facts, 'formatWeight', 1, 'to pay the right form') : []),
        ...halfTheRate(facts, 'to take smaller steps'),
        ...strongerPull(facts, 'to hold it nearer to its reference'),
        look(steps, 'pattern:broken', 'to see what is wrong with them'),
        ...forkAt(facts, best.step, {}, 'to go on from when it had it'),
      ],
    },
  ];
};

export const entropyCollapsed: Rule = (facts, stands) => {
  const { window, begins, ends } = thresholds['entropy-collapsed'];
  if (facts.steps.length < 2 * window) return [];
  const first = meanOf(facts.steps.slice(0, window), (metrics) => metrics.entropy);
  const steps = lastSteps(facts, window);
  const now = meanOf(steps, (metrics) => metrics.entropy);
  if (first === null || now === null || now >= first * (stands() ? ends : begins)) return [];
  const { temperature, clipHigh, updatesPerSampling } = facts.run.parameters;
  const hotter = Number(Math.min(5, temperature * 1.2).toPrecision(2));
  return [
    {
      message: `The entropy is ${shown(now)} nats a token over ${stepWords(steps)}; in the first ${window} steps it was ${shown(first)}. Answers to a question become alike, and a group of equal answers teaches nothing.`,
      numbers: { now, first },
      ways: [
        ...setTo(facts, 'temperature', hotter, 'so that answers to a question differ'),
        ...(updatesPerSampling > 1 && clipHigh < 0.28
          ? setTo(facts, 'clipHigh', 0.28, 'so that unlikely tokens can become likelier (DAPO)')
          : []),
        ...strongerPull(facts, 'to hold it nearer to its reference'),
        ...halfTheRate(facts, 'to take smaller steps'),
      ],
    },
  ];
};

export const lengthLimit: Rule = (facts, stands) => {
  const { window, begins, ends } = thresholds['length-limit'];
  const steps = lastSteps(facts, window);
  const answers = sumOf(steps, 'analysed');
  const cut = sumOf(steps, 'cutAtLimit');
  if (answers === 0 || cut / answers < (stands() ? ends : begins)) return [];
  const { maxNewTokens, overlongPenalty } = facts.run.parameters;
  return [
    {
      message: `${cut} of the ${answers} answers of ${stepWords(steps)} (${percent(cut / answers)}) end because they reach ${maxNewTokens} tokens (maxNewTokens): what is cut off has no answer, and is paid nothing for its reasoning.`,
      numbers: { answers, cut, maxNewTokens },
      ways: [
        ...setTo(facts, 'maxNewTokens', Math.ceil(maxNewTokens * 1.5), 'to let them come to an end'),
        ...(overlongPenalty === 0
          ? setTo(facts, 'overlongPenalty', 0.5, 'to take something from answers that come near the limit (DAPO)')
          : []),
        look(steps, 'stop:length', 'to see whether they reason on or repeat themselves'),
      ],
    },
  ];
};
