/** The nearest known name to one that is not known, for messages that offer it. */

/** Levenshtein distance in UTF-16 code units. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(
        Math.min(
          (next[j - 1] as number) + 1,
          (row[j] as number) + 1,
          (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1),
        ),
      );
    }
    row = next;
  }
  return row[b.length] as number;
}

/** What of a name is compared: its case does not count, nor what a hostile one has beyond its 64th character. */
const compared = (name: string) => name.slice(0, 64).toLowerCase();

/** @param known at least one name */
export function nearest(name: string, known: readonly string[]): string {
  return nearestFew(name, known, 1)[0] as string;
}

/** So many of the known names, the nearest first; of those as near, in their own order. */
export function nearestFew(name: string, known: readonly string[], most: number): string[] {
  const wanted = compared(name);
  const ranked = known.map((candidate) => ({ candidate, far: distance(wanted, compared(candidate)) }));
  return ranked
    .toSorted((a, b) => a.far - b.far)
    .slice(0, most)
    .map(({ candidate }) => candidate);
}

/**
 * The nearest known name if it is near enough to be meant: one change in a name of up to three letters or a swap of two, two
 * changes in longer ones, and a third of their letters in those of more than eight; or a name of which two letters or more are
 * typed so far. Null when none is.
 */
export function nearby(name: string, known: readonly string[]): string | null {
  if (known.length === 0) return null;
  const wanted = compared(name);
  const begun = wanted.length > 1 ? known.filter((candidate) => compared(candidate).startsWith(wanted)) : [];
  const best = nearest(name, begun.length > 0 ? begun : known);
  const far = begun.length > 0 ? 1 : distance(wanted, compared(best));
  const letters = (text: string) => [...text].sort().join('');
  const swapped = letters(wanted) === letters(compared(best));
  const most = wanted.length <= 3 && !swapped ? 1 : Math.max(2, Math.floor(wanted.length / 3));
  return far <= most && far < wanted.length ? best : null;
}

/** What a sentence about a name that is not known ends with: `; the nearest is order`, or nothing where none is near. */
export function nearestClause(
  name: string,
  known: readonly string[],
  write: (name: string) => string = String,
): string {
  const near = nearby(name, known);
  return near === null ? '' : `; the nearest is ${write(near)}`;
}
