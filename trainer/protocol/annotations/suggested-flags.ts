/** Which patterns of an answer suggest a flag, and with which category. Others are no fault of the answer. */
import type { PatternName } from '../patterns.ts';

export interface SuggestedFlag {
  readonly category: string;
  /** For people. */
  readonly says: string;
}

export const suggestedFlags: Readonly<Record<PatternName, SuggestedFlag | null>> = {
  'wrong way': {
    category: 'unsupported-answer',
    says: 'The answer is right, and the reasoning ends at another one or rejects it.',
  },
  // What the reward did, not what the answer says.
  'paid without order': null,
  repetition: { category: 'repetition', says: 'The reasoning says the same again and again.' },
  // The length limit did that.
  'cut at limit': null,
  'no reasoning': { category: 'leaked-or-guessed', says: 'The answer is given without a reason.' },
  'language switch': { category: 'other-language', says: 'The reasoning changes into another language.' },
  'broken format': { category: 'format', says: 'It is not one think part followed by one answer part.' },
  'missing frame': {
    category: 'not-in-frames',
    says: 'The reasoning names a frame or a time that the video does not have.',
  },
  'same text': {
    category: 'leaked-or-guessed',
    says: 'An answer about another video or image has the same reasoning, word for word.',
  },
};
