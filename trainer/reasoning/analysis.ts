/** Everything that is found in a completion by rules, and which version of the rules found it. */
import type { Question, Rollout } from '../protocol/records.ts';
import { type AhaContext, readReasoning } from './aha.ts';

/**
 * Grows when a rule changes, so that the same text may give another result. 1: aha moments alone, kept without a number.
 * 2: eliminations in lists, changes of a text, commitments by correspondence; commitments and named times are kept.
 */
export const analysisVersion = 2;

/** What the analysis adds to a rollout. */
export type Analysis = Pick<Rollout, 'aha' | 'commitments' | 'namesTime' | 'analysis'>;

/** The same text always gives the same analysis. */
export function analyse(
  text: string,
  think: AhaContext['think'] | null,
  { options, solution, problemType }: Pick<Question, 'options' | 'solution' | 'problemType'>,
): Required<Analysis> {
  const found = think
    ? readReasoning(text, { think, options, solution, problemType })
    : { aha: [], commitments: [], namesTime: false };
  return { ...found, analysis: analysisVersion };
}
