/** What is said of a sample project that was made. */
import { expect, it } from 'vitest';
import { sampleText } from '../../../trainer/cli/commands/sample.ts';

it('says what was made, and the command that trains on it, with the folder as it was named', () => {
  const made = { folder: '/a b/mine', videos: 3, images: 2, questions: 5, sizeBytes: 1_240_000, durationMs: 1500 };
  const [what, next] = sampleText(made, '../a b/mine').split('\n');
  expect(what).toBe('/a b/mine: 3 videos, 2 images, 5 questions, 1.2 MB, made in 1.5 s');
  expect(next).toMatch(/^To train on it: .*video-r1(\.mjs)? start "\.\.\/a b\/mine"$/);
});
