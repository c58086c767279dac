/** The keys of a JSON text that `JSON.parse` has accepted: those written twice, of which it keeps the last, and where values stand. */

/** The end of the string that begins at `start`. */
function stringEnd(text: string, start: number): number {
  let at = start + 1;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    at += code === 0x5c ? 2 : 1;
  }
}

/** A key as it is meant: `"\u0061"` is `a`. */
const keyOf = (written: string) =>
  written.includes('\\') ? (JSON.parse(written) as string) : written.slice(1, written.length - 1);

/**
 * Every key of every object, in the order of the text. Linear in its length, and not recursive.
 * @param visit told the key, how deep its object lies (1 for the outermost), whether its object had it before, and where
 *   its value begins
 */
function visitKeys(
  text: string,
  visit: (key: string, depth: number, isRepeated: boolean, valueStart: number) => void,
): void {
  const open: (Set<string> | null)[] = [];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x7b) open.push(new Set());
    else if (code === 0x5b) open.push(null);
    else if (code === 0x7d || code === 0x5d) open.pop();
    else if (code === 0x22) {
      const start = at;
      const end = stringEnd(text, start);
      at = end - 1;
      const seen = open.at(-1);
      if (!seen) continue;
      let after = end;
      while (isSpace(text.charCodeAt(after))) after++;
      if (text.charCodeAt(after) !== 0x3a) continue;
      do after++;
      while (isSpace(text.charCodeAt(after)));
      const key = keyOf(text.slice(start, end));
      visit(key, open.length, seen.has(key), after);
      seen.add(key);
    }
  }
}

const isSpace = (code: number) => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

/** Keys that one object of a JSON text has twice or more, each named once. */
export function repeatedKeys(text: string): string[] {
  const repeated = new Set<string>();
  visitKeys(text, (key, _depth, isRepeated) => {
    if (isRepeated) repeated.add(key);
  });
  return [...repeated];
}

/** Where the value of one of the object's own keys begins; -1 without it. Of a key that stands twice the last counts, as for `JSON.parse`. */
function valueStartOf(text: string, key: string): number {
  let start = -1;
  visitKeys(text, (name, depth, _isRepeated, valueStart) => {
    if (depth === 1 && name === key) start = valueStart;
  });
  return start;
}

/** UTF-16 code units from the start of the text; `end` is the first that does not belong to it. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

/** Where the text under one of the object's own keys stands, its quotes included; null where there is no text. */
export function textRange(text: string, key: string): TextRange | null {
  const start = valueStartOf(text, key);
  return start >= 0 && text.charCodeAt(start) === 0x22 ? { start, end: stringEnd(text, start) } : null;
}

/** The same as it is written, quotes and escapes included. */
export function writtenText(text: string, key: string): string | null {
  const range = textRange(text, key);
  return range && text.slice(range.start, range.end);
}

/**
 * The text of a JSON object with the text under one of its own keys exchanged, and all else as it was written.
 * @param key has a text as its value; where it stands twice, the last is meant, as `JSON.parse` takes it
 * @throws RangeError when the object has no such text
 */
export function withText(text: string, key: string, value: string): string {
  const range = textRange(text, key);
  if (range === null) throw new RangeError(`There is no text under the key ${key}.`);
  return text.slice(0, range.start) + JSON.stringify(value) + text.slice(range.end);
}

/** A number under one of the object's own keys as it was written, its digits exact; null where there is none. */
export function numberText(text: string, key: string): string | null {
  const start = valueStartOf(text, key);
  const number = /-?[\d.eE+-]+/y;
  number.lastIndex = start;
  return start < 0 ? null : (number.exec(text)?.[0] ?? null);
}
