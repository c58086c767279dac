/**
 * The thread behind `RolloutReader`: lists and counts of all runs of a trainer, slice by slice. Between two slices it hears
 * what is new. Lists take turns and go before counts, which follow one another.
 */
import { setImmediate } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import { Database } from './database.ts';
import { countRollouts, listRollouts, type RolloutCount, type RolloutPage } from './rollout-list.ts';
import type { FromReader, ToReader } from './rollout-reader.ts';

type Asked = Extract<ToReader, { kind: 'list' | 'count' }>;

interface Task {
  readonly asked: Asked;
  /** Null until its first turn. */
  work: { readonly database: Database; readonly slices: Generator<void, RolloutPage | RolloutCount> } | null;
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
    const slices = asked.kind === 'list' ? listRollouts(database, asked.asked) : countRollouts(database, asked.asked);
    return { database, slices };
  } catch (thrown) {
    database.dispose();
    throw thrown;
  }
}

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
    const task = tasks.find(({ asked }) => asked.kind === 'list') ?? tasks[0];
    if (!task) break;
    // The next list comes first next time.
    if (task.asked.kind === 'list') tasks = [...tasks.filter((other) => other !== task), task];
    takeTurn(task);
    await setImmediate();
  }
  working = false;
}

function close(path: string): void {
  for (const task of tasks.filter(({ asked }) => asked.path === path))
    fail(task, new StudioError('cancelled', 'The run was closed.'));
  for (const database of idle) if (database.path === path) database.dispose();
  idle = idle.filter((database) => database.path !== path);
}

port.on('message', (message: ToReader) => {
  switch (message.kind) {
    case 'list':
    case 'count':
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
