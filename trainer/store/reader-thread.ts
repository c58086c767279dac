/**
 * The thread behind `RolloutReader`: lists and counts of all runs of a trainer, and what is asked of questions, slice by slice.
 * Between two slices it hears what is new. Counts follow one another and let all others go first, which take turns.
 */
import { setImmediate } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import { Database } from './database.ts';
import { listQuestions, questionHistory } from './question-history.ts';
import { evaluationPairs, sharedQuestions } from './question-pairs.ts';
import { countRollouts, listRollouts } from './rollout-list.ts';
import type { AboutQuestions, FromReader, ReaderValue, ToReader } from './rollout-reader.ts';

type Asked = Extract<ToReader, { kind: 'list' | 'count' | 'questions' }>;

interface Task {
  readonly asked: Asked;
  /** Null until its first turn. */
  work: { readonly database: Database; readonly slices: Generator<void, ReaderValue> } | null;
}

if (parentPort === null) throw new Error('reader-thread.ts runs in a worker thread');
const port = parentPort;
const answer = (message: FromReader) => port.postMessage(message);

/** Connections that wait for the next task, those used last at the end. */
let idle: Database[] = [];
const keptIdle = 6;

let tasks: Task[] = [];
let working = false;

function open(path: string): Database {
  const found = idle.findLast((database) => database.path === path);
  if (found) {
    idle = idle.filter((database) => database !== found);
    return found;
  }
  const database = new Database(path, { readOnly: true });
  database.exec('PRAGMA temp_store = MEMORY');
  return database;
}

function begin({ asked }: Task): NonNullable<Task['work']> {
  const database = open(asked.path);
  try {
    // What is read stays as it is from the first slice to the last.
    database.exec('BEGIN');
    return { database, slices: slicesOf(database, asked) };
  } catch (thrown) {
    database.dispose();
    throw thrown;
  }
}

function slicesOf(database: Database, asked: Asked): Generator<void, ReaderValue> {
  switch (asked.kind) {
    case 'list':
      return listRollouts(database, asked.asked);
    case 'count':
      return countRollouts(database, asked.asked);
    case 'questions':
      return aboutQuestions(database, asked.asked);
  }
}

function aboutQuestions(database: Database, asked: AboutQuestions): Generator<void, ReaderValue> {
  switch (asked.of) {
    case 'list':
      return listQuestions(database, asked.asked);
    case 'history':
      return questionHistory(database, asked.which);
    case 'shared':
      return withOther(asked.other, (other) => sharedQuestions(database, other, asked.asked));
    case 'evaluations':
      return withOther(asked.other, (other) =>
        evaluationPairs({ database, evaluationId: asked.first }, { database: other, evaluationId: asked.second }),
      );
  }
}

/** With a second database open, for as long as it lasts. */
function* withOther(
  path: string,
  slices: (other: Database) => Generator<void, ReaderValue>,
): Generator<void, ReaderValue> {
  const other = new Database(path, { readOnly: true });
  try {
    other.exec('BEGIN');
    return yield* slices(other);
  } finally {
    other.dispose();
  }
}

const pathsOf = (asked: Asked) =>
  asked.kind === 'questions' && 'other' in asked.asked ? [asked.path, asked.asked.other] : [asked.path];

/** Takes a task away; its connection waits for the next one. */
function end(task: Task): void {
  tasks = tasks.filter((other) => other !== task);
  if (task.work === null) return;
  const { database, slices } = task.work;
  task.work = null;
  try {
    slices.return(undefined as never);
    database.exec('COMMIT');
    idle.push(database);
  } catch {
    // The answer stands; what could not end its reading reads no more.
    database.dispose();
  }
  for (const surplus of idle.splice(0, Math.max(0, idle.length - keptIdle))) surplus.dispose();
}

function fail(task: Task, thrown: unknown): void {
  const { message, data } = asStudioError(thrown);
  tasks = tasks.filter((other) => other !== task);
  task.work?.slices.return(undefined as never);
  task.work?.database.dispose();
  answer({ id: task.asked.id, fault: { ...data, message } });
}

function takeTurn(task: Task): void {
  try {
    task.work ??= begin(task);
    const { done, value } = task.work.slices.next();
    if (!done) return;
    end(task);
    answer({ id: task.asked.id, value });
  } catch (thrown) {
    fail(task, thrown);
  }
}

async function work(): Promise<void> {
  if (working) return;
  working = true;
  for (;;) {
    const task = tasks.find(({ asked }) => asked.kind !== 'count') ?? tasks[0];
    if (!task) break;
    // The next one comes first next time.
    if (task.asked.kind !== 'count') tasks = [...tasks.filter((other) => other !== task), task];
    takeTurn(task);
    await setImmediate();
  }
  working = false;
}

function close(path: string): void {
  for (const task of tasks.filter(({ asked }) => pathsOf(asked).includes(path)))
    fail(task, new StudioError('cancelled', 'The run was closed.'));
  for (const database of idle) if (database.path === path) database.dispose();
  idle = idle.filter((database) => database.path !== path);
}

port.on('message', (message: ToReader) => {
  switch (message.kind) {
    case 'list':
    case 'count':
    case 'questions':
      tasks.push({ asked: message, work: null });
      void work();
      break;
    case 'cancel': {
      const task = tasks.find(({ asked }) => asked.id === message.id);
      if (task) end(task);
      break;
    }
    case 'close':
      close(message.path);
      answer({ id: message.id, value: null });
      break;
  }
});
