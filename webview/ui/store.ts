/** A value that components can watch. */
import { useEffect, useReducer, useRef } from 'preact/hooks';

export class Store<T> {
  private value: T;
  private readonly watchers = new Set<() => void>();

  constructor(value: T) {
    this.value = value;
  }

  get(): T {
    return this.value;
  }

  set(value: T): void {
    if (Object.is(value, this.value)) return;
    this.value = value;
    for (const watcher of [...this.watchers]) watcher();
  }

  update(change: (value: T) => T): void {
    this.set(change(this.value));
  }

  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }
}

/** What `select` takes out of the store; the component renders again only when that is another value. */
export function useStore<T, S>(store: Store<T>, select: (value: T) => S): S {
  const [, render] = useReducer((turn: number) => turn + 1, 0);
  const selected = select(store.get());
  const held = useRef({ select, selected });
  held.current = { select, selected };
  useEffect(() => {
    const look = () => {
      if (!Object.is(held.current.select(store.get()), held.current.selected)) render(0);
    };
    look();
    return store.watch(look);
  }, [store]);
  return selected;
}
