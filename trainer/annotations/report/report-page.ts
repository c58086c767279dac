/** A report of labels as one page that can be read anywhere: no script, nothing fetched, names and paths as text alone. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beside, requireFolder } from '../../export/export-run.ts';
import { line, pageEnd, pageHead, plural, writtenAt } from '../../export/page.ts';
import type { LabelReport } from './label-report.ts';
import type { ReportSection } from './report-sections.ts';

/** @throws StudioError `not-found` when the file's folder is not there; what the disk says: nothing is left then */
export async function writeReportPage(
  file: string,
  report: LabelReport,
  sections: readonly ReportSection[],
  about: { readonly project: string; readonly at: Date },
): Promise<void> {
  requireFolder(path.dirname(path.resolve(file)));
  await beside(file, (partial) => writeFile(partial, reportPage(report, sections, about)));
}

function reportPage(
  { items, flags, verdicts, settlements }: LabelReport,
  sections: readonly ReportSection[],
  { project, at }: { readonly project: string; readonly at: Date },
): string {
  const counts = [
    plural(items, 'labelled item'),
    plural(flags, 'flag'),
    plural(verdicts, 'verdict'),
    plural(settlements, 'settlement'),
  ];
  return `${pageHead(`Labels of ${line(project)}`)}
<p class="dim">${counts.join(', ')}. ${writtenAt(at)}</p>
${sections.map(sectionHtml).join('')}${pageEnd}`;
}

function sectionHtml({ title, note, head, numeric, rows, empty }: ReportSection, at: number): string {
  const kind = (column: number) => (column > 0 && column <= numeric ? ' class="num"' : '');
  const row = ([name = '', ...cells]: readonly string[]) =>
    `<tr><th scope="row" dir="auto">${line(name)}</th>${cells.map((cell, i) => `<td${kind(i + 1)} dir="auto">${line(cell)}</td>`).join('')}</tr>`;
  const table =
    rows.length === 0
      ? `<p>${line(empty)}</p>`
      : `<table>
<thead><tr>${head.map((name, column) => `<th scope="col"${kind(column)}>${line(name)}</th>`).join('')}</tr></thead>
<tbody>${rows.map(row).join('\n')}</tbody>
</table>`;
  return `<section aria-labelledby="s${at}">
<h2 id="s${at}">${line(title)}</h2>
${note === '' ? '' : `<p class="dim">${line(note)}</p>\n`}${table}
</section>
`;
}
