/**
 * A run's life: from its file to its weights, through pauses, faults and restarts. Holds the engine while the run is in
 * memory; the loops do the steps, `steering` the commands, the store remembers.
 */
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type Dataset, openDataset } from '../data/dataset.ts';
import { QuestionOrder } from '../data/mixing.ts';
import { QuestionLoader } from '../data/questions.ts';
import { hash32 } from '../data/random.ts';
import { createEngine } from '../engines/create.ts';
import type { Engine, ModelHandle, ModelOrigin } from '../engines/engine.ts';
import { requireOfEngine } from '../engines/needs.ts';
import { evaluate } from '../evaluation/evaluate.ts';
import { sftStep } from '../learning/sft.ts';
import { tgrpoStep } from '../learning/tgrpo.ts';
import { Interrupted, type ScoredGroup, type Training } from '../learning/training.ts';
import type { CommandRecord, CommandRequest } from '../protocol/commands.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import { isParameterName, type ParameterValues } from '../protocol/parameters.ts';
import type { CheckpointReason, Question, RolloutTokens, RunEvent, RunEventBody } from '../protocol/records.ts';
import type { RunState, RunSummary } from '../protocol/run-state.ts';
import type { ModelSource } from '../protocol/runfile.ts';
import { questionText, solutionText } from '../reasoning/prompt.ts';
import { type PromptTemplate, readTemplate } from '../reasoning/template.ts';
import type { RunStore } from '../store/run-store.ts';
import type { FrameLimits, MediaLoader } from '../video/load.ts';
import {
  checkpointsFolder,
  newestCheckpoint,
  removeCheckpoint,
  removeLeftovers,
  saveCheckpoint,
} from './checkpoints.ts';
import type { RunPlan } from './plan.ts';
import type { SamplingHint } from './service.ts';
import { Steering, settingRefusal } from './steering.ts';

export interface RunSurroundings {
  /** Opened once per trainer; throws `ffmpeg-missing` where there is none. */
  media(): Promise<MediaLoader>;
  /** Folder of the checkpoint that a source names. @throws StudioError `not-found` */
  checkpointOf(source: Exclude<ModelSource, { size: unknown }>): Promise<string>;
  /** Name of another run of this trainer that computes now: two do not fit. */
  busyRun(besides: string): string | null;
  /** Saves and frees other runs that are paused in memory. */
  makeRoom(besides: string): Promise<void>;
  onEvent(event: RunEvent): void;
  onChanged(summary: RunSummary): void;
  onSampling(hint: SamplingHint): void;
  log(line: string): void;
}

/** How a run rests when nothing of it is in memory. */
interface Rest {
  readonly state: RunState;
  readonly detail: string | null;
  readonly fault?: StudioError;
}

/** What a run holds only while it is in memory. */
interface Session {
  readonly steering: Steering;
  readonly interrupt: AbortController;
  done: Promise<void>;
}

/** Everything a session needs to compute, loaded at its start and freed at its end. */
interface Workbench {
  readonly engine: Engine;
  readonly policy: ModelHandle;
  readonly reference: ModelHandle | null;
  readonly template: PromptTemplate;
  readonly questions: QuestionLoader;
  readonly order: QuestionOrder;
  readonly unseen: QuestionLoader | null;
}

const restartable: readonly RunState[] = ['created', 'paused', 'stopped', 'failed'];

export class Run {
  readonly folder: string;
  readonly plan: RunPlan;
  readonly store: RunStore;
  private readonly around: RunSurroundings;
  private summaryNow: RunSummary;
  private session: Session | null = null;
  private workbench: Workbench | null = null;
  /** Position in the order of questions after the last finished step. */
  private position = 0;
  /** The same while a step is under way. */
  private nextPosition = 0;
  private recentStepMs: number[] = [];

  constructor(folder: string, plan: RunPlan, store: RunStore, around: RunSurroundings) {
    this.folder = folder;
    this.plan = plan;
    this.store = store;
    this.around = around;
    this.summaryNow = store.summary();
  }

  get id(): string {
    return this.summaryNow.id;
  }

  get isInMemory(): boolean {
    return this.session !== null;
  }

  /** Something is computed now: the memory can't be taken from it. */
  get isBusy(): boolean {
    return this.session !== null && !this.session.steering.isPaused;
  }

  summary(): RunSummary {
    const s = this.summaryNow;
    const known = this.recentStepMs;
    const perStep = known.length > 0 ? known.reduce((sum, ms) => sum + ms, 0) / known.length : null;
    const moving = s.state === 'running' || s.state === 'pausing' || s.state === 'paused';
    return {
      ...s,
      remainingMs: moving && perStep !== null ? Math.round(perStep * Math.max(0, s.steps - s.step)) : null,
      seq: this.store.lastSeq(),
    };
  }

  /** After the trainer died: what was under way is known to be over. */
  recover(): void {
    const { state, step } = this.summaryNow;
    if (restartable.includes(state) || state === 'completed') return;
    this.setState('paused', `the trainer ended after step ${step}; resume goes on from the last checkpoint`);
  }

  command(request: CommandRequest, by: string): CommandRecord {
    if (this.session) return this.session.steering.request(request, by);
    return this.commandAtRest(request, by);
  }

  /** Saves and frees the memory when the run is paused in it. */
  async release(): Promise<void> {
    const { session } = this;
    if (!session) return;
    session.steering.request({ kind: 'pause', release: true }, 'trainer');
    await session.done;
  }

  /** Ends the session as a kill would not: the last finished step is saved, the run can be resumed. */
  async shutDown(): Promise<void> {
    const { session } = this;
    if (session) {
      session.steering.request({ kind: 'pause', release: true }, 'trainer');
      session.interrupt.abort();
      await session.done;
    }
    this.store.dispose();
  }

  // ---- commands of a run that is not in memory ------------------------------------------------------------------------

  private commandAtRest(request: CommandRequest, by: string): CommandRecord {
    const { state } = this.summaryNow;
    const record: CommandRecord = {
      id: this.store.nextCommandId(),
      request,
      by,
      state: 'requested',
      requestedAt: Date.now(),
      finishedAt: null,
      safePoint: null,
      step: this.summaryNow.step,
      oldValue: null,
      newValue: null,
      note: null,
    };
    this.record({ type: 'command', command: { ...record } });
    const finish = (end: 'applied' | 'rejected' | 'failed', note: string | null): CommandRecord => {
      const ended: CommandRecord = { ...record, state: end, finishedAt: Date.now(), note };
      this.record({ type: 'command', command: ended });
      return ended;
    };
    const starts = ['start', 'resume', 'step', 'evaluate'].includes(request.kind);
    const busy = starts ? this.around.busyRun(this.id) : null;
    if (busy) return finish('rejected', `${busy} is running; pause or stop it first`);
    switch (request.kind) {
      case 'start':
      case 'resume':
      case 'step': {
        if (state === 'completed' && this.summaryNow.step >= this.summaryNow.steps)
          return finish('rejected', 'the run is complete; raise its steps to go on');
        if (!restartable.includes(state) && state !== 'completed') return finish('rejected', `the run is ${state}`);
        record.state = 'scheduled';
        this.record({ type: 'command', command: { ...record } });
        this.begin('train', (fault) => {
          if (fault) return finish('failed', fault.toString());
          const applied = finish('applied', `${state} → running`);
          if (request.kind === 'step') this.session?.steering.limit(request.count);
          return applied;
        });
        return { ...record };
      }
      case 'evaluate': {
        record.state = 'scheduled';
        this.record({ type: 'command', command: { ...record } });
        this.begin('evaluate', (fault, note) =>
          fault ? finish('failed', fault.toString()) : finish('applied', note ?? null),
        );
        return { ...record };
      }
      case 'set': {
        const refusal = settingRefusal(this.plan.method, request.parameter, request.value);
        if (refusal) return finish('rejected', refusal);
        record.oldValue = this.setParameter(request.parameter, request.value);
        record.newValue = request.value;
        return finish('applied', null);
      }
      case 'stop':
        if (state === 'paused') {
          this.setState('stopped', null);
          return finish('applied', 'paused → stopped');
        }
        return finish('rejected', `the run is ${state}`);
      case 'pause':
        return finish('rejected', `the run is ${state}`);
      case 'save':
        return finish('rejected', 'the run is not in memory; its last checkpoint holds all there is');
      default:
        return request satisfies never;
    }
  }

  // ---- a session ------------------------------------------------------------------------------------------------------

  private begin(purpose: 'train' | 'evaluate', told: (fault: StudioError | null, note?: string) => void): void {
    const before: Rest = { state: this.summaryNow.state, detail: this.summaryNow.detail };
    const interrupt = new AbortController();
    const steering = new Steering(this.plan.method, {
      nextCommandId: () => this.store.nextCommandId(),
      record: (command) => this.record({ type: 'command', command }),
      setState: (state, detail) => this.setState(state, detail),
      save: async () => this.save('command'),
      evaluate: async () => this.evaluateNow(interrupt.signal),
      parameter: (name) => (isParameterName(name) ? this.summaryNow.parameters[name] : null),
      setParameter: (name, value) => this.setParameter(name, value),
      interruptSampling: () => interrupt.abort(),
    });
    const session: Session = { steering, interrupt, done: Promise.resolve() };
    this.session = session;
    session.done = (async () => {
      let rest: Rest = before;
      let begun = false;
      try {
        this.setState('starting', 'loading the model');
        await this.around.makeRoom(this.id);
        await this.prepare();
        if (purpose === 'evaluate') told(null, await this.evaluateNow(interrupt.signal));
        else {
          this.setState('running', null);
          begun = true;
          told(null);
          rest = await this.train(steering, interrupt);
        }
      } catch (thrown) {
        const fault = asStudioError(thrown);
        this.around.log(`run ${this.id}: ${fault.stack ?? fault.toString()}`);
        if (purpose === 'train') rest = { state: 'failed', detail: fault.message, fault };
        if (!begun) told(fault);
      }
      steering.abandon(`the run is ${rest.state}`);
      await this.clear();
      // Said last: whoever hears that the run rests may start it, or another, at once.
      this.session = null;
      if (rest.fault) this.noteFault(rest.fault);
      this.setState(rest.state, rest.detail);
    })();
  }

  private async prepare(): Promise<void> {
    const held: { dispose(): unknown }[] = [];
    try {
      await this.load((resource) => {
        held.push(resource);
        return resource;
      });
    } catch (thrown) {
      this.workbench = null;
      for (const resource of held.reverse()) await resource.dispose();
      throw thrown;
    }
  }

  /** Fills the workbench. @param hold is told of everything that must be disposed of should a later part fail */
  private async load(hold: <T extends { dispose(): unknown }>(resource: T) => T): Promise<void> {
    const { plan } = this;
    const media = await this.around.media();
    const limits = frameLimits(this.summaryNow.parameters);
    const onSkipped = (question: Question, fault: StudioError) => {
      this.summaryNow = { ...this.summaryNow, skipped: this.summaryNow.skipped + 1 };
      this.record({
        type: 'skipped',
        step: this.summaryNow.step + 1,
        question,
        kind: fault.kind,
        message: fault.message,
      });
    };
    const dataset = hold(await openDataset(plan.dataset));
    this.reportFaults(dataset);
    const rows =
      plan.method === 'sft'
        ? rowsWithReasoning(dataset, (message) => this.record({ type: 'warning', message }))
        : allRows(dataset);
    const unseenDataset = plan.evaluationDataset ? hold(await openDataset(plan.evaluationDataset)) : null;
    if (unseenDataset) this.reportFaults(unseenDataset);
    const template = await readTemplate(plan.promptTemplate ?? undefined);
    const questions = new QuestionLoader(dataset, media, limits, onSkipped);
    const order = new QuestionOrder(
      rows.map((row) => ({ row, isImage: dataset.dataType(row) === 'image', source: dataset.source(row) })),
      plan.seed,
      plan.sourceWeights,
    );

    await removeLeftovers(this.folder);
    const checkpoint = await newestCheckpoint(this.folder);
    const engine = hold(await createEngine(plan.engine));
    const shown = [...rows.map((row) => dataset.dataType(row)), ...(unseenDataset?.dataTypes() ?? [])];
    const training = { method: plan.method, parameters: this.summaryNow.parameters };
    requireOfEngine(engine, { chunks: [...new Set(shown)], training }, plan.runFile);
    const policy = await engine.createModel(
      checkpoint
        ? { kind: 'folder', folder: checkpoint.folder, optimizer: checkpoint.state.step > 0 }
        : await this.origin(dataset, template),
      'policy',
    );
    if (checkpoint) this.position = checkpoint.state.position;
    const reached = checkpoint?.state.step ?? 0;
    if (reached < this.summaryNow.step) {
      this.record({ type: 'rewound', toStep: reached });
      this.summaryNow = { ...this.summaryNow, step: reached };
    }
    this.summaryNow = { ...this.summaryNow, engine: engine.status(), questions: rows.length };
    // The KL reference is the start of the run, also after a resume: its first checkpoint is kept for that.
    const start = path.join(checkpointsFolder(this.folder), 'step-000000');
    const isReinforcement = plan.method !== 'sft';
    if (isReinforcement && reached === 0 && !checkpoint) {
      this.workbench = { engine, policy, reference: null, template, questions, order, unseen: null };
      await this.save('start');
    }
    const reference = isReinforcement
      ? await engine.createModel(
          reached === 0 ? { kind: 'copy', of: policy } : { kind: 'folder', folder: start, optimizer: false },
          'reference',
        )
      : null;
    const unseen = unseenDataset ? new QuestionLoader(unseenDataset, media, limits, onSkipped) : null;
    this.workbench = { engine, policy, reference, template, questions, order, unseen };
  }

  private async origin(dataset: Dataset, template: PromptTemplate): Promise<ModelOrigin> {
    const source = this.plan.model;
    if (!('size' in source))
      return { kind: 'folder', folder: await this.around.checkpointOf(source), optimizer: false };
    // What the model will read and write, so that the words that every prompt has become single tokens.
    const texts: string[] = [];
    for (let row = 0; row < Math.min(dataset.count, 20_000); row++) {
      const question = dataset.question(row);
      const answer = solutionText(dataset.row(row)) ?? dataset.row(row).solution;
      if (template.system !== null) texts.push(`system\n${template.system}`);
      texts.push(`user\n${questionText(question, template)}`, `assistant\n${answer}`);
    }
    return { kind: 'new', size: source.size, seed: this.plan.seed, texts };
  }

  private reportFaults(dataset: Dataset): void {
    if (dataset.faults.length === 0) return;
    const shown = dataset.faults.slice(0, 5).map((fault) => fault.message);
    const more = dataset.faults.length - shown.length;
    this.record({
      type: 'warning',
      message: `${dataset.faults.length} bad ${dataset.faults.length === 1 ? 'row is' : 'rows are'} left out of ${dataset.file}:\n${shown.join('\n')}${more > 0 ? `\nand ${more} more; video-r1 check names them all` : ''}`,
    });
  }

  /** @returns how the run is to rest */
  private async train(steering: Steering, interrupt: AbortController): Promise<Rest> {
    const bench = this.bench();
    const { method } = this.plan;
    const training = this.training(steering, interrupt.signal);
    try {
      if (bench.unseen && this.summaryNow.step === 0 && this.store.evaluations().length === 0)
        await this.evaluateNow(interrupt.signal);
      while (this.summaryNow.step < this.summaryNow.steps) {
        const step = this.summaryNow.step + 1;
        const skippedBefore = this.summaryNow.skipped;
        const metrics = await this.orHold(steering, () => {
          this.nextPosition = this.position;
          return method === 'sft' ? sftStep(training, step) : tgrpoStep(training, step, method);
        });
        metrics.skipped = this.summaryNow.skipped - skippedBefore;
        this.position = this.nextPosition;
        this.summaryNow = { ...this.summaryNow, step };
        this.recentStepMs = [...this.recentStepMs.slice(-19), metrics.durations.total];
        await this.orHold(steering, async () => this.record({ type: 'step', metrics }));
        await this.orHold(steering, () => this.afterStep(step, interrupt.signal));
        await steering.at('after-update', step);
      }
      await this.orHold(steering, () => this.save('end'));
      if (bench.unseen) await this.evaluateNow(interrupt.signal);
      return { state: 'completed', detail: null };
    } catch (thrown) {
      if (!(thrown instanceof Interrupted)) throw thrown;
      // Sampling was cut short by a command that still waits: it takes effect now.
      if (steering.ending === null) await steering.at('before-step', this.summaryNow.step + 1).catch(expectInterrupted);
      const released = steering.ending !== 'stopped';
      await this.save(released ? 'pause' : 'stop');
      const saved = `saved after step ${this.summaryNow.step}`;
      return released
        ? { state: 'paused', detail: `${saved}; the memory is free` }
        : { state: 'stopped', detail: saved };
    }
  }

  /** A fault that a person can mend (no space left, numbers that are not finite) pauses the run; on resume the work is tried again. */
  private async orHold<T>(steering: Steering, work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (thrown) {
        if (thrown instanceof Interrupted) throw thrown;
        const fault = asStudioError(thrown);
        if (fault.kind !== 'not-finite' && fault.kind !== 'disk-full') throw fault;
        this.noteFault(fault);
        steering.holdBecause(fault);
        await steering.at('before-update', this.summaryNow.step + 1);
      }
    }
  }

  private async afterStep(step: number, signal: AbortSignal): Promise<void> {
    const { parameters: p, steps } = this.summaryNow;
    const last = step >= steps;
    if (p.checkpointEvery > 0 && step % p.checkpointEvery === 0 && !last) await this.save('schedule');
    if (p.evaluateEvery > 0 && step % p.evaluateEvery === 0 && !last && this.bench().unseen)
      await this.evaluateNow(signal);
  }

  private training(steering: Steering, signal: AbortSignal): Training {
    const bench = this.bench();
    return {
      engine: bench.engine,
      policy: bench.policy,
      reference: bench.reference,
      template: bench.template,
      seed: this.plan.seed,
      signal,
      parameters: () => this.summaryNow.parameters,
      at: (point) => steering.at(point, this.summaryNow.step + 1),
      nextQuestions: async (count) => {
        const { imageShare } = this.summaryNow.parameters;
        const rowAt = (position: number) => bench.order.at(position, imageShare);
        const { questions, next } = await bench.questions.take(rowAt, this.nextPosition, count);
        this.nextPosition = next;
        // The next step's media are decoded while this one computes; a fault is met again, and reported, when they are taken.
        for (let i = 0; i < count; i++) bench.questions.prefetch(rowAt(next + i));
        return questions;
      },
      probeQuestions: async (step, count) => {
        const from = bench.unseen ?? bench.questions;
        const { questions } = await from.take(
          (position) => hash32(this.plan.seed, step, position) % from.dataset.count,
          0,
          count,
        );
        return questions;
      },
      recordGroups: (groups) => this.recordGroups(groups),
      onSampling: (hint) => this.around.onSampling({ runId: this.id, step: this.summaryNow.step + 1, ...hint }),
    };
  }

  private async evaluateNow(signal: AbortSignal): Promise<string> {
    const bench = this.bench();
    if (!bench.unseen)
      throw new StudioError('conflict', 'The run file names no evaluationDataset.', {
        remedy: 'Add one to the run file and create the run again.',
      });
    const number = this.store.evaluations().length;
    const { state, detail } = this.summaryNow;
    const evaluation = await evaluate({
      engine: bench.engine,
      model: bench.policy,
      questions: bench.unseen,
      template: bench.template,
      parameters: this.summaryNow.parameters,
      seed: this.plan.seed,
      step: this.summaryNow.step,
      id: `e${number}`,
      signal,
      onGroups: (groups) => this.recordGroups(groups),
      onProgress: (done, total) =>
        this.around.onChanged({ ...this.summary(), detail: `evaluating ${done} of ${total} questions` }),
    });
    this.record({ type: 'evaluation', evaluation });
    this.around.onChanged({ ...this.summary(), state, detail });
    const { ordered, shuffled } = evaluation.needsOrder ?? evaluation.all;
    return `${percent(ordered)} on ordered frames, ${shuffled === null ? 'none shuffled' : `${percent(shuffled)} on shuffled`}, ${evaluation.all.count} questions`;
  }

  private async save(reason: CheckpointReason): Promise<string> {
    const bench = this.bench();
    const s = this.summaryNow;
    const checkpoint = await saveCheckpoint(
      this.folder,
      bench.engine,
      bench.policy,
      {
        version: 1,
        run: s.id,
        name: s.name,
        method: s.method,
        step: s.step,
        position: this.position,
        seed: this.plan.seed,
        parameters: s.parameters,
      },
      reason,
    );
    this.record({ type: 'checkpoint', checkpoint });
    await this.prune();
    return `${checkpoint.id}, ${(checkpoint.sizeBytes / 1e6).toFixed(1)} MB`;
  }

  private async prune(): Promise<void> {
    const scheduled = this.store
      .checkpoints()
      .filter((kept) => kept.reason === 'schedule')
      .sort((a, b) => b.step - a.step);
    for (const old of scheduled.slice(this.summaryNow.parameters.checkpointsKept)) {
      await removeCheckpoint(old.folder);
      this.record({ type: 'checkpoint-removed', id: old.id });
    }
  }

  private async clear(): Promise<void> {
    const bench = this.workbench;
    this.workbench = null;
    this.recentStepMs = [];
    if (!bench) return;
    bench.questions.dataset.dispose();
    bench.unseen?.dataset.dispose();
    await bench.engine.dispose();
  }

  private bench(): Workbench {
    if (!this.workbench) throw new StudioError('conflict', 'The run is not in memory.', { place: this.id });
    return this.workbench;
  }

  // ---- the record -----------------------------------------------------------------------------------------------------

  private setParameter(name: string, value: unknown): unknown {
    if (!isParameterName(name)) throw new StudioError('bad-request', `There is no parameter ${name}.`);
    if (name === 'imageShare') this.workbench?.order.check(value as ParameterValues['imageShare']);
    const old = this.summaryNow.parameters[name];
    const values = { ...this.summaryNow.parameters, [name]: value } as ParameterValues;
    this.summaryNow = { ...this.summaryNow, parameters: values, steps: values.steps };
    this.setState(this.summaryNow.state, this.summaryNow.detail);
    return old;
  }

  private setState(state: RunState, detail: string | null): void {
    const error = state === 'running' || state === 'completed' ? null : this.summaryNow.error;
    this.summaryNow = { ...this.summaryNow, state, detail, error, updatedAt: Date.now() };
    this.announce();
  }

  private noteFault(fault: StudioError): void {
    this.summaryNow = { ...this.summaryNow, error: { ...fault.data, message: fault.message } };
  }

  /** A state that can't be stored, because the disk is full, is still told to those who listen. */
  private announce(): void {
    try {
      this.record({ type: 'state', run: this.summary() });
    } catch (thrown) {
      this.around.log(`run ${this.id}: ${asStudioError(thrown)}`);
    }
    this.around.onChanged(this.summary());
  }

  /** Each group is written to the disk before the next; between them the trainer answers. */
  private async recordGroups(groups: readonly ScoredGroup[]): Promise<void> {
    for (const { group, tokens } of groups) {
      this.record({ type: 'group', group }, tokens);
      await setImmediate();
    }
  }

  /** @throws StudioError `disk-full` */
  record(body: RunEventBody, tokens?: ReadonlyMap<string, RolloutTokens>): RunEvent {
    const event = this.store.append(body, tokens);
    this.around.onEvent(event);
    return event;
  }
}

export function frameLimits(p: ParameterValues): FrameLimits {
  const { framesPerSecond, minFrames, maxFrames, frameRounding, minPixels, maxPixels, imageMinPixels, imageMaxPixels } =
    p;
  return { framesPerSecond, minFrames, maxFrames, frameRounding, minPixels, maxPixels, imageMinPixels, imageMaxPixels };
}

function allRows(dataset: Dataset): number[] {
  return Array.from({ length: dataset.count }, (_, row) => row);
}

/** SFT learns from rows with a chain of thought; the others are left out, and said so. */
function rowsWithReasoning(dataset: Dataset, warn: (message: string) => void): number[] {
  const rows = allRows(dataset).filter((row) => dataset.hasProcess(row));
  const left = dataset.count - rows.length;
  if (rows.length === 0) {
    throw new StudioError('bad-dataset', 'No row has a chain of thought, which SFT learns from.', {
      place: dataset.file,
      remedy: 'Give rows a "process" with <think>…</think>, or start a T-GRPO run on this file.',
    });
  }
  if (left > 0) warn(`${left} of ${dataset.count} rows have no chain of thought ("process") and are left out of SFT.`);
  return rows;
}

function expectInterrupted(thrown: unknown): void {
  if (!(thrown instanceof Interrupted)) throw thrown;
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
