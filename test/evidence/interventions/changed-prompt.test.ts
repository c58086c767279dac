/** Each intervention changes the one thing that it names about a prompt, and nothing else. */
import { expect, test } from 'vitest';
import type { Chunk, Prompt } from '../../../trainer/engines/engine.ts';
import { changedPrompt, movedLetter, seenPrompt } from '../../../trainer/evidence/interventions/changed-prompt.ts';
import type { Intervention } from '../../../trainer/protocol/evidence.ts';
import { answered, choices } from './answered.ts';

const video = answered({ frames: 5 });
const mediumOf = (prompt: Prompt) =>
  prompt.find(
    (chunk): chunk is Extract<Chunk, { kind: 'video' | 'image' }> => chunk.kind === 'video' || chunk.kind === 'image',
  );
const orderOf = (intervention: Intervention, of = video) => {
  const medium = mediumOf(changedPrompt(of, intervention));
  return medium?.kind === 'video' ? [...medium.order] : null;
};
const textOf = (prompt: Prompt) =>
  prompt.map((chunk) => (chunk.kind === 'text' ? chunk.text : `[${chunk.kind}]`)).join('');

test('frames are shuffled, reversed, and one of them stands in every place', () => {
  expect(orderOf({ kind: 'order', order: [4, 0, 1, 2, 3] })).toEqual([4, 0, 1, 2, 3]);
  expect(orderOf({ kind: 'reversed' })).toEqual([4, 3, 2, 1, 0]);
  expect(orderOf({ kind: 'one frame', frame: 'first' })).toEqual([0, 0, 0, 0, 0]);
  expect(orderOf({ kind: 'one frame', frame: 'middle' })).toEqual([2, 2, 2, 2, 2]);
  expect(orderOf({ kind: 'one frame', frame: 'last' })).toEqual([4, 4, 4, 4, 4]);
});

test('a pair is replaced by the one before it, the first by the second; an odd video ends with its last frame twice', () => {
  expect(orderOf({ kind: 'pair', pair: 0 })).toEqual([2, 3, 2, 3, 4, 4]);
  expect(orderOf({ kind: 'pair', pair: 1 })).toEqual([0, 1, 0, 1, 4, 4]);
  expect(orderOf({ kind: 'pair', pair: 2 })).toEqual([0, 1, 2, 3, 2, 3]);
  expect(() => changedPrompt(answered({ frames: 2 }), { kind: 'pair', pair: 0 })).toThrow(/no frame pair 1/);
});

test('an answer on shuffled frames is changed from what it saw', () => {
  const shuffled = answered({ frames: 4, seen: [2, 0, 3, 1] });
  expect(orderOf({ kind: 'reversed' }, shuffled)).toEqual([1, 3, 0, 2]);
  expect(orderOf({ kind: 'pair', pair: 1 }, shuffled)).toEqual([2, 0, 2, 0]);
  expect(orderOf({ kind: 'one frame', frame: 'last' }, shuffled)).toEqual([1, 1, 1, 1]);
});

test('blind frames have no content and as many places', () => {
  const medium = mediumOf(changedPrompt(video, { kind: 'blind' }));
  expect(medium?.frames.blank).toBe(true);
  expect(medium?.kind === 'video' && medium.order).toEqual([0, 0, 0, 0, 0]);
  expect(mediumOf(changedPrompt(answered({ frames: 1, seen: null }), { kind: 'blind' }))?.kind).toBe('image');
});

test('without medium or question the rest stays as it is', () => {
  const seen = textOf(seenPrompt(video));
  expect(textOf(changedPrompt(video, { kind: 'no medium' }))).toBe(seen.replace('[special][video][special]', ''));
  expect(textOf(changedPrompt(video, { kind: 'no question' }))).toBe(seen.replace('Which way does it go?', ''));
  expect(textOf(changedPrompt(video, { kind: 'no reasoning' }))).toBe(seen);
});

test('options change their texts, letters stay, and the answer is the letter that its option now has', () => {
  const prompt = textOf(changedPrompt(video, { kind: 'options permuted', order: [2, 0, 1] }));
  expect(prompt).toContain('A. up\nB. left\nC. right\n');
  expect(movedLetter('A', choices, [2, 0, 1])).toBe('B');
  expect(movedLetter('(C)', choices, [2, 0, 1])).toBe('A');
  expect(movedLetter('left', choices, [2, 0, 1])).toBeNull();
  expect(movedLetter('D', choices, [2, 0, 1])).toBeNull();
});

test('an image has no frames to move', () => {
  expect(() => changedPrompt(answered({ frames: 1, seen: null }), { kind: 'reversed' })).toThrow(/image/);
});
