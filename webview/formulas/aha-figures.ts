/**
 * How well the analysis finds what people labelled, on the traces that no rule was mended on; `test/reasoning/labelled.test.ts`
 * holds them to what it measures.
 */
export const ahaFigures = {
  '1': { labelled: 4, found: 5, hits: 4 },
  '2': { labelled: 4, found: 4, hits: 3 },
  '3': { labelled: 4, found: 3, hits: 3 },
  '4': { labelled: 25, found: 25, hits: 25 },
  '5': { labelled: 9, found: 10, hits: 9 },
  commitment: { labelled: 53, found: 57, hits: 53 },
} as const;
