/** What keeps a run from learning, by settings and by what its files hold. */
import { describe, expect, it } from 'vitest';
import { presetParameters } from '../../trainer/learning/presets.ts';
import { type DatasetFacts, hindranceSentence, hindrances } from '../../trainer/protocol/hindrances.ts';
import type { Method, ParameterValues } from '../../trainer/protocol/parameters.ts';
import { presetNames } from '../../trainer/protocol/runfile.ts';

const found = (given: Partial<ParameterValues>, facts: Partial<DatasetFacts> | null = null, method: Method = 'tgrpo') =>
  hindrances(
    method,
    { ...presetParameters('paper', method), ...given },
    facts && { rows: 10, videos: 10, neverPaid: 0, evaluation: null, ...facts },
  );
const places = (...of: Parameters<typeof found>) =>
  found(...of).map(({ place, isCertain }) => `${place}${isCertain ? '!' : ''}`);

describe('settings', () => {
  it('of every preset and method hinder nothing', () => {
    for (const name of presetNames)
      for (const method of ['sft', 'tgrpo', 'grpo'] as const)
        expect(hindrances(method, presetParameters(name, method), null)).toEqual([]);
  });

  it('that pay nothing for order are told, however it would be paid', () => {
    expect(places({ temporalCredit: 'answer', alpha: 0, shuffledGroupSize: 0 })).toEqual([]);
    expect(places({ temporalCredit: 'answer', creditWeight: 0 })).toEqual(['creditWeight']);
    expect(places({ temporalCredit: 'both', creditWeight: 0 })).toEqual([]);
    expect(places({ temporalCredit: 'group', alpha: 0 })).toEqual(['alpha']);
    expect(places({ temporalCredit: 'answer' }, { videos: 0 })).toEqual(['dataset']);
  });

  it('that make all advantages 0 are certain to', () => {
    expect(places({ groupSize: 1 })).toEqual(['groupSize!']);
    expect(places({ temperature: 0 })).toEqual(['temperature!']);
    expect(places({ topK: 1 }, null, 'grpo')).toEqual(['topK!']);
    expect(places({ topP: 0, groupSize: 1 })).toEqual(['groupSize!', 'topP!']);
    expect(places({ groupSize: 2, topK: 2 })).toEqual([]);
    // What SFT samples is looked at, not learned from.
    expect(places({ temperature: 0, groupSize: 1 }, null, 'sft')).toEqual([]);
  });

  it('that a person may mean are told', () => {
    expect(places({ learningRate: 0 }, null, 'sft')).toEqual(['learningRate']);
    // The half cosine from the peak to 0 at the last step: with one step there is no other.
    expect(places({ steps: 1 })).toEqual(['steps']);
    expect(places({ steps: 1, scheduleFloor: 0.1 })).toEqual([]);
    expect(places({ temperature: 0.01, topP: 0.001 })).toEqual(['temperature', 'topP']);
    // Exact answers count as correct at any threshold.
    expect(places({ correctThreshold: 1 })).toEqual([]);
    expect(places({ maxNewTokens: 300 })).toEqual(['lengthMin']);
    expect(places({ maxNewTokens: 300, omega: 0 })).toEqual([]);
    expect(places({ alpha: 0 })).toEqual(['alpha']);
    expect(places({ shuffledGroupSize: 0 })).toEqual(['shuffledGroupSize']);
    expect(places({ shuffledGroupSize: 0 }, null, 'grpo')).toEqual([]);
    expect(places({ fillFlatGroups: true })).toEqual([]);
    expect(places({ fillFlatGroups: true, maxSamplingRounds: 1 })).toEqual(['maxSamplingRounds']);
    expect(places({ overlongPenalty: 1 })).toEqual([]);
    expect(places({ overlongPenalty: 1, overlongCache: 768 })).toEqual(['overlongCache']);
    expect(places({ overlongCache: 768 })).toEqual([]);
  });
});

describe('files', () => {
  it('whose rows are never paid leave nothing to learn where form is not paid for either', () => {
    expect(places({ formatWeight: 0 }, { neverPaid: 10 })).toEqual(['dataset!']);
    expect(places({ formatWeight: 1 }, { neverPaid: 10 })).toEqual(['dataset']);
    expect(places({ formatWeight: 0 }, { neverPaid: 3 })).toEqual(['dataset']);
    expect(places({}, { neverPaid: 10 }, 'sft')).toEqual([]);
  });

  it('without a video leave T-GRPO nothing to reward order with', () => {
    expect(places({}, { videos: 0 })).toEqual(['dataset']);
    expect(places({ imageShare: 1 }, {})).toEqual(['dataset']);
    expect(places({}, { videos: 0 }, 'grpo')).toEqual([]);
  });

  it('that share questions, or media, with what they are evaluated on are told, with the numbers', () => {
    const [leak] = found({}, { evaluation: { rows: 40, sameQuestion: 40, sameMedium: 40 } }, 'sft');
    expect(leak && hindranceSentence(leak)).toMatch(/^All 40 evaluation questions are trained on, /);
    expect(leak?.remedy).toContain('video-r1 check ');
    const [medium] = found({}, { evaluation: { rows: 40, sameQuestion: 0, sameMedium: 3 } });
    expect(medium?.message).toMatch(/^the video or image of 3 of the 40 evaluation questions is trained on/);
    expect(found({}, { evaluation: { rows: 40, sameQuestion: 0, sameMedium: 0 } })).toEqual([]);
  });
});

it('a sentence keeps the name of a parameter as it is written', () => {
  expect(found({ learningRate: 0 }).map(hindranceSentence)).toEqual(['learningRate is 0, so no weight changes.']);
});
