/** An experiment as it is kept: one answer, made up, beside a rollout or for a group. */
import { randomUUID } from 'node:crypto';
import { askVersion, type Experiment, type ExperimentTokens, theSameAgain } from '../../trainer/protocol/ask.ts';
import { aGroup } from './records.ts';

export function anExperiment(
  rolloutId: string | null,
  groupId = 's1-g0',
  text = '<answer>A</answer>',
): Omit<Experiment, 'number'> {
  const { question } = aGroup(1);
  return {
    ...{ id: randomUUID(), version: askVersion, at: 5, durationMs: 10, runId: 'tgrpo-1', groupId, rolloutId },
    ...{ ask: { ...theSameAgain, frames: 'reversed' as const }, seed: 7, question, given: '' },
    shown: { key: 'k', order: [1, 0] },
    sampling: { temperature: 1, topP: 0.95, maxTokens: 96 },
    original: rolloutId === null ? null : { text: 'a', answer: 'A', correct: true },
    parts: [
      {
        weights: { run: 'tgrpo-1', step: 0, same: true },
        answers: [
          {
            ...{ index: 0, text, from: 0, answer: 'A', accuracy: 1, correct: true },
            parsed: { think: null, answer: { start: 8, end: 9 }, problems: [] },
            ...{ aha: [], commitments: [], stopReason: 'stop' as const, newTokens: 4, meanLogprob: -0.5 },
          },
        ],
        without: null,
      },
    ],
  };
}

export const experimentTokens: ExperimentTokens = [[{ pieces: ['A'], ids: [3], logprobs: [-0.5], entropy: [0.25] }]];
