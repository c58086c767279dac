/** The checkpoints of a run as they lie on its disk: saved, kept by the run's rules, pinned, compared and deleted. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Engine, ModelHandle } from '../engines/engine.ts';
import {
  evaluationOf,
  keptBecause,
  keptWords,
  type MeasuredRun,
  measureOf,
  metricsByStep,
} from '../protocol/checkpoint-keeping.ts';
import type { CheckpointRemoval, ComparedCheckpoints, ShelfState } from '../protocol/checkpoint-shelf.ts';
import type { CommandRequest } from '../protocol/commands.ts';
import { StudioError } from '../protocol/errors.ts';
import { parameterNames } from '../protocol/parameters.ts';
import type { Checkpoint, CheckpointReason, RunEventBody } from '../protocol/records.ts';
import type { RunSummary } from '../protocol/run-state.ts';
import type { RunStore } from '../store/run-store.ts';
import { presenceFault } from './checkpoint-files.ts';
import {
  type ControllerState,
  checkpointFolder,
  checkpointsFolder,
  readControllerState,
  removeCheckpoint,
  saveCheckpoint,
} from './checkpoints.ts';

/** Commands that work on the disk alone, whether or not the run is in memory. */
export type ShelfRequest = Extract<CommandRequest, { kind: 'pin' | 'unpin' | 'remove-checkpoint' }>;

export function isOfShelf(request: CommandRequest): request is ShelfRequest {
  return request.kind === 'pin' || request.kind === 'unpin' || request.kind === 'remove-checkpoint';
}

export interface ShelfOf {
  /** The run's. */
  readonly folder: string;
  readonly store: Pick<RunStore, 'checkpoints' | 'evaluations' | 'metrics'>;
  run(): RunSummary;
  /** All runs of the trainer. */
  runs(): readonly RunSummary[];
  record(body: RunEventBody): void;
}

export class CheckpointShelf {
  private readonly of: ShelfOf;
  /** Steps whose checkpoints are being deleted, which takes a while. */
  private readonly going = new Set<number>();

  constructor(of: ShelfOf) {
    this.of = of;
  }

  /** Saves, writes it down, and deletes what the rules keep no longer. @returns what to tell of it */
  async save(
    model: { readonly engine: Engine; readonly policy: ModelHandle },
    state: ControllerState,
    reason: CheckpointReason,
  ): Promise<string> {
    const saved = await saveCheckpoint(this.of.folder, model.engine, model.policy, state, reason);
    const pin = this.at(state.step)?.pin;
    this.of.record({ type: 'checkpoint', checkpoint: { ...saved, ...(pin && { pin }) } });
    await this.prune();
    return `${saved.id}, ${megabytes(saved.sizeBytes)}`;
  }

  /** Deletes what the rules keep no longer. */
  async prune(): Promise<void> {
    for (const { id, step } of this.of.store.checkpoints()) {
      // Looked at again for each: somebody may pin one meanwhile, or delete it.
      if (this.going.has(step) || this.reasons().get(id)?.length !== 0) continue;
      this.going.add(step);
      try {
        await removeCheckpoint(path.join(checkpointsFolder(this.of.folder), id));
      } catch (thrown) {
        // What was saved is saved, which matters more; the next save tries again.
        this.of.record({
          type: 'warning',
          message: `The old checkpoint ${id} can't be removed: ${(thrown as NodeJS.ErrnoException).code ?? thrown}.`,
        });
        continue;
      } finally {
        this.going.delete(step);
      }
      this.of.record({ type: 'checkpoint-removed', id });
    }
  }

  /** Why a request can't be carried out, as a clause; null where it can. */
  refusal({ kind, step }: ShelfRequest): string | null {
    const found = this.at(step);
    if (!found) return `there is no checkpoint of step ${step}${this.stepsClause()}`;
    // What is said of it now would be said of nothing in a moment.
    if (this.going.has(step)) return `the checkpoint of step ${step} is being deleted`;
    return kind === 'unpin' && !found.pin ? `the checkpoint of step ${step} is not pinned` : null;
  }

  /** @returns what to tell of it */
  pin(step: number, note: string, by: string): string {
    const { id } = this.demand(step);
    this.of.record({ type: 'checkpoint-pinned', id, pin: { note, by, at: Date.now() } });
    return note === '' ? id : `${id}: ${note}`;
  }

  unpin(step: number): string {
    const { id } = this.demand(step);
    this.of.record({ type: 'checkpoint-pinned', id, pin: null });
    const kept = keptWords(this.reasons().get(id) ?? []);
    return `${id}; it is kept by ${kept}`;
  }

  /** @throws StudioError `not-found` */
  async removal(step: number): Promise<CheckpointRemoval> {
    const found = this.demand(step);
    const { id, folder, sizeBytes, pin } = found;
    const asks: string[] = [];
    const whole = (await this.present()).map((checkpoint) => checkpoint.step);
    if (whole[0] === step) {
      const { parent } = this.of.run();
      const next = whole.find((other) => other < step && other >= (parent?.step ?? 0));
      const without =
        parent && parent.step > 0
          ? 'there is no other, and a fork can’t begin again'
          : 'there is no other, and the run would begin again';
      const instead = next === undefined ? without : `the next is of step ${next}`;
      asks.push(`It is the newest, from which a resume goes on; ${instead}.`);
    }
    const usedBy = this.usedBy(step);
    if (usedBy.length > 0) asks.push(`${usedBy.join(', ')} ${usedBy.length === 1 ? 'was' : 'were'} made from it.`);
    const { method } = this.of.run();
    if (step === 0 && method !== 'sft') asks.push('The KL term of this run is reckoned from it.');
    if (pin) asks.push(`${pin.by} pinned it${pin.note === '' ? '' : `: ${pin.note}`}.`);
    for (const reason of this.reasons().get(id) ?? [])
      if (reason.kind === 'best') asks.push(`It is the ${keptWords([reason])} of those that are kept.`);
    return { folder, sizeBytes, asks };
  }

  /**
   * Deletes a checkpoint from the disk; one whose folder is gone already, as into the system's trash, is only written down.
   * @returns what to tell of it. @throws StudioError `conflict` where a person has to agree and has not
   */
  async remove(step: number, confirmed: boolean): Promise<string> {
    const { id, sizeBytes } = this.demand(step);
    const folder = checkpointFolder(this.of.folder, step);
    const isThere = existsSync(folder);
    this.going.add(step);
    try {
      const { asks } = isThere ? await this.removal(step) : { asks: [] };
      if (asks.length > 0 && !confirmed)
        throw new StudioError('conflict', asks.join(' '), { remedy: 'Agree to it (--yes) to delete it all the same.' });
      await removeCheckpoint(folder);
      this.of.record({ type: 'checkpoint-removed', id });
    } finally {
      this.going.delete(step);
    }
    return isThere ? `${id}, ${megabytes(sizeBytes)} freed` : `${id}; its folder was gone`;
  }

  async state(): Promise<ShelfState> {
    const { folder, store } = this.of;
    const parent = checkpointsFolder(folder);
    await mkdir(parent, { recursive: true });
    const { bavail, bsize } = await statfs(parent);
    const aside = (await readdir(parent)).filter((name) => name.startsWith('superseded-'));
    const sizes = await Promise.all(aside.map((name) => bytesBelow(path.join(parent, name))));
    const checkpoints = store.checkpoints().map(async ({ step }) => ({
      step,
      fault: await presenceFault(checkpointFolder(folder, step)),
      usedBy: this.usedBy(step),
    }));
    return {
      freeBytes: bavail * bsize,
      asideBytes: sizes.reduce((sum, bytes) => sum + bytes, 0),
      checkpoints: await Promise.all(checkpoints),
    };
  }

  /** @throws StudioError `not-found`; `bad-model` where what was saved with one can't be read */
  async compare(steps: readonly [number, number]): Promise<ComparedCheckpoints> {
    const known = this.measured();
    const side = (step: number) => ({
      checkpoint: this.demand(step),
      evaluation: evaluationOf(step, known.evaluations),
      reward: measureOf('reward', step, known),
      accuracy: measureOf('accuracy', step, known),
    });
    const [first, second] = [side(steps[0]), side(steps[1])];
    const states = await Promise.all(steps.map((step) => readControllerState(checkpointFolder(this.of.folder, step))));
    const [one, two] = states.map(({ parameters }) => parameters);
    const differences = parameterNames.flatMap((name) =>
      one?.[name] === two?.[name] ? [] : [{ name, first: one?.[name], second: two?.[name] }],
    );
    return { first, second, differences };
  }

  private reasons(): ReturnType<typeof keptBecause> {
    return keptBecause(this.of.store.checkpoints(), this.of.run().parameters, this.measured());
  }

  private measured(): MeasuredRun {
    const { store } = this.of;
    let metric: MeasuredRun['metric'] | null = null;
    return {
      evaluations: store.evaluations(),
      // Read only where a rule asks for it.
      metric: (name, step) => {
        metric ??= metricsByStep(store.metrics());
        return metric(name, step);
      },
    };
  }

  /** Those that are there as they were written, as far as their files need not be read; newest first. */
  private async present(): Promise<Checkpoint[]> {
    const all = this.of.store.checkpoints().sort((a, b) => b.step - a.step);
    const faults = await Promise.all(all.map(({ step }) => presenceFault(checkpointFolder(this.of.folder, step))));
    return all.filter((_, i) => faults[i] === null);
  }

  private usedBy(step: number): string[] {
    const named = `${this.of.run().id}, step ${step}`;
    return this.of.runs().flatMap(({ id, from }) => (from === named ? [id] : []));
  }

  private at(step: number): Checkpoint | undefined {
    return this.of.store.checkpoints().find((checkpoint) => checkpoint.step === step);
  }

  private demand(step: number): Checkpoint {
    const found = this.at(step);
    if (found) return found;
    throw new StudioError('not-found', `${this.of.run().id} has no checkpoint of step ${step}${this.stepsClause()}.`);
  }

  private stepsClause(): string {
    const steps = this.of.store.checkpoints().map((checkpoint) => checkpoint.step);
    return steps.length === 0 ? '' : `; there are ${steps.sort((a, b) => a - b).join(', ')}`;
  }
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** What a folder's files take, those of folders in it too. */
async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  const sizes = await Promise.all(files.map(async (file) => (await stat(file).catch(() => null))?.size ?? 0));
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}
