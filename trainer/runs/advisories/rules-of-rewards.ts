/** Advisories on what answers are paid, and what of that is felt. Computes only. */
import type { WayOn } from '../../protocol/advisories.ts';
import { type Facts, forkAt, lastSteps, look, meanOf, percent, type Rule, setTo, stepWords, sumOf } from './facts.ts';
import { thresholds } from './thresholds.ts';

const isZero = (value: number | null) => value !== null && Math.abs(value) < 1e-9;

/** Every reward of every group is 0; the first step that pays anything ends it. */
export const rewardsZero: Rule = (facts, stands) => {
  const steps = lastSteps(facts, stands() ? 1 : thresholds['rewards-zero'].window);
  if (steps.length === 0) return [];
  const isUnpaid = steps.every(({ metrics }) => isZero(metrics.reward) && metrics.flatGroups === 1);
  if (!isUnpaid) return [];
  const answers = sumOf(steps, 'answers');
  const formed = 1 - sumOf(steps, 'brokenFormat') / Math.max(1, sumOf(steps, 'analysed'));
  const accuracy = meanOf(steps, (metrics) => metrics.accuracy) ?? 0;
  const { formatWeight } = facts.run.parameters;
  return [
    {
      message: `Every reward of ${stepWords(steps)} is 0, so nothing was learned: ${accuracy === 0 ? 'none' : 'few'} of the ${answers} answers is right, and ${percent(formed)} of them have the right form.`,
      numbers: { answers, formed, accuracy },
      ways: [
        ...(formatWeight === 0
          ? setTo(facts, 'formatWeight', 1, 'to pay the right form too, which is learned first')
          : []),
        look(steps, '', 'to see what is answered'),
        {
          kind: 'check',
          dataset: facts.run.dataset,
          why: 'to see whether its solutions can be answered at all',
        },
        { kind: 'person', why: 'Easier questions, or more SFT before, give the first rewards.' },
      ],
    },
  ];
};

const reasons = [
  ['flatAllRight', 'all answers are right'],
  ['flatAllWrong', 'all answers are wrong'],
  ['flatAlike', 'all answers were paid alike in other ways'],
] as const;

/** Most groups have no advantage, and why: see `flat-reason.ts`. */
export const flatGroups: Rule = (facts, stands) => {
  const { window, begins, ends, leastGroups } = thresholds['flat-groups'];
  const steps = lastSteps(facts, window);
  const groups = sumOf(steps, 'groups');
  if (groups < leastGroups) return [];
  const counted = reasons.map(([name, words]) => ({ name, words, count: sumOf(steps, name) }));
  const flat = counted.reduce((sum, { count }) => sum + count, 0);
  if (flat / groups < (stands() ? ends : begins)) return [];
  const [first, ...others] = counted.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count);
  const because = [
    `in ${first?.count} of them ${first?.words}`,
    ...others.map(({ count, words }) => `in ${count} ${words}`),
  ].join(', ');
  return [
    {
      message: `${flat} of the ${groups} groups of ${stepWords(steps)} are flat (${percent(flat / groups)}), so they teach nothing: ${because}.`,
      numbers: {
        ...{ groups, flat },
        ...Object.fromEntries(counted.map(({ name, count }) => [name, count])),
      },
      ways: waysOutOfFlat(facts, first?.name ?? 'flatAlike', steps[0]?.metrics.step ?? 0),
    },
  ];
};

function waysOutOfFlat(facts: Facts, reason: (typeof reasons)[number][0], since: number): WayOn[] {
  const { fillFlatGroups, maxSamplingRounds, temperature, groupSize } = facts.run.parameters;
  const fill =
    !fillFlatGroups && maxSamplingRounds > 1
      ? setTo(facts, 'fillFlatGroups', true, 'to ask another question in the place of each flat one (DAPO)')
      : [];
  const hotter = Number(Math.min(5, temperature * 1.2).toPrecision(2));
  const newest = facts.steps.at(-1)?.metrics.step ?? 0;
  const at = (term: string): WayOn => ({
    kind: 'look',
    query: `purpose:train half:ordered step>=${since} flatBecause:${term}`,
    why: 'to see these groups',
  });
  switch (reason) {
    case 'flatAllRight':
      return [...fill, at('right'), { kind: 'person', why: 'Harder questions have something left to learn.' }];
    case 'flatAllWrong':
      return [
        ...fill,
        at('wrong'),
        ...forkAt(
          facts,
          newest,
          { groupSize: 2 * groupSize },
          'to draw more answers a question, of which some may be right',
        ),
        { kind: 'person', why: 'Easier questions, or more SFT before, give the first right answers.' },
      ];
    case 'flatAlike':
      return [...setTo(facts, 'temperature', hotter, 'so that answers to a question differ'), ...fill, at('alike')];
  }
}

/** r_t is paid and changes no advantage: see `paid-and-felt.ts`. */
export const orderNotFelt: Rule = (facts, stands) => {
  const { window, begins, ends, leastPaid } = thresholds['order-not-felt'];
  const steps = lastSteps(facts, window);
  const paid = sumOf(steps, 'paid');
  if (facts.run.method !== 'tgrpo' || paid < leastPaid) return [];
  const felt = sumOf(steps, 'felt');
  if (felt / paid >= (stands() ? ends : begins)) return [];
  const byAnswer = facts.run.parameters.temporalCredit === 'answer';
  return [
    {
      message: `The temporal reward was paid to ${paid} answers of ${stepWords(steps)} and changed the advantage of ${felt === 0 ? 'none' : felt} of them: where all right answers of a group get the same on top, dividing by their spread takes it away again (eq. 3), and T-GRPO learns what GRPO would.`,
      numbers: { paid, felt },
      ways: [
        ...(byAnswer
          ? []
          : setTo(facts, 'temporalCredit', 'answer', 'to pay each right answer by what order is worth to it alone')),
        ...setTo(facts, 'advantageScale', 'none', 'to divide by no spread (Dr. GRPO)'),
        look(steps, 'paid:true felt:false', 'to see these answers'),
      ],
    },
  ];
};
