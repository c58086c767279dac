/** Trains a byte-level BPE tokenizer on texts and writes it as `tokenizer.json`. The same texts give the same tokenizer. */
import { specialTokens } from '../../engine.ts';
import { byteSymbols, toSymbols } from './byte-symbols.ts';

/** Qwen2's rule for cutting text into words; digits stand alone. */
export const wordPattern =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

interface Word {
  readonly count: number;
  /** Token numbers. */
  pieces: number[];
}

/** A pair of token numbers as one number. */
const pairSpan = 2 ** 26;
const pairKey = (left: number, right: number): number => left * pairSpan + right;

/**
 * Joins the most frequent pair (of equals the one with the smallest numbers) until `vocabularySize` is reached or no pair occurs
 * twice. The vocabulary holds all 256 bytes, so any text can be written, and the special tokens at its end.
 */
export function trainTokenizer(texts: readonly string[], vocabularySize: number): object {
  const counts = new Map<string, number>();
  const word = new RegExp(wordPattern, 'gu');
  for (const text of texts) for (const [match] of text.matchAll(word)) counts.set(match, (counts.get(match) ?? 0) + 1);

  const symbolIds = new Map(byteSymbols.map((symbol, id) => [symbol, id]));
  const words: Word[] = [...counts].map(([text, count]) => ({
    count,
    pieces: toSymbols(text).map((symbol) => symbolIds.get(symbol) ?? 0),
  }));
  const pieces: string[] = [...byteSymbols];
  const merges: [string, string][] = [];

  const pairCounts = new Map<number, number>();
  /** Words in which a pair has ever stood. */
  const pairWords = new Map<number, Set<Word>>();
  const tally = (of: Word, sign: 1 | -1): void => {
    for (let i = 0; i + 1 < of.pieces.length; i++) {
      const key = pairKey(of.pieces[i] as number, of.pieces[i + 1] as number);
      pairCounts.set(key, (pairCounts.get(key) ?? 0) + sign * of.count);
      if (sign > 0) pairWords.set(key, (pairWords.get(key) ?? new Set()).add(of));
    }
  };
  for (const each of words) tally(each, 1);

  const specials = Object.values(specialTokens);
  while (pieces.length + specials.length < vocabularySize) {
    let best = -1;
    let bestCount = 1;
    for (const [key, count] of pairCounts) {
      if (count > bestCount || (count === bestCount && count > 1 && key < best)) [best, bestCount] = [key, count];
    }
    if (best < 0) break;
    const left = Math.floor(best / pairSpan);
    const right = best % pairSpan;
    const joined = pieces.length;
    pieces.push(`${pieces[left]}${pieces[right]}`);
    merges.push([pieces[left] as string, pieces[right] as string]);
    for (const each of pairWords.get(best) ?? []) {
      tally(each, -1);
      each.pieces = joinPair(each.pieces, left, right, joined);
      tally(each, 1);
    }
    pairCounts.delete(best);
    pairWords.delete(best);
  }
  return tokenizerFile(pieces, merges);
}

function joinPair(pieces: readonly number[], left: number, right: number, joined: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < pieces.length; i++) {
    if (pieces[i] === left && pieces[i + 1] === right) {
      out.push(joined);
      i++;
    } else {
      out.push(pieces[i] as number);
    }
  }
  return out;
}

function tokenizerFile(pieces: readonly string[], merges: readonly [string, string][]): object {
  const special = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: Object.values(specialTokens).map((content, i) => ({ id: pieces.length + i, content, ...special })),
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: wordPattern }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
      ],
    },
    post_processor: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
    decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
      merges,
    },
  };
}

/** `tokenizer_config.json` beside it. */
export function tokenizerConfigFile(): object {
  return {
    tokenizer_class: 'Qwen2Tokenizer',
    add_prefix_space: false,
    bos_token: null,
    eos_token: specialTokens.turnEnd,
    pad_token: specialTokens.pad,
    unk_token: null,
    clean_up_tokenization_spaces: false,
    model_max_length: 32768,
    additional_special_tokens: Object.values(specialTokens),
  };
}
