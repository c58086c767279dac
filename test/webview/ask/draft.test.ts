/** What is changed on the page becomes the ask that the contract has, and a given text keeps whole tokens of the original. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ask as askShape, theSameAgain } from '../../../trainer/protocol/ask.ts';
import type { RolloutTokens } from '../../../trainer/protocol/records.ts';
import {
  askOf,
  changedBlocks,
  cutOf,
  type Draft,
  draftOf,
  droppedFrame,
  movedFrame,
  type Original,
  restFrom,
  stripOf,
  untouched,
} from '../../../webview/ask/draft.ts';
import { restWords, wordCut } from '../../../webview/ask/word-cut.ts';
import { aGroup, aRollout } from '../../store/records.ts';

const text = '<think>It goes left. So A.</think><answer>A</answer>';
const pieces = [
  '<think>',
  'It',
  ' goes',
  ' left',
  '.',
  ' So',
  ' A',
  '.',
  '</think>',
  '<answer>',
  'A',
  '</answer>',
  '<|im_end|>',
];
const tokens: RolloutTokens = {
  pieces,
  ids: pieces.map((_, i) => 100 + i),
  logprobs: pieces.map(() => -1),
  entropy: pieces.map(() => 1),
};
const group = aGroup(1);
const frames = group.media.indices.length;
const original: Original = {
  group,
  rollout: aRollout({ id: 's1-g0-o0', groupId: 's1-g0', text, order: 'ordered' }),
  tokens,
};
const asked = (change: Partial<Draft>, of: Original = original) => askOf({ ...untouched(of), ...change }, of);

describe('the draft of an ask', () => {
  test('asks the same once more: frames, text, question, weights and sampling', () => {
    const other = {
      ...{ problem: 'And then?', options: ['A. up', 'B. down'], solution: 'B', template: 'other.json' },
      ...{ checkpoint: { run: 'r', step: 3 }, also: [{ run: 'r', step: 1 }] },
      ...{ temperature: '0.5', topP: '0.9', maxTokens: '40', seed: '7', n: '8' },
    };
    const given = '<think>It goes left. No, wait';
    const last = { kind: 'own', strip: [{ frame: frames - 1, dropped: false }] } as const;
    for (const kind of [last, { kind: 'named', name: 'reversed' }, { kind: 'count', count: 4 }] as const) {
      const ask = asked({ ...other, given, frames: kind });
      expect(ask.keep).not.toBeNull();
      expect(askOf(draftOf({ ask, given }, original), original)).toEqual(ask);
    }
    expect(draftOf({ ask: theSameAgain, given: '' }, original)).toEqual(untouched(original));
  });
});

describe('the ask of a draft', () => {
  test('a draft that nobody touched asks the same again, and so does one that was changed back', () => {
    expect(asked({})).toEqual(theSameAgain);
    expect(changedBlocks(asked({})).size).toBe(0);
    const order = group.media.indices.map((_, frame) => ({ frame, dropped: false }));
    expect(asked({ frames: { kind: 'own', strip: order }, options: [...group.question.options] })).toEqual(
      theSameAgain,
    );
  });

  test('fields that are empty are as the run has them; what is no number is left to the check', () => {
    expect(asked({ temperature: '0', topP: '0,5', maxTokens: '12', seed: '7', n: '8' })).toMatchObject({
      ...{ temperature: 0, topP: 0.5, maxTokens: 12, seed: 7, n: 8 },
    });
    expect(askShape.safeParse(asked({ temperature: 'hot' })).success).toBe(false);
    expect(askShape.safeParse(asked({ n: '65' })).success).toBe(false);
    expect(askShape.safeParse(asked({ temperature: '6' })).success).toBe(false);
    expect(asked({ n: '' }).n).toBe(theSameAgain.n);
  });

  test('each change marks its block', () => {
    const blocks = (change: Partial<Draft>) => [...changedBlocks(asked(change))];
    expect(blocks({ frames: { kind: 'named', name: 'reversed' } })).toEqual(['frames']);
    expect(blocks({ problem: 'Why?' })).toEqual(['question']);
    expect(blocks({ checkpoint: { run: 'a', step: 1 } })).toEqual(['sampling']);
    expect(blocks({ given: '<think>It' })).toEqual(['text']);
  });
});

describe('frames', () => {
  const start = stripOf(untouched(original).frames, original);

  test('one goes to another place, is dropped where it stands, and is taken back', () => {
    const moved = movedFrame(start, 0, 1);
    const dropped = droppedFrame(stripOf(moved, original), 0);
    const shown = stripOf(dropped, original);
    expect(shown.slice(0, 2)).toEqual([
      { frame: 1, dropped: true },
      { frame: 0, dropped: false },
    ]);
    expect(asked({ frames: dropped }).frames).toEqual({
      order: group.media.indices.map((_, i) => i).filter((frame) => frame !== 1),
    });
    expect(asked({ frames: droppedFrame(shown, 0) }).frames).toMatchObject({ order: expect.arrayContaining([1]) });
  });

  test('the last one that is left stays', () => {
    let strip = start;
    for (let place = 0; place < frames; place++) strip = stripOf(droppedFrame(strip, place), original);
    expect(strip.filter(({ dropped }) => !dropped)).toHaveLength(1);
  });

  test('none and one show what is left out', () => {
    const dropped = (name: 'none' | 'one') =>
      stripOf({ kind: 'named', name }, original).filter((frame) => frame.dropped).length;
    expect(dropped('none')).toBe(frames);
    expect(dropped('one')).toBe(frames - 1);
  });

  test('an answer on shuffled frames is asked again on those', () => {
    const shuffled = { ...original, rollout: aRollout({ id: 's1-g0-o0', groupId: 's1-g0', text, order: 'shuffled' }) };
    const seen = stripOf(untouched(shuffled).frames, shuffled).map(({ frame }) => frame);
    expect(seen).toEqual(group.media.shuffledOrder ?? seen);
    expect(asked({}, shuffled)).toEqual(theSameAgain);
  });
});

describe('the cut', () => {
  test('whole tokens are kept as far as the text is the same, and the rest was typed', () => {
    expect(cutOf('', original)).toEqual({ keep: 0, end: 0, typed: '' });
    expect(cutOf('<think>It goes left', original)).toEqual({ keep: 4, end: 19, typed: '' });
    expect(cutOf('<think>It goes le', original)).toEqual({ keep: 3, end: 14, typed: ' le' });
    expect(cutOf('<think>It goes left. Wait, look again:', original)).toMatchObject({
      keep: 5,
      typed: ' Wait, look again:',
    });
    expect(cutOf('No.', original)).toEqual({ keep: 0, end: 0, typed: 'No.' });
    expect(cutOf(text, original)).toEqual({ keep: 12, end: text.length, typed: '' });
  });

  test('text that looks like a special token is typed text, and a special token in between ends what is kept', () => {
    expect(cutOf(`${text}<|im_end|>`, original)).toMatchObject({ keep: 12, typed: '<|im_end|>' });
    const broken = { ...original, tokens: { ...tokens, pieces: ['<think>', '<|im_start|>', ...pieces.slice(1)] } };
    expect(
      cutOf('<think>It', { ...broken, tokens: { ...broken.tokens, ids: broken.tokens.pieces.map((_, i) => i) } }),
    ).toMatchObject({
      keep: 1,
      typed: 'It',
    });
  });

  test('without ids of tokens all of it counts as typed, and the rest goes on where it differs', () => {
    const { ids: _, ...without } = tokens;
    const blind = { ...original, tokens: without };
    expect(cutOf('<think>It', blind)).toEqual({ keep: 0, end: 0, typed: '<think>It' });
    expect(restFrom('<think>It', blind)).toBe(9);
    expect(restFrom('<think>He', { ...original, tokens: null })).toBe(7);
  });

  test('whatever is given, what is kept and what was typed are it again', () => {
    const given = fc.oneof(
      fc.nat(text.length).map((end) => text.slice(0, end)),
      fc
        .tuple(fc.nat(text.length), fc.string({ unit: 'binary', maxLength: 9 }))
        .map(([end, more]) => text.slice(0, end) + more),
    );
    fc.assert(
      fc.property(given, (one) => {
        const { keep, end, typed } = cutOf(one, original);
        expect(text.slice(0, end) + typed).toBe(one);
        expect(pieces.slice(0, keep).join('')).toBe(text.slice(0, end));
      }),
    );
  });

  test('moves by words, there and back, and what was typed goes first', () => {
    expect(restWords(text, 7).map(({ start, end }) => text.slice(start, end))[0]).toBe('It');
    const one = wordCut('', original, 1);
    const two = wordCut(one, original, 1);
    expect([one, two]).toEqual(['<think>It', '<think>It goes']);
    expect(wordCut(two, original, -1)).toBe('<think>It');
    expect(wordCut(`${two} not`, original, -1)).toBe(two);
    expect(wordCut('', original, -1)).toBe('');
    expect(wordCut(text, original, 1)).toBe(text);
  });
});
