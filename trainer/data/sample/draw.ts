/** Drawing lots for the sample's world: integers, shares, picks and orders from a seed and a name. */
import { permutation, randomFrom } from '../random.ts';

export class Draw {
  private readonly next: () => number;

  /** Draws with different names are independent, so that one part of the sample can grow without moving another. */
  constructor(seed: number, name: string) {
    this.next = randomFrom(seed, 'sample', name);
  }

  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  /** One of the items. */
  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)] as T;
  }

  /** The items in a drawn order. */
  shuffled<T>(items: readonly T[]): T[] {
    return permutation(items.length, this.next).map((place) => items[place] as T);
  }
}
