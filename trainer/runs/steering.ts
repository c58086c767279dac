/**
 * A run's commands and where they take effect. The loop calls `at` at every safe point; commands wait here until one fits.
 * Knows nothing of engines or stores: what a command does is passed in.
 */

import { Interrupted } from '../learning/training.ts';
import type { CommandRecord, CommandRequest } from '../protocol/commands.ts';
import { asStudioError, type StudioError } from '../protocol/errors.ts';
import { nearest } from '../protocol/nearest.ts';
import { isParameterName, type Method, parameterNames, parameters, parametersOf } from '../protocol/parameters.ts';
import type { RunState, SafePoint } from '../protocol/run-state.ts';

/** How a session in which the loop was interrupted goes on. */
export type Ending = 'stopped' | 'released';

export interface SteeringActions {
  nextCommandId(): number;
  record(command: CommandRecord): void;
  setState(state: RunState, detail: string | null): void;
  /** Saves the weights as of the last finished step; returns what to tell. */
  save(): Promise<string>;
  evaluate(): Promise<string>;
  /** @returns the value before. */
  setParameter(name: string, value: unknown): unknown;
  parameter(name: string): unknown;
  /** Ends sampling that is under way. */
  interruptSampling(): void;
}

interface Waiting {
  record: CommandRecord;
}

export class Steering {
  private readonly method: Method;
  private readonly actions: SteeringActions;
  private waiting: Waiting[] = [];
  private paused = false;
  private wake: (() => void) | null = null;
  private stepsLeft: number | null = null;
  private ended: Ending | null = null;
  private now: { step: number; point: SafePoint } = { step: 0, point: 'before-step' };

  constructor(method: Method, actions: SteeringActions) {
    this.method = method;
    this.actions = actions;
  }

  /** Set when `at` threw `Interrupted`, or when a stop came while sampling. */
  get ending(): Ending | null {
    return this.ended;
  }

  get isPaused(): boolean {
    return this.paused;
  }

  /** Takes a command down. What it answers is not yet applied, unless it was rejected. */
  request(request: CommandRequest, by: string): CommandRecord {
    const record: CommandRecord = {
      id: this.actions.nextCommandId(),
      request,
      by,
      state: 'requested',
      requestedAt: Date.now(),
      finishedAt: null,
      safePoint: null,
      step: null,
      oldValue: null,
      newValue: null,
      note: null,
    };
    this.actions.record({ ...record });
    const refusal = this.refusal(request);
    if (refusal) return this.finish(record, 'rejected', refusal);
    record.state = 'scheduled';
    record.safePoint = this.safePointOf(request);
    if (request.kind === 'set') {
      record.oldValue = this.actions.parameter(request.parameter);
      record.newValue = request.value;
    }
    this.actions.record({ ...record });
    this.waiting.push({ record });
    if (request.kind === 'pause' && !this.paused)
      this.actions.setState('pausing', request.release ? 'at the end of this step' : 'at the next safe point');
    if (request.kind === 'stop') {
      this.actions.setState('stopping', request.when === 'now' || this.paused ? null : 'after this step');
      if (request.when === 'now') this.actions.interruptSampling();
    }
    this.wake?.();
    return { ...record };
  }

  /** The loop is here. Returns when it may go on. @throws Interrupted when the run ends here. */
  async at(point: SafePoint, step: number): Promise<void> {
    this.now = { step, point };
    if (point === 'before-step' && this.stepsLeft !== null) {
      if (this.stepsLeft === 0) {
        this.stepsLeft = null;
        this.hold('the steps asked for are done');
      } else this.stepsLeft--;
    }
    await this.drain();
    while (this.paused) {
      // Looked at again before waiting: a command may have come since the last look, when nobody was to be woken.
      if (!this.waiting.some(({ record }) => this.isDue(record.request))) {
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
        this.wake = null;
      }
      await this.drain();
    }
  }

  /** Pauses after `count` more steps. */
  limit(count: number): void {
    this.stepsLeft = count;
  }

  /** Stands still at the present safe point because of a fault, until someone resumes or stops. */
  holdBecause(fault: StudioError): void {
    this.hold(fault.message);
  }

  /** Gives up what still waits, when the session is over. */
  abandon(why: string): void {
    for (const { record } of this.waiting.splice(0)) this.finish(record, 'failed', why);
  }

  private hold(why: string | null): void {
    this.paused = true;
    const where = `${this.now.point}, step ${this.now.step}`;
    this.actions.setState('paused', why ? `${where}: ${why}` : where);
  }

  private async drain(): Promise<void> {
    for (;;) {
      const i = this.waiting.findIndex(({ record }) => this.isDue(record.request));
      if (i < 0) return;
      const [due] = this.waiting.splice(i, 1);
      if (due) await this.apply(due.record);
    }
  }

  private isDue(request: CommandRequest): boolean {
    const boundary = this.now.point === 'before-step' || this.now.point === 'after-update';
    switch (request.kind) {
      case 'pause':
        return !request.release || boundary || this.paused;
      case 'set':
        return this.now.point === 'before-step';
      case 'stop':
        return request.when === 'now' || this.paused || boundary;
      case 'save':
      case 'evaluate':
        return boundary || this.paused;
      case 'start':
      case 'resume':
      case 'step':
        return true;
      default:
        return request satisfies never;
    }
  }

  private async apply(record: CommandRecord): Promise<void> {
    const { request } = record;
    record.step = this.now.step;
    record.safePoint = this.now.point;
    try {
      switch (request.kind) {
        case 'pause':
          if (request.release) {
            this.finish(record, 'applied', 'a checkpoint is saved and the memory is freed');
            this.ended = 'released';
            throw new Interrupted();
          }
          this.finish(record, 'applied', 'running → paused');
          return this.hold(null);
        case 'start':
        case 'resume':
          this.paused = false;
          this.stepsLeft = null;
          this.actions.setState('running', null);
          this.finish(record, 'applied', 'paused → running');
          return;
        case 'step':
          // A step that has begun, or begins here, counts as the first.
          this.stepsLeft = this.now.point === 'after-update' ? request.count : request.count - 1;
          this.paused = false;
          this.actions.setState('running', `${request.count} ${request.count === 1 ? 'step' : 'steps'}, then pause`);
          this.finish(record, 'applied', null);
          return;
        case 'stop':
          this.finish(record, 'applied', null);
          this.ended = 'stopped';
          throw new Interrupted();
        case 'save':
          this.finish(record, 'applied', await this.actions.save());
          return;
        case 'evaluate':
          this.finish(record, 'applied', await this.actions.evaluate());
          return;
        case 'set':
          record.oldValue = this.actions.setParameter(request.parameter, request.value);
          record.newValue = request.value;
          this.finish(record, 'applied', null);
          return;
        default:
          return request satisfies never;
      }
    } catch (thrown) {
      if (thrown instanceof Interrupted) throw thrown;
      this.finish(record, 'failed', asStudioError(thrown).toString());
    }
  }

  private finish(record: CommandRecord, state: 'applied' | 'rejected' | 'failed', note: string | null): CommandRecord {
    record.state = state;
    record.finishedAt = Date.now();
    record.note = note;
    this.actions.record({ ...record });
    return { ...record };
  }

  private safePointOf(request: CommandRequest): SafePoint | null {
    if (request.kind === 'set') return 'before-step';
    if (request.kind === 'pause' && request.release) return 'before-step';
    return null;
  }

  /** Why a command can't be taken now; null when it can. */
  private refusal(request: CommandRequest): string | null {
    const leaving = this.ended !== null || this.waiting.some(({ record }) => record.request.kind === 'stop');
    if (leaving) return 'the run is stopping';
    switch (request.kind) {
      case 'pause':
        return this.paused && !request.release ? 'the run is paused already' : null;
      case 'start':
      case 'resume': {
        const pausing = this.waiting.some(({ record }) => record.request.kind === 'pause');
        return this.paused || pausing ? null : 'the run is running';
      }
      case 'step':
        return this.paused ? null : 'steps are counted from a pause: pause first';
      case 'set':
        return settingRefusal(this.method, request.parameter, request.value);
      case 'stop':
      case 'save':
      case 'evaluate':
        return null;
      default:
        return request satisfies never;
    }
  }
}

/** Why a parameter can't be set to a value while a run of this method goes on; null when it can. */
export function settingRefusal(method: Method, name: string, value: unknown): string | null {
  if (!isParameterName(name)) return `there is no parameter ${name}; the nearest is ${nearest(name, parameterNames)}`;
  if (!parametersOf(method).includes(name)) return `${name} has no meaning for ${method}`;
  const { schema, changes, label } = parameters[name];
  if (changes === 'restart') return `${label} is fixed when the run is created`;
  const checked = schema.safeParse(value);
  return checked.success ? null : `${label}: ${checked.error.issues.map((issue) => issue.message).join('; ')}`;
}
