/** A formula's source can be opened: each file that one names is there. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { formulas } from '../../../webview/formulas/formulas.ts';

const root = path.resolve(import.meta.dirname, '../../..');

describe('formulas', () => {
  it.each(Object.entries(formulas))('%s names files that exist', (_, { source }) => {
    const files = source
      .split(/[,;]/)
      .map((part) => part.trim())
      .filter((part) => part.includes('/'));
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
  });
});
