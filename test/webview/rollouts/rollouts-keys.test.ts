/** The help of the rollouts page says every key that acts, and no key twice. */
import { describe, expect, it } from 'vitest';
import { listKeys } from '../../../webview/rollouts/list/list-keys.ts';
import { rolloutsKeys } from '../../../webview/rollouts/rollouts-keys.ts';
import { helpRows, keyMap } from '../../../webview/ui/key-table.ts';

describe('the keys of the rollouts page', () => {
  it('are each in one row', () => {
    const keys = [...rolloutsKeys, ...listKeys].flatMap((row) => Object.keys(row.keys));
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  });

  it('are in the help as they are pressed', () => {
    const rows = helpRows(rolloutsKeys);
    expect(rows.find(([, meaning]) => meaning === 'previous and next frame')?.[0]).toBe('← →');
    expect(helpRows(listKeys).find(([, meaning]) => meaning === 'export what the list shows')?.[0]).toBe('E');
    expect(rows.length).toBe(rolloutsKeys.length);
  });
});

describe('keyMap', () => {
  it('binds each key to its action', () => {
    const done: string[] = [];
    const map = keyMap([{ meaning: 'up', keys: { k: 'up', ArrowUp: 'up' } }], { up: () => done.push('up') });
    const event = {} as KeyboardEvent;
    map.k?.(event);
    map.ArrowUp?.(event);
    expect(done).toEqual(['up', 'up']);
  });
});
