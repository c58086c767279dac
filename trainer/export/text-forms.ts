/** Records as lines of text: JSON as the run has them, or CSV of a table's columns (RFC 4180). */
import type { Column } from './columns.ts';
import type { Table } from './tables.ts';

/** How a table's records become text. */
export interface TextForm {
  /** Before the first record. */
  head(table: Table): string;
  line(table: Table, record: unknown): string;
}

export const jsonLines: TextForm = {
  head: () => '',
  line: (_, record) => `${JSON.stringify(record)}\n`,
};

export const csv: TextForm = {
  head: ({ columns }) => `${columns.map(({ name }) => name).join(',')}\r\n`,
  line: ({ columns }, record) => `${columns.map((column) => csvCell(column, record)).join(',')}\r\n`,
};

/**
 * What a spreadsheet takes for a formula, which can read files and call out; the wide forms of a Japanese one too. A model's
 * answer that begins so is text, and an apostrophe before it says so.
 */
const formula = /^[=+\-@\t\r\n＝＋－＠]/;

function csvCell({ type, of }: Column, record: unknown): string {
  const value = of(record);
  if (value === null || value === undefined) return '';
  switch (type) {
    case 'integer':
    case 'number':
    case 'boolean':
      return String(value);
    case 'time':
      return new Date(value as number).toISOString();
    case 'string': {
      const text = value as string;
      return quoted(formula.test(text) ? `'${text}` : text);
    }
    case 'json':
    case 'strings':
    case 'integers':
    case 'numbers':
      return quoted(JSON.stringify(value));
  }
}

/** An empty text is written as `""`, so that it is not taken for no value. */
function quoted(text: string): string {
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
