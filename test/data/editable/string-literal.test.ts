import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { letterStyle, rewriteLiteral } from '../../../trainer/data/editable/string-literal.ts';

describe('rewriteLiteral', () => {
  it.each([
    [
      'keeps the escapes of what stays',
      '"a\\/b \\u003cthink\\u003e x"',
      'a/b <think> y',
      'raw',
      '"a\\/b \\u003cthink\\u003e y"',
    ],
    ['writes new letters as they are', '"a"', 'a é字😀\n"\\/', 'raw', '"a é字😀\\n\\"\\\\/"'],
    [
      'writes new letters as json.dumps does',
      '"a"',
      'a é字😀\n\x7f',
      'escaped',
      '"a \\u00e9\\u5b57\\ud83d\\ude00\\n\\u007f"',
    ],
    ['cuts no letter in two', '"😀"', '😁', 'raw', '"😁"'],
    ['cuts no letter in two at its end', '"🀀x"', '🐀x', 'raw', '"🐀x"'],
    ['escapes half a letter', '""', '\ud83d', 'raw', '"\\ud83d"'],
    ['takes repeated letters once', '"aaa"', 'aaaa', 'raw', '"aaaa"'],
    ['empties a text', '"\\u00e9"', '', 'escaped', '""'],
  ] as const)('%s', (_, literal, value, style, expected) => {
    expect(rewriteLiteral(literal, value, style)).toBe(expected);
  });

  it('gives the value that was asked for, whatever the literal was, in either style', () => {
    const unit = fc.constantFrom('a', 'é', '😀', '😁', '🐀', '\\', '"', '/', '\n', '\0', '\ud83d', '\ude00', '\u2028');
    const text = fc.string({ unit, maxLength: 12 });
    const hex = (code: number) => `\\u${code.toString(16).padStart(4, '0')}`;
    fc.assert(
      fc.property(
        text,
        text,
        fc.constantFrom('raw', 'escaped'),
        fc.array(fc.boolean()),
        (before, value, style, asHex) => {
          const units = [...before].map((letter, n) =>
            asHex[n]
              ? letter
                  .split('')
                  .map((one) => hex(one.charCodeAt(0)))
                  .join('')
              : JSON.stringify(letter).slice(1, -1),
          );
          const literal = rewriteLiteral(`"${units.join('')}"`, value, style);
          expect(JSON.parse(literal)).toBe(value);
          expect(literal.isWellFormed()).toBe(true);
        },
      ),
      { numRuns: 5000 },
    );
  });
});

describe('letterStyle', () => {
  it.each([
    ['a row with raw letters', '{"a": "é \\u00e9"}', false, 'raw'],
    ['a row with escaped letters in a file with raw ones', '{"a": "\\u5b57"}', true, 'escaped'],
    ['a row of ASCII in a file with raw letters', '{"a": "b \\u0007"}', true, 'raw'],
    ['a row of ASCII in a file without', '{"a": "b"}', false, 'escaped'],
  ] as const)('of %s', (_, text, isFileRaw, style) => {
    expect(letterStyle(text, isFileRaw)).toBe(style);
  });
});
