/** The nearest known name to one that is not known, for messages that offer it. */

/** Levenshtein distance between two short names. */
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

/** @param known at least one name */
export function nearest(name: string, known: readonly string[]): string {
  const clipped = name.slice(0, 64).toLowerCase();
  const ranked = known.map((candidate) => ({ candidate, far: distance(clipped, candidate.toLowerCase()) }));
  return ranked.reduce((best, next) => (next.far < best.far ? next : best)).candidate;
}
