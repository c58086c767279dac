/**
 * A run of the same plan in a project of its own, led through what another run did: to places, through commands there, to rest.
 * Nothing of the other one is written to.
 */
import { randomUUID } from 'node:crypto';
import { cp, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { CommandRecord, CommandRequest, EndedCommand } from '../../protocol/commands.ts';
import { hasEnded } from '../../protocol/commands.ts';
import { errorFrom, StudioError } from '../../protocol/errors.ts';
import type { RunEvent } from '../../protocol/records.ts';
import { isInMemory, type RunPlace, type RunSummary } from '../../protocol/run-state.ts';
import { RunStore } from '../../store/run-store.ts';
import { checkpointFolder, readWhole, recordedFolder } from '../checkpoints.ts';
import { copyLabels, hashOfLabels, writeLabels } from '../label-file.ts';
import { type RunPlan, writePlan } from '../plan.ts';
import { ProjectPaths, runsFolder } from '../project-paths.ts';
import { Run, type RunSurroundings } from '../run.ts';
import type { Timeline } from './timeline.ts';

export interface OriginalRun {
  readonly folder: string;
  readonly plan: RunPlan;
  readonly store: RunStore;
}

export interface ReplaySurroundings
  extends Pick<RunSurroundings, 'media' | 'createEngine' | 'checkpointOf' | 'allowedRoots' | 'log'> {
  onEvent(event: RunEvent): void;
  onChanged(run: RunSummary): void;
  /** Throws what ends the replay before its end; asked whenever something has happened. */
  check(): void;
}

/** Who the commands of a replay are by. */
const by = 'replay';

/** Step of the weights that a run began from, and of which its checkpoints tell. */
const startOf = (run: RunSummary) => run.parent?.step ?? 0;

/**
 * Makes the run that is led, as its original was when it was created.
 * @param project the replay's own
 * @throws StudioError `not-found` where the weights that a fork began from are not there any more
 */
export async function makeReplayed(original: OriginalRun, timeline: Timeline, project: string): Promise<string> {
  const { labelsHash, parameters, questions } = timeline;
  const { folder: from, plan, store } = original;
  const run = store.summary();
  const folder = path.join(runsFolder(project), run.id);
  await mkdir(folder, { recursive: true });
  // Its records name places as those of the original do; whoever opens it later finds them from its own project on.
  await writePlan(folder, { ...plan, paths: new ProjectPaths(project) });
  // What was said of it by people and rules is made again, or changes nothing that it computes.
  const {
    labelsHash: _,
    skippedRows: _rows,
    sourceWeights: _weights,
    breakpoints: _points,
    advisories: _told,
    muted: _muted,
    ...facts
  } = run;
  const now = Date.now();
  const made = RunStore.create(folder, {
    ...facts,
    ...questions,
    ...{ state: 'created', step: startOf(run), steps: parameters.steps, parameters, engine: null, pace: [] },
    ...{ createdAt: now, updatedAt: now, questions: 0, skipped: 0, seq: 0 },
    // What is said of its rows by now is not what was said then.
    ...(parameters.obeyLabels && { labelsHash: labelsHash ?? hashOfLabels([]) }),
  });
  try {
    if (parameters.obeyLabels && labelsHash === null) await writeLabels(folder, []);
    else if (labelsHash !== null) await copyLabels(from, folder, labelsHash);
    for (const step of new Set([0, startOf(run)])) {
      const place = checkpointFolder(from, step);
      const whole = await readWhole(place, step);
      if (typeof whole === 'string') {
        if (step === 0) continue;
        throw new StudioError('not-found', `The checkpoint that the run began from can't be used: ${whole}.`, {
          place,
          remedy: 'Put it back, or replay the run that it was forked from.',
        });
      }
      const copy = checkpointFolder(folder, step);
      await cp(place, copy, { recursive: true });
      const id = path.basename(copy);
      const sizeBytes = store.checkpoints().find((known) => known.id === id)?.sizeBytes ?? 0;
      const checkpoint = { id, step, at: now, folder: recordedFolder(folder, id), sizeBytes, reason: 'start' } as const;
      made.append({ type: 'checkpoint', checkpoint });
    }
  } finally {
    made.dispose();
  }
  return folder;
}

export class ReplayedRun {
  readonly store: RunStore;
  private readonly run: Run;
  private readonly around: ReplaySurroundings;
  private wake: (() => void) | null = null;

  /** @param folder of a run that `makeReplayed` made */
  constructor(folder: string, plan: RunPlan, around: ReplaySurroundings) {
    this.around = around;
    this.store = RunStore.open(folder);
    this.run = new Run(folder, plan, this.store, {
      ...around,
      runs: () => [this.run.summary()],
      nextInQueue: () => 1,
      makeRoom: async () => {},
      recentLog: () => [],
      onSampling: () => {},
      onEvent: (event) => {
        around.onEvent(event);
        this.look();
      },
      onChanged: (summary) => {
        around.onChanged(summary);
        this.look();
      },
    });
    this.run.recover();
  }

  get summary(): RunSummary {
    return this.run.summary();
  }

  /** Has whoever waits look again. */
  look(): void {
    this.wake?.();
  }

  /**
   * Brings the run into memory and holds it before its first step.
   * @param from step of the checkpoint that it goes back to; null goes on from where it is
   * @throws StudioError why it does not begin
   */
  async begin(from: number | null): Promise<void> {
    if (from === null && this.isOver) return;
    const isNew = this.summary.state === 'created';
    const asked = this.send(
      isNew ? { kind: 'start' } : { kind: 'resume', ...(from !== null && { from, confirmed: true }) },
    );
    this.send({ kind: 'pause', release: false, at: 'before-step' });
    await this.until(() => this.stands());
    const record = this.store.command(asked.id);
    if (record?.state === 'failed' || record?.state === 'rejected')
      throw new StudioError('conflict', `The replay can't be brought to where the run went on: ${record.why}`);
    this.demandNoFault();
  }

  /** Leads it to a place and holds it there. @returns whether it came there; not where it has ended before */
  async to({ point, step }: RunPlace): Promise<boolean> {
    // Between two tokens the weights are those of the step's beginning; a run is not led there.
    const place = { point: point === 'sampling' ? ('before-step' as const) : point, step };
    for (;;) {
      const now = this.summary;
      if (this.isOver) return false;
      if (now.state === 'paused' && now.memory === 'held' && isAt(now.at, place)) return true;
      // One that was stopped on the way.
      if (!isInMemory(now)) await this.begin(null);
      else {
        if (this.send({ kind: 'run-to', ...place }).state === 'rejected') return false;
        await this.untilItStands();
      }
    }
  }

  /** Brings it to rest after a step, its weights saved. @returns whether it rests there */
  async rest(step: number, isCompleted: boolean): Promise<boolean> {
    if (isCompleted || step >= this.summary.steps) {
      while (!this.isOver) {
        if (!isInMemory(this.summary)) await this.begin(null);
        else {
          this.send({ kind: 'resume' });
          await this.untilItStands();
        }
      }
    } else if (isInMemory(this.summary) || this.summary.step < step) {
      if (!(await this.to({ point: 'before-step', step: step + 1 }))) return false;
      this.send({ kind: 'stop', when: 'now' });
      await this.until((run) => !isInMemory(run));
    }
    this.demandNoFault();
    return this.summary.step === step;
  }

  /** Carries out a command where the run is. @returns how it ended */
  async command(id: string, request: CommandRequest): Promise<EndedCommand> {
    this.send(request, id);
    const ended = () => {
      const record = this.store.command(id);
      return record && hasEnded(record) ? record : null;
    };
    await this.until(() => ended() !== null);
    await this.until(() => this.stands());
    return ended() as EndedCommand;
  }

  /** Saves what is done, and closes the run's records. */
  async end(): Promise<void> {
    await this.run.shutDown();
  }

  private send(request: CommandRequest, id: string = randomUUID()): CommandRecord {
    return this.run.command(id, request, by);
  }

  private async untilItStands(): Promise<void> {
    await this.until(() => this.stands());
    this.demandNoFault();
  }

  /** Complete, by the steps that it has by now. */
  private get isOver(): boolean {
    const { state, step, steps } = this.summary;
    return state === 'completed' && step >= steps;
  }

  private stands(): boolean {
    const { state } = this.summary;
    return state === 'paused' || !isInMemory(this.summary);
  }

  private demandNoFault(): void {
    const run = this.summary;
    if ((run.state === 'paused' || run.state === 'failed') && run.fault) throw errorFrom(run.fault);
  }

  private async until(holds: (run: RunSummary) => boolean): Promise<void> {
    for (;;) {
      this.around.check();
      if (holds(this.summary)) return;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      this.wake = null;
    }
  }
}

/** Between two steps two points have the same weights: a command that took effect at one does so at the other. */
function isAt(now: RunPlace, wanted: RunPlace): boolean {
  if (now.point === wanted.point && now.step === wanted.step) return true;
  return now.point === 'before-step' && wanted.point === 'after-update' && now.step === wanted.step + 1;
}
