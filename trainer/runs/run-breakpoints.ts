/**
 * The breakpoints of a run while it is in memory: asks their conditions at the safe points of a step, and writes down which of them
 * were hit, and by what. Keeps of the run what conditions can name, and neither pauses it nor changes anything.
 */
import { groupMetrics } from '../learning/group-metrics.ts';
import type { Breakpoint, BreakpointHit } from '../protocol/breakpoints/breakpoint.ts';
import { breakpointsOf } from '../protocol/breakpoints/changes.ts';
import { type Condition, numbersOf, stepsOver, termsOf } from '../protocol/breakpoints/condition.ts';
import { readCondition } from '../protocol/breakpoints/parse-condition.ts';
import type { StepNumbers } from '../protocol/breakpoints/step-numbers.ts';
import { asStudioError, type StudioError } from '../protocol/errors.ts';
import type { GroupWithRollouts, RunEventBody, StepMetrics } from '../protocol/records.ts';
import type { RunPlace, RunSummary, SafePoint } from '../protocol/run-state.ts';
import { groupWithTold, toldOfAnswers } from '../protocol/updated-group.ts';
import { conditionHolds, type Finding } from './condition-holds.ts';
import { freeBytes } from './free-space.ts';

type SafePlace = RunPlace & { readonly point: SafePoint };

export interface BreakpointSurroundings {
  run(): RunSummary;
  /** GB that are free on the disk of the run; null where that can't be told. */
  diskFree(): Promise<number | null>;
  /** The newest steps of the run, the oldest first. */
  steps(fromStep: number): StepMetrics[];
  /** @throws StudioError `disk-full` */
  record(body: RunEventBody): void;
  log(line: string): void;
}

export class RunBreakpoints {
  private readonly around: BreakpointSurroundings;
  /** Null until a condition is asked. */
  private done: StepMetrics[] | null = null;
  private groups = new Map<string, GroupWithRollouts>();
  /** Where a breakpoint was hit last in this stay, by its number: what is passed again there does not hit again. */
  private readonly hitAt = new Map<number, { readonly place: RunPlace; readonly condition: string }>();
  /** Conditions that could not be asked, told once each. */
  private readonly told = new Set<string>();

  constructor(around: BreakpointSurroundings) {
    this.around = around;
  }

  /** What the run has recorded. */
  take(body: RunEventBody): void {
    switch (body.type) {
      case 'step':
        if (this.done) this.done = [...this.done, body.metrics].slice(-stepsOver.most);
        return;
      case 'rewound':
        this.done = null;
        this.groups = new Map();
        return;
      case 'group':
        if (body.group.purpose !== 'evaluation') this.groups.set(body.group.id, body.group);
        return;
      default: {
        const told = toldOfAnswers(body);
        if (told) for (const [id, group] of this.groups) this.groups.set(id, groupWithTold(group, told));
      }
    }
  }

  /** The run is at a safe point. @returns the hit that pauses it there; null for none */
  async at(place: SafePlace): Promise<BreakpointHit | null> {
    if (place.point === 'before-step') this.groups = new Map();
    const asked = this.enabled().filter(({ at }) => at === place.point);
    if (asked.length === 0) return null;
    const numbers = await this.numbersAt(place, asked);
    return this.ask(asked, place, numbers, ({ number, condition }) => {
      const last = this.hitAt.get(number);
      return last?.condition !== condition || last.place.step !== place.step;
    });
  }

  /** A step was given up because a number of it is not finite. @returns the hit of the breakpoint that waited for that; null for none */
  atFault(fault: StudioError, place: RunPlace): BreakpointHit | null {
    if (fault.kind !== 'not-finite') return null;
    const asked = this.enabled().filter(({ condition }) =>
      termsOf(conditionOf(condition) ?? { kind: 'all', of: [] }).some(({ kind }) => kind === 'nan'),
    );
    if (asked.length === 0) return null;
    const numbers = { ...this.sampled(place.step), loss: Number.NaN, gradNorm: Number.NaN };
    const why = `the update of step ${place.step} was not made: ${fault.message.replace(/\.$/, '')}`;
    return this.ask(asked, place, numbers, () => true, why);
  }

  private enabled(): Breakpoint[] {
    return breakpointsOf(this.around.run()).filter(({ enabled }) => enabled);
  }

  private ask(
    asked: readonly Breakpoint[],
    place: RunPlace,
    numbers: StepNumbers,
    mayHit: (breakpoint: Breakpoint) => boolean,
    why?: string,
  ): BreakpointHit | null {
    const { id, name } = this.around.run();
    const moment = {
      run: { id, name },
      steps: [...this.before(place.step), numbers],
      groups: [...this.groups.values()],
    };
    let first: BreakpointHit | null = null;
    for (const breakpoint of asked) {
      const found = this.tried(breakpoint, (condition) => conditionHolds(condition, moment));
      if (found?.holds !== true || !mayHit(breakpoint)) continue;
      const hit = this.hit(breakpoint, place, why === undefined ? found : { ...found, sentence: why });
      if (!breakpoint.logOnly) first ??= hit;
    }
    return first;
  }

  private hit({ number, condition, logOnly, hits }: Breakpoint, place: RunPlace, found: Finding): BreakpointHit {
    const { holds: _, ...cause } = found;
    const hit: BreakpointHit = { number, condition, place, logOnly, hits: hits + 1, cause };
    this.hitAt.set(number, { place, condition });
    try {
      this.around.record({ type: 'breakpoint-hit', hit });
    } catch (thrown) {
      this.around.log(
        `breakpoint ${number} was hit at ${place.point} of step ${place.step}, which is not stored: ${asStudioError(thrown)}`,
      );
    }
    return hit;
  }

  /** A condition that can't be asked is no reason to end a run. */
  private tried<T>({ number, condition }: Breakpoint, ask: (condition: Condition) => T): T | null {
    try {
      const read = conditionOf(condition);
      if (read === null) throw new Error('it can’t be read');
      return ask(read);
    } catch (thrown) {
      if (this.told.has(condition)) return null;
      this.told.add(condition);
      const message = `Breakpoint ${number}, ${condition}, can’t be asked: ${asStudioError(thrown).message}`;
      try {
        this.around.record({ type: 'warning', message });
      } catch {
        this.around.log(message);
      }
      return null;
    }
  }

  private before(step: number): readonly StepMetrics[] {
    this.done ??= this.around.steps(Math.max(0, this.around.run().step - stepsOver.most + 1));
    return this.done.filter((one) => one.step < step);
  }

  private async numbersAt({ point, step }: SafePlace, asked: readonly Breakpoint[]): Promise<StepNumbers> {
    const namesDisk = asked.some(({ condition }) =>
      numbersOf(conditionOf(condition) ?? { kind: 'all', of: [] }).includes('diskFree'),
    );
    const diskFree = namesDisk ? await this.around.diskFree() : null;
    switch (point) {
      case 'before-step':
        return { step, diskFree };
      case 'after-sampling':
      case 'before-update':
        return { ...this.sampled(step), diskFree };
      case 'after-update': {
        this.before(step);
        return { ...(this.done?.find((one) => one.step === step) ?? { step }), diskFree };
      }
    }
  }

  private sampled(step: number): StepNumbers {
    const groups = [...this.groups.values()].map((group) => ({ group }));
    return groups.length === 0 ? { step } : { step, ...groupMetrics(groups), questions: groups.length };
  }
}

/** GB (1e9 bytes) that are free on the disk of a folder; null where the system does not tell. */
export async function freeGb(folder: string): Promise<number | null> {
  const free = await freeBytes(folder);
  return free === null ? null : free / 1e9;
}

function conditionOf(text: string): Condition | null {
  const read = readCondition(text);
  return 'condition' in read ? read.condition : null;
}
