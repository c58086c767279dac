/** Where a text was met first, for what may stand twice in a dataset. */
import { hash } from 'node:crypto';

/** Remembers where a key was met first. A digest of each is kept, not the text. */
export class FirstSeen {
  private readonly places = new Map<string, string>();

  /** @returns where the same text was met before; null when it was not */
  meet(text: string, where: string): string | null {
    const key = hash('sha1', text, 'base64');
    const before = this.places.get(key);
    if (before === undefined) this.places.set(key, where);
    return before ?? null;
  }
}
