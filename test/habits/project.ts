/** A project with a run that rests in the middle, for one habit to be tried on, and what becomes of the run afterwards. */
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isDeepStrictEqual } from 'node:util';
import { RunStore } from '../../trainer/store/run-store.ts';
import { program, runProgram, TrainerProcess } from '../integration/trainer-process.ts';

export const runId = 'sft-1';
const parameters = {
  steps: 12,
  checkpointEvery: 2,
  checkpointsKept: 3,
  evaluationQuestions: 2,
  evaluateEvery: 0,
  questionsPerStep: 16,
  probeEvery: 0,
};
/** The run rests after this step; its checkpoints are those of steps 2, 4 and 5; its last step is 12. */
const rested = 5;
export const settings = Object.entries(parameters).flatMap(([name, value]) => ['--set', `${name}=${value}`]);

/** What a program said, standard output and error in one, and how it ended. */
export interface Said {
  readonly code: number | null;
  readonly text: string;
}

/** The habit needs something that this machine does not give; it is no fault of the studio. */
export class NotTried extends Error {}

interface Prepared {
  readonly folder: string;
  readonly losses: readonly (number | null)[];
  /** Every line that the run prints when nobody disturbs it, without its numbers. */
  readonly usual: ReadonlySet<string>;
}

/** How far it is: what of it is printed hangs on how fast the machine is. */
const isProgress = (line: string) => /^sft {2,}/.test(line);

let prepared: Promise<Prepared> | null = null;

const withoutNumbers = (line: string) =>
  line
    .replace(/token=[\w-]+/, '')
    .replace(/[\d.,:]+/g, '#')
    .trim();

/** The project that all others are copies of, and the same run when it is left alone. */
function prepare(): Promise<Prepared> {
  prepared ??= (async () => {
    const scratch = await mkdtemp(path.join(tmpdir(), 'video-r1-habits-'));
    process.on('exit', () => spawnSync('rm', ['-rf', scratch]));
    const born = path.join(scratch, 'born');
    const made = await runProgram(['sample', born, '--world', 'plain', '--seed', '1']);
    if (made.code !== 0) throw new Error(`The sample project was not made: ${made.stderr}`);
    const trainer = await TrainerProcess.start(born);
    const client = await trainer.connect();
    const id = await client.create('sft.run.json', parameters);
    await client.command(id, { kind: 'start' });
    await client.command(id, { kind: 'pause', release: false });
    const { run } = await client.until(id, 'state', ({ run }) => run.state === 'paused');
    await client.command(id, { kind: 'step', count: rested - run.step });
    await client.until(id, 'state', ({ run }) => run.state === 'paused' && run.step === rested);
    client.close();
    await trainer.stop();
    // Every copy is of this place, and nothing is left where the run was born, so none can lean on it.
    const folder = path.join(scratch, 'kept');
    await cp(born, folder, { recursive: true });
    const ended = await runProgram(['run', '--resume', id, '--folder', born]);
    if (ended.code !== 0) throw new Error(`The run that was left alone did not end: ${ended.stdout}${ended.stderr}`);
    const losses = lossesIn(born);
    await rm(born, { recursive: true });
    return { folder, losses, usual: new Set(ended.stdout.split('\n').map(withoutNumbers)) };
  })();
  return prepared;
}

function lossesIn(folder: string, run = runId): readonly (number | null)[] {
  const store = RunStore.open(path.join(folder, '.video-r1', 'runs', run));
  try {
    return store.metrics().map(({ loss }) => loss);
  } finally {
    store.dispose();
  }
}

/** A copy for one habit, in a scratch folder of its own that goes with it. */
export class Project {
  /** Where the project lies; a habit that moves it says so. */
  folder: string;
  readonly scratch: string;
  private readonly prepared: Prepared;
  private readonly left: (() => unknown)[] = [];

  private constructor(scratch: string, folder: string, prepared: Prepared) {
    this.scratch = scratch;
    this.folder = folder;
    this.prepared = prepared;
  }

  static async copy(): Promise<Project> {
    const prepared = await prepare();
    const scratch = await mkdtemp(path.join(tmpdir(), 'video-r1-habit-'));
    const folder = path.join(scratch, 'project');
    await cp(prepared.folder, folder, { recursive: true });
    return new Project(scratch, folder, prepared);
  }

  /** Called when the habit was tried, last first. */
  afterwards(undo: () => unknown): void {
    this.left.unshift(undo);
  }

  async remove(): Promise<void> {
    for (const undo of this.left) await undo();
    await rm(this.scratch, { recursive: true, force: true, maxRetries: 5 });
  }

  in(...parts: string[]): string {
    return path.join(this.folder, ...parts);
  }

  inRun(...parts: string[]): string {
    return this.in('.video-r1', 'runs', runId, ...parts);
  }

  checkpoint(step: number, ...parts: string[]): string {
    return this.inRun('checkpoints', `step-${`${step}`.padStart(6, '0')}`, ...parts);
  }

  /** Starts the command line in this project; ended with it. */
  start(args: readonly string[], options: SpawnOptions = {}): Started {
    const child = spawn(process.execPath, [program, ...args, '--folder', this.folder], {
      ...options,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.afterwards(() => child.kill('SIGKILL'));
    return new Started(child);
  }

  /** Goes on with the run, and waits until it has done a step. */
  async training(options?: SpawnOptions): Promise<Started> {
    const started = this.start(['run', '--resume', runId], options);
    const database = new DatabaseSync(this.inRun('run.db'), { readOnly: true });
    let over = false;
    void started.ended.then(() => {
      over = true;
    });
    try {
      const step = database.prepare('SELECT max(step) AS step FROM steps');
      while (!over && (step.get() as { step: number }).step <= rested)
        await new Promise((resolve) => setTimeout(resolve, 10));
    } finally {
      database.close();
    }
    if (over) throw new Error(`it ended before it did a step: ${(await started.ended).text}`);
    return started;
  }

  /** The same, to its end. */
  run(args: readonly string[], options?: SpawnOptions): Promise<Said> {
    return this.start(args, options).ended;
  }

  resume(options?: SpawnOptions, ...args: string[]): Promise<Said> {
    return this.run(['run', '--resume', runId, ...args], options);
  }

  async serve(): Promise<TrainerProcess> {
    const trainer = await TrainerProcess.start(this.folder);
    this.afterwards(() => trainer.kill());
    return trainer;
  }

  /** What a program said beyond what every run prints, with this machine's names and numbers taken out of it. */
  beyondUsual({ text }: Said): string[] {
    return text
      .split('\n')
      .filter((line) => line.trim() !== '' && !isProgress(line) && !this.prepared.usual.has(withoutNumbers(line)))
      .map((line) => this.plain(line));
  }

  private plain(line: string): string {
    return line
      .replaceAll(this.folder, 'PROJECT')
      .replaceAll(this.scratch, 'ELSEWHERE')
      .replaceAll(path.join(import.meta.dirname, '../..'), 'STUDIO')
      .replace(/\bprocess \d+/g, 'process N')
      .replace(/\bport \d+/g, 'port N')
      .replaceAll('npx video-r1', 'video-r1')
      .replace(/\s+/g, ' ')
      .replace(/^ ?video-r1: /, '')
      .trim();
  }

  /** The run goes on to its end, and its numbers are those of the run that was left alone. @throws Error when not */
  async goesOn(said: Said): Promise<string> {
    if (said.code !== 0) throw new Error(`it ended with ${said.code}: ${said.text}`);
    const losses = lossesIn(this.folder);
    if (!isDeepStrictEqual(losses, this.prepared.losses))
      throw new Error(`the numbers are others: ${losses} for ${this.prepared.losses}; it said ${said.text}`);
    return told('The run goes on to the numbers of a run that was left alone', this.beyondUsual(said));
  }

  /** It ends with 1 or 2, says one thing with place and remedy and no stack trace, and the run can be taken up again. */
  refuses(said: Said): string {
    if (said.code !== 1 && said.code !== 2) throw new Error(`it ended with ${said.code}: ${said.text}`);
    if (/^ +at /m.test(said.text)) throw new Error(`it shows a stack trace: ${said.text}`);
    return told('Refused', this.beyondUsual(said));
  }

  /** The run goes on to its last step, on what is left. */
  goesOnWithout(said: Said): string {
    if (said.code !== 0) throw new Error(`it ended with ${said.code}: ${said.text}`);
    const lines = this.beyondUsual(said);
    if (lines.length === 0) throw new Error('it says nothing of what is missing');
    return told('The run goes on without it and says so', lines);
  }

  /** What is in the run's folder, by name. */
  async checkpoints(): Promise<string[]> {
    const folder = this.inRun('checkpoints');
    return existsSync(folder) ? (await readdir(folder)).sort() : [];
  }

  /** A file system of its own for the project's data with only so much room. @throws NotTried where that is not allowed */
  async smallDisk(sizeKiB: number, ...parts: string[]): Promise<void> {
    const place = this.in(...parts);
    const kept = path.join(this.scratch, 'kept');
    await cp(place, kept, { recursive: true });
    await rm(place, { recursive: true });
    await mkdir(place);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeKiB}k`, 'none', place]);
    if (mounted.status !== 0) throw new NotTried('a small file system can be mounted by root alone');
    this.afterwards(() => spawnSync('umount', ['-l', place]));
    await cp(kept, place, { recursive: true });
  }
}

/** Only the first of the lines that are told. */
export function firstOf(text: string): string {
  return text.replace(/ \/ .*”/s, '” and so on.');
}

export function told(what: string, lines: readonly string[]): string {
  return lines.length === 0 ? `${what}.` : `${what}. It says: “${lines.join(' / ')}”`;
}

/** A program under way. */
export class Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Said>;
  private text = '';
  private readonly waiting = new Set<() => void>();

  constructor(child: ChildProcess) {
    this.child = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.text += chunk.toString();
        for (const look of this.waiting) look();
      });
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, text: this.text }));
    });
  }

  /** @throws Error when the program ends before it says that */
  async says(pattern: RegExp): Promise<void> {
    const said = new Promise<void>((resolve) => {
      const look = () => {
        if (pattern.test(this.text)) {
          this.waiting.delete(look);
          resolve();
        }
      };
      this.waiting.add(look);
      look();
    });
    await Promise.race([
      said,
      this.ended.then(({ code, text }) => {
        if (!pattern.test(text)) throw new Error(`it ended with ${code} before it said ${pattern}: ${text}`);
      }),
    ]);
  }
}
