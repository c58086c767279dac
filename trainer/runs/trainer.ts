/** All runs of one project folder: creates them, finds them again, and lets one compute at a time. What the server serves. */

import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CreateEngine, Frames } from '../engines/engine.ts';
import { refuseOtherForms } from '../engines/model-forms.ts';
import { neverHit } from '../protocol/breakpoints/changes.ts';
import { type CommandRecord, type CommandRequest, deleteRefusal } from '../protocol/commands.ts';
import type { CurvesAnswer, CurvesAsked } from '../protocol/curves.ts';
import { trainerFolder } from '../protocol/discovery.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import type { RunFileEntry, TrainerInfo, UnreadableRun } from '../protocol/messages.ts';
import type { Resumption } from '../protocol/resumption.ts';
import { isComputing, type RunSummary } from '../protocol/run-state.ts';
import type { ModelSource } from '../protocol/runfile.ts';
import type { CountAsked, ListAsked, RolloutCount, RolloutPage } from '../store/rollout-list.ts';
import { type Attention, RolloutReader } from '../store/rollout-reader.ts';
import { RunStore } from '../store/run-store.ts';
import { findFfmpeg } from '../video/ffmpeg.ts';
import { MediaLoader } from '../video/load.ts';
import { type Analysed, Analysing } from './analysing.ts';
import { Asking } from './asking.ts';
import { Audits } from './audits.ts';
import { changedEngine, changedEngineOfRun, type EngineChange } from './changed-engine.ts';
import type { CheckpointShelf } from './checkpoint-shelf.ts';
import { checkpointAsked, controllerFile, readControllerState } from './checkpoints.ts';
import { type ExportProgress, exportRollouts, type RolloutExport } from './export-rollouts.ts';
import { copyCheckpoints } from './fork.ts';
import { copyLabels } from './label-file.ts';
import { noRun, ofRun, unreadableNewest, withCheckpointNamed } from './no-run.ts';
import { engineWithPaths, formerProject, planOf, planWithMoved, readPlan, writePlan } from './plan.ts';
import { type ProjectPaths, runsFolder } from './project-paths.ts';
import { QuestionAnswers } from './question-answers.ts';
import { RunQueue } from './queue.ts';
import { ReviewQueue } from './review-queue.ts';
import { Run, type RunSurroundings } from './run.ts';
import { RunEvidence } from './run-evidence.ts';
import { listRunFiles, parametersOfRun, readRunFile } from './run-files.ts';
import { framesOfRun } from './run-frames.ts';
import { RunLabels } from './run-labels.ts';
import { RunSuggestions } from './run-suggestions.ts';
import { RunUpdates } from './run-updates.ts';
import type { CreateRun, ForkRun, TrainerListener, TrainerService } from './service.ts';
import { WeightsDesk } from './weights-at-hand.ts';

export interface TrainerOptions {
  readonly projectFolder: string;
  readonly version: string;
  readonly createEngine: CreateEngine;
  /** A person's choice of ffmpeg; searched for when absent. */
  readonly ffmpeg?: string | undefined;
  readonly frameCacheBytes?: number;
  /** Folders that links among the media of every run may lead into; absolute. */
  readonly allowedRoots?: readonly string[] | undefined;
  log(line: string): void;
  /** After everything is saved because a client asked for the end. */
  onShutdown?(): void;
}

const defaultFrameCacheBytes = 2e9;
/** How long whoever asks waits at most for a portion of indexing. */
const fillingMs = 15;
/** Lines of the log that a run keeps of what came before its engine died. */
const keptLines = 12;
/** How often those who show its progress are told. */
const fillingToldMs = 2000;

export class Trainer implements TrainerService {
  readonly info: TrainerInfo;
  private readonly options: TrainerOptions;
  private readonly runsById = new Map<string, Run>();
  private readonly unreadableById = new Map<string, StudioError>();
  private readonly usedIds = new Set<string>();
  private readonly listeners = new Set<TrainerListener>();
  private readonly queue: RunQueue;
  private readonly reader = new RolloutReader();
  readonly questions = new QuestionAnswers(this.reader, (runId) => this.run(runId));
  readonly audits: Audits;
  readonly labels: RunLabels;
  readonly review: ReviewQueue;
  readonly suggestions: RunSuggestions;
  private readonly analysing = new Analysing();
  private readonly desk: WeightsDesk;
  readonly evidence: RunEvidence;
  readonly updates = new RunUpdates((runId) => this.run(runId));
  readonly asking: Asking;
  private mediaLoader: Promise<MediaLoader> | null = null;
  /** The last ones of the runs, for one whose engine dies. */
  private readonly recentLines: string[] = [];
  private isEnding = false;

  private constructor(options: TrainerOptions, ffmpeg: string) {
    this.options = options;
    this.labels = new RunLabels({
      projectFolder: options.projectFolder,
      runs: () => this.runsById.values(),
      run: (id) => this.run(id),
      log: (line) => options.log(line),
    });
    this.audits = new Audits(options.projectFolder, {
      beside: (id) => {
        const { plan, store } = this.run(id);
        return { plan, parameters: store.summary().parameters, metrics: store.metrics() };
      },
      media: () => this.media(),
    });
    this.review = new ReviewQueue({
      labels: this.labels,
      store: (id) => this.store(id),
      draw: (id, asked, attention) => this.reader.draw(this.run(id).folder, asked, attention),
    });
    this.suggestions = new RunSuggestions(this.labels);
    this.desk = new WeightsDesk({
      createEngine: options.createEngine,
      runs: () => this.runs(),
      log: (line) => options.log(line),
    });
    this.evidence = new RunEvidence({
      desk: this.desk,
      run: (id) => this.run(id),
      frames: (id, key) => this.frames(id, key),
      reader: this.reader,
    });
    this.asking = new Asking({
      desk: this.desk,
      run: (id) => this.run(id),
      media: () => this.media(),
      frames: (id, key) => this.frames(id, key),
    });
    this.queue = new RunQueue({
      runs: () => this.runs(),
      start: (id) => void this.run(id).command(randomUUID(), { kind: 'start' }, 'the queue'),
      log: (line) => options.log(line),
    });
    this.info = {
      version: options.version,
      pid: process.pid,
      folder: options.projectFolder,
      startedAt: Date.now(),
      ffmpeg,
      node: process.version,
    };
  }

  /** Opens the project folder with the runs that are there. The caller holds the folder's lock. */
  static async open(options: TrainerOptions): Promise<Trainer> {
    const ffmpeg = await findFfmpeg(options.ffmpeg).then(
      (tools) => `${tools.version} (${tools.source})`,
      (thrown: unknown) => asStudioError(thrown).message,
    );
    const trainer = new Trainer(options, ffmpeg);
    await mkdir(trainer.runsFolder, { recursive: true, mode: 0o700 });
    const entries = await readdir(trainer.runsFolder, { withFileTypes: true });
    for (const { name } of entries) trainer.usedIds.add(name);
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    for (const id of folders.sort()) {
      try {
        const run = await trainer.reopen(id);
        trainer.runsById.set(id, run);
        trainer.queue.know(run.summary());
      } catch (thrown) {
        const fault = await withCheckpointNamed(asStudioError(thrown), path.join(trainer.runsFolder, id));
        trainer.unreadableById.set(id, fault);
        options.log(`run ${id} can't be opened and is left as it is: ${fault}`);
      }
    }
    void trainer.fillStores();
    trainer.labels.start();
    return trainer;
  }

  listen(listener: TrainerListener): { dispose(): void } {
    this.listeners.add(listener);
    return { dispose: () => this.listeners.delete(listener) };
  }

  runFiles(): Promise<RunFileEntry[]> {
    return listRunFiles(this.options.projectFolder);
  }

  runs(): RunSummary[] {
    return [...this.runsById.values()].map((run) => run.summary()).sort((a, b) => b.createdAt - a.createdAt);
  }

  unreadable(): UnreadableRun[] {
    return [...this.unreadableById].map(([id, { message, place, remedy }]) => ({
      id,
      message,
      place: place ?? null,
      remedy: remedy ?? null,
    }));
  }

  async create(request: CreateRun, by: string): Promise<RunSummary> {
    const file = path.resolve(this.options.projectFolder, request.runFile);
    const read = await readRunFile(file);
    const { values, preset } = parametersOfRun(read, request.parameters);
    const { projectFolder, allowedRoots } = this.options;
    const engine = request.engine ? changedEngine(read.engine, request.engine, 'bad-request') : read.engine;
    const plan = planOf(projectFolder, file, { ...read, model: request.model ?? read.model, engine }, allowedRoots);
    const { paths } = plan;
    if (request.start === true) this.checkFree(plan.name);
    const from = await this.describeSource(plan.model, paths);
    const id = this.freeId(plan.name);
    const folder = path.join(this.runsFolder, id);
    await mkdir(folder, { recursive: true });
    try {
      await writePlan(folder, plan);
      const now = Date.now();
      const store = RunStore.create(folder, {
        id,
        name: plan.name,
        method: plan.method,
        preset: plan.preset,
        state: 'created',
        step: 0,
        steps: values.steps,
        createdAt: now,
        updatedAt: now,
        pace: [],
        parameters: values,
        presetParameters: preset,
        engine: null,
        dataset: paths.record(plan.dataset),
        evaluationDataset: plan.evaluationDataset && paths.record(plan.evaluationDataset),
        questions: 0,
        skipped: 0,
        from,
        runFile: paths.record(file),
        seq: 0,
      });
      const run = new Run(folder, plan, store, this.surroundings());
      try {
        if (request.start === true) this.checkFree(plan.name);
      } catch (thrown) {
        store.dispose();
        throw thrown;
      }
      this.runsById.set(id, run);
      this.queue.take(run.summary());
      this.tell((listener) => listener.onRunsChanged(run.summary()));
      if (request.start !== false)
        run.command(randomUUID(), { kind: request.start === 'queue' ? 'queue' : 'start' }, by);
      return run.summary();
    } catch (thrown) {
      this.runsById.delete(id);
      await rm(folder, { recursive: true, force: true });
      throw thrown;
    }
  }

  command(runId: string, id: string, request: CommandRequest, by: string): CommandRecord {
    return this.run(runId).command(id, request, by);
  }

  muteAdvisory(runId: string, key: string, muted: boolean, by: string): void {
    this.run(runId).muteAdvisory(key, muted, by);
  }

  resumption(runId: string, from: number | undefined): Promise<Resumption> {
    return this.run(runId).resumption(from);
  }

  shelf(runId: string): CheckpointShelf {
    return this.run(runId).shelf;
  }

  async fork({ runId, from, name, parameters, start }: ForkRun, by: string): Promise<RunSummary> {
    const parent = this.run(runId);
    const of = parent.summary();
    const plan = { ...parent.plan, name: name ?? of.name };
    const id = this.freeId(plan.name);
    const folder = path.join(this.runsFolder, id);
    await mkdir(folder, { recursive: true });
    try {
      await writePlan(folder, plan);
      const { values, checkpoints } = await copyCheckpoints({
        ...{ from, to: { folder, run: id, name: plan.name } },
        ...{ parent: parent.folder, parameters: parameters ?? {} },
      });
      if (of.labelsHash !== undefined) await copyLabels(parent.folder, folder, of.labelsHash);
      const now = Date.now();
      const store = RunStore.create(folder, {
        ...(of.labelsHash !== undefined && { labelsHash: of.labelsHash }),
        ...(of.skippedRows && { skippedRows: of.skippedRows }),
        ...(of.sourceWeights !== undefined && { sourceWeights: of.sourceWeights }),
        ...(of.breakpoints && { breakpoints: neverHit(of.breakpoints) }),
        ...{ id, name: plan.name, method: of.method, preset: of.preset, state: 'created', step: from },
        ...{ steps: values.steps, createdAt: now, updatedAt: now, pace: [], parameters: values },
        ...{ presetParameters: of.presetParameters, engine: null, dataset: of.dataset },
        ...{ evaluationDataset: of.evaluationDataset, questions: 0, skipped: 0, from: `${of.id}, step ${from}` },
        ...{ runFile: of.runFile, parent: { run: of.id, step: from }, seq: 0 },
      });
      const run = new Run(folder, plan, store, this.surroundings());
      for (const checkpoint of checkpoints) run.record({ type: 'checkpoint', checkpoint });
      this.runsById.set(id, run);
      this.tell((listener) => listener.onRunsChanged(run.summary()));
      if (start) run.command(randomUUID(), { kind: 'start' }, by);
      return run.summary();
    } catch (thrown) {
      this.runsById.delete(id);
      await rm(folder, { recursive: true, force: true });
      throw thrown;
    }
  }

  /**
   * Lets a run read what it needs from other places; kept with the run.
   * @param change absolute paths, or relative to the project. `moved`: from where something lay to where it lies now
   * @throws StudioError `bad-request` for a place that is not there; `conflict` while the run is in memory
   */
  async changePlaces(
    runId: string,
    change: {
      readonly moved: readonly (readonly [from: string, to: string])[];
      readonly allowedRoots: readonly string[];
    },
  ): Promise<void> {
    const run = this.run(runId);
    const full = (place: string) => path.resolve(this.options.projectFolder, place);
    for (const place of [...change.moved.map(([, to]) => to), ...change.allowedRoots])
      if (!existsSync(full(place)))
        throw new StudioError('bad-request', 'This place is not there.', {
          place: full(place),
          remedy: 'Name a place that is there; a relative one starts at the project folder.',
        });
    const roots = change.allowedRoots.map(full).filter((root) => !run.plan.allowedRoots.includes(root));
    const moved = planWithMoved(run.plan, change.moved);
    const changes = [
      ...change.moved.map(([from, to]) => `${from} is read from ${to} from now on.`),
      ...roots.map((root) => `Links among videos and images may lead into ${root} from now on.`),
    ];
    if (changes.length > 0) await run.usePlan({ ...moved, allowedRoots: [...moved.allowedRoots, ...roots] }, changes);
  }

  /**
   * Another machine, or less of it, for a run that goes on: its engine is set so from now on.
   * @returns what is other, as a sentence; null for nothing
   * @throws StudioError `conflict` for what is trained, and while the run is in memory; `bad-request` for what does not fit
   */
  async changeEngine(runId: string, change: EngineChange): Promise<string | null> {
    const run = this.run(runId);
    const place = (named: string) => path.resolve(path.dirname(run.plan.runFile), named);
    const { engine, changes } = changedEngineOfRun(run.plan.engine, change);
    if (changes.length === 0) return null;
    const said = `The engine is set otherwise from now on: ${changes.join(', ')}.`;
    await run.usePlan({ ...run.plan, engine: engineWithPaths(engine, place) }, [said]);
    return said;
  }

  async delete(runId: string): Promise<void> {
    if (!this.unreadableById.delete(runId)) {
      const run = this.run(runId);
      const why = deleteRefusal(run.summary());
      if (why !== null) throw new StudioError('conflict', `${runId} can't be deleted: ${why}.`);
      await run.shutDown();
      this.runsById.delete(runId);
      await this.reader.close(run.folder);
      this.queue.remove(runId);
    }
    await rm(path.join(this.runsFolder, runId), { recursive: true, force: true });
    this.tell((listener) => listener.onRunsChanged(null));
  }

  store(runId: string): RunStore {
    return this.run(runId).store;
  }

  prepareReading(): void {
    this.reader.prepare();
  }

  listRollouts(runId: string, asked: ListAsked, attention: Attention): Promise<RolloutPage> {
    return this.reader.list(this.run(runId).folder, asked, attention);
  }

  countRollouts(runId: string, asked: CountAsked, attention: Attention): Promise<RolloutCount> {
    return this.reader.count(this.run(runId).folder, asked, attention);
  }

  curves(runId: string, asked: CurvesAsked): Promise<CurvesAnswer> {
    return this.reader.curves(this.run(runId).folder, asked);
  }

  analyse(runId: string, onProgress: (done: number, total: number) => void): Promise<Analysed> {
    const run = this.run(runId);
    return this.analysing.analyse(
      runId,
      {
        store: run.store,
        record: (body) => void run.record(body),
        isGone: () => this.isEnding || this.runsById.get(runId) !== run,
      },
      onProgress,
    );
  }

  cancelAnalysis(runId: string): void {
    this.analysing.cancel(this.run(runId).id);
  }

  async frames(runId: string, key: string): Promise<Frames> {
    const { store, plan } = this.run(runId);
    return framesOfRun(store, plan, await this.media(), key);
  }

  exportRollouts(runId: string, asked: RolloutExport, file: string, progress: ExportProgress): Promise<number> {
    const { store } = this.run(runId);
    const { reader, options } = this;
    const frames = (key: string) => this.frames(runId, key);
    return exportRollouts(store, asked, file, { project: options.projectFolder, reader, frames }, progress);
  }

  async shutdown(): Promise<void> {
    this.queue.close();
    this.isEnding = true;
    this.labels.dispose();
    await this.reader.dispose();
    await this.desk.letGo('The trainer is ended.');
    await Promise.all([...this.runsById.values()].map((run) => run.shutDown()));
    const media = await this.mediaLoader?.catch(() => null);
    media?.dispose();
    this.options.onShutdown?.();
  }

  private async reopen(id: string): Promise<Run> {
    const folder = path.join(this.runsFolder, id);
    const plan = await readPlan(folder);
    const former = await formerProject(folder);
    const store = RunStore.open(folder);
    try {
      const { id: held } = store.summary();
      if (held !== id) {
        throw new StudioError('conflict', `This folder holds the run ${held}.`, {
          place: folder,
          remedy: `Call the folder ${held} again, or move it away if it is a copy.`,
        });
      }
      if (former !== null) {
        store.writeRelative(former);
        await writePlan(folder, plan);
      }
      const run = new Run(folder, plan, store, this.surroundings());
      run.recover();
      return run;
    } catch (thrown) {
      store.dispose();
      throw thrown;
    }
  }

  /** A run that could not begin would only lie about. @throws StudioError `conflict` */
  private checkFree(name: string): void {
    const other = this.runs().find(({ state }) => isComputing(state));
    if (!other) return;
    throw new StudioError(
      'conflict',
      `${other.id} is ${other.state}, and one run computes at a time: no run of ${name} was created.`,
      {
        remedy: `Queue it, or pause or stop ${other.id} first.`,
      },
    );
  }

  /**
   * Indexes and counts runs of older versions anew, a little at a time: others are answered in between. What ends it goes on
   * next time.
   */
  private async fillStores(): Promise<void> {
    for (const run of [...this.runsById.values()]) {
      if (run.store.filledShare() === 1 && run.store.countedShare() === 1) continue;
      this.options.log(`${run.id} was recorded by an older version: it is indexed anew`);
      try {
        for (const portion of ['fill', 'count'] as const)
          await this.inPortions(run, () => run.store[portion](fillingMs));
      } catch (thrown) {
        this.options.log(
          `${run.id} can't be indexed anew, so a search does not find all of it: ${asStudioError(thrown)}`,
        );
      }
    }
  }

  /** @param portion gives the share that is made after it */
  private async inPortions(run: Run, portion: () => number): Promise<void> {
    let toldAt = performance.now();
    for (let share = 0; share < 1; ) {
      await nextTurn();
      if (this.isEnding || this.runsById.get(run.id) !== run) return;
      share = portion();
      if (share < 1 && performance.now() - toldAt < fillingToldMs) continue;
      toldAt = performance.now();
      this.tell((listener) => listener.onRunsChanged(run.summary()));
    }
  }

  private get runsFolder(): string {
    return runsFolder(this.options.projectFolder);
  }

  private run(id: string): Run {
    const run = this.runsById.get(id);
    if (run) return run;
    const fault = this.unreadableById.get(id);
    throw fault ? ofRun(id, fault) : noRun(this.runsFolder, id);
  }

  /** A name that no run has or had in this process, so that nobody takes a new run for a deleted one. */
  private freeId(name: string): string {
    for (let number = 1; ; number++) {
      const id = `${name}-${number}`;
      if (this.usedIds.has(id)) continue;
      this.usedIds.add(id);
      return id;
    }
  }

  /** One loader for all runs; a machine without ffmpeg is asked again at the next start. */
  private media(): Promise<MediaLoader> {
    this.mediaLoader ??= findFfmpeg(this.options.ffmpeg).then(
      (tools) =>
        new MediaLoader(
          tools,
          path.join(this.options.projectFolder, trainerFolder, 'cache'),
          this.options.frameCacheBytes ?? defaultFrameCacheBytes,
        ),
    );
    this.mediaLoader.catch(() => {
      this.mediaLoader = null;
    });
    return this.mediaLoader;
  }

  private async checkpointOf(source: Exclude<ModelSource, { size: unknown }>): Promise<string> {
    if ('checkpoint' in source) {
      await refuseOtherForms(source.checkpoint);
      return source.checkpoint;
    }
    const candidates = [...this.runsById.values()].filter((run) => run.summary().name === source.run);
    const newestFirst = candidates.sort((a, b) => b.summary().createdAt - a.summary().createdAt);
    const fault = unreadableNewest(source.run, this.unreadableById, newestFirst[0]?.id);
    if (fault) throw fault;
    for (const run of newestFirst) {
      const found = await checkpointAsked(run.folder, source.step);
      if (found) return found.folder;
    }
    throw new StudioError('not-found', `No run called ${source.run} has a checkpoint yet.`, {
      remedy: `Start the run file of ${source.run} first, or choose a checkpoint.`,
    });
  }

  private async describeSource(source: ModelSource, paths: ProjectPaths): Promise<string> {
    if ('size' in source) return 'new weights';
    const folder = await this.checkpointOf(source);
    if (!existsSync(path.join(folder, controllerFile))) return paths.record(folder);
    const state = await readControllerState(folder);
    return `${state.run}, step ${state.step}`;
  }

  private surroundings(): RunSurroundings {
    return {
      media: () => this.media(),
      checkpointOf: (source) => this.checkpointOf(source),
      createEngine: this.options.createEngine,
      allowedRoots: this.options.allowedRoots ?? [],
      runs: () => this.runs(),
      nextInQueue: () => this.queue.nextSince(),
      makeRoom: async (besides) => {
        const others = [...this.runsById.values()].filter((run) => run.id !== besides);
        await Promise.all(others.map((run) => run.release(`its memory was freed for ${besides}`)));
        await this.desk.letGo(`${besides} needs the machine.`);
      },
      onEvent: (event) => this.tell((listener) => listener.onEvent(event)),
      onChanged: (summary) => {
        this.queue.take(summary);
        this.tell((listener) => listener.onRunsChanged(summary));
      },
      onSampling: (hint) => this.tell((listener) => listener.onSampling(hint)),
      log: (line) => {
        this.recentLines.push(line);
        this.recentLines.splice(0, this.recentLines.length - keptLines);
        this.options.log(line);
      },
      recentLog: () => this.recentLines,
    };
  }

  private tell(what: (listener: TrainerListener) => void): void {
    for (const listener of this.listeners) what(listener);
  }
}
