/** Small whole records for tests of the store and the server: what is given replaces what would stand there. */
import { presetParameters } from '../../trainer/learning/presets.ts';
import type { CommandRecord } from '../../trainer/protocol/commands.ts';
import type {
  Annotation,
  Checkpoint,
  Evaluation,
  GroupWithRollouts,
  Question,
  Rollout,
  RolloutTokens,
  StepMetrics,
} from '../../trainer/protocol/records.ts';
import type { RunFacts, RunSummary, Standing } from '../../trainer/protocol/run-state.ts';

/** A running one, unless its state is given with all that belongs to it. */
export function aRun(given: Partial<RunFacts> & (Standing | { state?: never }) = {}): RunSummary {
  const facts: RunFacts = {
    id: 'tgrpo-1',
    name: 'tgrpo',
    method: 'tgrpo',
    preset: 'sample',
    step: 0,
    steps: 100,
    createdAt: 1_700_000_000_000,
    updatedAt: 1_700_000_000_000,
    pace: [],
    parameters: presetParameters('sample', 'tgrpo'),
    presetParameters: presetParameters('sample', 'tgrpo'),
    engine: null,
    dataset: 'rl.json',
    evaluationDataset: null,
    questions: 40,
    skipped: 0,
    from: 'new weights',
    runFile: 'tgrpo.run.json',
    seq: 0,
  };
  return given.state === undefined
    ? { ...facts, ...given, state: 'running', doing: null }
    : ({ ...facts, ...given } as RunSummary);
}

export function aQuestion(given: Partial<Question> = {}): Question {
  return {
    row: 3,
    dataset: 'rl.json',
    problemId: '17',
    problem: 'Which way does the red square move?',
    problemType: 'multiple choice',
    dataType: 'video',
    options: ['A. left', 'B. right'],
    solution: 'B',
    path: 'clips/17.mp4',
    source: 'shapes',
    family: 'direction',
    needsOrder: true,
    ...given,
  };
}

export function aRollout(given: Partial<Rollout> & Pick<Rollout, 'id' | 'groupId'>): Rollout {
  return {
    step: 1,
    order: 'ordered',
    index: 0,
    text: '<think>It goes to the right.</think><answer>B</answer>',
    tokenCount: 12,
    stopReason: 'stop',
    parsed: { think: { start: 7, end: 28 }, answer: { start: 44, end: 45 }, problems: [] },
    answer: 'B',
    accuracy: 1,
    correct: true,
    reward: { parts: [{ name: 'accuracy', value: 1, possible: 1, explanation: 'B is right.' }], total: 1 },
    advantage: 0.5,
    aha: [],
    meanLogprob: -0.25,
    meanEntropy: 0.5,
    ...given,
  };
}

/** A group of one step with two ordered answers and one shuffled one, unless rollouts are given. */
export function aGroup(step: number, given: Partial<GroupWithRollouts> = {}): GroupWithRollouts {
  const id = given.id ?? `s${step}-g0`;
  return {
    step,
    purpose: 'train',
    question: aQuestion(),
    prompt: '<video> Which way does the red square move?',
    media: {
      key: `media-${id}`,
      kind: 'video',
      width: 56,
      height: 56,
      sourceWidth: 64,
      sourceHeight: 64,
      durationSeconds: 2,
      indices: [0, 12],
      times: [0, 1],
      shuffledOrder: [1, 0],
      visionTokens: 8,
    },
    temporal: { p: 0.5, pShuffled: 0, mu: 0.8, comparison: '>=', passed: true, paid: 0.3 },
    stats: { mean: 0.5, std: 0.5, count: 2 },
    explanation: ['Two ordered answers, one right.'],
    at: 1_700_000_001_000,
    rollouts: [
      aRollout({ id: `${id}-o0`, groupId: id, step }),
      aRollout({
        id: `${id}-o1`,
        groupId: id,
        step,
        index: 1,
        correct: false,
        accuracy: 0,
        answer: 'A',
        text: '<answer>A</answer>',
      }),
      aRollout({ id: `${id}-s0`, groupId: id, step, order: 'shuffled', advantage: null }),
    ],
    ...given,
    id,
  };
}

/** Numbers that 32-bit floats hold exactly. */
export function someTokens(): RolloutTokens {
  return {
    pieces: ['<think>', 'It', ' goes', '<|im_end|>'],
    logprobs: [-0.5, -0.25, -1.5, 0],
    entropy: [1, 0.125, 2.75, 0],
  };
}

export function someMetrics(step: number, given: Partial<StepMetrics> = {}): StepMetrics {
  return {
    step,
    at: 1_700_000_002_000 + step,
    loss: 0.5,
    gradNorm: 1,
    learningRate: 1e-4,
    kl: 0,
    entropy: 0.5,
    accuracy: 0.5,
    accuracyShuffled: 0.25,
    format: 1,
    temporal: 1,
    reward: 1,
    length: 12,
    flatGroups: 0,
    clipped: 0,
    questions: 1,
    skipped: 0,
    trainedTokens: 24,
    sampledTokens: 36,
    durations: { decode: 1, sample: 2, score: 3, credit: 0, oldLogprobs: 0, update: 4, store: 5, held: 0, total: 15 },
    ...given,
  };
}

/** A command that was taken down. */
export function aCommand(number: number): Extract<CommandRecord, { state: 'requested' }> {
  return {
    id: `command-${number}`,
    number,
    request: { kind: 'resume' },
    by: 'ada',
    requestedAt: 1_700_000_003_000,
    state: 'requested',
  };
}

export function aCheckpoint(step: number, given: Partial<Checkpoint> = {}): Checkpoint {
  return {
    id: `step-${step}`,
    step,
    at: 1_700_000_004_000,
    folder: `checkpoints/step-${step}`,
    sizeBytes: 1000,
    reason: 'schedule',
    ...given,
  };
}

export function anEvaluation(step: number): Evaluation {
  const all = { name: 'all', count: 10, ordered: 0.5, shuffled: 0.25 };
  return {
    id: `eval-${step}`,
    step,
    at: 1_700_000_005_000,
    dataset: 'eval.json',
    all,
    needsOrder: null,
    byType: [],
    byFamily: [],
    skipped: 0,
    durationMs: 10,
  };
}

export function anAnnotation(id: number | string, rolloutId: string, given: Partial<Annotation> = {}): Annotation {
  return {
    id: String(id),
    rolloutId,
    span: { start: 7, end: 28 },
    category: 'wrong-order',
    severity: 'major',
    verdict: null,
    note: 'the frames show the opposite',
    author: 'ada',
    at: Date.UTC(2024, 1, 29, 12, 30, 15, 250),
    quote: 'It goes to the right.',
    ...given,
  };
}
