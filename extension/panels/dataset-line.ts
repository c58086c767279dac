/** Finds the line on which a dataset's row begins: JSON lines have a row a line, a JSON array is read bracket by bracket. */

/** @param row number of the row, from 1. @returns line from 0; the last line when there are fewer rows. */
export function lineOfRow(text: string, row: number): number {
  const isArray = /^\s*\[/.test(text);
  let line = 0;
  let depth = 0;
  let rows = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '\n') line++;
    else if (inString) {
      if (character === '\\') i++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') {
      if (character === '{' && depth === (isArray ? 1 : 0) && ++rows === row) return line;
      depth++;
    } else if (character === '}' || character === ']') depth--;
  }
  return line;
}
