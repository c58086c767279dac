/** Line ends of a text that was edited in a text area. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withLineEnds } from '../../../webview/ui/line-ends.ts';

const normal = (text: string) => text.replace(/\r\n?/g, '\n');
const texts = fc
  .array(fc.constantFrom('a', 'b', ' ', '\n', '\r', '\r\n'), { maxLength: 12 })
  .map((parts) => parts.join(''));

test('a text that was left as it is keeps every line end', () => {
  fc.assert(
    fc.property(texts, (text) => {
      expect(withLineEnds(text, normal(text))).toBe(text);
    }),
  );
});

test('what was typed is what the text area shows, and what stands before and after it keeps its bytes', () => {
  fc.assert(
    fc.property(texts, texts, fc.constantFrom('x', 'x\ny', '\n'), (before, after, typed) => {
      fc.pre(!(before.endsWith('\r') && after.startsWith('\n')));
      const edited = normal(before) + typed + normal(after);
      expect(normal(withLineEnds(before + after, edited))).toBe(edited);
    }),
  );
  expect(withLineEnds('one\r\ntwo\nthree\r\n', 'one\n2\nthree\n')).toBe('one\r\n2\nthree\r\n');
});

test('a new line ends as the first one of the text does', () => {
  expect(withLineEnds('one\r\ntwo', 'one\nand\ntwo')).toBe('one\r\nand\r\ntwo');
  expect(withLineEnds('one\ntwo', 'one\nand\ntwo')).toBe('one\nand\ntwo');
});
