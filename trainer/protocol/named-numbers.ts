/** Words such as `STAR=2`, as people type them: names with numbers from 0. */

/** By name, which may hold `=` itself; or the first word that is not of that form. */
export function namedNumbers(words: readonly string[]): { values: Record<string, number> } | { wrong: string } {
  const values: Record<string, number> = {};
  for (const word of words) {
    const at = word.lastIndexOf('=');
    const value = word.slice(at + 1);
    if (at < 1 || !/^\d+(\.\d+)?$/.test(value)) return { wrong: word };
    values[word.slice(0, at)] = Number(value);
  }
  return { values };
}
