/** Dataset files in every form that JSON allows, made by fast-check, each with one text that is to be edited. */
import fc from 'fast-check';

/** A number as it is written; `JSON.parse` would give many of them another form. */
class Written {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const numbers = ['0', '-0', '7', '12345678901234567890', '1.0', '0.10', '1E+2', '2.5e-7', '1e400', '-0.0'];

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({
    unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', '\n', '\r\n', '/', 'é', '字', '𝄞', '\x7f', '\0'),
  }),
  fc.constantFrom('', '"}', '\\', '\\"', '{"process": "x"}', '\u2028'),
);

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    text,
    fc.constantFrom(...numbers).map((number) => new Written(number)),
    fc.constantFrom(null, true, false),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(text, tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
  ),
}));

const escapes: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const upperHex = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;

/** Letters beyond ASCII as they are; all escaped, as Python does; or anything in any way that JSON allows. */
export type Letters = 'raw' | 'escaped' | 'mixed';

function writeText(content: string, letters: Letters): string {
  const raw = JSON.stringify(content);
  if (letters === 'raw') return raw;
  if (letters === 'escaped') return raw.replace(/[\x7f-\uffff]/g, (unit) => upperHex(unit).toLowerCase());
  const units = Array.from(content, (letter, n) => {
    if (n % 3 === 0) return letter.split('').map(upperHex).join('');
    if (letter === '/') return '\\/';
    return escapes[letter] ?? (letter < ' ' ? upperHex(letter) : letter);
  });
  return `"${units.join('')}"`;
}

interface Style {
  readonly indent: string | null;
  readonly newline: string;
  readonly letters: Letters;
  readonly spaces: boolean;
}

/** Stands where the text that is to be edited begins and ends; no JSON holds it. */
const mark = '\0';
class ToEdit {
  readonly content: string;
  constructor(content: string) {
    this.content = content;
  }
}

function write(node: unknown, style: Style, depth = 0): string {
  const { indent, newline, letters, spaces } = style;
  const inside = indent === null ? '' : newline + indent.repeat(depth + 1);
  const outside = indent === null ? '' : newline + indent.repeat(depth);
  const comma = indent === null && spaces ? ', ' : ',';
  const within = (open: string, parts: readonly string[], close: string) =>
    parts.length === 0 ? `${open}${close}` : `${open}${inside}${parts.join(comma + inside)}${outside}${close}`;
  if (node instanceof Written) return node.text;
  if (node instanceof ToEdit) return `${mark}${writeText(node.content, letters)}${mark}`;
  if (typeof node === 'string') return writeText(node, letters);
  if (Array.isArray(node))
    return within(
      '[',
      node.map((one) => write(one, style, depth + 1)),
      ']',
    );
  if (node instanceof Map)
    return within(
      '{',
      [...node].map(
        ([key, one]) => `${writeText(key as string, letters)}${spaces ? ' : ' : ':'}${write(one, style, depth + 1)}`,
      ),
      '}',
    );
  return String(node);
}

export interface MadeFile {
  readonly bytes: Buffer;
  /** As the file has them, without what stands between them. */
  readonly rows: readonly string[];
  /** The row and key of the text that is to be edited, and the file before and behind it. */
  readonly row: number;
  readonly field: string;
  readonly content: string;
  readonly head: Buffer;
  readonly tail: Buffer;
}

const style: fc.Arbitrary<Style> = fc.record({
  indent: fc.constantFrom(null, '', '  ', '\t'),
  newline: fc.constantFrom('\n', '\r\n'),
  letters: fc.constantFrom<Letters>('raw', 'escaped', 'mixed'),
  spaces: fc.boolean(),
});

export const madeFile: fc.Arbitrary<MadeFile> = fc
  .record({
    rows: fc.array(fc.array(fc.tuple(text, value), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 }),
    pick: fc.nat(),
    place: fc.nat(),
    field: fc.constantFrom('process', 'solution', 'problem', 'é"\\'),
    content: text,
    style,
    form: fc.constantFrom('array', 'lines', 'spread'),
    mark: fc.constantFrom('', '\ufeff'),
    end: fc.boolean(),
    blank: fc.boolean(),
  })
  .map(({ rows, pick, place, field, content, style: chosen, form, mark: byteOrder, end, blank }) => {
    const row = pick % rows.length;
    const { newline } = chosen;
    // Rows on several lines need an indentation to be told from lines.
    const own = {
      ...chosen,
      indent: form === 'lines' ? null : form === 'spread' ? (chosen.indent ?? ' ') : chosen.indent,
    };
    const written = rows.map((entries, n) => {
      const fields = new Map<string, unknown>(entries);
      const listed = [...fields].filter(([key]) => key !== field);
      if (n === row) listed.splice(place % (listed.length + 1), 0, [field, new ToEdit(content)]);
      return write(
        new Map(listed.length === 0 ? [['problem_id', new Written('1')]] : listed),
        own,
        form === 'array' ? 1 : 0,
      );
    });
    const last = end ? newline : '';
    const between = blank ? newline + newline : newline;
    const file =
      form === 'array'
        ? `${byteOrder}${blank ? newline : ''}[${newline}${written.join(`,${between}`)}${newline}]${last}`
        : `${byteOrder}${written.join(between)}${last}`;
    const [head = '', literal = '', tail = ''] = file.split(mark);
    return {
      bytes: Buffer.from(head + literal + tail),
      rows: written.map((one) => one.replaceAll(mark, '')),
      row,
      field,
      content,
      head: Buffer.from(head),
      tail: Buffer.from(tail),
    };
  });

export const editedText: fc.Arbitrary<string> = text;
