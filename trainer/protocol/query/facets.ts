/** The terms that are offered as chips, and what is counted for each: server and page read it here, so that they agree. */
import type { PatternName } from '../patterns.ts';
import { fieldOf } from './edit.ts';
import type { Expression } from './expression.ts';
import { parseQuery } from './parse.ts';

/** By the row they stand in. */
export const facetTerms = [
  { name: 'Half', terms: ['half:ordered', 'half:shuffled'] },
  { name: 'Answer', terms: ['correct:true', 'correct:false'] },
  { name: 'Aha', terms: ['aha>=2', 'aha>=3', 'aha>=4', 'aha>=5'] },
  { name: 'Type', terms: ['type:choice', 'type:number', 'type:free', 'type:regression', 'type:ocr'] },
  {
    name: 'Pattern',
    terms: [
      'pattern:"wrong way"',
      'pattern:"paid without order"',
      'pattern:repetition',
      'pattern:"cut at limit"',
      'pattern:"no reasoning"',
      'pattern:"language switch"',
      'pattern:"broken format"',
      'pattern:"missing frame"',
      'pattern:"same text"',
    ],
  },
  { name: 'Purpose', terms: ['purpose:train', 'purpose:probe', 'purpose:evaluation', 'flagged'] },
] as const;

export type FacetTerm = (typeof facetTerms)[number]['terms'][number];

const conditions: ReadonlyMap<FacetTerm, Expression> = new Map(
  facetTerms.flatMap(({ terms }) =>
    terms.map((term: FacetTerm) => {
      const { expression } = parseQuery(term);
      if (expression === null) throw new Error(`The chip ${term} has a fault.`);
      return [term, expression] as const;
    }),
  ),
);

/** What is left when a chip is on: the query with its term, other conditions on the same field given way. */
export function facetQueries(query: Expression): Readonly<Record<FacetTerm, Expression>> {
  const queries = [...conditions].map(([term, condition]): [FacetTerm, Expression] => {
    const kept = withoutField(query, fieldOf(condition));
    return [term, kept.length === 0 ? condition : { kind: 'all', of: [...kept, condition] }];
  });
  return Object.fromEntries(queries) as Record<FacetTerm, Expression>;
}

/** A query's conditions but those on a field. */
export function withoutField(query: Expression, field: string | null): Expression[] {
  const held = query.kind === 'all' ? query.of : [query];
  return held.filter((one) => fieldOf(one) !== field);
}

/** The pattern of a chip; null for the other chips. */
export function patternOf(term: string): PatternName | null {
  const condition = conditions.get(term as FacetTerm);
  return condition?.kind === 'compare' && condition.field === 'pattern' ? (condition.value as PatternName) : null;
}
