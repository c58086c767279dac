/** What a loop is given, without a run: a scripted engine, questions made by hand, and safe points that are written down. */
import type { LoadedQuestion } from '../../trainer/data/questions.ts';
import type { Frames } from '../../trainer/engines/engine.ts';
import type { ScoredGroup, UpdatedAnswer } from '../../trainer/learning/groups.ts';
import type { OpenGroups } from '../../trainer/learning/open-groups.ts';
import { presetParameters } from '../../trainer/learning/presets.ts';
import type { Training } from '../../trainer/learning/training.ts';
import type { MaskedAnswers } from '../../trainer/protocol/masked-answers.ts';
import type { Method, ParameterValues } from '../../trainer/protocol/parameters.ts';
import type { Question } from '../../trainer/protocol/records.ts';
import type { SafePoint } from '../../trainer/protocol/run-state.ts';
import { defaultTemplate } from '../../trainer/reasoning/template.ts';
import { type Script, ScriptedEngine } from '../engines/scripted-engine.ts';

/** Sampling that nothing pauses. */
export const neverHeld: Training['sampling'] = { begin: () => new AbortController().signal, hold: async () => 0 };

/** Four frames of a video, or one picture, that nobody looks at. */
export function framesOf(key: string, kind: Question['dataType']): Frames {
  const count = kind === 'video' ? 4 : 1;
  const pixels = new Uint8Array(28 * 28 * 3 * count);
  return { key, width: 28, height: 28, count, pixels, place: null, sampleFps: 2 };
}

/** A multiple-choice question whose answer is B, unless it is said otherwise. */
export function aLoadedQuestion(
  row: number,
  given: Partial<Question> & { target?: string; flagged?: readonly string[] } = {},
): LoadedQuestion {
  const { target = null, flagged = [], ...question } = given;
  const dataType = question.dataType ?? 'video';
  const frames = framesOf(`media-${row}`, dataType);
  const { key, width, height, count } = frames;
  const indices = Array.from({ length: count }, (_, i) => i);
  return {
    question: {
      ...{ row, dataset: 'd.json', problemId: String(row), problem: `Question ${row}?` },
      ...{ problemType: 'multiple choice', dataType, options: ['A. left', 'B. right'], solution: 'B' },
      ...{ path: `${row}.mp4`, source: 's', family: null, needsOrder: null },
      ...question,
    },
    frames,
    view: {
      ...{ key, kind: dataType, width, height, sourceWidth: 28, sourceHeight: 28, durationSeconds: 2 },
      ...{ indices, times: indices.map((i) => i / 2) },
    },
    target,
    flagged,
  };
}

export interface ScriptedTraining {
  readonly training: Training;
  readonly engine: ScriptedEngine;
  /** Safe points in the order in which they were passed. */
  readonly passed: SafePoint[];
  readonly recorded: ScoredGroup[];
  readonly updated: UpdatedAnswer[];
  readonly masked: MaskedAnswers[];
  readonly notices: string[];
  /** Questions that were taken so far; after the last comes the first. */
  taken: number;
  /** Ids of answers that are flagged while their group is open. */
  readonly flagged: Set<string>;
  /** What happens at a safe point, beside being written down; gives the milliseconds held there. */
  atPoint: (point: SafePoint, open: OpenGroups | undefined) => Promise<number> | number;
}

export async function scriptedTraining(
  method: Method,
  given: {
    readonly script?: Script;
    readonly can?: ConstructorParameters<typeof ScriptedEngine>[1];
    readonly questions: readonly LoadedQuestion[];
    readonly parameters?: Partial<ParameterValues>;
    readonly signal?: AbortSignal;
    readonly sampling?: Training['sampling'];
  },
): Promise<ScriptedTraining> {
  const engine = new ScriptedEngine(given.script ?? null, given.can);
  const policy = await engine.createModel({ kind: 'new', size: {} as never, seed: 1, texts: [] }, 'policy');
  const reference = method === 'sft' ? null : await engine.createModel({ kind: 'copy', of: policy }, 'reference');
  const parameters: ParameterValues = { ...presetParameters('paper', method), ...given.parameters };
  const made: ScriptedTraining = {
    engine,
    passed: [],
    recorded: [],
    updated: [],
    masked: [],
    notices: [],
    taken: 0,
    flagged: new Set(),
    atPoint: () => 0,
    training: {
      ...{ engine, policy, reference, seed: 1, template: defaultTemplate },
      parameters: () => parameters,
      signal: given.signal ?? new AbortController().signal,
      sampling: given.sampling ?? neverHeld,
      at: async (point, open) => {
        made.passed.push(point);
        return made.atPoint(point, open);
      },
      nextQuestions: async (count) => {
        const questions = Array.from({ length: Math.min(count, given.questions.length) }, (_, i) => {
          return given.questions[(made.taken + i) % given.questions.length] as LoadedQuestion;
        });
        made.taken += questions.length;
        return questions;
      },
      probeQuestions: async (_step, count) => given.questions.slice(0, count),
      recordGroups: async (groups) => {
        made.recorded.push(...groups);
      },
      onUpdated: (answers) => {
        made.updated.push(...answers);
      },
      flaggedOf: async (rollouts) => new Set(rollouts.flatMap(({ id }) => (made.flagged.has(id) ? [id] : []))),
      onMasked: (masked) => made.masked.push(masked),
      onNotice: (message) => made.notices.push(message),
      onSampling: () => {},
    },
  };
  return made;
}
