import { describe, expect, it } from 'vitest';
import type { ProblemType } from '../../trainer/protocol/dataset.ts';
import { readStatement } from '../../trainer/reasoning/commitments.ts';
import { answerSpace } from '../../trainer/reasoning/mentions.ts';

const things = answerSpace('multiple choice', ['A. A red car', 'B. A blue car', 'C. A bus', 'D. A tram']);
const acts = answerSpace('multiple choice', ['A. He waves', 'B. He sits down', 'C. He leaves', 'D. He sings']);

const read = (sentence: string, space = things) => {
  const { commitment, rejected } = readStatement(sentence, space);
  return { commits: commitment?.key ?? null, rejects: [...new Set(rejected.map(({ key }) => key))].sort().join('') };
};

describe('a sentence commits to an option', () => {
  it.each([
    ['This corresponds to option C.', 'C'],
    ['That would correspond to C.', 'C'],
    ['The vehicle is indeed in option C.', 'C'],
    ['This aligns with option D.', 'D'],
    ['What is seen aligns perfectly with (D).', 'D'],
    ['These observations are consistent with option B.', 'B'],
    ['The clip matches option B, "a blue car".', 'B'],
    ['All of this points towards option D.', 'D'],
    ['The description in option A fits best.', 'A'],
    ['Option A is the most accurate description.', 'A'],
    ['Therefore, option C is the best choice here.', 'C'],
    ['Hence the correct choice would be C.', 'C'],
    ['My final answer: D', 'D'],
    ['I will go with D.', 'D'],
    ["I'd pick the tram.", 'D'],
    ['That leaves only the bus.', 'C'],
    ['By elimination, what remains is option C.', 'C'],
    ['So it must be the blue car.', 'B'],
    ['So, B it is.', 'B'],
    ['Only D remains.', 'D'],
    ['Which is exactly what option B says.', 'B'],
    ['The evidence strongly supports option A.', 'A'],
    ['It is not A but B, so the answer is B.', 'B'],
    ['The answer is **B. A blue car**.', 'B'],
    ['\\boxed{C} is the answer, so C.', 'C'],
    ['The tram is the right answer because the bus leaves earlier.', 'D'],
    ['=> C', 'C'],
  ])('%s', (sentence, key) => expect(read(sentence).commits).toBe(key));
});

describe('a sentence rejects an option and commits to nothing', () => {
  it.each([
    ['Option A: A red car - This is not correct because it is blue.', 'A'],
    ['Option A is less likely because the car is blue.', 'A'],
    ["Option C doesn't make sense.", 'C'],
    ['The bus makes no sense here.', 'C'],
    ['A bus has no rails, so this can be ruled out.', 'C'],
    ['So the bus can be ruled out.', 'C'],
    ['Therefore we can exclude options A and C.', 'AC'],
    ['So A and B are out.', 'AB'],
    ['This rules out the tram.', 'D'],
    ['I can rule the tram out.', 'D'],
    ['Neither A nor B fits.', 'AB'],
    ['It cannot be the tram, since there are no rails.', 'D'],
    ["So it isn't the bus.", 'C'],
    ['Option D is not supported by the video.', 'D'],
    ['Option D seems unlikely as there are no rails.', 'D'],
    ['D: incorrect, there are no rails.', 'D'],
    ['(D) A tram: not mentioned at all, not plausible.', 'D'],
    ['The bus would be far too large for this street.', 'C'],
    ['That contradicts option B.', 'B'],
    ['Option B contradicts what is shown at 3 s.', 'B'],
    ['So option B does not apply.', 'B'],
    ['Thus C is eliminated.', 'C'],
    ['Hence we can discard the red car.', 'A'],
    ['So option C is inconsistent with the last frame.', 'C'],
    ['We can also set the bus aside.', 'C'],
    ['The footage does not correspond to option C.', 'C'],
    ['Nothing in the clip points to option D.', 'D'],
  ])('%s', (sentence, keys) => expect(read(sentence)).toEqual({ commits: null, rejects: keys }));

  it.each([
    ["He isn't waving, because both arms hang down.", 'A'],
    ['He does not sit down, since there is no chair.', 'B'],
    ['Singing is excluded, as his mouth stays closed.', 'D'],
    ['If he sang, his mouth would move, which it does not, so D is wrong.', 'D'],
  ])('%s', (sentence, keys) => expect(read(sentence, acts)).toEqual({ commits: null, rejects: keys }));
});

describe('a sentence says nothing of the answer', () => {
  it.each([
    'A red car stands at the corner.',
    'So option A or option B could be meant.',
    'Is it the tram?',
    'Maybe the answer is C.',
    'If the answer is C, there must be a stop.',
    'The options are A, B, C and D.',
    'So this can be ruled out.',
    'The tram and the bus stop at the light.',
    'I am not sure whether it is B.',
    'Let me check option C.',
  ])('%s', (sentence) => expect(read(sentence)).toEqual({ commits: null, rejects: '' }));
});

describe('numbers and texts', () => {
  const stated = (sentence: string, type: ProblemType) => {
    const { commitment } = readStatement(sentence, answerSpace(type, []));
    return (
      commitment &&
      (type === 'numerical' || type === 'regression' ? [commitment.key, commitment.unit] : commitment.label)
    );
  };
  it.each([
    ['So there are 12 square metres.', ['12', 'square']],
    ['In total, that is 7 birds.', ['7', 'bird']],
    ['3 + 4 = 7.', ['7', null]],
    ['The difference is 215 - 204 = 11, so 11 km.', ['11', 'km']],
    ['The answer is 1,250.', ['1250', null]],
    ['Therefore the number of cars at 3 s is four.', ['4', null]],
    ['So at 2 s.', ['2', null]],
    ['At 3 s there are 4 cars.', null],
    ['So it is not 4.', null],
  ])('%s', (sentence, answer) => expect(stated(sentence, 'numerical')).toEqual(answer));
  it.each([
    ['The sign reads "OPEN UNTIL 8".', 'open until 8'],
    ['The text on the plate is "AB 12".', 'ab 12'],
    ['It says STOP.', 'stop'],
    ['The board is sharper now.', null],
    ['It does not say "STOP".', null],
  ])('%s', (sentence, answer) => expect(stated(sentence, 'OCR')).toEqual(answer));
});

describe('other wordings of the same kinds', () => {
  const clip = answerSpace('multiple choice', [
    'A. The man picks up the phone',
    'B. The man closes the door',
    'C. The man leaves the room',
    'D. The man sits on the sofa',
  ]);
  it.each([
    ["I think it's option C.", 'C'],
    ['I am going with A.', 'A'],
    ["I'm fairly sure it's B.", 'B'],
    ['The next thing he does is option C.', 'C'],
    ['Option C accurately describes what happens.', 'C'],
    ['So that would be (A) The man picks up the phone.', 'A'],
    ['Everything indicates C.', 'C'],
    ['Thus, the man sits on the sofa.', 'D'],
    ['The only option consistent with this is D.', 'D'],
  ])('commits: %s', (sentence, key) => expect(read(sentence, clip).commits).toBe(key));
  it.each([
    ['Option B, however, is not shown in the video.', 'B'],
    ['There is no indication that the man picks up the phone.', 'A'],
    ['Option A happens earlier, so it is not the answer.', 'A'],
    ['Option B is a distractor, since the door is never touched.', 'B'],
    ["Option D doesn't seem right because he stands.", 'D'],
    ['It is unlikely to be D.', 'D'],
    ["I don't think it's A because he ignores the phone.", 'A'],
    ['A: no, because the phone stays on the table.', 'A'],
    ['We can safely rule out A, B and D.', 'ABD'],
    ['Option C would require him to stand up, which he does not.', 'C'],
  ])('rejects: %s', (sentence, keys) => expect(read(sentence, clip)).toEqual({ commits: null, rejects: keys }));
  it.each([
    'So let me consider option A.',
    'B seems plausible.',
    'Option A says that he picks up the phone.',
    'Vitamin C.',
  ])('says nothing: %s', (sentence) => expect(read(sentence, clip)).toEqual({ commits: null, rejects: '' }));
});
