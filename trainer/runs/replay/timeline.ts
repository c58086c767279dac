/**
 * What a run did, as a replay has to do it again: its stays in memory, the commands that changed something with the places at
 * which they were applied, and where it rested. Read from the run's log; what only held the run or let it go on is left out.
 */
import type { CommandKind, CommandRecord } from '../../protocol/commands.ts';
import { isParameterName, type ParameterValues } from '../../protocol/parameters.ts';
import { isInMemory, type RunPlace, type RunSummary } from '../../protocol/run-state.ts';
import type { LifeEvent } from '../../store/run-store.ts';
import { skippedAfter } from '../changed-questions.ts';

export type AppliedCommand = Extract<CommandRecord, { state: 'applied' }>;

export type ReplayAction =
  /** The run comes into memory. `from`: the step of the checkpoint that it went back to; null where it went on from where it was. */
  | { readonly kind: 'stay'; readonly from: number | null }
  /** `at` is null where it was applied while the run rested. */
  | { readonly kind: 'command'; readonly at: RunPlace | null; readonly command: AppliedCommand }
  /** The memory was freed, with so many steps done. */
  | { readonly kind: 'rest'; readonly step: number; readonly isCompleted: boolean };

export interface Timeline {
  readonly actions: readonly ReplayAction[];
  /** What the run began with, before any command changed it. */
  readonly parameters: ParameterValues;
  /** What people had said of its questions by then. */
  readonly questions: Pick<RunSummary, 'skippedRows' | 'sourceWeights'>;
  /** Goings back: the step that each went back to. */
  readonly wentBackTo: readonly number[];
  /** The first step in which the run stood still while it sampled: its open answers were written again, in another batch. Null where none did. */
  readonly heldSampling: number | null;
  /** Of the labels that the run obeyed as it began; null where it obeyed none then. */
  readonly labelsHash: string | null;
}

/** They say when the run computes or what is kept of it, and change nothing that it computes. */
const moving: ReadonlySet<CommandKind> = new Set<CommandKind>([
  ...(['start', 'queue', 'dequeue', 'pause', 'resume', 'step', 'run-to', 'stop'] as const),
  ...(['break', 'pin', 'unpin', 'remove-checkpoint'] as const),
]);

/** @param run as it stands after the last of the events */
export function timelineOf(events: Iterable<LifeEvent>, run: RunSummary): Timeline {
  const actions: ReplayAction[] = [];
  const wentBackTo: number[] = [];
  const changed: AppliedCommand[] = [];
  /** `opening`: id of the command that brings the run into memory, until that has ended. */
  let stay: { opening: string | null } | null = null;
  let scheduled: string | null = null;
  let labelsHash: string | null = null;
  let hasBegun = false;
  let heldSampling: number | null = null;
  for (const event of events) {
    switch (event.type) {
      case 'state': {
        const { state, step } = event.run;
        if (event.run.state === 'paused' && event.run.at.point === 'sampling')
          heldSampling = Math.min(heldSampling ?? Number.POSITIVE_INFINITY, event.run.at.step);
        if (state === 'starting' && stay === null) {
          stay = { opening: scheduled };
          actions.push({ kind: 'stay', from: null });
        }
        if (stay !== null && !isInMemory(event.run)) {
          actions.push({ kind: 'rest', step, isCompleted: state === 'completed' });
          stay = null;
        }
        break;
      }
      case 'rewound':
        // What was gone back over reads so as well, and was recorded when its stay had opened.
        if (stay === null || stay.opening === null) break;
        wentBackTo.push(event.toStep);
        actions[actions.length - 1] = { kind: 'stay', from: event.toStep };
        break;
      case 'labels':
        if (!hasBegun) labelsHash ??= event.labels.hash;
        break;
      case 'command': {
        const { command } = event;
        if (command.state === 'scheduled') scheduled = command.id;
        else if (stay !== null && command.id === stay.opening) {
          hasBegun ||= command.state === 'applied';
          stay.opening = null;
        }
        if (command.state !== 'applied') break;
        if (isChange(command)) changed.push(command);
        if (!moving.has(command.request.kind)) actions.push({ kind: 'command', at: command.at, command });
        break;
      }
    }
  }
  // One that computes still, or whose trainer died and was not started again.
  if (stay !== null) actions.push({ kind: 'rest', step: run.step, isCompleted: false });
  return {
    actions,
    parameters: before(run.parameters, changed),
    questions: askedBefore(run, changed),
    wentBackTo,
    heldSampling,
    labelsHash,
  };
}

const isChange = ({ request: { kind } }: AppliedCommand) => kind === 'set' || kind === 'skip' || kind === 'mix';

function askedBefore(run: RunSummary, changed: readonly AppliedCommand[]): Timeline['questions'] {
  let { skippedRows, sourceWeights } = run;
  for (const { request, change } of changed.toReversed()) {
    if (request.kind === 'skip') skippedRows = skippedAfter(skippedRows, { ...request, skipped: !request.skipped });
    // Where nobody had given one before, it was the run file's.
    if (request.kind === 'mix') sourceWeights = (change?.from ?? undefined) as typeof sourceWeights;
  }
  return {
    ...(skippedRows && skippedRows.length > 0 && { skippedRows }),
    ...(sourceWeights !== undefined && { sourceWeights }),
  };
}

function before(parameters: ParameterValues, changed: readonly AppliedCommand[]): ParameterValues {
  const values: Record<string, unknown> = { ...parameters };
  for (const { request, change } of changed.toReversed())
    if (request.kind === 'set' && isParameterName(request.parameter) && change) values[request.parameter] = change.from;
  return values as ParameterValues;
}

/** The part of a timeline after which so many steps are done for good: the run rests there. */
export function upTo({ actions, ...rest }: Timeline, step: number): Timeline {
  const kept: ReplayAction[] = [];
  // What is gone back over by a later stay is done first, however far it went.
  const last = actions.findLastIndex((action) => action.kind === 'stay' && action.from !== null && action.from < step);
  let isInMemory = false;
  for (const [i, action] of actions.entries()) {
    const reached = action.kind === 'rest' ? action.step : action.kind === 'command' ? (action.at?.step ?? 0) : 0;
    if (i > last && reached > step) break;
    kept.push(action);
    if (action.kind !== 'command') isInMemory = action.kind === 'stay';
  }
  if (isInMemory) kept.push({ kind: 'rest', step, isCompleted: false });
  return { ...rest, actions: kept };
}
