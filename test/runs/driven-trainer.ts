/**
 * The whole controller over scripted engines: commands, kills, and clients that lose their connection and come back. Everything
 * that it does is held against what must always be so. The decoder is replaced by whoever drives it.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { presetParameters } from '../../trainer/learning/presets.ts';
import {
  type CommandRecord,
  type CommandRequest,
  type CommandState,
  hasEnded,
} from '../../trainer/protocol/commands.ts';
import { asStudioError } from '../../trainer/protocol/errors.ts';
import { type RunEvent, textOf } from '../../trainer/protocol/records.ts';
import { reduceRun } from '../../trainer/protocol/reduce-run.ts';
import { isComputing, type RunState, type RunSummary } from '../../trainer/protocol/run-state.ts';
import type { Run } from '../../trainer/runs/run.ts';
import type { Steering } from '../../trainer/runs/steering.ts';
import { Trainer } from '../../trainer/runs/trainer.ts';
import { Subscription } from '../../trainer/server/subscription.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { ScriptedEngine } from '../engines/scripted-engine.ts';
import { firstIsRight, memoryFolder, quick, writeDataset } from './scripted-run.ts';

/** How a run may stand after it stood so; the same again where a parameter was set. */
const mayFollow: Readonly<Record<RunState, readonly RunState[]>> = {
  created: ['created', 'queued', 'starting', 'evaluating'],
  queued: ['queued', 'starting', 'created', 'paused', 'stopped', 'completed', 'failed'],
  // As it rested before, where nothing came of it; paused too when its trainer died.
  starting: ['starting', 'running', 'pausing', 'stopping', 'created', 'paused', 'stopped', 'completed', 'failed'],
  running: ['running', 'pausing', 'paused', 'stopping', 'completed', 'failed'],
  // A pause is taken back, also while the model loads; an evaluation that was asked for before comes first.
  pausing: [
    'pausing',
    'paused',
    'running',
    'starting',
    'stopping',
    'evaluating',
    'completed',
    'failed',
    'created',
    'stopped',
  ],
  paused: ['paused', 'running', 'starting', 'pausing', 'stopping', 'stopped', 'queued', 'evaluating'],
  stopping: ['stopping', 'stopped', 'completed', 'failed', 'evaluating', 'paused', 'created'],
  stopped: ['stopped', 'starting', 'queued', 'evaluating'],
  evaluating: ['evaluating', 'created', 'paused', 'pausing', 'stopping', 'stopped', 'completed', 'failed'],
  completed: ['completed', 'starting', 'queued', 'evaluating'],
  failed: ['failed', 'starting', 'queued', 'evaluating'],
};

const lives: Readonly<Record<CommandState | 'none', readonly CommandState[]>> = {
  none: ['requested'],
  requested: ['rejected', 'scheduled', 'applied', 'failed'],
  scheduled: ['applied', 'failed'],
  rejected: [],
  applied: [],
  failed: [],
};

/** Longer than any step takes here: what has not happened by then never will. */
const patienceMs = 20_000;

const size = {
  ...{ hidden_size: 8, num_hidden_layers: 1, num_attention_heads: 1, num_key_value_heads: 1, intermediate_size: 4 },
  ...{ vocab_size: 300, vision_hidden_size: 8, vision_depth: 1, vision_num_heads: 1, vision_intermediate_size: 4 },
};

/** A client's view of a run, over connections that end. */
class Client {
  readonly got: RunEvent[] = [];
  readonly runId: string;
  private subscription: Subscription | null = null;

  constructor(runId: string) {
    this.runId = runId;
  }

  connect(store: RunStore): void {
    this.drop();
    const since = this.got.at(-1)?.seq ?? 0;
    this.subscription = new Subscription(
      since,
      {
        send: ({ json }) => this.got.push(JSON.parse(json) as RunEvent),
        isFull: false,
        onceDrained: () => {},
        together: (sending) => sending(),
      },
      (after, limit) => store.eventTexts(after, limit),
      (thrown) => {
        throw thrown;
      },
    );
    this.subscription.catchUp();
  }

  offer(event: RunEvent): void {
    this.subscription?.offer(textOf(event));
  }

  drop(): void {
    this.subscription?.dispose();
    this.subscription = null;
  }
}

/** What is known of a run from its events alone. */
interface Followed {
  readonly initial: RunSummary;
  seq: number;
  state: RunState;
  readonly commands: Map<string, CommandState>;
}

export class DrivenTrainer {
  readonly project: string;
  readonly transitions = new Set<string>();
  events = 0;
  private readonly followed = new Map<string, Followed>();
  private readonly clients: Client[] = [];
  private engines: ScriptedEngine[] = [];
  private trainer: Trainer | null = null;
  /** What must always be so and was not. */
  private readonly faults: string[] = [];
  private waiting: (() => void) | null = null;

  constructor() {
    this.project = mkdtempSync(path.join(memoryFolder, 'video-r1-driven-'));
    writeDataset(this.project, 'train', 2, {});
    writeDataset(this.project, 'unseen', 1, {});
    const parameters = { ...presetParameters('sample', 'tgrpo'), ...quick };
    for (const method of ['tgrpo', 'sft'] as const)
      writeFileSync(
        path.join(this.project, `${method}.run.json`),
        JSON.stringify({
          ...{
            version: 1,
            name: method,
            method,
            dataset: 'train.json',
            evaluationDataset: 'unseen.json',
            model: { size },
          },
          parameters: {
            ...Object.fromEntries(Object.keys(quick).map((name) => [name, parameters[name as keyof typeof quick]])),
            ...{ steps: 4, questionsPerStep: 1, checkpointEvery: 2, checkpointsKept: 2, evaluateEvery: 3 },
          },
        }),
      );
  }

  async open(): Promise<void> {
    this.engines = [];
    const trainer = await Trainer.open({
      ...{ projectFolder: this.project, version: '0.0.0', log: () => {} },
      createEngine: async () => {
        const engine = new ScriptedEngine(firstIsRight);
        this.engines.push(engine);
        return engine;
      },
    });
    this.trainer = trainer;
    trainer.listen({
      onEvent: (event) => {
        if (this.trainer !== trainer) return;
        this.follow(event);
        for (const client of this.clients) if (client.runId === event.runId) client.offer(event);
        this.wake();
      },
      onRunsChanged: () => this.wake(),
      onSampling: () => {},
    });
    // What happened when nobody listened: the commands and runs that a killed trainer left.
    for (const id of this.followed.keys()) {
      for (const event of eventsOf(trainer.store(id), this.followed.get(id)?.seq ?? 0)) this.follow(event);
      for (const client of this.clients) if (client.runId === id) client.connect(trainer.store(id));
    }
  }

  get runIds(): string[] {
    return [...this.followed.keys()];
  }

  summary(runId: string): RunSummary {
    return this.now.runs().find(({ id }) => id === runId) as RunSummary;
  }

  async create(method: 'tgrpo' | 'sft'): Promise<void> {
    const run = await this.now.create({ runFile: `${method}.run.json`, start: false }, 'ada');
    this.followed.set(run.id, { initial: run, seq: 0, state: run.state, commands: new Map() });
    for (let i = 0; i < 2; i++) {
      const client = new Client(run.id);
      client.connect(this.now.store(run.id));
      this.clients.push(client);
    }
  }

  /** @returns what the trainer says at once */
  send(runId: string, id: string, request: CommandRequest): CommandRecord {
    return this.now.command(runId, id, request, 'ada');
  }

  /** A client loses its connection, or has it again. */
  reconnect(client: number, isLost: boolean): void {
    const found = this.clients[client % this.clients.length];
    if (isLost) found?.drop();
    else found?.connect(this.now.store(found.runId));
  }

  /** Lets so many events come, or fewer where the trainer stands still before. */
  async some(count: number): Promise<void> {
    const until = this.events + count;
    while (this.events < until && this.isBusy) await this.change();
  }

  async turns(count: number): Promise<void> {
    for (let turn = 0; turn < count; turn++) await nextTurn();
  }

  /** As kill -9 does: nothing is saved, told or heard of from now on. What is on the disk is all that is left. */
  async kill(): Promise<void> {
    const { trainer } = this;
    if (trainer === null) return;
    this.trainer = null;
    for (const client of this.clients) client.drop();
    const runs = Reflect.get(trainer, 'runsById') as Map<string, Run>;
    for (const engine of this.engines) {
      engine.kill();
      engine.openGates();
    }
    trainer.labels.dispose();
    const stays = [...runs.values()].flatMap((run) => {
      run.store.dispose();
      return (Reflect.get(run, 'stay') as Stay | null) ?? [];
    });
    (Reflect.get(trainer, 'queue') as { close(): void }).close();
    // What it was about to write to the disk must not come while the next one works: in life the two are never there together.
    await within(Promise.all(stays.map(idle)), 'what a killed trainer had under way to end');
  }

  /** Lets the trainer come to rest: what stands still in memory is stopped. */
  async settle(): Promise<void> {
    for (;;) {
      while (this.isBusy) await this.change();
      const held = this.now.runs().find((run) => run.state === 'paused' && run.memory === 'held');
      if (held) this.send(held.id, `settle-${this.events}`, { kind: 'stop', when: 'now' });
      else if (!this.now.runs().some(({ state }) => isComputing(state))) break;
      await this.turns(1);
    }
    // Checkpoints are deleted from a real disk, whatever else is over.
    const isOpen = () =>
      this.now.runs().some(({ id }) =>
        this.now
          .store(id)
          .commands()
          .some((command) => !hasEnded(command)),
      );
    for (let waited = 0; waited < 500 && isOpen(); waited++) await pause(2);
    await this.turns(3);
  }

  /** @returns what was not as it must be; empty where all is well */
  async check(): Promise<string[]> {
    const faults = [...this.faults];
    for (const client of this.clients) client.connect(this.now.store(client.runId));
    const isBehind = () => this.clients.some(({ got, runId }) => got.length < this.now.store(runId).lastSeq());
    for (let turn = 0; turn < 200 && isBehind(); turn++) await nextTurn();
    for (const [id, { initial, commands, seq }] of this.followed) {
      const store = this.now.store(id);
      const log = [...eventsOf(store, 0)];
      const say = (what: string) => faults.push(`${id}: ${what}`);
      log.forEach((event, i) => {
        if (event.seq !== i + 1) say(`event ${i + 1} of the log has the number ${event.seq}`);
      });
      if (seq !== log.length) say(`${log.length} events are stored, and the last that was told is ${seq}`);
      for (const { got, runId } of this.clients) {
        if (runId !== id) continue;
        const wrong = got.findIndex((event, i) => event.seq !== i + 1);
        if (wrong >= 0) say(`a client got event ${got[wrong]?.seq} as its ${wrong + 1}th`);
        else if (got.length !== log.length) say(`a client got ${got.length} events of ${log.length}`);
      }
      for (const record of store.commands())
        if (!hasEnded(record)) say(`${record.request.kind} ${record.id} has no end`);
      for (const [command, state] of commands)
        if (!['rejected', 'applied', 'failed'].includes(state)) say(`command ${command} was told as ${state} at last`);
      const reduced = log.reduce(reduceRun, initial);
      for (const key of Object.keys(reduced) as (keyof RunSummary)[])
        if (JSON.stringify(reduced[key]) !== JSON.stringify(store.summary()[key]))
          say(
            `by the log ${key} is ${JSON.stringify(reduced[key])}, and ${JSON.stringify(store.summary()[key])} by the store`,
          );
      for (const table of tablesThatDiffer(store, initial, log)) say(`by the log the table of ${table} is another one`);
    }
    return faults;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.project, { recursive: true, force: true, maxRetries: 3 });
  }

  private get now(): Trainer {
    if (this.trainer === null) throw new Error('There is no trainer.');
    return this.trainer;
  }

  private get isBusy(): boolean {
    return this.now.runs().some(({ state }) => isComputing(state));
  }

  private follow({ runId, seq, body }: RunEvent): void {
    const run = this.followed.get(runId);
    if (!run) return;
    this.events++;
    if (seq !== run.seq + 1) this.faults.push(`${runId}: event ${seq} was told after ${run.seq}`);
    run.seq = Math.max(run.seq, seq);
    if (body.type === 'state') {
      const { state } = body.run;
      this.transitions.add(`${run.state} → ${state}`);
      if (!mayFollow[run.state].includes(state)) this.faults.push(`${runId}: ${state} after ${run.state}`);
      run.state = state;
    }
    if (body.type === 'command') {
      const { id, state, request } = body.command;
      const before = run.commands.get(id) ?? 'none';
      if (!lives[before].includes(state))
        this.faults.push(`${runId}: ${request.kind} ${id} is ${state} after it was ${before}`);
      run.commands.set(id, state);
    }
  }

  private wake(): void {
    const waits = this.waiting;
    this.waiting = null;
    waits?.();
  }

  /** Until something has happened. */
  private change(): Promise<void> {
    const states = this.now.runs().map(({ id, state }) => `${id} ${state}`);
    return within(
      new Promise<void>((resolve) => {
        this.waiting = resolve;
      }),
      `anything to happen (${states.join(', ')})`,
    );
  }
}

/** What of a run's stay in memory is looked at when its trainer is dead. */
interface Stay {
  readonly over: Promise<void>;
  readonly session: object;
}

/** Until it has ended, or stands still for ever: nobody commands it any more. */
async function idle({ over, session }: Stay): Promise<void> {
  let hasEnded = false;
  const ended = () => {
    hasEnded = true;
  };
  over.then(ended, ended);
  const steering = Reflect.get(session, 'steering') as Pick<Steering, 'heldAt'>;
  while (!hasEnded && steering.heldAt === null) await nextTurn();
}

async function within<T>(work: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Nobody can wait longer for ${what}.`)), patienceMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function* eventsOf(store: RunStore, since: number): Generator<RunEvent> {
  for (let after = since; ; ) {
    const page = store.events(after, 200);
    yield* page;
    const last = page.at(-1);
    if (!last) return;
    after = last.seq;
  }
}

/** Names of the tables that are others when they are made anew of the log. */
function tablesThatDiffer(store: RunStore, initial: RunSummary, log: readonly RunEvent[]): string[] {
  const folder = mkdtempSync(path.join(memoryFolder, 'video-r1-anew-'));
  const anew = RunStore.create(folder, initial);
  try {
    anew.appendAll(log.map(({ body }) => body));
    const tables = (of: RunStore) => ({
      steps: of.metrics(),
      commands: of.commands(),
      checkpoints: of.checkpoints(),
      evaluations: of.evaluations(),
      groups: [...of.groups()],
      counts: of.counts().counts,
      rollouts: of.rolloutCount(),
    });
    // As they are sent; in which order a record's keys were written says nothing.
    const [held, made] = [store, anew].map((of) => JSON.parse(JSON.stringify(tables(of))) as ReturnType<typeof tables>);
    return Object.keys(held ?? {}).filter(
      (name) => !isDeepStrictEqual(held?.[name as keyof typeof held], made?.[name as keyof typeof made]),
    );
  } catch (thrown) {
    return [`anything (${asStudioError(thrown)})`];
  } finally {
    anew.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}
