/**
 * Packs prompts and answers into rows. What several have in common stands once: a prompt, however many answers it has, and the part
 * of prompts up to the end of their last medium, when they show the same. The rest takes it as its prefix. An answer's last token
 * is no row, as nothing follows from it.
 *
 * Where nothing is trained, every row stands once that shows the same behind the same rows: prompts that begin alike, such as those
 * of a question whose later frames are exchanged, and answers to one prompt that begin alike. Attention sees each prompt and answer
 * in the same pieces as without, so that no bit of a result tells what was shared. A gradient is added up by rows, and would tell.
 */

import type { Medium } from '../../qwen/grid.ts';
import { patchGrid, visionTokens } from '../../qwen/grid.ts';
import type { EncodedPrompt } from '../../qwen/prompts.ts';
import type { Segments } from './ops.ts';
import { makeSegments } from './ops.ts';
import type { FramePair } from './patches.ts';
import { framePairs, pairKey } from './patches.ts';

export interface PackedGroup {
  readonly prompt: EncodedPrompt;
  readonly answers: readonly Int32Array[];
}

export interface Batch {
  /** Per row: the token, or -1 - n for the n-th vision token of the batch. */
  readonly index: Int32Array;
  /** [rows * 3] */
  readonly positions: Int32Array;
  readonly attention: AttentionRows;
  /** The distinct frame pairs of all media; their vision tokens are numbered pair after pair. */
  readonly pairs: readonly FramePair[];
}

/**
 * The rows as attention takes them. A prefix lies in one piece there, so rows that several prompts share are copied for each: their
 * keys and values alone, which are computed once.
 */
export interface AttentionRows {
  readonly segments: Segments;
  /** Per row of attention the row of the batch, and per row of the batch its row of attention; null where nothing is copied. */
  readonly copied: { readonly from: Int32Array; readonly to: Int32Array } | null;
}

/** Where a prompt's tokens stand. */
export interface PackedPrompt {
  /** Row of each token. */
  readonly rows: Int32Array;
  /** First row as attention takes it; the others follow. */
  readonly first: number;
}

/** What is predicted: `rows[i]` is the row whose output gives the log-probability of `targets[i]`. */
export interface Targets {
  readonly rows: Int32Array;
  readonly targets: Int32Array;
}

export interface PackedBatch extends Batch {
  /** By group. */
  readonly prompts: readonly PackedPrompt[];
  /** All answer tokens, group by group, answer by answer. */
  readonly answerTargets: Targets;
  /** The tokens of the prompts from the second on, vision tokens left out; `group[i]` is whose it is. */
  readonly promptTargets: Targets & { readonly group: Int32Array };
}

/** What stands once: the parts of prompts up to the end of their media, or every row that shows the same behind the same rows. */
export type InCommon = 'heads' | 'all rows';

export function packBatch(groups: readonly PackedGroup[], common: InCommon = 'heads'): PackedBatch {
  const packer = new Packer(common);
  const prompts: PackedPrompt[] = [];
  const answerTargets: TargetList = { rows: [], targets: [] };
  const promptTargets: TargetList & { group: number[] } = { rows: [], targets: [], group: [] };
  groups.forEach(({ prompt, answers }, group) => {
    const packed = packer.prompt(prompt);
    prompts.push(packed);
    for (let i = 1; i < packed.rows.length; i++) {
      const token = packer.index[packed.rows[i] as number] as number;
      if (token < 0) continue;
      promptTargets.rows.push(packed.rows[i - 1] as number);
      promptTargets.targets.push(token);
      promptTargets.group.push(group);
    }
    for (const answer of answers) {
      const rows = packer.answer(prompt, packed, answer);
      answer.forEach((token, i) => {
        answerTargets.rows.push((i === 0 ? packed.rows.at(-1) : rows[i - 1]) as number);
        answerTargets.targets.push(token);
      });
    }
  });
  return {
    ...packer.batch(),
    prompts,
    answerTargets: { rows: Int32Array.from(answerTargets.rows), targets: Int32Array.from(answerTargets.targets) },
    promptTargets: {
      rows: Int32Array.from(promptTargets.rows),
      targets: Int32Array.from(promptTargets.targets),
      group: Int32Array.from(promptTargets.group),
    },
  };
}

interface TargetList {
  readonly rows: number[];
  readonly targets: number[];
}

/** Tokens up to the end of the last medium; 0 for a prompt of text alone. */
function headLength({ media }: EncodedPrompt): number {
  return media.reduce((end, { firstToken, tokens }) => Math.max(end, firstToken + tokens), 0);
}

/** Equal for prompts that begin alike, media and positions included, for `length` tokens. */
function headKey({ tokens, positions, media }: EncodedPrompt, length: number): string {
  const shown = media.map(({ medium }) => framePairs(medium).map(pairKey).join());
  return [tokens.subarray(0, length).join(), positions.subarray(0, 3 * length).join(), ...shown].join('|');
}

/** More than there are tokens of a vocabulary, and of vision in a batch, together: a row's number times this and a token is one number. */
const tokenSpan = 2 ** 23;

/** Lays rows out one after the other. */
export class Packer {
  readonly index: number[] = [];
  private readonly common: InCommon;
  private readonly positions: number[] = [];
  private readonly vision = new VisionRows();
  /** Rows of attention: the row of the batch that each shows. */
  private readonly from: number[] = [];
  private readonly segments: [number, number, number, number][] = [];
  /** First row of each head that stands in the batch. */
  private readonly heads = new Map<string, number>();
  /** Rows by the row before them and their token; those that differ from such a one in their place alone, by all three. */
  private readonly known = new Map<number, number>();
  private readonly elsewhere = new Map<string, number>();

  constructor(common: InCommon) {
    this.common = common;
  }

  /** Rows of the decoder and, as rows, the work of the vision tower. */
  get work(): number {
    return this.index.length + this.vision.tokens;
  }

  group({ prompt, answers }: PackedGroup): void {
    const packed = this.prompt(prompt);
    for (const answer of answers) this.answer(prompt, packed, answer);
  }

  prompt(prompt: EncodedPrompt): PackedPrompt {
    const length = prompt.tokens.length;
    const head = headLength(prompt);
    const first = this.from.length;
    const rows = new Int32Array(length);
    const numbers = this.indexOf(prompt);
    const put = (i: number): boolean => {
      const before = this.index.length;
      const behind = i === 0 ? -1 : (rows[i - 1] as number);
      const opens = i === 0 || i === head;
      rows[i] = this.row(behind, opens, numbers[i] as number, prompt.positions, 3 * i);
      return this.index.length > before;
    };
    // A head is a segment of its own whether or not another prompt shares it: what else is in the batch must change no bit.
    if (head > 0) {
      const key = this.common === 'heads' ? headKey(prompt, head) : '';
      const known = this.heads.get(key);
      if (known === undefined) {
        if (this.common === 'heads') this.heads.set(key, this.index.length);
        this.segment([first, head, 0, 0], put, 0);
      } else {
        for (let i = 0; i < head; i++) {
          rows[i] = known + i;
          this.from.push(known + i);
        }
      }
    }
    if (length > head) this.segment([first + head, length - head, head > 0 ? first : 0, head], put, head);
    return { rows, first };
  }

  /** The row of each token of an answer but the last, to the prompt that was put last. */
  answer(prompt: EncodedPrompt, { first, rows: before }: PackedPrompt, answer: Int32Array): Int32Array {
    const rows = new Int32Array(Math.max(0, answer.length - 1));
    if (rows.length === 0) return rows;
    const place = new Int32Array(3);
    const put = (i: number): boolean => {
      const count = this.index.length;
      place.fill(prompt.next + i);
      const behind = (i === 0 ? before.at(-1) : rows[i - 1]) as number;
      rows[i] = this.row(behind, i === 0, answer[i] as number, place, 0);
      return this.index.length > count;
    };
    this.segment([this.from.length, rows.length, first, before.length], put, 0);
    return rows;
  }

  batch(): Batch {
    const from = Int32Array.from(this.from);
    const copies = from.length > this.index.length;
    return {
      index: Int32Array.from(this.index),
      positions: Int32Array.from(this.positions),
      attention: {
        segments: makeSegments(this.segments, true),
        copied: copies ? { from, to: firstPlaces(from, this.index.length) } : null,
      },
      pairs: this.vision.pairs,
    };
  }

  /** Puts the rows of a segment, from number `begin` on. One without a row of its own is not computed again. */
  private segment(segment: [number, number, number, number], put: (i: number) => boolean, begin: number): void {
    let added = false;
    for (let i = begin; i < begin + segment[1]; i++) added = put(i) || added;
    if (added) this.segments.push(segment);
  }

  /**
   * The number of a row of the batch, which is added where it is not in common with another.
   * @param behind the row before it; -1 where it is the first
   * @param opens whether it is the first of a segment: rows that attention takes in other pieces are other rows
   * @param places its position lies there from `at` on: time, row, column
   */
  private row(behind: number, opens: boolean, token: number, places: Int32Array, at: number): number {
    const known = this.common === 'heads' ? undefined : this.knownRow(behind, opens, token, places, at);
    const number = known ?? this.index.length;
    if (known === undefined) {
      this.index.push(token);
      this.positions.push(places[at] as number, places[at + 1] as number, places[at + 2] as number);
    }
    this.from.push(number);
    return number;
  }

  /** One that shows the same behind the same row; where there is none the row that is added next is it from now on. */
  private knownRow(behind: number, opens: boolean, token: number, places: Int32Array, at: number): number | undefined {
    const key = (2 * (behind + 1) + Number(opens)) * tokenSpan + token;
    const first = this.known.get(key);
    if (first === undefined) {
      this.known.set(key, this.index.length);
      return undefined;
    }
    const { positions } = this;
    const isThere =
      positions[3 * first] === places[at] &&
      positions[3 * first + 1] === places[at + 1] &&
      positions[3 * first + 2] === places[at + 2];
    if (isThere) return first;
    const text = `${key} ${places[at]} ${places[at + 1]} ${places[at + 2]}`;
    const other = this.elsewhere.get(text);
    if (other === undefined) this.elsewhere.set(text, this.index.length);
    return other;
  }

  /** A prompt's tokens, those of media by their numbers in the batch. */
  private indexOf(prompt: EncodedPrompt): Int32Array {
    const numbers = prompt.tokens.slice();
    for (const { medium, firstToken } of prompt.media) {
      let token = firstToken;
      for (const { first, tokens } of this.vision.place(medium)) {
        for (let i = 0; i < tokens; i++) numbers[token++] = -1 - (first + i);
      }
    }
    return numbers;
  }
}

/** Where each of `count` rows stands first. */
function firstPlaces(from: Int32Array, count: number): Int32Array {
  const places = new Int32Array(count).fill(-1);
  from.forEach((row, place) => {
    if (places[row] === -1) places[row] = place;
  });
  return places;
}

/** Numbers the vision tokens of a batch. A frame pair that stands in several media, or twice in one, is counted once. */
class VisionRows {
  readonly pairs: FramePair[] = [];
  tokens = 0;
  private readonly placed = new Map<string, number>();

  /** First vision token of each frame pair of a medium, and how many it has. */
  place(medium: Medium): { first: number; tokens: number }[] {
    const grid = patchGrid(medium);
    const tokens = visionTokens({ ...grid, pairs: 1 });
    return framePairs(medium).map((pair) => {
      const key = pairKey(pair);
      const known = this.placed.get(key);
      if (known !== undefined) return { first: known, tokens };
      const first = this.tokens;
      this.placed.set(key, first);
      this.pairs.push(pair);
      this.tokens += tokens;
      return { first, tokens };
    });
  }
}
