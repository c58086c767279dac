/** A report of labels for a terminal. */
import { shownLine } from '../../protocol/hostile-text.ts';
import type { ReportSection } from './report-sections.ts';

/** Letters; longer names are cut, but the last column goes on to the line's end. */
const widest = 80;

export function reportText(sections: readonly ReportSection[]): string {
  return sections.map((section) => sectionLines(section).join('\n')).join('\n\n');
}

function sectionLines({ title, note, head, numeric, rows, empty }: ReportSection): string[] {
  if (rows.length === 0) return [title, `  ${empty}`];
  const cells = [head, ...rows].map((row) =>
    row.map((cell, at) => shownLine(cell, at === row.length - 1 ? 1000 : widest)),
  );
  const widths = head.map((_, at) => Math.max(...cells.map((row) => (row[at] as string).length)));
  const lines = cells.map((row) =>
    row
      .map((cell, at) => {
        if (at > 0 && at <= numeric) return cell.padStart(widths[at] as number);
        return at === row.length - 1 ? cell : cell.padEnd(widths[at] as number);
      })
      .join('  ')
      .trimEnd(),
  );
  return [title, ...(note === '' ? [] : [`  ${note}`]), ...lines.map((line) => `  ${line}`)];
}
