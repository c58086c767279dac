/**
 * What can be asked of a run: each command's request, the record of its life, when it may be asked for, where it takes effect,
 * and the sentence that refuses it. The trainer, the editor, the pages and the command line all ask here, so that a control
 * that would be refused is not offered. To add a command: a member of `commandRequest`, an entry in `commands`.
 */
import { z } from 'zod';
import { breakpointChange, breakRefusal } from './breakpoints/changes.ts';
import { correctionWhy, givenScores } from './corrections.ts';
import { engineLacks } from './engine.ts';
import { evaluationArm } from './evaluation-arms.ts';
import { hindrances } from './hindrances.ts';
import { faultLine } from './issues.ts';
import {
  isParameterName,
  type Method,
  noParameter,
  type ParameterValues,
  parameters,
  parametersOf,
} from './parameters.ts';
import {
  isComputing,
  isInMemory,
  type RunPoint,
  type RunState,
  type RunSummary,
  runPlace,
  runPoint,
  runStates,
  type SafePoint,
  safePoint,
} from './run-state.ts';

// ---- requests -------------------------------------------------------------------------------------------------------

/** What something is called, as it is kept with the command, whether or not there is such a thing. */
const called = z.string().max(200);
const checkpointStep = z.number().int().min(0);
/** Why a checkpoint is pinned. */
export const pinNote = z.string().max(200);

/** What can be asked of a run. Nothing reports success before it was applied. */
export const commandRequest = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('start') }),
  /** Begins by itself when the runs before it have ended; at once where there are none. */
  z.strictObject({ kind: z.literal('queue') }),
  /** Takes a queued run off the queue: it rests as it did before. */
  z.strictObject({ kind: z.literal('dequeue') }),
  /** `release`: at the end of the step, save a checkpoint and free the engine; else hold everything at the next token or safe point, or the next point called `at`. */
  z.strictObject({ kind: z.literal('pause'), release: z.boolean().default(false), at: safePoint.optional() }),
  /** `from`: the step of a checkpoint, instead of the newest. `confirmed`: a person agrees to what `Resumption.asks` says. */
  z.strictObject({
    kind: z.literal('resume'),
    from: z.number().int().min(0).optional(),
    confirmed: z.literal(true).optional(),
  }),
  z.strictObject({ kind: z.literal('stop'), when: z.enum(['after-step', 'now']).default('after-step') }),
  z.strictObject({ kind: z.literal('step'), count: z.number().int().min(1).default(1) }),
  /** Goes on to the next safe point called so, of `step` or a later one, and pauses there. */
  z.strictObject({
    kind: z.literal('run-to'),
    point: safePoint.default('before-step'),
    step: z.number().int().min(1).optional(),
  }),
  z.strictObject({ kind: z.literal('save') }),
  /** `arms`: what is asked besides; absent: what the run's parameters say. */
  z.strictObject({ kind: z.literal('evaluate'), arms: z.array(evaluationArm).optional() }),
  /** Reads again what people say of the rows that it trains on. */
  z.strictObject({ kind: z.literal('read-labels') }),
  /** Answers of the step under way that its update is made without, as if they had not been sampled; `masked` false: with them again. */
  z.strictObject({
    kind: z.literal('mask'),
    step: z.number().int().min(1),
    rollouts: z.array(called.min(1)).min(1).max(4096),
    masked: z.boolean().default(true),
    why: correctionWhy,
  }),
  /** Scores in place of those that scoring found of an answer of the step under way; null: as found again. */
  z.strictObject({
    kind: z.literal('rescore'),
    step: z.number().int().min(1),
    rollout: called.min(1),
    scores: givenScores.nullable(),
    why: correctionWhy,
  }),
  /** A row of the dataset, by its number from 0, that is asked no more from the next step on; `skipped` false: asked again. */
  z.strictObject({
    kind: z.literal('skip'),
    row: z.number().int().min(0),
    skipped: z.boolean().default(true),
    why: correctionWhy,
  }),
  /** Shares of the sources from the next step on, as `sourceWeights` of a run file; null: as the dataset has them. */
  z.strictObject({ kind: z.literal('mix'), weights: z.record(z.string(), z.number().min(0)).nullable() }),
  z.strictObject({ kind: z.literal('set'), parameter: called, value: z.unknown() }),
  /** Changes the list of breakpoints, at once and in every state. */
  z.strictObject({ kind: z.literal('break'), change: breakpointChange }),
  /** Keeps the checkpoint of a step until it is unpinned; `note` says why. One that is pinned gets the new note. */
  z.strictObject({ kind: z.literal('pin'), step: checkpointStep, note: pinNote.default('') }),
  z.strictObject({ kind: z.literal('unpin'), step: checkpointStep }),
  /** Deletes it from the disk. `confirmed`: a person agrees to what `CheckpointRemoval.asks` says. */
  z.strictObject({
    kind: z.literal('remove-checkpoint'),
    step: checkpointStep,
    confirmed: z.literal(true).optional(),
  }),
]);
export type CommandRequest = z.infer<typeof commandRequest>;
export type CommandKind = CommandRequest['kind'];

/** Made by who sends a command, once for each: a command that comes again under its id acts once. */
export const commandId = z.string().regex(/^[A-Za-z0-9#_-]{1,64}$/, 'letters, digits, dash and underscore; 64 at most');

// ---- records --------------------------------------------------------------------------------------------------------

const taken = {
  id: commandId,
  /** Counts the commands of a run in the order in which they came. */
  number: z.number().int(),
  request: commandRequest,
  by: z.string(),
  requestedAt: z.number(),
};
const ended = { ...taken, endedAt: z.number() };

/** What a command changes, where it changes a value. */
const change = z.object({ from: z.unknown(), to: z.unknown() }).nullable();
export type CommandChange = z.infer<typeof change>;

/** A command's life: requested -> rejected | scheduled -> applied | failed. */
export const commandRecord = z.discriminatedUnion('state', [
  z.object({ ...taken, state: z.literal('requested') }),
  z.object({ ...ended, state: z.literal('rejected'), why: z.string() }),
  /** `point`: the safe point that it waits for, null takes the next that comes; `step`: of which step, where that is known. */
  z.object({
    ...{ ...taken, state: z.literal('scheduled'), point: safePoint.nullable(), change },
    step: z.number().int().optional(),
  }),
  /** `at` is null where no safe point had a part in it, as in a run that is not in memory. `note` says what came of it. */
  z.object({ ...ended, state: z.literal('applied'), at: runPlace.nullable(), change, note: z.string().nullable() }),
  z.object({ ...ended, state: z.literal('failed'), at: runPlace.nullable(), why: z.string() }),
]);
export type CommandRecord = z.infer<typeof commandRecord>;
export type CommandState = CommandRecord['state'];
/** A command as it was taken down, before anything came of it. */
export type TakenCommand = Extract<CommandRecord, { state: 'requested' }>;
export type EndedCommand = Extract<CommandRecord, { endedAt: number }>;

export function hasEnded(record: CommandRecord): record is EndedCommand {
  return 'endedAt' in record;
}

// ---- when, and where ------------------------------------------------------------------------------------------------

const everyPoint = safePoint.options;
/** Between two tokens too. */
const everywhere = runPoint.options;
/** Between two steps: weights, optimizer and position belong together. */
const betweenSteps: readonly SafePoint[] = ['before-step', 'after-update'];

interface Command<K extends CommandKind> {
  /** What a person does: "Pause". */
  readonly label: string;
  /** What was done to a run, in a sentence: "There is no run that can be paused." */
  readonly participle: string;
  /** States in which it is taken; `refuse` may find more against it. */
  readonly states: readonly RunState[];
  /** Safe points at which it takes effect while the run computes. */
  points(request: Extract<CommandRequest, { kind: K }>): readonly RunPoint[];
  /** Takes effect at once while the run stands still in memory, at whatever safe point. */
  readonly whileHeld: boolean;
  /** Needs the machine: refused while another run computes. */
  readonly computes: boolean;
  /** What else is against it; null for nothing. */
  refuse?(request: Extract<CommandRequest, { kind: K }>, run: RunSummary): string | null;
}

const isDone = (run: RunSummary) => run.step >= run.steps;
const doneAlready = (run: RunSummary) => (isDone(run) ? 'the run is complete; raise its steps to go on' : null);

const absentPoint = (point: SafePoint, { method }: RunSummary) =>
  point === 'after-sampling' && method === 'sft' ? `SFT draws no answers, so it never comes to ${point}` : null;

/** Why a safe point of a step lies behind the run, or beyond its end, as a clause; null where it may come to it. */
function passed(point: SafePoint, step: number | undefined, run: RunSummary): string | null {
  if (step === undefined) return null;
  if (step > run.steps) return `it has ${run.steps} steps`;
  if (step <= run.step) return `step ${step} is done`;
  const isBehind =
    run.state === 'paused' &&
    run.memory === 'held' &&
    run.at.step === step &&
    everywhere.indexOf(run.at.point) >= everywhere.indexOf(point);
  return isBehind ? `it is at ${run.at.point} of step ${step} already` : null;
}

/** While the groups of a step can still be changed. */
const open: readonly SafePoint[] = ['after-sampling', 'before-update'];

/** Why the groups of a step can't be changed, as a clause; null while they may be. */
function closed(step: number, run: RunSummary): string | null {
  if (run.method === 'sft') return 'SFT trains on texts that are given, and draws no answers';
  if (run.state === 'paused' && run.memory === 'released') return 'nothing of the step is in memory';
  if (step <= run.step) return `the update of step ${step} is made`;
  if (step > run.steps) return `it has ${run.steps} steps`;
  return step > run.step + 1 ? `step ${step} has not begun; step ${run.step + 1} is under way` : null;
}

/** Every command, once. */
export const commands: { readonly [K in CommandKind]: Command<K> } = {
  start: {
    label: 'Start',
    participle: 'started',
    states: ['created', 'queued'],
    points: () => everyPoint,
    whileHeld: true,
    computes: true,
  },
  queue: {
    label: 'Queue',
    participle: 'queued',
    states: ['created', 'paused', 'stopped', 'failed', 'completed'],
    points: () => everyPoint,
    whileHeld: false,
    computes: false,
    refuse: (_, run) => {
      if (run.state === 'paused' && run.memory === 'held')
        return 'the run is paused in memory: resume it, or stop it first';
      return run.state === 'completed' ? doneAlready(run) : null;
    },
  },
  dequeue: {
    label: 'Take off the queue',
    participle: 'taken off the queue',
    states: ['queued'],
    points: () => everyPoint,
    whileHeld: false,
    computes: false,
  },
  pause: {
    label: 'Pause',
    participle: 'paused',
    states: ['starting', 'running', 'pausing', 'paused'],
    points: ({ release, at }) => (at ? [at] : release ? betweenSteps : everywhere),
    whileHeld: true,
    computes: false,
    refuse: ({ release, at }, run) => {
      if (release && at && !betweenSteps.includes(at))
        return `memory is freed between two steps, and ${at} is inside one`;
      const absent = at ? absentPoint(at, run) : null;
      if (absent !== null) return absent;
      if (run.state === 'paused' && run.memory === 'released') return 'the run is paused and its memory is free';
      if (run.state === 'paused' && !release) return 'the run is paused already';
      if (run.state === 'pausing' && (run.release || (!release && run.at === at))) return 'the run is pausing already';
      return null;
    },
  },
  resume: {
    label: 'Resume',
    participle: 'resumed',
    states: ['pausing', 'paused', 'stopped', 'failed', 'completed'],
    points: () => everyPoint,
    whileHeld: true,
    computes: true,
    refuse: ({ from }, run) => {
      if (from === undefined) return run.state === 'completed' ? doneAlready(run) : null;
      const isHeld = run.state === 'pausing' || (run.state === 'paused' && run.memory === 'held');
      return isHeld ? 'the run is in memory and goes on from where it is; stop it first' : null;
    },
  },
  step: {
    label: 'One step, then pause',
    participle: 'stepped',
    states: ['created', 'paused', 'stopped', 'failed', 'completed'],
    points: () => everyPoint,
    whileHeld: true,
    computes: true,
    refuse: (_, run) => doneAlready(run),
  },
  'run-to': {
    label: 'Run to',
    participle: 'run to a point',
    states: ['created', 'running', 'pausing', 'paused', 'stopped', 'failed', 'completed'],
    points: () => everyPoint,
    whileHeld: true,
    computes: true,
    refuse: ({ point, step }, run) => absentPoint(point, run) ?? passed(point, step, run) ?? doneAlready(run),
  },
  stop: {
    label: 'Stop',
    participle: 'stopped',
    states: ['starting', 'running', 'pausing', 'paused', 'stopping', 'evaluating'],
    points: ({ when }) => (when === 'now' ? everywhere : betweenSteps),
    whileHeld: true,
    computes: false,
    refuse: ({ when }, run) =>
      run.state === 'stopping' && (run.when === 'now' || when === 'after-step') ? 'the run is stopping already' : null,
  },
  save: {
    label: 'Save',
    participle: 'saved',
    states: ['running', 'pausing', 'paused'],
    points: () => betweenSteps,
    whileHeld: true,
    computes: false,
    refuse: (_, run) =>
      run.state === 'paused' && run.memory === 'released'
        ? 'no model is in memory; the last checkpoint holds all there is'
        : null,
  },
  evaluate: {
    label: 'Evaluate',
    participle: 'evaluated',
    states: ['created', 'running', 'pausing', 'paused', 'stopped', 'failed', 'completed'],
    points: () => betweenSteps,
    whileHeld: true,
    computes: true,
    refuse: (_, run) => (run.evaluationDataset === null ? 'its run file names no evaluationDataset' : null),
  },
  'read-labels': {
    label: 'Read labels',
    participle: 'given its labels anew',
    states: ['running', 'pausing', 'paused'],
    // Never inside a step, which would train rows by two sets of labels.
    points: () => betweenSteps,
    whileHeld: false,
    computes: false,
    refuse: (_, run) => {
      if (!run.parameters.obeyLabels) return `${parameters.obeyLabels.label} is off, and fixed when the run is created`;
      return run.state === 'paused' && run.memory === 'released'
        ? 'no model is in memory; resume the run, then read the labels'
        : null;
    },
  },
  mask: {
    label: 'Leave out',
    participle: 'changed before its update',
    states: ['running', 'pausing', 'paused'],
    points: () => open,
    whileHeld: false,
    computes: false,
    refuse: ({ step }, run) => closed(step, run),
  },
  rescore: {
    label: 'Score anew',
    participle: 'scored anew',
    states: ['running', 'pausing', 'paused'],
    points: () => open,
    whileHeld: false,
    computes: false,
    refuse: ({ step }, run) => closed(step, run),
  },
  skip: {
    label: 'Skip question',
    participle: 'made to skip a question',
    states: ['created', 'queued', 'starting', 'running', 'pausing', 'paused', 'stopped', 'failed', 'completed'],
    points: () => ['before-step'],
    whileHeld: false,
    computes: false,
    refuse: ({ row, skipped }, run) => {
      if ((run.skippedRows ?? []).includes(row) !== skipped) return null;
      return skipped ? `row ${row} is skipped already` : `row ${row} is not skipped`;
    },
  },
  mix: {
    label: 'Change mix',
    participle: 'given another mix of sources',
    states: ['running', 'pausing', 'paused'],
    points: () => ['before-step'],
    whileHeld: false,
    computes: false,
    refuse: (_, run) =>
      run.state === 'paused' && run.memory === 'released'
        ? 'its questions are not in memory; resume the run, then change the mix'
        : null,
  },
  set: {
    label: 'Set parameter',
    participle: 'changed',
    states: ['created', 'queued', 'starting', 'running', 'pausing', 'paused', 'stopped', 'failed', 'completed'],
    points: () => ['before-step'],
    whileHeld: false,
    computes: false,
    refuse: ({ parameter, value }, run) =>
      settingRefusal(run.method, parameter, value) ??
      stepsRefusal(run, parameter, value) ??
      engineRefusal(run, parameter, value) ??
      certainHindrance(run.method, { ...run.parameters, [parameter]: value }, parameter),
  },
  break: {
    label: 'Add breakpoint',
    participle: 'given a breakpoint',
    states: runStates,
    points: () => everyPoint,
    whileHeld: true,
    computes: false,
    refuse: ({ change }, run) => breakRefusal(change, run),
  },
  pin: {
    label: 'Pin checkpoint',
    participle: 'pinned',
    states: runStates,
    points: () => everyPoint,
    whileHeld: true,
    computes: false,
  },
  unpin: {
    label: 'Unpin checkpoint',
    participle: 'unpinned',
    states: runStates,
    points: () => everyPoint,
    whileHeld: true,
    computes: false,
  },
  'remove-checkpoint': {
    label: 'Delete checkpoint',
    participle: 'changed',
    states: runStates,
    points: () => everyPoint,
    whileHeld: true,
    computes: false,
    // Which one it begins with is being read.
    refuse: (_, run) => (run.state === 'starting' ? 'the run is starting, from a checkpoint' : null),
  },
};

export const commandKinds = Object.keys(commands) as CommandKind[];

function commandOf(request: CommandRequest): Command<CommandKind> {
  return commands[request.kind] as Command<CommandKind>;
}

/** A refusal by state, as a clause that follows "because". */
function wrongState(kind: CommandKind, run: RunSummary): string {
  if (kind === 'dequeue') return 'the run is not queued';
  switch (run.state) {
    case 'created':
      return 'the run has not been started';
    case 'queued':
      return kind === 'queue'
        ? 'the run is queued already'
        : 'the run is queued: start it, or take it off the queue first';
    case 'starting':
      return kind === 'start' || kind === 'resume'
        ? 'the run is starting already'
        : 'the run is starting; no model is loaded yet';
    case 'running':
      return kind === 'step' ? 'steps are counted from a pause: pause first' : 'the run is running already';
    case 'pausing':
      return kind === 'step' ? 'steps are counted from a pause, and it is still pausing' : 'the run is pausing';
    case 'stopping':
      return 'the run is stopping';
    case 'evaluating':
      return 'the run is being evaluated';
    case 'completed':
      return kind === 'save' ? 'no model is in memory; the last checkpoint holds all there is' : 'the run is complete';
    case 'stopped':
    case 'failed':
      return kind === 'save'
        ? 'no model is in memory; the last checkpoint holds all there is'
        : `the run is ${run.state}`;
    case 'paused':
      return 'the run is paused';
  }
}

/**
 * Why a command would be refused now, as a clause such as "the run is paused already"; null when it would be taken.
 * @param runs all runs of the trainer: two do not compute at once
 */
export function refusal(request: CommandRequest, run: RunSummary, runs: readonly RunSummary[]): string | null {
  const command = commandOf(request);
  if (!command.states.includes(run.state)) return wrongState(request.kind, run);
  const own = command.refuse?.(request, run) ?? null;
  const other = command.computes ? runs.find(({ id, state }) => id !== run.id && isComputing(state)) : undefined;
  if (own !== null || !other) return own;
  const canWait =
    (request.kind === 'start' || request.kind === 'resume') && refusal({ kind: 'queue' }, run, []) === null;
  return `${other.id} is ${other.state}; pause or stop it first${canWait ? ', or queue this run' : ''}`;
}

/** Why a run can't be deleted now; null when it can. */
export function deleteRefusal(run: RunSummary): string | null {
  if (isComputing(run.state)) return `the run is ${run.state}; stop it first`;
  return run.state === 'paused' && run.memory === 'held' ? 'the run is paused in memory; stop it first' : null;
}

/** Whether a command takes effect where the run is. @param held the run stands still there */
export function isDue(request: CommandRequest, point: RunPoint, held: boolean): boolean {
  const command = commandOf(request);
  return (held && command.whileHeld) || command.points(request).includes(point);
}

/** The one safe point that a command waits for; null where several will do. */
export function pointOf(request: CommandRequest): SafePoint | null {
  const points = commandOf(request).points(request);
  const [only, ...others] = points;
  return only === undefined || only === 'sampling' || others.length > 0 ? null : only;
}

/** What the engine that computes the run lacks for a value; null where it lacks nothing that it did not lack before, or none is known. */
function engineRefusal(
  { engine, method, parameters: present }: RunSummary,
  name: string,
  value: unknown,
): string | null {
  if (!engine?.capabilities) return null;
  const can = engine.capabilities;
  const lacks = (values: RunSummary['parameters']) =>
    engineLacks(can, { chunks: [], training: { method, parameters: values } });
  const before = lacks(present);
  const lack = lacks({ ...present, [name]: value }).find((sentence) => !before.includes(sentence));
  return lack === undefined ? null : `of its engine, ${engine.name}: ${lack.replace(/\.$/, '')}`;
}

/** Why a parameter can't be set to a value while a run of this method goes on; null when it can. */
export function settingRefusal(method: Method, name: string, value: unknown): string | null {
  if (!isParameterName(name)) return noParameter(name);
  if (!parametersOf(method).includes(name)) return `${name} has no meaning for ${method}`;
  const { schema, changes, label } = parameters[name];
  if (changes === 'restart') return `${label} is fixed when the run is created`;
  const checked = schema.safeParse(value);
  return checked.success ? null : faultLine(schema, value, checked.error, label);
}

/** Why a run can't have so few steps in all, as a clause; null where it can, and for other parameters. */
export function stepsRefusal(run: RunSummary, name: string, value: unknown): string | null {
  if (name !== 'steps' || typeof value !== 'number') return null;
  // A run in memory goes on to the end of the step that it is in.
  const least = isInMemory(run) ? run.step + 1 : run.step;
  if (value >= least) return null;
  const why = least > run.step ? `step ${least} is under way` : `${run.step} are done`;
  return `steps must be at least ${least}, since ${why}, not ${value}`;
}

/** Why nothing could be learned with a parameter's value, whatever the others are; null where something can. */
function certainHindrance(method: Method, values: ParameterValues, name: string): string | null {
  return hindrances(method, values, null).find(({ isCertain, place }) => isCertain && place === name)?.message ?? null;
}
