import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { repeatedKeys, withText } from '../../../trainer/data/json/keys.ts';

describe('repeatedKeys', () => {
  it.each([
    ['{"a": 1, "b": {"a": 2}, "c": [{"a": 3}, {"a": 4}]}', []],
    ['{"a": 1, "b": "\\"a\\": 2", "a": 3}', ['a']],
    ['{"a": 1, "\\u0061": 2}', ['a']],
    ['{"a": {"x": 1, "x": 2, "x": 3}, "b" : 1, "b"\n:2}', ['x', 'b']],
    ['{"__proto__": 1, "__proto__": 2, "": 3, "": 4}', ['__proto__', '']],
    ['["a", "a"]', []],
    ['"a"', []],
  ])('of %s are %j', (text, keys) => {
    expect(repeatedKeys(text)).toEqual(keys);
  });

  it('are none in what JSON.stringify writes, and one where a key was added again', () => {
    const object = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue(), { minKeys: 1 });
    fc.assert(
      fc.property(object, fc.nat(), (value, pick) => {
        const text = JSON.stringify(value, null, pick % 3);
        expect(repeatedKeys(text)).toEqual([]);
        const keys = Object.keys(value);
        const key = keys[pick % keys.length] as string;
        expect(repeatedKeys(`{${JSON.stringify(key)} : [],${text.slice(1)}`)).toEqual([key]);
      }),
      { numRuns: 2000 },
    );
  });

  it('take time in proportion to the text: a million keys and brackets at once', () => {
    const many = `{${Array.from({ length: 300_000 }, (_, i) => `"k${i % 299_999}":0`).join(',')}}`;
    expect(repeatedKeys(many)).toEqual(['k0']);
    expect(repeatedKeys(`${'['.repeat(500_000)}${']'.repeat(500_000)}`)).toEqual([]);
  });
});

describe('withText', () => {
  it('exchanges the text of one key and leaves every other character as it was', () => {
    expect(withText('{"big": 12345678901234567890, "path" : "a\\"b",  "x": {"path": "in"}}', 'path', 'c"d')).toBe(
      '{"big": 12345678901234567890, "path" : "c\\"d",  "x": {"path": "in"}}',
    );
    expect(withText('{"path":"a","path":"b"}', 'path', 'c')).toBe('{"path":"a","path":"c"}');
    expect(() => withText('{"x": {"path": "in"}}', 'path', 'c')).toThrow(RangeError);
  });
});
