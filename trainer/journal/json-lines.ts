/**
 * What files of JSON lines that only grow have in common: a header line that pins the settings of all that follow, lines
 * that are written whole, and at most half a last line after a kill. What the lines say is for those who write them.
 */
import { existsSync, readSync, renameSync, writeSync } from 'node:fs';

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
export function lineValue(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The lines of a file that end in a line break, without it. */
export function* wholeLines(descriptor: number): Generator<{ bytes: Buffer; offset: number }> {
  const piece = Buffer.alloc(1024 * 1024);
  let open: Buffer[] = [];
  let offset = 0;
  for (let position = 0; ; ) {
    const read = readSync(descriptor, piece, 0, piece.length, position);
    if (read === 0) return;
    position += read;
    let start = 0;
    for (let at = piece.indexOf(10); at >= 0 && at < read; at = piece.indexOf(10, start)) {
      const bytes = Buffer.concat([...open, piece.subarray(start, at)]);
      yield { bytes, offset };
      offset += bytes.length + 1;
      open = [];
      start = at + 1;
    }
    open.push(Buffer.from(piece.subarray(start, read)));
  }
}
