/** Accuracy of a free-form answer: mean F of ROUGE-1, ROUGE-2 and ROUGE-L, as Google's rouge_score computes them. */
import { porterStem } from './porter-stemmer.ts';
import { type Reward, shown } from './reward.ts';

const stemCacheSize = 20_000;
const longestCachedWord = 32;
const stems = new Map<string, string>();

function stemOf(word: string): string {
  if (word.length <= 3) return word;
  if (word.length > longestCachedWord) return porterStem(word);
  let stem = stems.get(word);
  if (stem === undefined) {
    if (stems.size >= stemCacheSize) stems.clear();
    stem = porterStem(word);
    stems.set(word, stem);
  }
  return stem;
}

const isTokenCode = (code: number) => (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39);

/** rouge_score's `tokenize`: lower case, runs of a-z and 0-9, words longer than 3 stemmed. */
function* rougeTokens(text: string): Generator<string> {
  const lower = text.toLowerCase();
  let start = -1;
  for (let i = 0; i <= lower.length; i++) {
    const inside = i < lower.length && isTokenCode(lower.charCodeAt(i));
    if (inside && start < 0) start = i;
    else if (!inside && start >= 0) {
      yield stemOf(lower.slice(start, i));
      start = -1;
    }
  }
}

/** Whether ROUGE sees anything in a text: a letter a to z or a digit. */
export function hasRougeTokens(text: string): boolean {
  return rougeTokens(text).next().done === false;
}

const fMeasure = (precision: number, recall: number) =>
  precision + recall > 0 ? (2 * precision * recall) / (precision + recall) : 0;

/** Tokens as numbers; equal tokens of both sides have the same one. */
function numberedTokens(text: string, ids: Map<string, number>): Int32Array {
  let numbers = new Int32Array(256);
  let count = 0;
  for (const token of rougeTokens(text)) {
    let id = ids.get(token);
    if (id === undefined) {
      id = ids.size;
      ids.set(token, id);
    }
    if (count === numbers.length) {
      const grown = new Int32Array(count * 2);
      grown.set(numbers);
      numbers = grown;
    }
    numbers[count++] = id;
  }
  return numbers.subarray(0, count);
}

/** F of n-gram overlap for n of 1 and 2; each n-gram counts as often as it stands in both. */
function rougeN(target: Int32Array, prediction: Int32Array, n: 1 | 2): number {
  const targetCount = Math.max(0, target.length - n + 1);
  const predictionCount = Math.max(0, prediction.length - n + 1);
  const gram = (tokens: Int32Array, i: number) =>
    n === 1 ? (tokens[i] as number) : (tokens[i] as number) * 0x4000000 + (tokens[i + 1] as number);
  const left = new Map<number, number>();
  for (let i = 0; i < targetCount; i++) {
    const key = gram(target, i);
    left.set(key, (left.get(key) ?? 0) + 1);
  }
  let shared = 0;
  for (let i = 0; i < predictionCount; i++) {
    const key = gram(prediction, i);
    const count = left.get(key) ?? 0;
    if (count > 0) {
      shared++;
      left.set(key, count - 1);
    }
  }
  return fMeasure(shared / Math.max(predictionCount, 1), shared / Math.max(targetCount, 1));
}

/**
 * Length of the longest common subsequence, 30 tokens of the target at a time as bits of an integer
 * (Hyyrö, "Bit-parallel LCS-length computation revisited", 2004).
 */
export function commonSubsequenceLength(target: Int32Array, prediction: Int32Array): number {
  const bits = 30;
  const full = 2 ** bits - 1;
  const blocks = Math.ceil(target.length / bits);
  const places = new Map<number, Int32Array>();
  for (let i = 0; i < target.length; i++) {
    const token = target[i] as number;
    let mask = places.get(token);
    if (!mask) {
      mask = new Int32Array(blocks);
      places.set(token, mask);
    }
    const block = Math.floor(i / bits);
    mask[block] = (mask[block] as number) | (1 << (i % bits));
  }
  const open = new Int32Array(blocks).fill(full);
  for (const token of prediction) {
    const mask = places.get(token);
    if (!mask) continue;
    let carry = 0;
    for (let block = 0; block < blocks; block++) {
      const row = open[block] as number;
      const matched = row & (mask[block] as number);
      const sum = row + matched + carry;
      carry = sum > full ? 1 : 0;
      open[block] = (sum & full) | (row & ~(mask[block] as number));
    }
  }
  let length = 0;
  for (let i = 0; i < target.length; i++) {
    if ((((open[Math.floor(i / bits)] as number) >> (i % bits)) & 1) === 0) length++;
  }
  return length;
}

export interface RougeScores {
  readonly rouge1: number;
  readonly rouge2: number;
  readonly rougeL: number;
}

/** F measures of a prediction against a target, each 0..1. */
export function rougeScores(targetText: string, predictionText: string): RougeScores {
  const ids = new Map<string, number>();
  const target = numberedTokens(targetText, ids);
  const prediction = numberedTokens(predictionText, ids);
  const common = target.length && prediction.length ? commonSubsequenceLength(target, prediction) : 0;
  return {
    rouge1: rougeN(target, prediction, 1),
    rouge2: rougeN(target, prediction, 2),
    rougeL: common === 0 ? 0 : fMeasure(common / prediction.length, common / target.length),
  };
}

/** Mean F of ROUGE-1, ROUGE-2 and ROUGE-L. */
export function freeFormReward(answer: string, solution: string): Reward {
  const { rouge1, rouge2, rougeL } = rougeScores(solution, answer);
  const value = Math.max(0, Math.min(1, (rouge1 + rouge2 + rougeL) / 3));
  return {
    value,
    parts: { rouge1, rouge2, rougeL },
    explanation: `ROUGE-1 ${shown(rouge1)}, ROUGE-2 ${shown(rouge2)}, ROUGE-L ${shown(rougeL)}; their mean is ${shown(value)}.`,
  };
}
