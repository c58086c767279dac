/**
 * Patterns of answers that a person would want to look at: their names, and the rule of each in words. The detectors are in `reasoning/patterns.ts`; `media/guide/patterns.md` has their precision.
 */
import { z } from 'zod';

/** The store keeps which of them an answer has by their place here: new ones go to the end. */
export const patternNames = [
  'wrong way',
  'paid without order',
  'repetition',
  'cut at limit',
  'no reasoning',
  'language switch',
  'broken format',
  'missing frame',
  'same text',
] as const;
export const patternName = z.enum(patternNames);
export type PatternName = z.infer<typeof patternName>;

/** As pages name it: whether an answer used the order of its frames is for evidence to say, and this one does not tell. */
export const patternShown = (name: PatternName): string =>
  name === 'paid without order' ? 'paid, shuffled right too' : name;

/** What makes an answer one of these. */
export const patternRules: Readonly<Record<PatternName, string>> = {
  'wrong way':
    'The answer is right, and its reasoning ends at another one, or rejects it and never names it again without rejecting it. Where the reasoning settles on nothing that can be compared, it is not this.',
  'paid without order':
    'The temporal reward was paid to it, although as many shuffled answers of its group were right as ordered ones, or more (p̃ ≥ p).',
  repetition:
    'In its reasoning up to 60 words stand three times or more one after the other, 12 words at least altogether; or one sentence of six words or more stands four times. Numbers count as words, so a list of seconds is none.',
  'cut at limit': 'It ended because it reached the longest length, not by its end token.',
  'no reasoning':
    'There is no think part, or nothing stands in it but the answer and words that any conclusion has (“the answer is B”).',
  'language switch':
    'Outside of quotation marks its reasoning has letters of a script that neither question, options nor solution has (two at least; Greek three, since formulas have single ones), or a sentence of another language of Latin script: three of its function words or more, and none of the question’s language.',
  'broken format': 'It is not one <think> part followed by one <answer> part, and nothing else.',
  'missing frame':
    'Its reasoning names a frame by a number that the question does not have, or a time after the end of the video.',
  'same text':
    'An earlier answer of the run, about another video or image, has the same reasoning, word for word (12 words at least).',
};
