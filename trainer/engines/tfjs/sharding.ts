/** Divides work among replicas: prompts stay whole where that keeps the load even, and a prompt's answers stay together. */
import type { EncodedPrompt } from '../qwen/prompts.ts';

/** A prompt and the numbers of its sequences in the call. */
export interface PromptGroup {
  readonly prompt: EncodedPrompt;
  readonly sequences: readonly number[];
}

/** Sequences by prompt, in order of first appearance; equal prompts are the same object. */
export function groupByPrompt(prompts: readonly EncodedPrompt[]): PromptGroup[] {
  const groups = new Map<EncodedPrompt, number[]>();
  prompts.forEach((prompt, i) => {
    const group = groups.get(prompt);
    if (group === undefined) groups.set(prompt, [i]);
    else group.push(i);
  });
  return [...groups].map(([prompt, sequences]) => ({ prompt, sequences }));
}

/**
 * Groups for each of `count` shards, even by tokens: the largest first, each to the shard with the least so far. A group with
 * more than a shard's fair share is cut. The division depends on nothing but its arguments.
 */
export function shard(
  groups: readonly PromptGroup[],
  answerTokens: (sequence: number) => number,
  count: number,
): PromptGroup[][] {
  if (count === 1) return [[...groups]];
  const cost = ({ prompt, sequences }: PromptGroup): number =>
    prompt.tokens.length + sequences.reduce((sum, i) => sum + answerTokens(i), 0);
  const fair = groups.reduce((sum, group) => sum + cost(group), 0) / count;
  const pieces = groups.flatMap((group) => {
    const parts = Math.min(group.sequences.length, Math.ceil(cost(group) / fair - 0.5));
    if (parts <= 1) return [group];
    const size = Math.ceil(group.sequences.length / parts);
    return Array.from({ length: parts }, (_, i) => ({
      prompt: group.prompt,
      sequences: group.sequences.slice(i * size, (i + 1) * size),
    }));
  });
  const shards = Array.from({ length: count }, () => ({ load: 0, groups: [] as PromptGroup[] }));
  const bySize = pieces
    .filter(({ sequences }) => sequences.length > 0)
    .map((group) => ({ group, size: cost(group) }))
    .sort((a, b) => b.size - a.size);
  for (const { group, size } of bySize) {
    const target = shards.reduce((least, each) => (each.load < least.load ? each : least));
    target.load += size;
    target.groups.push(group);
  }
  return shards.map(({ groups: own }) => own);
}

/**
 * Sequences for each of `count` shards in their order, cut where the work is even: those that follow each other have the most in
 * common. `work` has one number per group and sequence, what it adds to those before it.
 */
export function shardInOrder(
  groups: readonly PromptGroup[],
  work: readonly (readonly number[])[],
  count: number,
): PromptGroup[][] {
  const fair = work.flat().reduce((sum, own) => sum + own, 0) / count;
  const shards = Array.from({ length: count }, (): PromptGroup[] => []);
  let done = 0;
  groups.forEach(({ prompt, sequences }, g) => {
    const parts = new Map<number, number[]>();
    sequences.forEach((sequence, i) => {
      const own = work[g]?.[i] ?? 0;
      // By its middle: what lies across a cut goes where most of it lies.
      const target = Math.min(count - 1, Math.floor((done + own / 2) / fair) || 0);
      done += own;
      const part = parts.get(target);
      if (part === undefined) parts.set(target, [sequence]);
      else part.push(sequence);
    });
    for (const [target, own] of parts) shards[target]?.push({ prompt, sequences: own });
  });
  return shards;
}
