/** A completion cut into pieces: nothing of the text is lost, and each mark lies on its own characters. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AhaMoment, MediaView, Span } from '../../../trainer/protocol/records.ts';
import {
  type CompletionMarks,
  completionPieces,
  frameMentions,
  type MarkedFlag,
  outsideText,
} from '../../../webview/rollout/completion-pieces.ts';
import { aGroup } from '../../store/records.ts';

const none: CompletionMarks = { aha: [], flags: [], mentions: [], tokens: [], hits: [], commitments: [] };
const media: MediaView = {
  ...aGroup(1).media,
  durationSeconds: 22,
  indices: [0, 33, 65, 98],
  times: [0, 1.44, 2.87, 4.35],
};

const aFlag = (id: string, span: Span): MarkedFlag => ({ id, span, grade: 'major', tag: '', said: '' });

describe('completionPieces', () => {
  it('joins to the text between the ends that were asked for, however the marks overlap', () => {
    const span = fc.tuple(fc.nat(60), fc.nat(60)).map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.array(span, { maxLength: 6 }),
        fc.array(span, { maxLength: 6 }),
        (text, ahas, flags) => {
          const marks = {
            ...none,
            aha: ahas.map((one): AhaMoment => ({ span: one, tier: 3, rule: '', evidence: '' })),
            flags: flags.map((one, id) => aFlag(String(id), one)),
          };
          const pieces = completionPieces(text, { start: 0, end: text.length }, marks);
          expect(pieces.map(({ start, end }) => text.slice(start, end)).join('')).toBe(text);
        },
      ),
    );
  });

  it('marks the characters of an aha moment and a flag, and where each begins', () => {
    const text = 'one two three four';
    const aha: AhaMoment = { span: { start: 4, end: 13 }, tier: 4, rule: 'rejects', evidence: '' };
    const flag = aFlag('1', { start: 8, end: 18 });
    const pieces = completionPieces(text, { start: 0, end: 18 }, { ...none, aha: [aha], flags: [flag] });
    expect(
      pieces.map(({ shown, aha: on, flags, ahaStarts, flagStarts }) => [
        shown,
        on?.tier ?? 0,
        flags.length,
        ahaStarts,
        flagStarts.length,
      ]),
    ).toEqual([
      ['one ', 0, 0, false, 0],
      ['two ', 4, 0, true, 0],
      ['three', 4, 1, false, 1],
      [' four', 0, 1, false, 0],
    ]);
  });

  it('keeps empty lines as pieces of their own', () => {
    expect(completionPieces('a\n\nb', { start: 0, end: 4 }, none).map(({ shown, isGap }) => [shown, isGap])).toEqual([
      ['a', false],
      ['\n\n', true],
      ['b', false],
    ]);
  });

  it('marks the hits of a filter, and where the reasoning settles on an answer', () => {
    const text = 'So it is A. Wait, it is B.';
    const commitments = [
      { span: { start: 0, end: 11 }, answer: 'A', right: false },
      { span: { start: 12, end: 26 }, answer: 'B', right: true },
    ];
    const hits = [{ start: 12, end: 16 }];
    const pieces = completionPieces(text, { start: 0, end: 26 }, { ...none, hits, commitments });
    expect(
      pieces.map(({ shown, hit, commitments: on }) => [shown, hit?.start ?? null, ...on.map((c) => c.answer)]),
    ).toEqual([
      ['So it is A.', null, 'A'],
      [' ', null],
      ['Wait', 12],
      [', it is B.', null, 'B'],
    ]);
  });
});

describe('frameMentions', () => {
  it('finds frames by number and by time, and none that the media lacks', () => {
    const text = 'In frames 2 to 3 it is red; at 4.3 s and 2 seconds blue; frame 9 and 80 s are not there.';
    expect(frameMentions(text, media).map(({ span, frame }) => [text.slice(span.start, span.end), frame])).toEqual([
      ['frames 2 to 3', 1],
      ['4.3 s', 3],
      ['2 seconds', 1],
    ]);
  });

  it('finds none in an image question', () => {
    expect(frameMentions('frame 1', { ...media, kind: 'image' })).toEqual([]);
  });
});

describe('outsideText', () => {
  it('is what stands in neither block, without tags', () => {
    const text = 'before<think>a</think> between <answer>b</answer> after';
    expect(outsideText(text, { start: 13, end: 14 }, { start: 39, end: 40 })).toMatch(/^before\s+between\s+after$/);
    expect(outsideText('<think>a</think>\n<answer>b</answer>', { start: 7, end: 8 }, { start: 25, end: 26 })).toBe('');
  });
});
