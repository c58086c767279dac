/** The tokenizer writes any text and reads it back, and lets no text pass as a special token. */
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { specialTokens } from '../../../trainer/engines/engine.ts';
import { decodePieces, StreamingDecoder, Tokenizer } from '../../../trainer/engines/qwen/tokenizer/tokenizer.ts';
import { tokenizerConfigFile, trainTokenizer } from '../../../trainer/engines/qwen/tokenizer/training.ts';

const texts = [
  'First it is red. Then it is blue. So red comes first.',
  'first comes green, then comes yellow: 12 + 30 = 42',
  'der rote Würfel rollt, der blaue Würfel rollt, こんにちは こんにちは',
  '<think>First it is red.</think><answer>A</answer> <|im_end|> <|im_end|>',
];
const file = trainTokenizer(texts, 400);
const tokenizer = new Tokenizer(JSON.parse(JSON.stringify(file)), 'test');
const decode = (tokens: Int32Array): string => decodePieces(tokenizer, tokens).text;

describe('a trained tokenizer', () => {
  test('reads back any text that it wrote', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string(),
      fc.constantFrom(...texts, ...Object.values(specialTokens)),
    );
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), (parts) => {
        const whole = parts.join('');
        expect(decode(tokenizer.encode(whole))).toBe(whole);
      }),
      { numRuns: 300 },
    );
  });

  test('never makes a special token of text that looks like one', () => {
    for (const name of Object.values(specialTokens)) {
      const tokens = tokenizer.encode(`before ${name} after`);
      expect([...tokens].map((token) => tokenizer.specialName(token))).toEqual([...tokens].map(() => null));
      expect(tokenizer.specialName(tokenizer.special(name))).toBe(name);
    }
  });

  test('is the same for the same texts, and joins what is frequent', () => {
    expect(trainTokenizer(texts, 400)).toEqual(file);
    expect(tokenizer.encode(' comes').length).toBe(1);
    expect(tokenizer.encode('First it is red.').length).toBeLessThan('First it is red.'.length / 2);
  });

  test('joins the most frequent pair first, of equals the one of the smallest bytes', () => {
    // "ab" stands 3 times, "cd" and "ce" twice each, "fg" once, which is not joined.
    const { model } = trainTokenizer(
      ['ab', 'ab', 'ab', 'cd', 'cd', 'ce', 'ce', 'fg'].map((word) => `.${word}`).map((word) => word.slice(1)),
      1000,
    ) as { model: { merges: string[][] } };
    expect(model.merges).toEqual([
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'e'],
    ]);
  });

  test('keeps digits apart', () => {
    const many = new Tokenizer(
      trainTokenizer(
        Array.from({ length: 50 }, () => 'in 2024 and 2024'),
        400,
      ),
      'test',
    );
    expect(many.encode('2024').length).toBe(4);
  });

  test('stops at the size asked for, special tokens included', () => {
    const small = new Tokenizer(trainTokenizer(texts, 300), 'test');
    expect(small.vocabularySize).toBe(300);
    expect(tokenizer.vocabularySize).toBeLessThanOrEqual(400);
  });

  test('reads the same with special tokens known, as other programs read it', () => {
    const theirs = new HuggingFaceTokenizer(JSON.parse(JSON.stringify(file)), tokenizerConfigFile());
    for (const text of texts.slice(0, 3))
      expect(theirs.encode(text, { add_special_tokens: false }).ids).toEqual([...tokenizer.encode(text)]);
    expect(theirs.encode('red<|im_end|>', { add_special_tokens: false }).ids).toEqual([
      ...tokenizer.encode('red'),
      tokenizer.special(specialTokens.turnEnd),
    ]);
    expect(theirs.decode([...tokenizer.encode('Würfel こん')])).toBe('Würfel こん');
  });
});

test('text that comes byte by byte is held back until a character is whole; what never becomes whole is U+FFFD', () => {
  const bytes = new Tokenizer(trainTokenizer([], 300), 'test');
  const tokens = bytes.encode('ü€');
  expect(tokens.length).toBe(5);
  const decoder = new StreamingDecoder(bytes);
  expect([...tokens].map((token) => decoder.push([token]))).toEqual(['', 'ü', '', '', '€']);
  expect(decodePieces(bytes, tokens.slice(0, 4))).toEqual({ pieces: ['', 'ü', '', '\uFFFD'], text: 'ü\uFFFD' });
  const end = bytes.special(specialTokens.turnEnd);
  expect(decodePieces(bytes, Int32Array.of(tokens[0] ?? 0, end))).toEqual({
    pieces: ['\uFFFD', '<|im_end|>'],
    text: '\uFFFD',
  });
});

test.each([
  ['not a tokenizer', { model: { type: 'WordPiece', vocab: {} }, added_tokens: [] }],
  ['without special tokens', { ...file, added_tokens: [] }],
  ['with a piece that is no bytes', { ...file, model: { type: 'BPE', vocab: { '€': 0 }, merges: [] } }],
])('a tokenizer.json %s is refused by name', (_, content) => {
  expect(() => new Tokenizer(content, 'folder/tokenizer.json')).toThrow(
    expect.objectContaining({ kind: 'bad-model', place: 'folder/tokenizer.json' }),
  );
});
