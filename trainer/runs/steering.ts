/**
 * Where a run's commands take effect. The loop calls `at` at every safe point; commands that were taken wait here until one
 * fits. Knows nothing of engines or stores: what a command does is passed in, and what may be asked for stands in `commands.ts`.
 */
import { Interrupted } from '../learning/training.ts';
import type { BreakpointHit } from '../protocol/breakpoints/breakpoint.ts';
import { hitWords } from '../protocol/breakpoints/words.ts';
import {
  type CommandChange,
  type CommandKind,
  type CommandRecord,
  type CommandRequest,
  isDue,
  pointOf,
  type TakenCommand,
} from '../protocol/commands.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import type { EvaluationArm } from '../protocol/evaluation-arms.ts';
import type { RunFault, RunPlace, SafePoint, Standing } from '../protocol/run-state.ts';
import { pointWords } from '../protocol/run-words.ts';
import type { ChangeOfQuestions } from './changed-questions.ts';
import type { CommandLog } from './command-log.ts';

/** Why the loop ends before its last step, with the command that ends it. */
export interface Ending {
  readonly kind: 'stopped' | 'released';
  readonly command: TakenCommand;
  readonly at: RunPlace;
}

export interface SteeringActions {
  stand(standing: Standing): void;
  /** The run is not held back any longer. @param doing for people; null where there is nothing to say */
  goOn(doing: string | null): void;
  /** Saves the weights as of the last finished step; returns what to tell. */
  save(): Promise<string>;
  /** @param arms what is asked besides; undefined: what the parameters say */
  evaluate(arms: readonly EvaluationArm[] | undefined): Promise<string>;
  /** @returns what the labels change */
  readLabels(): Promise<string>;
  parameter(name: string): unknown;
  /** @returns the value before. */
  setParameter(name: string, value: unknown): unknown;
  /** Changes what the update of the step under way is made of. @returns what that did */
  correct(command: TakenCommand): string;
  /** Changes what is asked from the next step on. */
  changeQuestions(request: ChangeOfQuestions): CommandChange;
  /** Ends sampling that is under way. */
  interruptSampling(): void;
}

/** Work that is nobody's command, done while the loop stands still. */
interface Beside {
  start(cut: AbortSignal): Promise<void>;
  refuse(thrown: StudioError): void;
}

export class Steering {
  private readonly log: CommandLog;
  private readonly actions: SteeringActions;
  private waiting: TakenCommand[] = [];
  private held = false;
  private heldSinceMs = 0;
  /** Not told yet. */
  private heldMs = 0;
  private wake: (() => void) | null = null;
  private stepsLeft: number | null = null;
  /** Where it is to hold next; null where no point was asked for. */
  private goal: Extract<CommandRequest, { kind: 'run-to' }> | null = null;
  /** What a fault has cut short is done anew, from `before-step` on where it was a step. */
  private beginsAnew = false;
  private ended: Ending | null = null;
  private isClosed = false;
  /** Nothing goes on from where the loop stands still. */
  private broken: StudioError | null = null;
  private besides: Beside[] = [];
  /** Ends the one that is under way. */
  private cut: AbortController | null = null;
  private place: RunPlace = { point: 'before-step', step: 0 };
  /** Ends the stretch of sampling under way. */
  private stretch: AbortController | null = null;

  constructor(log: CommandLog, actions: SteeringActions) {
    this.log = log;
    this.actions = actions;
  }

  /** Set when `at` threw `Interrupted`. */
  get ending(): Ending | null {
    return this.ended;
  }

  /** The loop stands still here; null while it computes. */
  get heldAt(): RunPlace | null {
    return this.held ? this.place : null;
  }

  /** A command that ends the loop has come. */
  get isEnding(): boolean {
    return (
      this.ended !== null ||
      this.waiting.some(({ request: r }) => r.kind === 'stop' || (r.kind === 'pause' && r.release))
    );
  }

  /** Takes over a command that `refusal` has nothing against. What it answers is not yet applied, as a rule. */
  take(command: TakenCommand): CommandRecord {
    // The loop ends, or has ended and is being saved: this comes too late, as `abandon` will say.
    if (this.ended || this.isClosed) return this.wait(command);
    const { request } = command;
    switch (request.kind) {
      case 'pause': {
        this.takeBack(
          'pause',
          request.release ? 'a pause that frees the memory took its place' : 'another pause took its place',
        );
        const record = this.wait(command);
        const { release, at } = request;
        if (release || !this.held) this.actions.stand({ state: 'pausing', release, ...(at && { at }) });
        return record;
      }
      case 'start':
      case 'resume':
        this.takeBack('pause', 'the run was resumed before it took effect');
        if (this.held) return this.wait(command);
        this.actions.goOn(this.begin(request));
        return this.log.apply(command, null, null, 'the pause is taken back');
      case 'run-to': {
        if (this.held) return this.wait(command);
        this.takeBack('pause', 'the run goes on to another point');
        this.actions.goOn(this.begin(request));
        return this.log.apply(command, null, null, null);
      }
      case 'stop': {
        // What waits to let it go on would tell that it runs again.
        for (const kind of ['pause', 'start', 'resume', 'step', 'run-to'] as const)
          this.takeBack(kind, 'the run is stopped instead');
        this.takeBack('stop', 'a stop at once took its place');
        const record = this.wait(command);
        this.actions.stand({ state: 'stopping', when: this.held ? 'now' : request.when });
        if (request.when === 'now') this.actions.interruptSampling();
        return record;
      }
      case 'set':
        return this.wait(command, { from: this.actions.parameter(request.parameter), to: request.value });
      case 'step':
      case 'save':
      case 'evaluate':
      case 'read-labels':
      case 'mask':
      case 'rescore':
      case 'skip':
      case 'mix':
        return this.wait(command);
      case 'queue':
      case 'dequeue':
      case 'break':
      case 'pin':
      case 'unpin':
      case 'remove-checkpoint':
        throw notHere(request.kind);
    }
  }

  /**
   * The loop is here. Returns when it may go on.
   * @param hit the breakpoint that holds it here; null for none
   * @returns milliseconds for which it was held here; at `before-step` also those since the step before, or its last try
   * @throws Interrupted when the run ends here
   */
  async at(point: SafePoint, step: number, hit: BreakpointHit | null = null): Promise<number> {
    this.place = { point, step };
    if (point === 'before-step' && this.stepsLeft !== null) {
      if (this.stepsLeft === 0) {
        this.stepsLeft = null;
        this.hold('the steps asked for are done', null);
      } else this.stepsLeft--;
    }
    if (this.goal?.point === point && step >= (this.goal.step ?? step))
      this.hold('the point asked for is reached', null);
    if (hit !== null) this.hold(hitWords(hit), null, hit);
    await this.settle();
    if (point === 'after-update') return 0;
    const { heldMs } = this;
    this.heldMs = 0;
    return heldMs;
  }

  /**
   * Between two parts of work that is longer than a step: a pause takes hold here, and the work goes on where it stood.
   * @returns milliseconds for which it was held
   * @throws Interrupted when the run ends here
   */
  async between(place: RunPlace): Promise<number> {
    if (!this.waiting.some(({ request: r }) => r.kind === 'pause' && !r.release && r.at === undefined)) return 0;
    const before = this.heldMs;
    this.place = place;
    await this.settle();
    return this.heldMs - before;
  }

  /** A stretch of sampling begins. @returns aborted when a pause comes that takes hold between two tokens */
  beginSampling(): AbortSignal {
    this.stretch = new AbortController();
    if (this.waiting.some(holdsSampling)) this.stretch.abort();
    return this.stretch.signal;
  }

  /**
   * Stands still where a stretch of sampling was ended.
   * @returns milliseconds for which it was held
   * @throws Interrupted when the run ends here
   */
  async holdSampling(step: number): Promise<number> {
    const { place, heldMs } = this;
    this.place = { point: 'sampling', step };
    await this.settle();
    this.place = place;
    const held = this.heldMs - heldMs;
    this.heldMs = heldMs;
    return held;
  }

  /** Stands still because of a fault until someone resumes or stops; then the work is tried again. @param hit the breakpoint that waited for it @throws as `at` */
  async holdBecause(fault: StudioError, place: RunPlace, hit: BreakpointHit | null = null): Promise<void> {
    this.place = place;
    this.beginsAnew = true;
    this.hold(hit ? hitWords(hit) : fault.message, { ...fault.data, message: fault.message }, hit);
    await this.settle();
  }

  /**
   * Work that changes what commands work on, and puts it back: the loop does not go on, nor is a command carried out, before it is over.
   * @param work is told by its signal when a command comes that is due; it then ends as soon as it can
   * @throws StudioError `conflict` where the loop does not stand still, or goes on before the work has begun
   */
  beside<T>(work: (cut: AbortSignal) => Promise<T>): Promise<T> {
    if (!this.held || this.isClosed || this.isEnding) return Promise.reject(goesOn());
    return new Promise<T>((resolve, reject) => {
      this.besides.push({ start: (cut) => work(cut).then(resolve, reject), refuse: reject });
      this.wake?.();
    });
  }

  /** The loop was cut short by a command that still waits: it takes effect now. @throws StudioError `internal` without one */
  async endAt(place: RunPlace): Promise<Ending> {
    this.place = place;
    while (this.ended === null && this.isEnding) await this.settle().catch(expectInterrupted);
    if (this.ended) return this.ended;
    throw new StudioError('internal', 'The loop was cut short, and no command asked for it.');
  }

  /** Nothing that comes from now on changes how the loop ends. One that stands still without a command that ends it is cut short. */
  close(): void {
    this.isClosed = true;
    this.cut?.abort(goesOn());
    this.wake?.();
  }

  /** What the loop works with is gone: one that stands still ends with the fault, one that computes meets it by itself. */
  breakOff(fault: StudioError): void {
    this.broken = fault;
    this.cut?.abort(fault);
    this.wake?.();
  }

  /** Takes down how far a command lets the loop go on. @returns that in words; null where it goes on to its end */
  begin(request: CommandRequest): string | null {
    this.stepsLeft = request.kind === 'step' ? request.count : null;
    this.goal = request.kind === 'run-to' ? request : null;
    if (request.kind === 'step') return stepsThenPause(request.count);
    return request.kind === 'run-to' ? `to ${pointWords(request.point, request.step)}, then pause` : null;
  }

  /** Gives up what still waits, when the session is over. @returns what can be done to a run at rest as well, in its order */
  abandon(why: string): TakenCommand[] {
    this.refuseBesides();
    const left = this.waiting.splice(0);
    const forRest = left.filter(({ request: { kind } }) => kind === 'set' || kind === 'skip');
    for (const command of left) if (!forRest.includes(command)) this.log.fail(command, null, why);
    return forRest;
  }

  private wait(command: TakenCommand, change: CommandChange = null): CommandRecord {
    const record = this.log.schedule(command, pointOf(command.request), change, this.stepOf(command));
    this.waiting.push(command);
    if (holdsSampling(command)) this.stretch?.abort();
    if (this.isDueNow(command)) this.cut?.abort(goesOn());
    this.wake?.();
    return record;
  }

  /** The step whose beginning a command waits for; undefined where it waits for another point, or none was passed yet. */
  private stepOf(command: TakenCommand): number | undefined {
    if (pointOf(command.request) !== 'before-step' || this.place.step === 0) return undefined;
    return this.held && this.isDueNow(command) ? this.place.step : this.place.step + 1;
  }

  private takeBack(kind: CommandKind, why: string): void {
    const [kept, back] = [[] as TakenCommand[], [] as TakenCommand[]];
    for (const command of this.waiting) (command.request.kind === kind ? back : kept).push(command);
    this.waiting = kept;
    for (const command of back) this.log.fail(command, null, why);
  }

  private hold(why: string | null, fault: RunFault | null, hit: BreakpointHit | null = null): void {
    this.held = true;
    this.goal = null;
    this.heldSinceMs = performance.now();
    this.actions.stand({ state: 'paused', at: this.place, why, fault, memory: 'held', ...(hit && { hit }) });
  }

  private letGo(doing: string | null): void {
    if (this.held) this.heldMs += performance.now() - this.heldSinceMs;
    this.held = false;
    this.beginsAnew = false;
    this.refuseBesides();
    this.actions.goOn(doing);
  }

  private async settle(): Promise<void> {
    await this.drain();
    while (this.held) {
      if (this.broken) throw this.broken;
      if (this.isClosed && !this.isEnding)
        throw new StudioError(
          'cancelled',
          'The trainer was ended, and the command that frees the run could not be stored.',
        );
      // Looked at again before waiting: a command may have come since the last look, when nobody was to be woken.
      if (this.besides.length === 0 && !this.waiting.some((command) => this.isDueNow(command))) {
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
        this.wake = null;
      }
      if (this.broken) continue;
      await this.drain();
      if (this.held) await this.doBeside();
    }
  }

  /** One piece: commands go before the next. */
  private async doBeside(): Promise<void> {
    const beside = this.besides.shift();
    if (!beside) return;
    this.cut = new AbortController();
    await beside.start(this.cut.signal);
    this.cut = null;
  }

  private refuseBesides(): void {
    for (const { refuse } of this.besides.splice(0)) refuse(goesOn());
  }

  private async drain(): Promise<void> {
    for (;;) {
      const i = this.waiting.findIndex((command) => this.isDueNow(command));
      if (i < 0) return;
      const [due] = this.waiting.splice(i, 1);
      if (due) await this.apply(due);
    }
  }

  private isDueNow({ request }: TakenCommand): boolean {
    return isDue(request, this.place.point, this.held);
  }

  private async apply(command: TakenCommand): Promise<void> {
    const { log, place: at } = this;
    const { request } = command;
    switch (request.kind) {
      case 'pause':
        if (request.release) return this.end('released', command);
        log.apply(command, at, null, 'running → paused');
        if (!this.held) this.hold(null, null);
        return;
      case 'start':
      case 'resume':
        this.letGo(this.begin(request));
        log.apply(command, at, null, 'paused → running');
        return;
      case 'step':
        // A step that has begun, or begins here, counts as the first.
        this.stepsLeft = at.point === 'after-update' || this.beginsAnew ? request.count : request.count - 1;
        this.letGo(stepsThenPause(request.count));
        log.apply(command, at, null, null);
        return;
      case 'run-to':
        this.letGo(this.begin(request));
        log.apply(command, at, null, null);
        return;
      case 'stop':
        return this.end('stopped', command);
      case 'save':
        return this.carryOut(command, async () => ({ change: null, note: await this.actions.save() }));
      case 'evaluate':
        return this.carryOut(command, async () => ({
          change: null,
          note: await this.actions.evaluate(request.arms),
        }));
      case 'read-labels':
        return this.carryOut(command, async () => ({ change: null, note: await this.actions.readLabels() }));
      case 'mask':
      case 'rescore':
        return this.carryOut(command, async () => ({ change: null, note: this.actions.correct(command) }));
      case 'skip':
      case 'mix':
        return this.carryOut(command, async () => ({ change: this.actions.changeQuestions(request), note: null }));
      case 'set':
        return this.carryOut(command, async () => {
          const from = this.actions.setParameter(request.parameter, request.value);
          return { change: { from, to: request.value }, note: null };
        });
      case 'queue':
      case 'dequeue':
      case 'break':
      case 'pin':
      case 'unpin':
      case 'remove-checkpoint':
        throw notHere(request.kind);
      default:
        return request satisfies never;
    }
  }

  /** The command is at its end when what it asks for is done: saved, and the memory freed. */
  private end(kind: Ending['kind'], command: TakenCommand): never {
    this.ended = { kind, command, at: this.place };
    this.refuseBesides();
    throw new Interrupted();
  }

  private async carryOut(
    command: TakenCommand,
    work: () => Promise<{ change: CommandChange; note: string | null }>,
  ): Promise<void> {
    const at = this.place;
    try {
      const { change, note } = await work();
      this.log.apply(command, at, change, note);
    } catch (thrown) {
      if (thrown instanceof Interrupted) this.log.fail(command, at, 'the run ended before it was done');
      else this.log.fail(command, at, asStudioError(thrown).toString());
      if (thrown instanceof Interrupted) throw thrown;
    }
  }
}

/** Whether a command makes the run stand still between two tokens. */
function holdsSampling({ request }: TakenCommand): boolean {
  return request.kind === 'pause' && isDue(request, 'sampling', false);
}

function goesOn(): StudioError {
  return new StudioError('conflict', 'The run does not stand still.', { remedy: 'Pause it and ask again.' });
}

/** What a run does that goes on for so many steps. */
function stepsThenPause(count: number): string {
  return `${count} ${count === 1 ? 'step' : 'steps'}, then pause`;
}

/** What the run itself carries out, whether it is in memory or not: it works on the queue, the list of breakpoints or the disk alone. */
function notHere(kind: CommandKind): StudioError {
  return new StudioError('internal', `A run in memory was to ${kind}.`);
}

function expectInterrupted(thrown: unknown): void {
  if (!(thrown instanceof Interrupted)) throw thrown;
}
