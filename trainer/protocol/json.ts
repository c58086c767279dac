/** JSON of files, which people write with all kinds of editors, or which may be damaged. */

/** A byte order mark at the start is passed over. @throws SyntaxError, which of text in UTF-16 says so */
export function jsonOf(text: string): unknown {
  if (text.includes('\0')) throw new SyntaxError('the text is UTF-16 or UTF-32; save it as UTF-8');
  return JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
}

/** Undefined for what is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return jsonOf(text);
  } catch {
    return undefined;
  }
}
