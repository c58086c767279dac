/** What the rollouts page shows now: how it lies, and the answer that is read. */
import { useRef } from 'preact/hooks';
import { useStore } from '../ui/store.ts';
import { useNarrow } from '../ui/use-narrow.ts';
import { editors, type Layout, narrowest } from './layout.ts';
import type { Read, Reading } from './reading.ts';

export function useLayout(): Layout {
  const narrow = useNarrow(narrowest);
  const editor = useNarrow(editors);
  return narrow ? 'narrow' : editor ? 'editor' : 'wide';
}

/** The answer that is read; while the next one's question is on its way, the one before; null where it can't be read. */
export function useRead(reading: Reading): Read | null {
  const group = useStore(reading.state, (state) => state.group);
  const rolloutId = useStore(reading.place, (held) => held.rolloutId);
  const unread = useStore(reading.state, (state) => state.unread);
  const held = useRef<Read | null>(null);
  const { rollout } = reading;
  if (group && rollout) held.current = { group, rollout };
  else if (rolloutId === null || unread !== null) held.current = null;
  return held.current;
}
