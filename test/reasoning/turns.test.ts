import { describe, expect, it } from 'vitest';
import { evidenceOf, namesTime, turnOf } from '../../trainer/reasoning/turns.ts';

describe('a turn is said by whom is reasoning', () => {
  it.each([
    ['hmm, wait, let me think.', 'cue'],
    ['wait, that is the end.', 'cue'],
    ['wait a moment.', 'cue'],
    ['but wait, there is one more.', 'cue'],
    ['oh, i see.', 'cue'],
    ['okay, let me go through the clip once more.', 'cue'],
    ["let's break this down.", 'cue'],
    ['hold on, 12 s is earlier.', 'cue'],
    ['the first one, hmm, is blue.', 'cue'],
    ['looking again at the last frames, there is a dog.', 'check'],
    ['check frame 9.', 'check'],
    ['to be sure, look at 3 s.', 'check'],
    ['on closer inspection, it is blue.', 'check'],
    ['i should verify the count.', 'check'],
    ['is that really the reason?', 'check'],
    ['however, the question is about the end.', 'contrast'],
    ['could it be the tram?', 'contrast'],
    ['the waiter leaves.', null],
    ['people wait at the bus stop.', null],
    ['wait time is set to ten minutes.', null],
    ['wait for the green light, says the sign.', null],
    ["the dog can't wait to run.", null],
    ['no one is near the fence.', null],
    ['no, says the cook.', null],
    ['well behind it the dog stops.', null],
    ['let me add that the plate comes last.', null],
    ['he checks the oven and looks again.', null],
    ['the guest goes back to the table.', null],
    ['actually two doors can be seen.', null],
    ['hold on to the rail, says the sign.', null],
    ['the man holds on.', null],
    ['the checks on the shirt are blue.', null],
  ] as const)('%s', (sentence, turn) => expect(turnOf(sentence)).toBe(turn));
});

describe('a frame or a time is named', () => {
  it.each([
    'in frame 12 it is past the line.',
    'the last frames show a dog.',
    'in the opening scene there are two.',
    'at 3 s it is at x 2.',
    '0 s: x 7.',
    'by the 8th second it is gone.',
    'the clock in the corner shows 0:52.',
    'between 4 and 6 seconds it turns.',
    'around second 15 the light changes.',
  ])('%s', (sentence) => expect(namesTime(sentence)).toBe(true));

  it.each([
    'the door frame is white.',
    'it lasts 5 seconds.',
    'he waits for 10 s and goes.',
    'the second car is blue.',
    'there are 3 cars.',
    'he has a scene with the cook.',
  ])('not: %s', (sentence) => expect(namesTime(sentence)).toBe(false));
});

it('names each piece of evidence once, by its kind', () => {
  expect(evidenceOf('in frame 3 and frame 3 the sign says "stop", option b')).toEqual([
    'frame 3',
    'option b',
    'quote stop',
    'number 3',
  ]);
});
