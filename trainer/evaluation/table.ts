/** A report of tables and notes, as plain text for a terminal and as Markdown for a file: one content, two forms. */

export interface Table {
  readonly title: string;
  /** The first column is left-aligned, the others right. */
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Report {
  readonly title: string;
  /** What was done, a sentence each. */
  readonly lines: readonly string[];
  readonly tables: readonly Table[];
  /** How to read the numbers. */
  readonly notes: readonly string[];
}

/** Text of a dataset or a model on one line, without the characters that would steer a terminal. */
export function plain(text: string, limit = 60): string {
  const line = text
    .slice(0, 4 * limit)
    .replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ')
    .trim();
  return line.length > limit ? `${line.slice(0, limit - 1)}…` : line;
}

function textTable({ title, head, rows }: Table): string {
  const widths = head.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return [...(title ? [title] : []), line(head), ...rows.map(line)].join('\n');
}

export function reportText({ title, lines, tables, notes }: Report): string {
  const parts = [[title, ...lines].join('\n'), ...tables.map(textTable), notes.join('\n')];
  return parts.filter((part) => part !== '').join('\n\n');
}

/** Whatever Markdown or HTML would read as more than text stays text. */
const escaped = (text: string) => text.replace(/[\\`*_[\]<>|#~&]/g, '\\$&');

function markdownTable({ title, head, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => escaped(cell.trim())).join(' | ')} |`;
  const rule = `|${head.map((_, i) => (i === 0 ? '---' : '--:')).join('|')}|`;
  return [...(title ? [`## ${escaped(title)}`, ''] : []), line(head), rule, ...rows.map(line)].join('\n');
}

export function reportMarkdown({ title, lines, tables, notes }: Report): string {
  const parts = [
    `# ${escaped(title)}`,
    lines.map(escaped).join('\n'),
    ...tables.map(markdownTable),
    notes.map((note) => `- ${escaped(note)}`).join('\n'),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}
