/** Where rows stand with a head above every question: as counting line by line has it, and unmoved by what is let go. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RolloutRow } from '../../../../webview/rollouts/list/rollout-row.ts';
import { headedLines } from '../../../../webview/rollouts/list/row-lines.ts';
import { noRows, pageRows, type RowPages } from '../../../../webview/rollouts/list/row-pages.ts';

const rowOf = (groupId: string, id: string) => ({ groupId, id }) as RolloutRow;
const asIs = (rows: readonly RolloutRow[]) => rows;

/** Rows whose questions have these numbers of answers, cut into pages. */
function listOf(sizes: readonly number[], top: number): { rows: readonly RolloutRow[]; pages: RowPages } {
  const rows = sizes.flatMap((size, group) =>
    Array.from({ length: size }, (_, answer) => rowOf(`g${group}`, `g${group}-${answer}`)),
  );
  let pages = noRows.withLength(rows.length - top).withTop(rows.slice(0, top));
  for (let page = 0; page * pageRows < rows.length - top; page += 1) {
    pages = pages.withPage(page, rows.slice(top + page * pageRows, top + (page + 1) * pageRows), asIs);
  }
  return { rows, pages };
}

describe('lines with heads', () => {
  it('are those of rows and heads counted one by one, and each line belongs to one row', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 30 }),
        fc.nat(60),
        (sizes, cut) => {
          const { rows, pages } = listOf(
            sizes,
            Math.min(
              cut,
              sizes.reduce((sum, size) => sum + size, 0),
            ),
          );
          const lines = headedLines(pages);
          let line = 0;
          rows.forEach((row, index) => {
            expect(lines.before(index)).toBe(line);
            const taken = rows[index - 1]?.groupId === row.groupId ? 1 : 2;
            for (let each = line; each < line + taken; each += 1) expect(lines.at(each)).toBe(index);
            line += taken;
          });
          expect(lines.total).toBe(line);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('do not move when pages are let go', () => {
    const { pages } = listOf(
      Array.from({ length: 100 }, (_, group) => 5 + (group % 7)),
      0,
    );
    const before = headedLines(pages);
    const after = headedLines(pages.withoutPages([0, 2]));
    expect(after.total).toBe(before.total);
    expect(after.before(350)).toBe(before.before(350));
  });

  it('are estimated for pages that were never read, from the share of heads in the first', () => {
    const first = Array.from({ length: pageRows }, (_, index) => rowOf(`g${Math.floor(index / 4)}`, `${index}`));
    const pages = noRows.withLength(10 * pageRows).withPage(0, first, asIs);
    expect(headedLines(pages).total).toBe(10 * (pageRows + pageRows / 4));
    expect(headedLines(pages).before(5 * pageRows)).toBe(5 * (pageRows + pageRows / 4));
  });
});
