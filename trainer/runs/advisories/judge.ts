/** What begins and what ends by the rules, given what stands. Computes only. */
import { type Advisory, type AdvisoryRule, advisoryKey } from '../../protocol/advisories.ts';
import type { RunEventBody } from '../../protocol/records.ts';
import type { Facts, Rule } from './facts.ts';
import { entropyCollapsed, formatLost, klRunaway, lengthLimit } from './rules-of-answers.ts';
import { diskLow, evaluationFalls, sourceFails, stalled } from './rules-of-progress.ts';
import { flatGroups, orderNotFelt, rewardsZero } from './rules-of-rewards.ts';

/** All but those of settings, which follow from no step: see `of-settings.ts`. */
export const rules: Readonly<Record<Exclude<AdvisoryRule, 'settings'>, Rule>> = {
  'disk-low': diskLow,
  'rewards-zero': rewardsZero,
  'kl-runaway': klRunaway,
  'format-lost': formatLost,
  'entropy-collapsed': entropyCollapsed,
  'evaluation-falls': evaluationFalls,
  'flat-groups': flatGroups,
  'source-fails': sourceFails,
  'length-limit': lengthLimit,
  'order-not-felt': orderNotFelt,
  stalled,
};

/**
 * Of SFT. Its answers are probes, a few every so many steps: what they earn is no reward of it, and that their entropy falls from where
 * a new model begins is what it is for.
 */
const ofSft: readonly AdvisoryRule[] = ['disk-low'];

/** What follows from a graver one is not said beside it. */
const follows: Partial<Record<AdvisoryRule, readonly AdvisoryRule[]>> = {
  'flat-groups': ['rewards-zero'],
  stalled: ['rewards-zero', 'kl-runaway', 'format-lost', 'entropy-collapsed', 'flat-groups'],
};

export type AdvisoryChange = Extract<RunEventBody, { type: 'advisory' | 'advisory-ended' }>;

/** @param step after which is judged. @returns the events to record, in order */
export function judge(facts: Facts, standing: readonly Advisory[], step: number): AdvisoryChange[] {
  const changes: AdvisoryChange[] = [];
  const held = new Map(standing.map((one) => [one.key, one]));
  for (const [name, rule] of Object.entries(rules)) {
    const ruleName = name as keyof typeof rules;
    if (facts.run.method === 'sft' && !ofSft.includes(ruleName)) continue;
    const found = rule(facts, (subject) => held.has(advisoryKey(ruleName, subject)));
    if (found === null) continue;
    const keys = new Set(found.map(({ subject }) => advisoryKey(ruleName, subject)));
    for (const { key } of standing.filter((one) => one.rule === ruleName && !keys.has(one.key))) {
      held.delete(key);
      changes.push({ type: 'advisory-ended', key, step });
    }
    const isSaid = [...held.values()].some((one) => follows[ruleName]?.includes(one.rule));
    for (const { subject, ...finding } of found) {
      const key = advisoryKey(ruleName, subject);
      if (held.has(key) || isSaid) continue;
      const begun: Advisory = { key, rule: ruleName, since: step, ...finding };
      held.set(key, begun);
      changes.push({ type: 'advisory', advisory: begun });
    }
  }
  return changes;
}
