/**
 * What files of JSON lines that only grow have in common: a header line that pins the settings of all that follow, lines
 * that are written whole, and at most half a last line after a kill. What the lines say is for those who write them.
 */
import { existsSync, renameSync, writeSync } from 'node:fs';
import { parseJson } from '../protocol/json.ts';

/** `{a: {b: 1}}` as `a.b → 1`. */
function flat(value: unknown, name = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null) return new Map([[name, JSON.stringify(value)]]);
  return new Map(Object.entries(value).flatMap(([key, inner]) => [...flat(inner, name ? `${name}.${key}` : key)]));
}

const mostCharacters = 80;

/** One line for every setting that differs, by its path: the first against the second. */
export function settingsThatDiffer(before: unknown, now: unknown): string[] {
  const [old, given] = [flat(before), flat(now)];
  const short = (text: string | undefined) => {
    if (text === undefined) return 'not there';
    return text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text;
  };
  return [...new Set([...old.keys(), ...given.keys()])]
    .filter((key) => old.get(key) !== given.get(key))
    .map((key) => `${key}: ${short(old.get(key))} against ${short(given.get(key))}`);
}

/** Gives an old file another name, so that a new one can be begun. @returns the name, or null where there is none */
export function setAside(file: string): string | null {
  if (!existsSync(file)) return null;
  let number = 1;
  while (existsSync(`${file}.${number}`)) number++;
  renameSync(file, `${file}.${number}`);
  return `${file}.${number}`;
}

/** Writes all bytes at a place of a file. */
export function writeAt(descriptor: number, bytes: Uint8Array, offset: number): void {
  for (let done = 0; done < bytes.length; )
    done += writeSync(descriptor, bytes, done, bytes.length - done, offset + done);
}

/** The JSON value of a line; undefined where it is none. */
export const lineValue = (bytes: Buffer): unknown => parseJson(bytes.toString('utf8'));
