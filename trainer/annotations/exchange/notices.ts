/** What an import leaves out, changes or takes for something: told, never silent. The same thing is told once, with its places. */

export interface Notice {
  /** What happened, and what to do about it where something can be done. */
  readonly message: string;
  readonly count: number;
  /** The first of its places in the file. */
  readonly places: readonly string[];
}

/** Places that are named of one notice; the rest are counted. */
const mostPlaces = 10;

export class Notices {
  private readonly told = new Map<string, { count: number; places: string[] }>();

  tell(message: string, place: string): void {
    const known = this.told.get(message);
    if (!known) this.told.set(message, { count: 1, places: [place] });
    else {
      known.count++;
      if (known.places.length < mostPlaces) known.places.push(place);
    }
  }

  /** In the order in which each was first told. */
  all(): Notice[] {
    return Array.from(this.told, ([message, { count, places }]) => ({ message, count, places }));
  }
}
