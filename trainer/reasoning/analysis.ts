/** Everything that is found in a completion by rules, with the version of the rules that found it. */
import { analysisVersion } from '../protocol/analysis.ts';
import type { Question, Rollout } from '../protocol/records.ts';
import { readReasoning } from './aha.ts';
import { findPatterns, type PatternAnswer, type PatternGroup } from './patterns.ts';

/** What the analysis says of a rollout. */
export type Analysis = {
  readonly [K in 'aha' | 'commitments' | 'namesTime' | 'patterns' | 'analysis']: NonNullable<Rollout[K]>;
};

export interface AnalysedGroup extends PatternGroup {
  readonly question: PatternGroup['question'] & Pick<Question, 'problemType'>;
}

/** The same answer always gives the same analysis. Linear in its length. */
export function analyse(answer: PatternAnswer, group: AnalysedGroup): Analysis {
  const { text, parsed } = answer;
  const { options, solution, problemType } = group.question;
  const { rejectsSolution, ...found } = parsed.think
    ? readReasoning(text, { think: parsed.think, options, solution, problemType })
    : { aha: [], commitments: [], namesTime: false, rejectsSolution: false };
  const patterns = findPatterns(answer, { commitments: found.commitments, rejectsSolution }, group);
  return { ...found, patterns, analysis: analysisVersion };
}
