/** Whitespace, splitting and number parsing as Python has them, because the released rewards are Python. */

/** Code units for which Python's `str.isspace` holds. JavaScript's own set differs (U+FEFF, U+0085, U+001C to U+001F). */
export function isPythonSpace(code: number): boolean {
  return (
    (code >= 0x09 && code <= 0x0d) ||
    (code >= 0x1c && code <= 0x20) ||
    code === 0x85 ||
    code === 0xa0 ||
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}

/** `str.strip()` */
export function pythonStrip(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isPythonSpace(text.charCodeAt(start))) start++;
  while (end > start && isPythonSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** `str.split()`: words between runs of whitespace, none of them empty. */
export function pythonSplit(text: string): string[] {
  const words: string[] = [];
  let start = -1;
  for (let i = 0; i <= text.length; i++) {
    const space = i === text.length || isPythonSpace(text.charCodeAt(i));
    if (space && start >= 0) {
      words.push(text.slice(start, i));
      start = -1;
    } else if (!space && start < 0) start = i;
  }
  return words;
}

const decimalDigit = /\p{Nd}/u;
const mathematicalDigits = { first: 0x1d7ce, last: 0x1d7ff };

/** Value of a Unicode decimal digit, or null. Digits of a script stand together, zero first. */
function digitValue(codePoint: number): number | null {
  if (!decimalDigit.test(String.fromCodePoint(codePoint))) return null;
  if (codePoint >= mathematicalDigits.first && codePoint <= mathematicalDigits.last) {
    return (codePoint - mathematicalDigits.first) % 10;
  }
  let value = 0;
  while (value < 9 && decimalDigit.test(String.fromCodePoint(codePoint - value - 1))) value++;
  return value;
}

function withAsciiDigits(text: string): string {
  let ascii = '';
  for (const character of text) {
    const codePoint = character.codePointAt(0) as number;
    ascii += codePoint < 0x80 ? character : String(digitValue(codePoint) ?? character);
  }
  return ascii;
}

const special = /^([+-]?)(?:inf|infinity|(nan))$/i;

const isDigit = (code: number) => code >= 0x30 && code <= 0x39;

/** End of a run of digits that underscores may part; `at` itself when there is none. */
function digitsEnd(text: string, at: number): number {
  let end = at;
  while (isDigit(text.charCodeAt(end)) || (text[end] === '_' && end > at && isDigit(text.charCodeAt(end + 1)))) end++;
  return end;
}

/** Whether a text is digits with at most one point and an exponent. By hand: a pattern would recurse over long input. */
function isDecimal(text: string): boolean {
  const start = text[0] === '+' || text[0] === '-' ? 1 : 0;
  let end = digitsEnd(text, start);
  const whole = end - start;
  if (text[end] === '.') {
    const fraction = end + 1;
    end = digitsEnd(text, fraction);
    if (whole === 0 && end === fraction) return false;
  } else if (whole === 0) return false;
  if (text[end] === 'e' || text[end] === 'E') {
    const exponent = text[end + 1] === '+' || text[end + 1] === '-' ? end + 2 : end + 1;
    end = digitsEnd(text, exponent);
    if (end === exponent) return false;
  }
  return end === text.length;
}

/** Strips what C's `isspace` holds for; Python takes more only where the text is not ASCII. */
function asciiStrip(text: string): string {
  const isSpace = (code: number) => code === 0x20 || (code >= 0x09 && code <= 0x0d);
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/**
 * `float(text)`: digits of any script, `1_000`, `1e3`, `inf`, `nan`, whitespace around.
 * @returns null where Python raises ValueError.
 */
export function pythonFloat(text: string): number | null {
  const ascii = isAscii(text) ? asciiStrip(text) : withAsciiDigits(pythonStrip(text));
  if (isDecimal(ascii)) return Number(ascii.replaceAll('_', ''));
  const named = ascii.length > 9 ? null : special.exec(ascii);
  if (!named) return null;
  if (named[2]) return Number.NaN;
  return named[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** Fractions halfway between two hundredths, and the even one of the two. */
const evenHundredths = new Map([
  [0.125, '12'],
  [0.375, '38'],
  [0.625, '62'],
  [0.875, '88'],
]);

/** `round(value, 2)`: the exact binary value to two decimals, halves to the even hundredth. */
export function pythonRoundTo2(value: number): number {
  if (!Number.isFinite(value)) return value;
  const size = Math.abs(value);
  if (size >= 1e21) return value;
  // Only odd multiples of 1/8 lie halfway between hundredths; toFixed is exact elsewhere, and takes the upper one here.
  const whole = Math.floor(size);
  const even = evenHundredths.get(size - whole);
  return even === undefined ? Number(value.toFixed(2)) : Math.sign(value) * Number(`${whole}.${even}`);
}
