/** Words of two answers are compared only where both saw the same frames under the same prompt. */
import { describe, expect, it } from 'vitest';
import { asIs, whatDiffers } from '../../../webview/compare/same-asked.ts';
import { aGroup, aRollout } from '../../store/records.ts';

const group = aGroup(1);
const { media } = group;

describe('two groups', () => {
  it('are asked alike though another run has their frames under another key, at another step', () => {
    expect(whatDiffers(group, aGroup(9, { media: { ...media, key: 'elsewhere', visionTokens: 4 } }))).toBeNull();
  });

  it.each([
    ['frames', { indices: [0, 11] }],
    ['times', { times: [0, 1.5] }],
    ['width', { width: 28 }],
    ['height', { height: 28 }],
    ['kind', { kind: 'image' as const }],
  ])('differ by %s', (_what, other) => {
    expect(whatDiffers(group, { ...group, media: { ...media, ...other } })).toBe('The two saw other frames.');
  });

  it('differ by their prompt, and by both', () => {
    expect(whatDiffers(group, { ...group, prompt: 'other' })).toBe('The two were asked by another prompt.');
    expect(whatDiffers(group, { ...group, prompt: 'other', media: { ...media, indices: [1] } })).toBe(
      'The two saw other frames, under another prompt.',
    );
  });
});

describe('an answer that nobody marks', () => {
  it('has what was found in it when it was recorded, and nothing else', () => {
    const plain = { flags: [], mentions: [], tokens: [], hits: [] };
    expect(asIs(aRollout({ id: 'a', groupId: 'g' }), [])).toEqual({ aha: [], commitments: [], ...plain });
    const commitments = [{ span: { start: 0, end: 4 } }] as never;
    expect(asIs(aRollout({ id: 'a', groupId: 'g', commitments }), []).commitments).toBe(commitments);
  });
});
