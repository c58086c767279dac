/** A weighed answer whose numbers are easy to follow: "It goes left, then right." on four frame pairs. */
import type { Weighing } from '../../../../trainer/protocol/evidence.ts';
import type { Rollout } from '../../../../trainer/protocol/records.ts';

export const text = '<think>It goes left, then right. So A.</think><answer>A</answer>';
export const pieces = [
  '<think>',
  'It',
  ' goes',
  ' le',
  'ft',
  ',',
  ' then',
  ' right',
  '.',
  ' So',
  ' A',
  '.',
  '</think>',
  '<answer>',
  'A',
  '</answer>',
];

const at = (word: string, from = 0) => text.indexOf(word, from);
export const startOf = { left: at('left'), right: at('right'), hence: at('then'), answer: at('A<') } as const;

/** Log-probabilities of the tokens with some of them lowered; as it was seen all are −0.1. */
const lowered = (by: Readonly<Record<number, number>>): number[] => pieces.map((_, i) => -0.1 - (by[i] ?? 0));

/** Two shuffles: "left" loses 3 and 5 over its two tokens, "then" gains 1 in both; pair 2 is worth 4 to "left", pair 3 is 0.7 to "right". */
export function aWeighing(change: Partial<Weighing> = {}): Weighing {
  return {
    rolloutId: 'r',
    version: 1,
    at: 1,
    by: { run: 'a', step: 4, same: true },
    seen: lowered({}),
    lessLikely: 0,
    changes: [
      { intervention: { kind: 'order', order: [1, 0] }, first: 0, logprobs: lowered({ 3: 1, 4: 2, 6: -1, 7: 0.3 }) },
      { intervention: { kind: 'order', order: [0, 2] }, first: 0, logprobs: lowered({ 3: 2, 4: 3, 6: -1, 7: 0.3 }) },
      { intervention: { kind: 'reversed' }, first: 0, logprobs: lowered({ 3: 6 }) },
      { intervention: { kind: 'pair', pair: 0 }, first: 0, logprobs: lowered({}) },
      { intervention: { kind: 'pair', pair: 1 }, first: 0, logprobs: lowered({ 14: 0.2 }) },
      { intervention: { kind: 'pair', pair: 2 }, first: 0, logprobs: lowered({ 3: 4 }) },
      { intervention: { kind: 'pair', pair: 3 }, first: 0, logprobs: lowered({ 7: 0.7 }) },
      { intervention: { kind: 'blind' }, first: 0, logprobs: lowered({ 3: 9, 7: 1 }) },
    ],
    commitment: [
      { end: 7, logprob: Math.log(0.5) },
      { end: text.indexOf('. So') + 1, logprob: Math.log(0.2) },
      { end: text.indexOf('</think>'), logprob: Math.log(0.9) },
    ],
    without: [],
    ...change,
  };
}

export const answered = (paid: number): Pick<Rollout, 'text' | 'parsed' | 'reward'> => ({
  text,
  parsed: {
    think: { start: 7, end: text.indexOf('</think>') },
    answer: { start: startOf.answer, end: startOf.answer + 1 },
    problems: [],
  },
  reward: { parts: [{ name: 'temporal', value: paid, possible: 0.3, explanation: '' }], total: paid },
});
