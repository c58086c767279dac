/** A TrainerService over real stores that computes nothing: tests record events by hand. */
import { join } from 'node:path';
import type { Frames } from '../../trainer/engines/engine.ts';
import { builtInCategories } from '../../trainer/protocol/annotations/categories.ts';
import type { CommandRecord, CommandRequest } from '../../trainer/protocol/commands.ts';
import type { CurvesAnswer, CurvesAsked } from '../../trainer/protocol/curves.ts';
import { StudioError } from '../../trainer/protocol/errors.ts';
import type { RunFileEntry, TrainerInfo, UnreadableRun } from '../../trainer/protocol/messages.ts';
import type { RunEvent, RunEventBody } from '../../trainer/protocol/records.ts';
import type { Resumption } from '../../trainer/protocol/resumption.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { defaultEngine } from '../../trainer/protocol/runfile.ts';
import { Audits } from '../../trainer/runs/audits.ts';
import { CheckpointShelf } from '../../trainer/runs/checkpoint-shelf.ts';
import { type ExportProgress, exportRollouts, type RolloutExport } from '../../trainer/runs/export-rollouts.ts';
import type { RunPlan } from '../../trainer/runs/plan.ts';
import { ProjectPaths } from '../../trainer/runs/project-paths.ts';
import { QuestionAnswers } from '../../trainer/runs/question-answers.ts';
import type {
  AskService,
  CreateRun,
  EvidenceService,
  ForkRun,
  LabelService,
  QueueService,
  SamplingHint,
  SuggestionService,
  TrainerListener,
  TrainerService,
  UpdateService,
} from '../../trainer/runs/service.ts';
import type { UpdateAsked } from '../../trainer/runs/session-updates.ts';
import type { CountAsked, ListAsked, RolloutCount, RolloutPage } from '../../trainer/store/rollout-list.ts';
import { type Attention, RolloutReader } from '../../trainer/store/rollout-reader.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { aRun } from '../store/records.ts';

/** Seed of a draw that ends only when it is given up. */
export const waitsForEver = 99;

/** Every run of this service was planned alike. */
const aPlan = (project: string): RunPlan => ({
  name: 'tgrpo',
  method: 'tgrpo',
  preset: 'sample',
  dataset: join(project, 'rl.json'),
  evaluationDataset: null,
  promptTemplate: null,
  runFile: join(project, 'tgrpo.run.json'),
  model: { run: 'sft' },
  engine: defaultEngine,
  seed: 1,
  sourceWeights: null,
  allowedRoots: [],
  paths: new ProjectPaths(project),
});

export class RecordingService implements TrainerService {
  readonly info: TrainerInfo;
  readonly created: { request: CreateRun; by: string }[] = [];
  shutdowns = 0;
  private readonly folder: string;
  private readonly stores = new Map<string, RunStore>();
  private readonly reader = new RolloutReader();
  private readonly listeners = new Set<TrainerListener>();
  readonly questions = new QuestionAnswers(this.reader, (runId) => {
    const store = this.store(runId);
    return { folder: store.folder, store, plan: aPlan(this.folder) };
  });

  readonly audits: Audits;

  constructor(folder: string) {
    this.folder = folder;
    this.audits = new Audits(folder, {
      beside: (id) => {
        const store = this.store(id);
        return { plan: aPlan(folder), parameters: store.summary().parameters, metrics: store.metrics() };
      },
      media: () => Promise.reject(new Error('This one has no media.')),
    });
    this.info = {
      version: '0.1.0',
      pid: process.pid,
      folder,
      startedAt: Date.now(),
      ffmpeg: 'none',
      node: process.version,
    };
  }

  addRun(id: string): RunStore {
    const store = RunStore.create(join(this.folder, 'runs', id), aRun({ id }));
    this.stores.set(id, store);
    return store;
  }

  /** What a run does: into the store, then to whoever listens. */
  record(runId: string, body: RunEventBody): RunEvent {
    const event = this.store(runId).append(body);
    for (const listener of this.listeners) listener.onEvent(event);
    return event;
  }

  sample(hint: SamplingHint): void {
    for (const listener of this.listeners) listener.onSampling(hint);
  }

  change(run: RunSummary | null): void {
    for (const listener of this.listeners) listener.onRunsChanged(run);
  }

  get listening(): number {
    return this.listeners.size;
  }

  listen(listener: TrainerListener): { dispose(): void } {
    this.listeners.add(listener);
    return { dispose: () => this.listeners.delete(listener) };
  }

  async runFiles(): Promise<RunFileEntry[]> {
    return [];
  }

  runs(): RunSummary[] {
    return [...this.stores.values()].map((store) => store.summary());
  }

  unreadable(): UnreadableRun[] {
    return [{ id: 'broken', message: 'The database is damaged.', place: 'broken/run.db', remedy: null }];
  }

  async create(request: CreateRun, by: string): Promise<RunSummary> {
    this.created.push({ request, by });
    throw new StudioError('bad-run-file', 'unknown key learningrate', {
      place: 'sft.run.json:4',
      remedy: 'Did you mean learningRate?',
    });
  }

  command(runId: string, id: string, request: CommandRequest, by: string): CommandRecord {
    const number = this.store(runId).nextCommandNumber();
    const command: CommandRecord = { id, number, request, by, requestedAt: 1, state: 'requested' };
    this.record(runId, { type: 'command', command });
    return command;
  }

  muteAdvisory(runId: string, key: string, muted: boolean, by: string): void {
    this.record(runId, { type: 'advisory-muted', key, muted, by });
  }

  async resumption(runId: string): Promise<Resumption> {
    const { step } = this.store(runId).summary();
    return { from: step, steps: 0, rollouts: 0, evaluations: 0, bad: [], seeds: 'exact' as const, asks: null };
  }

  shelf(runId: string): CheckpointShelf {
    const store = this.store(runId);
    return new CheckpointShelf({
      ...{ folder: store.folder, store },
      run: () => store.summary(),
      runs: () => this.runs(),
      record: (body) => void this.record(runId, body),
    });
  }

  async fork({ runId }: ForkRun): Promise<RunSummary> {
    throw new StudioError('not-found', `${runId} has no checkpoint.`);
  }

  async delete(runId: string): Promise<void> {
    await this.reader.close(this.store(runId).folder);
    this.store(runId).dispose();
    this.stores.delete(runId);
    this.change(null);
  }

  store(runId: string): RunStore {
    const store = this.stores.get(runId);
    if (!store) throw new StudioError('not-found', `There is no run ${runId}.`);
    return store;
  }

  prepareReading(): void {}

  listRollouts(runId: string, asked: ListAsked, attention: Attention): Promise<RolloutPage> {
    return this.reader.list(this.store(runId).folder, asked, attention);
  }

  async analyse(): Promise<{ done: number; total: number; cancelled: boolean }> {
    return { done: 0, total: 0, cancelled: false };
  }

  cancelAnalysis(): void {}

  countRollouts(runId: string, asked: CountAsked, attention: Attention): Promise<RolloutCount> {
    return this.reader.count(this.store(runId).folder, asked, attention);
  }

  curves(runId: string, asked: CurvesAsked): Promise<CurvesAnswer> {
    return this.reader.curves(this.store(runId).folder, asked);
  }

  async frames(runId: string, key: string): Promise<Frames> {
    this.store(runId);
    if (key === 'broken') throw new TypeError('a fault of ours');
    const pixels = new Uint8Array(new SharedArrayBuffer(2 * 3 * 2 * 3)).map((_, index) => index);
    return { key, width: 2, height: 3, count: 2, pixels, place: null, sampleFps: 1 };
  }

  exportRollouts(runId: string, asked: RolloutExport, file: string, progress: ExportProgress): Promise<number> {
    const frames = (key: string) => this.frames(runId, key);
    const surroundings = { project: this.folder, reader: this.reader, frames };
    return exportRollouts(this.store(runId), asked, file, surroundings, progress);
  }

  /** Only what a connection needs of it: labels themselves are tested with their files. */
  /** As for labels. */
  readonly evidence: EvidenceService = {
    cost: async () => ({
      by: null,
      answers: 0,
      weighed: 0,
      passes: 0,
      ms: null,
      refusal: 'There is nothing to weigh.',
    }),
    compute: async () => ({ weighed: 0, before: 0, refused: [], cancelled: false }),
  };

  /** Updates that were tried, as they came here. */
  readonly tried: UpdateAsked[] = [];
  readonly updates: UpdateService = {
    state: (runId, step) => ({ receipt: this.store(runId).receipt(step), make: 'no', attempt: null, again: false }),
    make: async (_, step) => ({ step, at: 1, answers: [] }),
    attempt: async (_, asked, signal, tell) => {
      this.tried.push(asked);
      tell('scoring the answers');
      if (asked.step === 9)
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      const receipt = { step: asked.step, at: 1, answers: [] };
      return { step: asked.step, again: false, learningRate: { plain: 1, tried: 1 }, plain: receipt, tried: receipt };
    },
  };

  readonly asking: AskService = {
    cost: async () => ({
      ...{ weights: [null], answers: 4, ms: null, waits: false, prefix: null, cut: null },
      refusal: 'There are no weights.',
    }),
    start: async () => {
      throw new StudioError('conflict', 'There are no weights.');
    },
    weigh: async () => {
      throw new StudioError('conflict', 'There are no weights.');
    },
    rightWith: () => {
      throw new StudioError('not-found', 'There is no such group.');
    },
    startRightWith: async () => {
      throw new StudioError('conflict', 'There are no weights.');
    },
    remove: () => {},
  };

  readonly labels: LabelService = {
    add: async (runId, { rolloutId, verdict }, author) => {
      const said = { id: 'said', span: null, category: null, severity: 'major' as const, verdict, note: '', quote: '' };
      this.record(runId, { type: 'annotation', annotation: { ...said, rolloutId, author, at: 1 } });
      return { ids: ['said'] };
    },
    retract: async (id) => {
      this.record('a', { type: 'annotation-removed', id });
      return { id: 'back' };
    },
    categories: async () => [...builtInCategories],
    settle: async (...asked) => {
      this.askedOfReview.push(asked);
      return { ids: ['settled'] };
    },
    history: async (...asked) => {
      this.askedOfReview.push(asked);
      return { lines: [], settled: null, hidden: null, annotators: null };
    },
    agreement: async () => ({ authors: [], subjects: [], spans: [], toSettle: 0 }),
    authorOf: (name) => name.trim(),
  };

  /** What was asked of these two, as it came here; what they do is tested with them. */
  readonly askedOfReview: unknown[] = [];

  readonly review: QueueService = {
    draw: async (...[runId, asked, author, { signal }]) => {
      this.askedOfReview.push({ runId, asked, author });
      if (asked.seed === waitsForEver)
        await new Promise((_, reject) =>
          signal?.addEventListener('abort', () => reject(new StudioError('cancelled', 'The request was cancelled.'))),
        );
      return { items: [], matching: 7 };
    },
    deal: async (...[runId, asked, author]) => {
      this.askedOfReview.push({ runId, asked, author });
      return { items: 0, shared: 0, waiting: [], ids: [] };
    },
    dealt: async () => ({ waiting: [], own: 0 }),
    takeBack: async (...asked) => {
      this.askedOfReview.push(asked);
      return { items: 0, ids: [] };
    },
  };

  readonly suggestions: SuggestionService = {
    list: async (...asked) => {
      this.askedOfReview.push(asked);
      return [];
    },
    answer: async (...asked) => {
      this.askedOfReview.push(asked);
      return { ids: ['answered'] };
    },
  };

  async shutdown(): Promise<void> {
    this.shutdowns += 1;
    await this.reader.dispose();
    for (const store of this.stores.values()) store.dispose();
  }
}
