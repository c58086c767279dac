/** Things fetched not long ago, the least recently used dropped first. */
export class RecentCache<T> {
  private readonly held = new Map<string, { readonly value: T; readonly size: number }>();
  private readonly capacity: number;
  private size = 0;

  /** `capacity` in the unit of the sizes given to `put`. */
  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get(key: string): T | undefined {
    const found = this.held.get(key);
    if (!found) return undefined;
    this.held.delete(key);
    this.held.set(key, found);
    return found.value;
  }

  put(key: string, value: T, size = 1): void {
    this.remove(key);
    this.held.set(key, { value, size });
    this.size += size;
    for (const oldest of this.held.keys()) {
      if (this.size <= this.capacity || oldest === key) break;
      this.remove(oldest);
    }
  }

  remove(key: string): void {
    const found = this.held.get(key);
    if (!found) return;
    this.held.delete(key);
    this.size -= found.size;
  }

  removeWhere(test: (value: T) => boolean): void {
    for (const [key, { value }] of [...this.held]) if (test(value)) this.remove(key);
  }
}
