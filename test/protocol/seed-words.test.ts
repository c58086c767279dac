/** What is said of seeds is what the run's engine gives. */
import { describe, expect, it } from 'vitest';
import type { EngineCapabilities, SeedsKind } from '../../trainer/protocol/engine.ts';
import { resumption, resumptionWords } from '../../trainer/protocol/resumption.ts';
import type { EngineStatus, RunPoint } from '../../trainer/protocol/run-state.ts';
import { openAnswersAgain, seedsOf, stepsAgain } from '../../trainer/protocol/seed-words.ts';
import { troubleOf } from '../../webview/run/run-words.ts';
import { aRunThat } from './every-standing.ts';

const engine = (seeds: SeedsKind): EngineStatus => ({
  ...{ name: 'other', backend: 'b', threads: 1, parameters: 1, why: '' },
  capabilities: { seeds } as EngineCapabilities,
});
const held = (point: RunPoint, seeds: SeedsKind, memory: 'held' | 'released' = 'held') =>
  aRunThat({ state: 'paused', at: { point, step: 3 }, why: null, fault: null, memory }, { engine: engine(seeds) });

it('an engine that is not known gives what the embedded one does', () => {
  expect(seedsOf({ engine: null })).toBe('exact');
  expect(seedsOf({ engine: engine('best effort') })).toBe('best effort');
});

describe('a run that stands still while it samples', () => {
  it('says that a pause changes answers where it does, and nothing where it does not', () => {
    expect(openAnswersAgain(held('sampling', 'exact'))).toBeNull();
    expect(openAnswersAgain(held('sampling', 'same batch'))).toMatch(/in a smaller batch: they may come out otherwise/);
    expect(openAnswersAgain(held('sampling', 'best effort'))).toMatch(/come out otherwise/);
    expect(openAnswersAgain(held('before-update', 'best effort'))).toBeNull();
    expect(openAnswersAgain(held('sampling', 'best effort', 'released'))).toBeNull();
  });

  it('has it in the notice of its page', () => {
    expect(troubleOf(held('sampling', 'exact'))).toBeNull();
    expect(troubleOf(held('sampling', 'same batch'))).toMatchObject({
      kind: 'info',
      text: expect.stringMatching(/smaller batch/),
    });
  });
});

it('a going back says that its steps come out otherwise where no seed holds', () => {
  const back = (seeds: SeedsKind) =>
    resumptionWords(resumption.parse({ from: 3, steps: 2, rollouts: 0, evaluations: 0, bad: [], seeds, asks: null }));
  const left = 'Resuming from step 3 leaves 2 steps out of the curves; they are kept.';
  expect(back('exact')).toBe(left);
  expect(back('same batch')).toBe(left);
  expect(back('best effort')).toBe(`${left} ${stepsAgain('best effort')}`);
});
