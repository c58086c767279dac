/**
 * A run, from its file to its weights, through pauses, faults and restarts: takes its commands, lets a session compute, and
 * knows how it stands when nothing of it is in memory.
 */

import { keyFault } from '../protocol/advisories.ts';
import { conditionRefusal, listAfter } from '../protocol/breakpoints/changed-list.ts';
import { breakpointsOf } from '../protocol/breakpoints/changes.ts';
import { breakpointWords } from '../protocol/breakpoints/words.ts';
import { type CommandRecord, type CommandRequest, refusal, type TakenCommand } from '../protocol/commands.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import { type ParameterValues, rangeFault } from '../protocol/parameters.ts';
import type { RunEvent, RunEventBody } from '../protocol/records.ts';
import { type Resumption, resumption } from '../protocol/resumption.ts';
import {
  isComputing,
  type RunSummary,
  restingStandingOf,
  standingBeforeQueue,
  standingOf,
} from '../protocol/run-state.ts';
import { seedsOf } from '../protocol/seed-words.ts';
import type { RunStore } from '../store/run-store.ts';
import type { EventDetails } from '../store/run-tables.ts';
import { skippedAfter } from './changed-questions.ts';
import { CheckpointShelf, isOfShelf, type ShelfRequest } from './checkpoint-shelf.ts';
import { CommandLog } from './command-log.ts';
import { type RunPlan, writePlan } from './plan.ts';
import { planResumption } from './resumption.ts';
import { type JournalListener, RunJournal } from './run-journal.ts';
import type { SessionUpdates } from './session-updates.ts';
import { type SessionSurroundings, TrainingSession } from './training-session.ts';
import type { LentWeights } from './weights-at-hand.ts';

export interface RunSurroundings extends SessionSurroundings, JournalListener {
  /** All runs of this trainer: two do not compute at once. */
  runs(): readonly RunSummary[];
  /** When a run is queued that is queued now, in milliseconds: after all others. */
  nextInQueue(): number;
}

/** A run in memory, and the end of its stay there. */
interface Stay {
  readonly session: TrainingSession;
  over: Promise<void>;
}

export class Run {
  readonly folder: string;
  private planNow: RunPlan;
  readonly store: RunStore;
  private readonly around: RunSurroundings;
  private readonly journal: RunJournal;
  private readonly commands: CommandLog;
  readonly shelf: CheckpointShelf;
  private stay: Stay | null = null;
  /** Checkpoints that are being deleted. */
  private readonly removals = new Set<Promise<void>>();

  constructor(folder: string, plan: RunPlan, store: RunStore, around: RunSurroundings) {
    this.folder = folder;
    this.planNow = plan;
    this.store = store;
    this.around = around;
    this.journal = new RunJournal(store, around);
    this.commands = new CommandLog({
      store,
      record: (body) => this.journal.record(body),
      inText: (sentence) => this.plan.paths.inText(sentence),
      log: (line) => around.log(`run ${this.id}: ${line}`),
    });
    this.shelf = new CheckpointShelf({
      ...{ folder, store },
      run: () => this.summary(),
      runs: () => around.runs(),
      record: (body) => void this.journal.record(body),
    });
  }

  get id(): string {
    return this.journal.summary.id;
  }

  get plan(): RunPlan {
    return this.planNow;
  }

  /** With what is under way, for people. */
  summary(): RunSummary {
    return this.journal.shown;
  }

  /**
   * Goes by another plan from now on.
   * @param changes what is other in it, for people
   * @throws StudioError `conflict` while the run is in memory
   */
  async usePlan(plan: RunPlan, changes: readonly string[]): Promise<void> {
    if (this.stay)
      throw new StudioError('conflict', 'The run is in memory, with its files open.', {
        place: this.id,
        remedy: 'Pause it and free its memory first.',
      });
    await writePlan(this.folder, plan);
    this.planNow = plan;
    for (const message of changes) this.journal.record({ type: 'warning', message });
  }

  /** After the trainer died: what was under way is known to be over. */
  recover(): void {
    this.commands.recover('the trainer ended before it took effect');
    const run = this.summary();
    // A run that is older than this fact learns it from its plan.
    const { paths, evaluationDataset } = this.plan;
    const known = { evaluationDataset: evaluationDataset && paths.record(evaluationDataset) };
    if (isComputing(run.state) || (run.state === 'paused' && run.memory === 'held')) {
      const isComplete = run.state === 'evaluating' && run.step >= run.steps;
      const why = `the trainer ended after step ${run.step}`;
      const at = { point: 'after-update', step: run.step } as const;
      this.journal.stand(
        isComplete ? { state: 'completed' } : { state: 'paused', at, why, fault: null, memory: 'released' },
        known,
      );
    } else if (run.evaluationDataset !== known.evaluationDataset) this.journal.stand(standingOf(run), known);
  }

  /**
   * Takes a command down, or answers what became of the one that came under this id. What it answers is not yet applied,
   * unless it says so.
   * @throws StudioError `bad-request` for another command under an id that came before; `disk-full`
   */
  command(id: string, request: CommandRequest, by: string): CommandRecord {
    const known = this.commands.known(id, request);
    if (known) return known;
    const taken = this.commands.take(id, request, by);
    const why =
      refusal(request, this.summary(), this.around.runs()) ??
      (request.kind === 'break' ? conditionRefusal(request.change, this.summary()) : null) ??
      (isOfShelf(request) ? this.shelf.refusal(request) : null) ??
      this.stay?.session.refusal(request) ??
      null;
    if (why !== null) return this.commands.reject(taken, why);
    if (isOfShelf(request)) return this.takeToShelf(taken, request);
    return this.stay && request.kind !== 'break' ? this.stay.session.take(taken) : this.takeAtRest(taken);
  }

  /** @param key of an advisory, or a rule. @throws StudioError `bad-request`, `disk-full` */
  muteAdvisory(key: string, muted: boolean, by: string): void {
    const fault = keyFault(key);
    if (fault !== null) throw new StudioError('bad-request', `${fault}.`, { place: this.id });
    this.journal.mute(key, muted, by);
  }

  /**
   * From where a resume would go on, and what it would leave out of the curves.
   * @throws StudioError `not-found` when the checkpoint that is asked for is not there or not whole
   */
  async resumption(from: number | undefined): Promise<Resumption> {
    const { folder, store } = this;
    const run = this.summary();
    if (this.stay)
      return { from: run.step, steps: 0, rollouts: 0, evaluations: 0, bad: [], seeds: seedsOf(run), asks: null };
    return resumption.parse(await planResumption({ folder, store, run }, from));
  }

  /** Saves and frees the memory when the run is paused in it. */
  async release(why: string): Promise<void> {
    this.stay?.session.release(why);
    await this.stay?.over;
  }

  /** Ends the session as a kill would not: the last finished step is saved, the run can be resumed. */
  async shutDown(): Promise<void> {
    this.stay?.session.end('the trainer was ended');
    await this.stay?.over;
    await Promise.all(this.removals);
    this.store.dispose();
  }

  /** @throws StudioError `disk-full` */
  record(body: RunEventBody, details?: EventDetails): RunEvent {
    return this.journal.record(body, details);
  }

  /** What it lends of what it has in memory; null while that is nothing. */
  lend(): LentWeights | null {
    return this.stay?.session.lend() ?? null;
  }

  /** What its updates do to their answers; null while no weights are in memory. */
  updates(): SessionUpdates | null {
    return this.stay?.session.lookedAt ?? null;
  }

  /** Works on the disk alone, whatever is in memory. */
  private takeToShelf(command: TakenCommand, request: ShelfRequest): CommandRecord {
    const { commands, shelf } = this;
    switch (request.kind) {
      case 'pin':
      case 'unpin':
        try {
          const { step } = request;
          const note = request.kind === 'pin' ? shelf.pin(step, request.note, command.by) : shelf.unpin(step);
          return commands.apply(command, null, null, note);
        } catch (thrown) {
          return commands.fail(command, null, asStudioError(thrown).toString());
        }
      case 'remove-checkpoint': {
        const scheduled = commands.schedule(command, null, null);
        const removal: Promise<void> = shelf
          .remove(request.step, request.confirmed === true)
          .then(
            (note) => void commands.apply(command, null, null, note),
            (thrown: unknown) => void commands.fail(command, null, asStudioError(thrown).toString()),
          )
          .finally(() => this.removals.delete(removal));
        this.removals.add(removal);
        return scheduled;
      }
    }
  }

  /** Takes over a command that `refusal` has nothing against, while nothing of the run is in memory, or that needs nothing of it. */
  private takeAtRest(command: TakenCommand): CommandRecord {
    const { request } = command;
    switch (request.kind) {
      case 'start':
      case 'resume':
      case 'step':
      case 'run-to':
      case 'evaluate': {
        const scheduled = this.commands.schedule(command, null, null);
        this.begin(command);
        return scheduled;
      }
      case 'set': {
        const { parameter, value } = request;
        const fault = this.rangeFault(parameter, value);
        if (fault !== null) return this.commands.reject(command, fault);
        const from = this.journal.setParameter(parameter, value);
        return this.commands.apply(command, null, { from, to: value }, null);
      }
      case 'skip': {
        this.journal.know({ skippedRows: skippedAfter(this.summary().skippedRows, request) });
        return this.commands.apply(command, null, null, null);
      }
      case 'break': {
        const { breakpoints, number } = listAfter(request.change, this.summary());
        const from = breakpointsOf(this.summary()).find((one) => one.number === number);
        const to = breakpoints.list.find((one) => one.number === number);
        this.journal.record({ type: 'breakpoints', breakpoints });
        const change = { from: from ? breakpointWords(from) : null, to: to ? breakpointWords(to) : null };
        return this.commands.apply(command, null, change, `breakpoint ${number}`);
      }
      case 'queue': {
        const before = restingStandingOf(this.summary());
        this.journal.stand({ state: 'queued', since: this.around.nextInQueue(), before });
        return this.commands.apply(command, null, null, `${before.state} → queued`);
      }
      case 'dequeue': {
        const rest = standingBeforeQueue(this.summary());
        this.journal.stand(rest);
        return this.commands.apply(command, null, null, `queued → ${rest.state}`);
      }
      case 'stop': {
        const { state } = this.summary();
        this.journal.stand({ state: 'stopped' });
        return this.commands.apply(command, null, null, `${state} → stopped`);
      }
      case 'pause':
      case 'save':
      case 'read-labels':
      case 'mask':
      case 'rescore':
      case 'mix':
      case 'pin':
      case 'unpin':
      case 'remove-checkpoint':
        throw new StudioError('internal', `A run that is not in memory was to ${request.kind}.`, { place: this.id });
    }
  }

  /** Does to the run at rest what waited for its next step when it came to rest. */
  private takeWaiting(command: TakenCommand): void {
    const { request } = command;
    const why =
      refusal(request, this.summary(), []) ??
      (request.kind === 'set' ? this.rangeFault(request.parameter, request.value) : null);
    if (why !== null) this.commands.fail(command, null, why);
    else this.takeAtRest(command);
  }

  private rangeFault(parameter: string, value: unknown): string | null {
    return rangeFault({ ...this.summary().parameters, [parameter]: value } as ParameterValues, parameter);
  }

  private begin(command: TakenCommand): void {
    const { folder, plan, store, journal, commands, shelf, around } = this;
    const session = new TrainingSession({ folder, plan, store, journal, commands, shelf, around }, command);
    const stay: Stay = { session, over: Promise.resolve() };
    this.stay = stay;
    stay.over = (async () => {
      const rest = await session.done();
      // Said last: whoever hears that the run rests may start it, or another, at once.
      this.stay = null;
      journal.stand(rest);
      for (const waited of session.settle()) this.takeWaiting(waited);
    })();
  }
}
