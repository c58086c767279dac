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
 * The nearest known name if it is near enough to be meant: one of which two letters or more are typed so far; else one that
 * changes in at most a third of the typed letters make of it, or one in a name of three or fewer, or two behind three that are
 * right, or a swap of two; else one of which three letters or more are typed from within. Null when none is.
 */
export function nearby(name: string, known: readonly string[]): string | null {
  if (known.length === 0) return null;
  const wanted = compared(name);
  const begun = wanted.length > 1 ? known.filter((candidate) => compared(candidate).startsWith(wanted)) : [];
  if (begun.length > 0) return nearest(name, begun);
  const best = nearest(name, known);
  const far = distance(wanted, compared(best));
  const letters = (text: string) => [...text].sort().join('');
  const swapped = far === 2 && letters(wanted) === letters(compared(best));
  const wellBegun = far === 2 && wanted.length > 3 && compared(best).startsWith(wanted.slice(0, 3));
  const isMeant = far <= Math.max(1, Math.floor(wanted.length / 3)) || swapped || wellBegun;
  if (isMeant && far < wanted.length) return best;
  const within = wanted.length > 2 ? known.filter((candidate) => compared(candidate).includes(wanted)) : [];
  return within.length > 0 ? nearest(name, within) : null;
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
