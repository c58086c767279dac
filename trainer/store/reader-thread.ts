/**
 * The thread behind `RolloutReader`: lists and counts of all runs of a trainer, what is asked of questions, and curves, slice by slice.
 * Between two slices it hears what is new. Counts follow one another and let all others go first, which take turns.
 */
import { setImmediate } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import { everything } from '../protocol/query/expression.ts';
import { fields } from '../protocol/query/fields.ts';
import { type ListSort, sortFields } from '../protocol/query/sort.ts';
import { CurveColumns } from './curve-columns.ts';
import { Database } from './database.ts';
import { drawRollouts } from './draw-rollouts.ts';
import { listQuestions, questionHistory } from './question-history.ts';
import { evaluationPairs, sharedQuestions } from './question-pairs.ts';
import { RolloutColumns } from './rollout-columns.ts';
import { countRollouts, listRollouts } from './rollout-list.ts';
import { questionOf, RolloutOrders, type Slices } from './rollout-orders.ts';
import type { AboutQuestions, FromReader, ReaderValue, ToReader } from './rollout-reader.ts';

type Asked = Extract<ToReader, { kind: 'list' | 'count' | 'draw' | 'questions' | 'curves' }>;

interface Task {
  readonly asked: Asked;
  /** Null until its first turn. */
  slices: Slices<ReaderValue> | null;
  toldAt: number;
}

if (parentPort === null) throw new Error('reader-thread.ts runs in a worker thread');
const port = parentPort;
const answer = (message: FromReader) => port.postMessage(message);

/** Runs that are open, those used last at the end, and the memory that all of them may take. */
const runs = new Map<string, RolloutOrders>();
const mostRuns = 6;
const mostBytes = 400e6;
/** Of the run used last: what all columns of a million rollouts take, with their orders. */
const mostReadAhead = 0.75 * mostBytes;
/** Of runs whose curves were asked for, those asked for last at the end; their memory has a bound of its own. */
const curves = new Map<string, CurveColumns>();
const mostCurveBytes = 300e6;
/** Between two words about how far a task is. */
const toldEveryMs = 150;

/** The order that is made for the run used last while nobody asks, when its columns are read. */
let ahead: { readonly run: RolloutOrders; readonly slices: Slices<unknown> } | null = null;

let tasks: Task[] = [];
let working = false;

const opened = (path: string) => new Database(path, { readOnly: true });

function open(path: string): RolloutOrders {
  const held = runs.get(path);
  const run = held ?? new RolloutOrders(new RolloutColumns(opened(path), opened(path)));
  runs.delete(path);
  runs.set(path, run);
  return run;
}

function openCurves(path: string): CurveColumns {
  const held = curves.get(path) ?? new CurveColumns(opened(path));
  curves.delete(path);
  curves.set(path, held);
  return held;
}

function closeCurves(path: string): void {
  curves.get(path)?.dispose();
  curves.delete(path);
}

function close(path: string): void {
  closeCurves(path);
  const run = runs.get(path);
  if (ahead?.run === run) ahead = null;
  run?.columns.dispose();
  runs.delete(path);
}

/** Lets go of runs and columns that were used longest ago; only while nothing is under way. */
function tidy(): void {
  const taken = () => [...runs.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  for (const path of [...runs.keys()]) {
    if (runs.size === 1 || (runs.size <= mostRuns && taken() <= mostBytes)) break;
    close(path);
  }
  for (const run of runs.values()) run.shrink(mostBytes);
  const ofCurves = () => [...curves.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  for (const path of [...curves.keys()]) {
    if (curves.size === 1 || (curves.size <= mostRuns && ofCurves() <= mostCurveBytes)) break;
    closeCurves(path);
  }
}

function begin({ asked }: Task): Slices<ReaderValue> {
  switch (asked.kind) {
    case 'list':
      return listRollouts(open(asked.path), asked.asked);
    case 'count':
      return countRollouts(open(asked.path), asked.asked);
    case 'draw':
      return drawRollouts(open(asked.path), asked.asked);
    case 'questions':
      return aboutQuestions(asked.path, asked.asked);
    case 'curves':
      return openCurves(asked.path).read(asked.asked);
  }
}

function aboutQuestions(path: string, asked: AboutQuestions): Slices<ReaderValue> {
  switch (asked.of) {
    case 'list':
      return reading([path], ([database]) => listQuestions(database, asked.asked));
    case 'history':
      return reading([path], ([database]) => questionHistory(database, asked.which));
    case 'shared':
      return reading([path, asked.other], ([database, other]) => sharedQuestions(database, other, asked.asked));
    case 'evaluations':
      return reading([path, asked.other], ([database, other]) =>
        evaluationPairs({ database, evaluationId: asked.first }, { database: other, evaluationId: asked.second }),
      );
  }
}

/** With databases of its own, which stay as they are from the first slice to the last. */
function* reading(
  paths: readonly string[],
  slices: (databases: readonly [Database, Database]) => Slices<ReaderValue>,
): Slices<ReaderValue> {
  const databases: Database[] = [];
  try {
    for (const path of paths) {
      const database = opened(path);
      databases.push(database);
      database.exec('BEGIN');
    }
    const [first, second = first] = databases as [Database, Database?];
    return yield* slices([first, second]);
  } finally {
    for (const database of databases) database.dispose();
  }
}

const pathsOf = (asked: Asked) =>
  asked.kind === 'questions' && 'other' in asked.asked ? [asked.path, asked.asked.other] : [asked.path];

function end(task: Task): void {
  tasks = tasks.filter((other) => other !== task);
  task.slices?.return(undefined as never);
  task.slices = null;
}

function fail(task: Task, thrown: unknown): void {
  const { message, data } = asStudioError(thrown);
  tasks = tasks.filter((other) => other !== task);
  // What can't be read is read anew by the next one.
  if (data.kind !== 'not-found' && data.kind !== 'bad-request' && data.kind !== 'cancelled') closeAll(task.asked.path);
  answer({ id: task.asked.id, fault: { ...data, message } });
}

function takeTurn(task: Task): void {
  try {
    task.slices ??= begin(task);
    const { done, value } = task.slices.next();
    if (done) {
      end(task);
      answer({ id: task.asked.id, value });
    } else if (value && performance.now() - task.toldAt > toldEveryMs) {
      task.toldAt = performance.now();
      answer({ id: task.asked.id, ...value });
    }
  } catch (thrown) {
    fail(task, thrown);
  }
}

/** Takes a turn of what is done ahead; false when there is nothing to do. */
function workAhead(): boolean {
  const [path, run] = [...runs].at(-1) ?? [];
  if (path === undefined || run === undefined || !run.columns.isRead || run.sizeBytes > mostReadAhead) return false;
  try {
    if (!run.columns.load(readAheadFields).next().done) return true;
    if (ahead?.run !== run) ahead = { run, slices: run.ordered(questionOf(everything), firstSort) };
    return !ahead.slices.next().done;
  } catch {
    // Whoever asks for it is told why.
    close(path);
    return false;
  }
}

/** Made once for each run: the first order takes one and a half times as long as the next ones, in fresh memory and with new code. */
const firstSort: ListSort = { by: 'reward', descending: true };
const readAheadFields = sortFields.filter((name) => name === 'answer' || fields[name].kind !== 'text');

async function work(): Promise<void> {
  if (working) return;
  working = true;
  for (;;) {
    const task = tasks.find(({ asked }) => asked.kind !== 'count') ?? tasks[0];
    if (!task) {
      if (!workAhead()) break;
      await setImmediate();
      continue;
    }
    // The next one comes first next time.
    if (task.asked.kind !== 'count') tasks = [...tasks.filter((other) => other !== task), task];
    takeTurn(task);
    await setImmediate();
  }
  tidy();
  working = false;
}

function closeAll(path: string): void {
  const ofRun = tasks.filter(({ asked }) => pathsOf(asked).includes(path));
  for (const task of ofRun) {
    task.slices?.return(undefined as never);
    fail(task, new StudioError('cancelled', 'The run was closed.'));
  }
  close(path);
}

port.on('message', (message: ToReader) => {
  switch (message.kind) {
    case 'list':
    case 'count':
    case 'draw':
    case 'questions':
    case 'curves':
      tasks.push({ asked: message, slices: null, toldAt: performance.now() });
      void work();
      break;
    case 'cancel': {
      const task = tasks.find(({ asked }) => asked.id === message.id);
      if (task) end(task);
      break;
    }
    case 'close':
      closeAll(message.path);
      answer({ id: message.id, value: null });
      break;
  }
});
