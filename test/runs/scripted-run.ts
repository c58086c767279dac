/** A whole run without a model: its store, its dataset and its folder are real; engine and media are scripted. */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { presetParameters } from '../../trainer/learning/presets.ts';
import type { CommandRecord, CommandRequest, EndedCommand } from '../../trainer/protocol/commands.ts';
import { hasEnded } from '../../trainer/protocol/commands.ts';
import type { DataType } from '../../trainer/protocol/dataset.ts';
import { StudioError } from '../../trainer/protocol/errors.ts';
import type { Method, ParameterValues } from '../../trainer/protocol/parameters.ts';
import type { RunEvent, RunEventBody } from '../../trainer/protocol/records.ts';
import type { RunState, RunSummary } from '../../trainer/protocol/run-state.ts';
import type { EngineSettings } from '../../trainer/protocol/runfile.ts';
import type { RunPlan } from '../../trainer/runs/plan.ts';
import { ProjectPaths, runsFolder } from '../../trainer/runs/project-paths.ts';
import { Run } from '../../trainer/runs/run.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import type { MediaLoader } from '../../trainer/video/load.ts';
import { type Script, ScriptedEngine } from '../engines/scripted-engine.ts';
import { aLoadedQuestion } from '../learning/scripted-training.ts';

const right = '<think>a</think><answer>B</answer>';
const wrong = '<think>a</think><answer>A</answer>';
/** The first ordered answer is right, all others are wrong: no group is flat, and order is paid for. */
export const firstIsRight: Script = ({ isShuffled, index }) => (isShuffled || index > 0 ? wrong : right);

/** A store waits for the disk at every event; a test of hundreds of runs is spared that where files can lie in memory. */
export const memoryFolder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

export interface ScriptedRunOptions {
  readonly method?: Method;
  readonly parameters?: Partial<ParameterValues>;
  /** Rows of the dataset. */
  readonly questions?: number;
  /** Rows to be evaluated on; 0 names no such dataset. */
  readonly unseen?: number;
  /** What is right of every video backwards; absent where the rows do not say. */
  readonly reversedSolution?: string;
  /** What the rows ask, where it is not a few words. */
  readonly problems?: Readonly<Record<number, string>>;
  /** Rows whose media can't be read. */
  readonly unreadable?: readonly number[];
  /** Null draws answers from the policy. */
  readonly script?: Script | null;
  /** What its engines can do besides. */
  readonly can?: ConstructorParameters<typeof ScriptedEngine>[1];
  /** Settings of an engine, though the engine is scripted. */
  readonly engine?: EngineSettings;
  /** Other runs of the trainer. */
  readonly others?: () => readonly RunSummary[];
}

export const quick: Partial<ParameterValues> = {
  ...{ steps: 3, questionsPerStep: 2, groupSize: 2, shuffledGroupSize: 1, checkpointEvery: 0, evaluateEvery: 0 },
  ...{ probeEvery: 0, evaluationQuestions: 0, maxNewTokens: 40, warmupSteps: 0, schedule: 'constant' },
};

export function writeDataset(
  folder: string,
  name: string,
  count: number,
  { problems = {}, reversedSolution }: { [K in 'problems' | 'reversedSolution']?: ScriptedRunOptions[K] | undefined },
): string {
  const rows = Array.from({ length: count }, (_, row) => {
    const media = `${name}-${row}.mp4`;
    writeFileSync(path.join(folder, media), '');
    return {
      ...{
        problem_id: row,
        problem: problems[row] ?? `Question ${row}?`,
        data_type: 'video',
        problem_type: 'multiple choice',
      },
      ...{
        options: ['A. left', 'B. right'],
        solution: '<answer>B</answer>',
        process: '<think>ab</think>',
        path: media,
      },
      ...(reversedSolution !== undefined && { reversed_solution: reversedSolution }),
    };
  });
  writeFileSync(path.join(folder, `${name}.json`), JSON.stringify(rows));
  return path.join(folder, `${name}.json`);
}

/** Frames without a decoder; a file is named by its row. */
export function scriptedMedia(unreadable: readonly number[], onLoad: () => void): MediaLoader {
  const media = {
    async load(file: string, dataType: DataType) {
      onLoad();
      const row = Number(/train-(\d+)/.exec(file)?.[1] ?? -1);
      if (unreadable.includes(row))
        throw new StudioError('bad-media', 'The video is damaged.', { place: path.basename(file) });
      const { frames, view } = aLoadedQuestion(row, { dataType });
      return { frames, view };
    },
    prefetch() {},
  };
  return media as unknown as MediaLoader;
}

/** A run with what it did; `reopen` gives another one over the same store, as after the trainer's end. */
export class ScriptedRun {
  readonly run: Run;
  /** Those that were started, newest last. */
  readonly engines: ScriptedEngine[] = [];
  readonly events: RunEvent[] = [];
  readonly changes: RunSummary[] = [];
  readonly lines: string[] = [];
  /** Is given each engine before anything is asked of it. */
  onEngine: (engine: ScriptedEngine) => void = () => {};
  /** Is called before any frames are given. */
  onLoad: () => void = () => {};
  /** Is told what clients of a trainer are told. */
  listener: { onEvent(event: RunEvent): void; onRunsChanged(run: RunSummary): void } | null = null;
  private readonly options: ScriptedRunOptions;
  private readonly waiting = new Set<() => void>();
  private isDead = false;

  constructor(folder: string, plan: RunPlan, store: RunStore, options: ScriptedRunOptions) {
    this.options = options;
    const look = () => {
      for (const waits of [...this.waiting]) waits();
    };
    this.run = new Run(folder, plan, store, {
      media: async () => scriptedMedia(options.unreadable ?? [], () => this.onLoad()),
      createEngine: async () => {
        const engine = new ScriptedEngine(options.script === undefined ? firstIsRight : options.script, options.can);
        this.engines.push(engine);
        this.onEngine(engine);
        return engine;
      },
      checkpointOf: async () => path.join(folder, 'start'),
      runs: () => [this.run.summary(), ...(options.others?.() ?? [])],
      nextInQueue: () => 1,
      allowedRoots: [],
      makeRoom: async () => {},
      onEvent: (event) => {
        this.events.push(event);
        this.listener?.onEvent(event);
        look();
      },
      onChanged: (summary) => {
        if (this.isDead) return;
        this.changes.push(summary);
        this.listener?.onRunsChanged(summary);
        look();
      },
      onSampling: () => {},
      log: (line) => this.lines.push(line),
      recentLog: () => this.lines,
    });
    onTestFinished(() => this.kill());
  }

  get summary(): RunSummary {
    return this.run.summary();
  }

  get engine(): ScriptedEngine {
    const engine = this.engines.at(-1);
    if (!engine) throw new Error('No engine was started yet.');
    return engine;
  }

  get states(): RunState[] {
    return this.bodies('state').map(({ run }) => run.state);
  }

  bodies<T extends RunEventBody['type']>(type: T): Extract<RunEventBody, { type: T }>[] {
    return this.events.flatMap(({ body }) => (body.type === type ? [body as Extract<RunEventBody, { type: T }>] : []));
  }

  /** Sends a command; what it answers is what the trainer says at once. */
  send(request: CommandRequest, id: string = randomUUID()): CommandRecord {
    return this.run.command(id, request, 'ada');
  }

  /** Sends a command and waits for its end. */
  async command(request: CommandRequest): Promise<EndedCommand> {
    const sent = this.send(request);
    await this.until(() => this.record(sent.id) !== undefined);
    return this.record(sent.id) as EndedCommand;
  }

  /** Waits for a thing that an event or a change brings about. */
  async until(holds: (summary: RunSummary) => boolean): Promise<void> {
    while (!holds(this.summary)) {
      await new Promise<void>((resolve) => {
        const look = () => {
          this.waiting.delete(look);
          resolve();
        };
        this.waiting.add(look);
      });
    }
  }

  async untilState(state: RunState): Promise<RunSummary> {
    await this.until((run) => run.state === state);
    return this.summary;
  }

  /** Nothing is computed, written or heard of from now on. */
  kill(): void {
    if (this.isDead) return;
    this.isDead = true;
    for (const engine of this.engines) engine.kill();
    this.run.store.dispose();
  }

  /** The run as a new trainer finds it. */
  reopen(): ScriptedRun {
    this.kill();
    const { folder, plan } = this.run;
    const found = new ScriptedRun(folder, plan, RunStore.open(folder), this.options);
    found.run.recover();
    return found;
  }

  private record(id: string): EndedCommand | undefined {
    return this.bodies('command')
      .map(({ command }) => command)
      .filter(hasEnded)
      .find((record) => record.id === id);
  }
}

export function scriptedRun(options: ScriptedRunOptions = {}): ScriptedRun {
  const project = mkdtempSync(path.join(memoryFolder, 'video-r1-run-'));
  onTestFinished(() => rmSync(project, { recursive: true, force: true }));
  const { method = 'tgrpo', questions = 4, unseen = 2 } = options;
  const folder = path.join(runsFolder(project), `${method}-1`);
  mkdirSync(folder, { recursive: true });
  const parameters = { ...presetParameters('sample', method), ...quick, ...options.parameters } as ParameterValues;
  const start = path.join(folder, 'start');
  mkdirSync(start);
  writeFileSync(
    path.join(start, 'table.json'),
    JSON.stringify({ logits: Array(102).fill(0), first: [], second: [], steps: 0 }),
  );
  const plan: RunPlan = {
    ...{ name: method, method, preset: 'sample', promptTemplate: null, seed: 1, sourceWeights: null },
    ...{ allowedRoots: [], paths: new ProjectPaths(project) },
    dataset: writeDataset(folder, 'train', questions, options),
    evaluationDataset:
      unseen > 0 ? writeDataset(folder, 'unseen', unseen, { reversedSolution: options.reversedSolution }) : null,
    runFile: path.join(folder, `${method}.run.json`),
    model: { checkpoint: start },
    engine: options.engine ?? { name: 'tfjs', backend: 'wasm', threads: 1 },
  };
  const store = RunStore.create(folder, {
    ...{ id: `${method}-1`, name: method, method, preset: 'sample', state: 'created', step: 0 },
    ...{ steps: parameters.steps, createdAt: 1, updatedAt: 1, pace: [], parameters, presetParameters: parameters },
    ...{ engine: null, questions: 0, skipped: 0, dataset: plan.paths.record(plan.dataset) },
    evaluationDataset: plan.evaluationDataset && plan.paths.record(plan.evaluationDataset),
    ...{ from: 'a start', runFile: 'tgrpo.run.json', seq: 0 },
  });
  return new ScriptedRun(folder, plan, store, options);
}
