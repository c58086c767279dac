/** An audit as one page that can be read anywhere: no script, nothing fetched, text of the dataset and the model as text alone. */
import type { Report, Table } from '../evaluation/table.ts';
import { line, pageEnd, pageHead, plural, text } from '../export/page.ts';
import { type AuditCue, type AuditedLine, type AuditLine, auditCues } from '../protocol/audit.ts';
import { cueWords } from '../protocol/audit-words.ts';
import { shownRow } from '../protocol/records.ts';
import { cueShare, familyOf } from './results.ts';

/** Questions of a family that the page lists; all of them are in the file of answers. */
const mostListed = 100;

export function auditPage(report: Report, lines: readonly AuditLine[]): string {
  const audited = lines.filter((one): one is AuditedLine => one.outcome === 'audited');
  const families = [...Map.groupBy(audited, (one) => `${one.dataset}: ${familyOf(one)}`)].sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  return `${pageHead(line(report.title))}
${report.lines.map((one) => `<p class="dim">${line(one)}</p>`).join('\n')}
${report.tables.map(tableHtml).join('\n')}
<section aria-label="How to read it">
${report.notes.map((note) => `<p class="dim">${line(note)}</p>`).join('\n')}
</section>
${families.map(([name, own]) => familyHtml(name, own)).join('\n')}${pageEnd}`;
}

function tableHtml({ head, rows }: Table): string {
  const isWide = head.length > 1;
  const numeric = (column: number) => (column > 0 ? ' class="num"' : '');
  const row = ([name = '', ...cells]: readonly string[]) =>
    `<tr><th scope="row" dir="auto">${line(name)}</th>${cells.map((cell) => `<td class="num">${line(cell)}</td>`).join('')}</tr>`;
  // What scrolls takes the focus, so that it scrolls by keyboard too.
  return `<section${isWide ? ` class="wide" tabindex="0" aria-label="${line(head[0] ?? '')}"` : ''}>
<table>
<thead><tr>${head.map((name, column) => `<th scope="col"${numeric(column)}>${line(name)}</th>`).join('')}</tr></thead>
<tbody>${rows.map(row).join('\n')}</tbody>
</table>
</section>`;
}

function familyHtml(name: string, lines: readonly AuditedLine[]): string {
  const listed = lines.toSorted((a, b) => a.row - b.row).slice(0, mostListed);
  const left = lines.length - listed.length;
  return `<section>
<h2 dir="auto">${line(name)}</h2>
<p class="dim">${plural(lines.length, 'question')}${left > 0 ? `, the first ${mostListed} of them here` : ''}.</p>
${listed.map(questionHtml).join('\n')}
</section>
`;
}

const mark = (correct: boolean) => (correct ? '<span class="right">right</span>' : '<span class="wrong">wrong</span>');

function questionHtml(one: AuditedLine): string {
  const rightBy = auditCues.filter((cue) => (cueShare(one, cue) ?? 0) >= 0.5);
  const [seen] = one.seen;
  if (seen === undefined) return '';
  const also =
    rightBy.length === 0
      ? ''
      : ` ${seen.correct ? 'Also' : 'Right'} with ${rightBy.map((cue) => cueWords[cue]).join(', ')}.`;
  const given = (cue: AuditCue): string[] =>
    cue === 'any order'
      ? one.shuffled.map((answers, at) => answersHtml(`shuffle ${at + 1}`, answers))
      : one.changed[cue] === undefined
        ? []
        : [answersHtml(cueWords[cue], one.changed[cue])];
  return `<details>
<summary>Row ${shownRow(one)}: <span dir="auto">${line(one.problem)}</span> ${mark(seen.correct)}${also}</summary>
<p class="mono" dir="auto">${line(one.path)}, solution ${line(one.solution)}</p>
<table><tbody>
${one.seen.map((answer) => answersHtml('as seen', [answer])).join('\n')}
${auditCues.flatMap(given).join('\n')}
</tbody></table>
<p class="text mono">${text(seen.text)}</p>
</details>`;
}

const answersHtml = (name: string, answers: readonly { readonly answer: string; readonly correct: boolean }[]) =>
  `<tr><th scope="row">${name}</th><td dir="auto">${answers.map(({ answer, correct }) => `${line(answer.slice(0, 200))} ${mark(correct)}`).join(', ')}</td></tr>`;
