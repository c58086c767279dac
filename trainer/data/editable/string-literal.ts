/** JSON strings as they are written: another value with as few other bytes as can be, in the escapes of its file. */

/** How letters beyond ASCII are written: as they are, or as `\u` escapes, as Python's `json.dumps` does unless told. */
export type LetterStyle = 'raw' | 'escaped';

const beyondAscii = /[^\0-\x7f]/;
const escapedLetter = /\\u(?!00[0-7])/;

/** The style of a row; of one that has only ASCII, that of its file. */
export function letterStyle(rowText: string, isFileRaw: boolean): LetterStyle {
  if (beyondAscii.test(rowText)) return 'raw';
  return isFileRaw && !escapedLetter.test(rowText) ? 'raw' : 'escaped';
}

const escapeLetter = (letter: string) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** The inside of a JSON string. Halves of surrogate pairs are escaped in either style. */
function written(value: string, style: LetterStyle): string {
  const inside = JSON.stringify(value).slice(1, -1);
  return style === 'raw' ? inside : inside.replace(/[\x7f-\uffff]/g, escapeLetter);
}

const isHigh = (code: number) => (code & 0xfc00) === 0xd800;
const isLow = (code: number) => (code & 0xfc00) === 0xdc00;

/** Stands for a place inside a letter, where nothing can be cut. */
const inside = -1;

/** For each UTF-16 code unit of the value, and for its end, where in the literal it begins. */
function startsOf(literal: string, value: string): Int32Array {
  const starts = new Int32Array(value.length + 1);
  let at = 1;
  for (let unit = 0; unit < value.length; unit++) {
    starts[unit] = at;
    const code = literal.charCodeAt(at);
    if (code === 0x5c) at += literal.charCodeAt(at + 1) === 0x75 ? 6 : 2;
    else {
      at++;
      if (!isHigh(code) || !isLow(literal.charCodeAt(at))) continue;
      starts[++unit] = inside;
      at++;
    }
  }
  starts[value.length] = at;
  return starts;
}

/**
 * The literal of another value. What both values have in common at their beginning and end stays as it was written.
 * @param literal a JSON string with its quotes
 */
export function rewriteLiteral(literal: string, value: string, style: LetterStyle): string {
  const before = JSON.parse(literal) as string;
  const starts = startsOf(literal, before);
  const most = Math.min(before.length, value.length);
  let head = 0;
  while (head < most && before.charCodeAt(head) === value.charCodeAt(head)) head++;
  while (starts[head] === inside) head--;
  let tail = 0;
  while (
    tail < most - head &&
    before.charCodeAt(before.length - 1 - tail) === value.charCodeAt(value.length - 1 - tail)
  )
    tail++;
  while (starts[before.length - tail] === inside) tail--;
  return (
    literal.slice(0, starts[head]) +
    written(value.slice(head, value.length - tail), style) +
    literal.slice(starts[before.length - tail])
  );
}
