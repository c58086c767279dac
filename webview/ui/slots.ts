/**
 * Which elements show which rows of a list that is drawn in part: a row keeps its own as long as it is drawn, so that a press
 * that has begun on it ends on it, and rows that come take those of rows that went.
 */
export class Slots {
  private held = new Map<string | number, number>();

  /** The number of each row's elements; each of another number. */
  give(ids: readonly (string | number)[]): number[] {
    const wanted = new Set(ids);
    const left = [...this.held].flatMap(([id, slot]) => (wanted.has(id) ? [] : [slot]));
    const taken = new Set(this.held.values());
    let unused = 0;
    const another = (): number => {
      while (taken.has(unused)) unused += 1;
      taken.add(unused);
      return unused;
    };
    this.held = new Map([...wanted].map((id) => [id, this.held.get(id) ?? left.pop() ?? another()]));
    return ids.map((id) => this.held.get(id) as number);
  }
}
