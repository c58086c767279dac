/**
 * Advisories: what a person is told of a run that needs one, by a stated rule, from the step on after which it held to the one
 * after which it did no longer. What is judged is `trainer/runs/advisories`; here is what is said, kept and shown of it.
 */
import { z } from 'zod';
import { nearestClause } from './nearest.ts';

/** The gravest first: where one notice has room, the first of these that stands is shown. */
export const advisoryRules = [
  'disk-low',
  'settings',
  'rewards-zero',
  'kl-runaway',
  'format-lost',
  'entropy-collapsed',
  'evaluation-falls',
  'flat-groups',
  'source-fails',
  'length-limit',
  'order-not-felt',
  'stalled',
] as const;
export const advisoryRule = z.enum(advisoryRules);
export type AdvisoryRule = z.infer<typeof advisoryRule>;

/** What each says in a few words. */
export const advisoryLabels: Readonly<Record<AdvisoryRule, string>> = {
  'disk-low': 'The disk is nearly full',
  settings: 'Less is learned than was meant',
  'rewards-zero': 'Every reward is 0',
  'kl-runaway': 'The KL runs away',
  'format-lost': 'The format is lost',
  'entropy-collapsed': 'The entropy has collapsed',
  'evaluation-falls': 'The evaluation falls while the reward rises',
  'flat-groups': 'Most groups are flat',
  'source-fails': 'One kind of question fails',
  'length-limit': 'Answers end at the length limit',
  'order-not-felt': 'The temporal reward is paid and not felt',
  stalled: 'The accuracy has stalled',
};

/** A way on; `why` is a clause that says what it does, for people. */
export const wayOn = z.discriminatedUnion('kind', [
  /** Set a parameter, which is live. */
  z.object({ kind: z.literal('set'), parameter: z.string(), value: z.unknown(), why: z.string() }),
  z.object({ kind: z.literal('command'), command: z.enum(['pause', 'stop', 'evaluate']), why: z.string() }),
  /** Look a dataset of the project over. */
  z.object({ kind: z.literal('check'), dataset: z.string(), why: z.string() }),
  /** A new run from the checkpoint of a step, with parameters that can't be changed here. */
  z.object({
    kind: z.literal('fork'),
    from: z.number().int(),
    set: z.record(z.string(), z.unknown()),
    why: z.string(),
  }),
  /** Look at the answers that a filter keeps. */
  z.object({ kind: z.literal('look'), query: z.string(), why: z.string() }),
  /** What only a person can do, as a sentence. */
  z.object({ kind: z.literal('person'), why: z.string() }),
]);
export type WayOn = z.infer<typeof wayOn>;

export const advisory = z.object({
  /** The rule, or `rule:subject` where one rule can hold of several things at once. One of a key stands at a time. */
  key: z.string(),
  rule: advisoryRule,
  /** After this step it held, and had not before. */
  since: z.number().int(),
  /** Sentences: what is wrong, its cause and its numbers. Names of sources in it come from a dataset. */
  message: z.string(),
  numbers: z.record(z.string(), z.number()),
  ways: z.array(wayOn),
});
export type Advisory = z.infer<typeof advisory>;

/** Of the rule alone, or with what it is about. */
export const advisoryKey = (rule: AdvisoryRule, subject?: string): string =>
  subject === undefined ? rule : `${rule}:${subject}`;

/** What a run is told now, in the order of their gravity; the older first among those that are as grave. */
export function byGravity(standing: readonly Advisory[]): Advisory[] {
  const rank = ({ rule }: Advisory) => advisoryRules.indexOf(rule);
  return [...standing].sort((a, b) => rank(a) - rank(b) || a.since - b.since);
}

/** What a run knows of its advisories, as its events leave it. */
export interface Advised {
  /** Those that stand. Absent where there never was one. */
  readonly advisories?: Advisory[] | undefined;
  /** Keys, or rules, of which a person wants to hear no more in this run. */
  readonly muted?: string[] | undefined;
}

/** The rule that a key begins with. */
const ruleOf = (key: string): string => key.split(':')[0] ?? '';

/** By its key, or with all of its rule. */
export const isMuted = (key: string, muted: readonly string[] = []): boolean =>
  muted.includes(key) || muted.includes(ruleOf(key));

/** Why there can be no advisory of this key, as a clause with the nearest rule; null where there can. */
export function keyFault(key: string): string | null {
  const rule = ruleOf(key);
  if (advisoryRule.safeParse(rule).success) return null;
  return `there is no advisory ${rule}${nearestClause(rule, advisoryRules)}`;
}

/** Those that stand and are not muted, the gravest first. */
export function heard({ advisories = [], muted = [] }: Advised): Advisory[] {
  return byGravity(advisories.filter(({ key }) => !isMuted(key, muted)));
}

/** With one that begins, in the place of one of its key. */
export const withAdvisory = (standing: readonly Advisory[], begun: Advisory): Advisory[] => [
  ...standing.filter(({ key }) => key !== begun.key),
  begun,
];
