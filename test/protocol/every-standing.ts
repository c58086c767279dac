/**
 * Every way in which a run can stand, and every command in each of its forms: what tests of the trainer, the editor, the
 * pages and the command line walk through, so that all are held to the same answers.
 */
import { presetParameters } from '../../trainer/learning/presets.ts';
import type { CommandRequest } from '../../trainer/protocol/commands.ts';
import type { RunFacts, RunFault, RunSummary, Standing } from '../../trainer/protocol/run-state.ts';

const fault: RunFault = { kind: 'not-finite', message: 'The loss is not a finite number.', place: 'step 4' };

/** Each state with each value of what belongs to it that a rule could look at. */
export const everyStanding: readonly Standing[] = [
  { state: 'created' },
  { state: 'queued', since: 1_700_000_000_000, before: { state: 'created' } },
  { state: 'queued', since: 1_700_000_000_000, before: { state: 'failed', fault } },
  { state: 'starting', doing: 'loading the model' },
  { state: 'starting', doing: null },
  { state: 'running', doing: null },
  { state: 'running', doing: '2 steps, then pause' },
  { state: 'pausing', release: false },
  { state: 'pausing', release: true },
  { state: 'paused', at: { point: 'before-step', step: 4 }, why: null, fault: null, memory: 'held' },
  { state: 'paused', at: { point: 'sampling', step: 4 }, why: null, fault: null, memory: 'held' },
  { state: 'paused', at: { point: 'after-sampling', step: 4 }, why: null, fault: null, memory: 'held' },
  { state: 'paused', at: { point: 'before-update', step: 4 }, why: fault.message, fault, memory: 'held' },
  {
    state: 'paused',
    at: { point: 'after-update', step: 3 },
    why: 'the steps asked for are done',
    fault: null,
    memory: 'held',
  },
  { state: 'paused', at: { point: 'after-update', step: 3 }, why: null, fault: null, memory: 'released' },
  { state: 'stopping', when: 'after-step' },
  { state: 'stopping', when: 'now' },
  { state: 'stopped' },
  { state: 'evaluating', doing: 'evaluating 3 of 16 questions' },
  { state: 'evaluating', doing: null },
  { state: 'completed' },
  { state: 'failed', fault },
];

/** Each command in each form that a rule could look at. */
export const everyRequest: readonly CommandRequest[] = [
  { kind: 'start' },
  { kind: 'queue' },
  { kind: 'dequeue' },
  { kind: 'pause', release: false },
  { kind: 'pause', release: true },
  { kind: 'resume' },
  { kind: 'step', count: 1 },
  { kind: 'step', count: 5 },
  { kind: 'run-to', point: 'before-update' },
  { kind: 'run-to', point: 'before-step', step: 3 },
  { kind: 'stop', when: 'after-step' },
  { kind: 'stop', when: 'now' },
  { kind: 'save' },
  { kind: 'evaluate' },
  { kind: 'read-labels' },
  { kind: 'mask', step: 4, rollouts: ['s4-0-o0'], masked: true, why: 'a wrong label' },
  { kind: 'rescore', step: 4, rollout: 's4-0-o0', scores: { accuracy: 1 }, why: 'a wrong label' },
  { kind: 'skip', row: 7, skipped: true, why: 'no video' },
  { kind: 'skip', row: 7, skipped: false, why: 'mended' },
  { kind: 'mix', weights: { STAR: 2, CLEVRER: 1 } },
  { kind: 'break', change: { do: 'add', condition: 'any(aha >= 4)', logOnly: false } },
  { kind: 'break', change: { do: 'disable', number: 7 } },
  { kind: 'pin', step: 3, note: 'before the rate is changed' },
  { kind: 'unpin', step: 3 },
  { kind: 'remove-checkpoint', step: 3 },
  { kind: 'set', parameter: 'learningRate', value: 1e-5 },
  { kind: 'set', parameter: 'learningRate', value: 'fast' },
  { kind: 'set', parameter: 'learnRate', value: 1e-5 },
  { kind: 'set', parameter: 'groupSize', value: 4 },
];

/** A T-GRPO run that has done 3 of 100 steps and has questions to be evaluated on, where it is not said otherwise. */
export function aRunThat(standing: Standing, given: Partial<RunFacts> = {}): RunSummary {
  const facts: RunFacts = {
    id: 'tgrpo-1',
    name: 'tgrpo',
    method: 'tgrpo',
    preset: 'sample',
    step: 3,
    steps: 100,
    createdAt: 1_700_000_000_000,
    updatedAt: 1_700_000_000_000,
    pace: [],
    parameters: presetParameters('sample', 'tgrpo'),
    presetParameters: presetParameters('sample', 'tgrpo'),
    engine: null,
    dataset: 'rl.json',
    evaluationDataset: 'eval.json',
    questions: 40,
    skipped: 0,
    from: 'new weights',
    runFile: 'tgrpo.run.json',
    seq: 0,
    ...given,
  };
  return { ...facts, ...standing };
}

/** Each standing with what else a rule could look at: steps that are left or done, questions to be evaluated on or none. */
export const everyRun: readonly RunSummary[] = everyStanding.flatMap((standing) =>
  [3, 100].flatMap((step) =>
    ['eval.json', null].map((evaluationDataset) => aRunThat(standing, { step, evaluationDataset })),
  ),
);

/** A standing in few words, for the name of a test: `paused before-update held`. */
export function standingName(standing: Standing): string {
  switch (standing.state) {
    case 'pausing':
      return standing.release ? 'pausing to release' : 'pausing';
    case 'paused':
      return `paused ${standing.at.point} ${standing.memory}`;
    case 'stopping':
      return `stopping ${standing.when}`;
    case 'starting':
    case 'running':
    case 'evaluating':
      return standing.doing === null ? standing.state : `${standing.state}, ${standing.doing}`;
    case 'queued':
      return `queued, ${standing.before.state} before`;
    case 'created':
    case 'stopped':
    case 'completed':
    case 'failed':
      return standing.state;
  }
}

/** A command in few words: `stop now`, `set learningRate`. */
export function requestName(request: CommandRequest): string {
  switch (request.kind) {
    case 'pause':
      return request.release ? 'pause and release' : 'pause';
    case 'step':
      return `step ${request.count}`;
    case 'run-to':
      return `run-to ${request.point}${request.step === undefined ? '' : ` of ${request.step}`}`;
    case 'stop':
      return `stop ${request.when}`;
    case 'mask':
    case 'rescore':
      return `${request.kind} of step ${request.step}`;
    case 'skip':
      return request.skipped ? 'skip' : 'ask again';
    case 'mix':
      return 'mix';
    case 'pin':
    case 'unpin':
    case 'remove-checkpoint':
      return `${request.kind} ${request.step}`;
    case 'set':
      return `set ${request.parameter} to ${request.value}`;
    case 'break':
      return `break ${request.change.do} ${request.change.do === 'add' ? request.change.condition : request.change.number}`;
    case 'start':
    case 'queue':
    case 'dequeue':
    case 'resume':
    case 'save':
    case 'evaluate':
    case 'read-labels':
      return request.kind;
  }
}
