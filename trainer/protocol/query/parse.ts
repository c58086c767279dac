/**
 * A typed line as a query: terms such as `step:20..40`, `aha>=3` or `type:choice,ocr`, words and quoted phrases, joined by
 * `and`, a comma or nothing, `or`, `not` and brackets; `or` binds weakest. Faults are found with their place and a way out. A
 * name with a bracket right after it is kept free for functions.
 */
import { allOf, type ParsedQuery, queryLimits } from './lexemes.ts';
import { LineReader } from './line-reader.ts';
import { Structure } from './structure.ts';

export type { ParsedQuery, QueryFault, QueryOperand, QueryPiece } from './lexemes.ts';

/** Never throws. */
export function parseQuery(line: string): ParsedQuery {
  const reader = new LineReader(line);
  reader.read();
  const structure = new Structure(line, reader.lexemes, reader.faults);
  const operands = structure.read();
  const faults = reader.faults.toSorted((a, b) => a.start - b.start || a.end - b.end).slice(0, queryLimits.faults);
  const held = operands.flatMap(({ expression }) => (expression === null ? [] : [expression]));
  return { expression: faults.length > 0 ? null : allOf(held), faults, pieces: reader.pieces, operands };
}
