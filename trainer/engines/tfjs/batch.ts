/**
 * Packs prompts and answers into rows. A prompt stands once, however many answers it has: each answer's rows take the prompt as
 * their prefix. An answer's last token is no row, as nothing follows from it.
 */

import type { Segments } from './ops.ts';
import { makeSegments } from './ops.ts';
import type { FramePair, Medium } from './patches.ts';
import { framePairs, pairKey, patchGrid } from './patches.ts';
import { visionTokens } from './positions.ts';

/** A prompt as tokens, with positions and media. */
export interface EncodedPrompt {
  readonly tokens: Int32Array;
  /** [tokens * 3]: time, row, column. */
  readonly positions: Int32Array;
  /** Position of the first token after the prompt. */
  readonly next: number;
  readonly media: readonly { readonly medium: Medium; readonly firstToken: number; readonly tokens: number }[];
}

export interface PackedGroup {
  readonly prompt: EncodedPrompt;
  readonly answers: readonly Int32Array[];
}

export interface Batch {
  /** Per row: the token, or -1 - n for the n-th vision token of the batch. */
  readonly index: Int32Array;
  /** [rows * 3] */
  readonly positions: Int32Array;
  readonly segments: Segments;
  /** The distinct frame pairs of all media; their vision tokens are numbered pair after pair. */
  readonly pairs: readonly FramePair[];
}

/** What is predicted: `rows[i]` is the row whose output gives the log-probability of `targets[i]`. */
export interface Targets {
  readonly rows: Int32Array;
  readonly targets: Int32Array;
}

export interface PackedBatch extends Batch {
  /** Per group: first row and rows of its prompt. */
  readonly prompts: readonly (readonly [number, number])[];
  /** All answer tokens, group by group, answer by answer. */
  readonly answerTargets: Targets;
  /** The tokens of the prompts from the second on, vision tokens left out; `group[i]` is whose it is. */
  readonly promptTargets: Targets & { readonly group: Int32Array };
}

export function packBatch(groups: readonly PackedGroup[]): PackedBatch {
  const rows = groups.reduce(
    (sum, { prompt, answers }) =>
      sum + prompt.tokens.length + answers.reduce((n, a) => n + Math.max(0, a.length - 1), 0),
    0,
  );
  const index = new Int32Array(rows);
  const positions = new Int32Array(rows * 3);
  const segments: [number, number, number, number][] = [];
  const prompts: [number, number][] = [];
  const answerRows: number[] = [];
  const answerTargets: number[] = [];
  const promptRows: number[] = [];
  const promptTargets: number[] = [];
  const promptGroups: number[] = [];
  const vision = new VisionRows();
  let at = 0;
  groups.forEach(({ prompt, answers }, group) => {
    const first = at;
    const length = prompt.tokens.length;
    index.set(prompt.tokens, first);
    positions.set(prompt.positions, first * 3);
    for (const { medium, firstToken } of prompt.media) {
      let token = first + firstToken;
      for (const start of vision.place(medium)) {
        for (let i = 0; i < start.tokens; i++) index[token++] = -1 - (start.first + i);
      }
    }
    for (let i = 1; i < length; i++) {
      if ((index[first + i] as number) < 0) continue;
      promptRows.push(first + i - 1);
      promptTargets.push(index[first + i] as number);
      promptGroups.push(group);
    }
    segments.push([first, length, 0, 0]);
    prompts.push([first, length]);
    at += length;
    for (const answer of answers) {
      if (answer.length > 1) segments.push([at, answer.length - 1, first, length]);
      answer.forEach((token, i) => {
        answerRows.push(i === 0 ? first + length - 1 : at + i - 1);
        answerTargets.push(token);
        if (i === answer.length - 1) return;
        index[at + i] = token;
        positions.fill(prompt.next + i, (at + i) * 3, (at + i) * 3 + 3);
      });
      at += Math.max(0, answer.length - 1);
    }
  });
  return {
    index,
    positions,
    segments: makeSegments(segments, true),
    pairs: vision.pairs,
    prompts,
    answerTargets: { rows: Int32Array.from(answerRows), targets: Int32Array.from(answerTargets) },
    promptTargets: {
      rows: Int32Array.from(promptRows),
      targets: Int32Array.from(promptTargets),
      group: Int32Array.from(promptGroups),
    },
  };
}

/** Numbers the vision tokens of a batch. A frame pair that stands in several media, or twice in one, is counted once. */
class VisionRows {
  readonly pairs: FramePair[] = [];
  readonly #placed = new Map<string, number>();
  #tokens = 0;

  /** First vision token of each frame pair of a medium, and how many it has. */
  place(medium: Medium): { first: number; tokens: number }[] {
    const grid = patchGrid(medium);
    const tokens = visionTokens({ ...grid, pairs: 1 });
    return framePairs(medium).map((pair) => {
      const key = pairKey(pair);
      const known = this.#placed.get(key);
      if (known !== undefined) return { first: known, tokens };
      const first = this.#tokens;
      this.#placed.set(key, first);
      this.pairs.push(pair);
      this.#tokens += tokens;
      return { first, tokens };
    });
  }
}
