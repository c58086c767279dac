/** Everything that is found in a completion by rules, with the version of the rules that found it. */
import { analysisVersion } from '../protocol/analysis.ts';
import type { Question, Rollout, Span } from '../protocol/records.ts';
import { readReasoning } from './aha.ts';

/** What the analysis says of a rollout. */
export type Analysis = Required<Pick<Rollout, 'aha' | 'commitments' | 'namesTime' | 'analysis'>>;

/**
 * The same text always gives the same analysis. Linear in its length.
 * @param think where the reasoning stands in the text; null where there is none
 */
export function analyse(
  text: string,
  think: Span | null,
  { options, solution, problemType }: Pick<Question, 'options' | 'solution' | 'problemType'>,
): Analysis {
  const found = think
    ? readReasoning(text, { think, options, solution, problemType })
    : { aha: [], commitments: [], namesTime: false };
  return { ...found, analysis: analysisVersion };
}
