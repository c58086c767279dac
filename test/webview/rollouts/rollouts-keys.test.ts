/** The help of the rollouts page says every key that acts, and no key twice. */
import { describe, expect, it } from 'vitest';
import { keysWithout, rolloutsKeys } from '../../../webview/rollouts/rollouts-keys.ts';
import { helpRows, keyMap } from '../../../webview/ui/key-table.ts';

describe('the keys of the rollouts page', () => {
  it('are each in one row', () => {
    const keys = rolloutsKeys.flatMap((row) => Object.keys(row.keys));
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  });

  it('are in the help as they are pressed', () => {
    const rows = helpRows(rolloutsKeys);
    expect(rows.find(([, meaning]) => meaning === 'previous and next frame')?.[0]).toBe('← →');
    expect(rows.length).toBe(rolloutsKeys.length);
  });

  it('leave out what leads to a page that is not there', () => {
    const keys = keysWithout(['across']).flatMap((row) => Object.keys(row.keys));
    expect(keys).not.toContain('t');
    expect(keys).toContain('r');
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
