/** Every category can be reached by keys, and a flag stays readable whatever becomes of its category. */
import { describe, expect, test } from 'vitest';
import {
  builtInCategories,
  type CategoryFile,
  categoriesOf,
  categoryAtKeys,
  categoryFile,
  categoryId,
  categoryOfOldFlag,
} from '../../../trainer/protocol/annotations/categories.ts';
import { faultLine } from '../../../trainer/protocol/issues.ts';

const file = (labels: unknown): CategoryFile => categoryFile.parse({ version: 1, labels });
function faultIn(labels: unknown): string {
  const value = { version: 1, labels };
  const read = categoryFile.safeParse(value);
  return read.success ? '' : faultLine(categoryFile, value, read.error, 'the file');
}
const many = (count: number) => Array.from({ length: count }, (_, i) => ({ id: `c${i}`, name: `number ${i}` }));

describe('the built-in categories', () => {
  test('are nine, on the keys 1 to 9, and every flag of before has one', () => {
    expect(
      categoriesOf(null)
        .offered.map(({ key }) => key)
        .join(''),
    ).toBe('123456789');
    for (const { id } of builtInCategories) expect(categoryId.parse(id)).toBe(id);
    const ids = builtInCategories.map(({ id }) => id);
    for (const now of Object.values(categoryOfOldFlag)) expect(ids).toContain(now);
    expect(Object.keys(categoryOfOldFlag)).toHaveLength(9);
  });
});

describe('a category file', () => {
  test('takes the place of the built-in ones, whose flags stay readable', () => {
    const categories = categoriesOf(file([{ id: 'blurry', name: 'blurry', severity: 'minor' }]));
    expect(categories.offered).toEqual([
      { id: 'blurry', name: 'blurry', key: '1', description: '', severity: 'minor' },
    ]);
    expect(categories.named('wrong-order')).toMatchObject({ name: 'wrong order of events', key: null });
    expect(categories.named('of-a-colleague')).toMatchObject({ name: 'of-a-colleague', key: null });
  });

  test('gives the free keys in order to those that name none, 0 and a letter from the tenth on', () => {
    const [first, second, ...rest] = many(12);
    const { offered } = categoriesOf(file([{ ...first, key: '2' }, { ...second, key: '0a' }, ...rest]));
    expect(offered.map(({ key }) => key)).toEqual(['2', '0a', '1', '3', '4', '5', '6', '7', '8', '9', '0b', '0c']);
  });

  test('is reached by one key, or by 0 and a letter', () => {
    const categories = categoriesOf(file(many(11)));
    expect(categoryAtKeys(categories.offered, '9')).toMatchObject({ id: 'c8' });
    expect(categoryAtKeys(categories.offered, '0')).toBe('more');
    expect(categoryAtKeys(categories.offered, '0b')).toMatchObject({ id: 'c10' });
    expect(categoryAtKeys(categories.offered, '0z')).toBeNull();
    expect(categoryAtKeys(categoriesOf(null).offered, '0')).toBeNull();
  });

  test('keeps the name of a retired one, and frees its key', () => {
    const categories = categoriesOf(
      file([
        { id: 'old', name: 'what it was', key: '1', retired: true },
        { id: 'new', name: 'what it is', key: '1' },
      ]),
    );
    expect(categories.offered.map(({ id }) => id)).toEqual(['new']);
    expect(categories.named('old')).toMatchObject({ name: 'what it was', key: null });
  });

  test.each([
    [[], /at least 1/],
    [
      [
        { id: 'a', name: 'a' },
        { id: 'a', name: 'b' },
      ],
      /labels\[1\].id: a is there twice/,
    ],
    [
      [
        { id: 'a', name: 'a', key: '1' },
        { id: 'b', name: 'b', key: '1' },
      ],
      /labels\[1\].key: the key 1 is that of a already/,
    ],
    [[{ id: 'a', name: 'a', key: '0' }], /key: a digit from 1 to 9, or 0 and a letter/],
    [[{ id: 'A b', name: 'a' }], /id: lower-case letters/],
    [[{ id: 'a', name: 'a', colr: 'red' }], /there is no key "colr"/],
    [many(36), /keys for 35 categories, and 36/],
  ])('is at fault: %#', (labels, fault) => {
    expect(faultIn(labels)).toMatch(fault);
    expect(faultIn(many(35))).toBe('');
  });

  test.each(['', '  ', 'two\nlines', 'a\u2028b', 'a\u202eb', 'a\u0007b'])(
    'refuses the name %j, by its place',
    (name) => {
      expect(
        faultIn([
          { id: 'b', name: 'b' },
          { id: 'a', name },
        ]),
      ).toMatch(/^labels\[1\]\.name: must be one line/);
    },
  );
});
