/** A real trainer: the program in a process of its own, and a client on its real socket. */

import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as rpc from 'vscode-jsonrpc/node';
import { connectSocket } from '../../trainer/client/socket.ts';
import { type CommandRequest, type EndedCommand, hasEnded } from '../../trainer/protocol/commands.ts';
import { Client } from '../../trainer/protocol/connection.ts';
import { type Discovery, discovery, discoveryFile, trainerFolder } from '../../trainer/protocol/discovery.ts';
import type { RunEvent, RunEventBody } from '../../trainer/protocol/records.ts';
import { protocolVersion } from '../../trainer/protocol/version.ts';

export const program = path.resolve(import.meta.dirname, '../../trainer/main.ts');
const sampleSeed = '1';

/** Runs the command line to its end. */
export function runProgram(
  args: readonly string[],
  cwd?: string,
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.on('error', reject);
    child.on('exit', (code) => resolve({ code: code ?? -1, stdout, stderr }));
  });
}

let sample: Promise<string> | null = null;

/** A sample project of its own for a test: made once for a process, then copied. */
export async function sampleProject(): Promise<{ folder: string; remove(): Promise<void> }> {
  sample ??= (async () => {
    const folder = path.join(await mkdtemp(path.join(tmpdir(), 'video-r1-sample-')), 'project');
    const made = await runProgram(['sample', folder, '--world', 'plain', '--seed', sampleSeed]);
    if (made.code !== 0) throw new Error(`The sample project was not made: ${made.stderr}`);
    process.on('exit', () => void rm(path.dirname(folder), { recursive: true, force: true }));
    return folder;
  })();
  const folder = await mkdtemp(path.join(tmpdir(), 'video-r1-project-'));
  await cp(await sample, folder, { recursive: true });
  return { folder, remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }) };
}

export class TrainerProcess {
  readonly discovery: Discovery;
  private readonly child: ChildProcess;
  private readonly exited: Promise<number | null>;

  private constructor(child: ChildProcess, exited: Promise<number | null>, found: Discovery) {
    this.child = child;
    this.exited = exited;
    this.discovery = found;
  }

  /** @throws Error with what the program said when it ended before it listened */
  static async start(
    folder: string,
    args: readonly string[] = [],
    main: string = program,
    env: Readonly<Record<string, string>> = {},
  ): Promise<TrainerProcess> {
    const child = spawn(process.execPath, [main, 'serve', '--folder', folder, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const exited = new Promise<number | null>((resolve) => child.on('exit', resolve));
    const announced = new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        if (chunk.includes('dashboard')) resolve();
      });
    });
    const ended = exited.then((code) => {
      throw new Error(`serve ended with ${code}: ${said}`);
    });
    ended.catch(() => {});
    await Promise.race([announced, ended]);
    const text = await readFile(path.join(folder, trainerFolder, discoveryFile), 'utf8');
    return new TrainerProcess(child, exited, discovery.parse(JSON.parse(text)));
  }

  connect(author?: string): Promise<TestClient> {
    return connectTo(this.discovery, author);
  }

  /** As a power cut would. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  async stop(): Promise<number | null> {
    this.child.kill('SIGTERM');
    return this.exited;
  }
}

/** A client of a trainer that whoever has started. */
export async function connectTo(at: Discovery, author = 'tester'): Promise<TestClient> {
  const client = new Client(rpc, await connectSocket(at));
  await client.request('initialize', { protocol: protocolVersion, client: 'test', author });
  return new TestClient(client);
}

type BodyOf<T extends RunEventBody['type']> = Extract<RunEventBody, { type: T }>;

/** A client that keeps every event, and waits for those that a test is about. */
export class TestClient {
  readonly client: Client;
  readonly events: RunEvent[] = [];
  private readonly waiting = new Set<() => void>();

  constructor(client: Client) {
    this.client = client;
    client.on('run/event', (event) => {
      this.events.push(event);
      for (const look of [...this.waiting]) look();
    });
  }

  bodies<T extends RunEventBody['type']>(ofRun: string, type: T): BodyOf<T>[] {
    return this.events.flatMap(({ runId, body }) => (runId === ofRun && body.type === type ? [body as BodyOf<T>] : []));
  }

  /** The run's first event of this type, past or to come, that fits. */
  async until<T extends RunEventBody['type']>(
    ofRun: string,
    type: T,
    fits: (body: BodyOf<T>) => boolean = () => true,
  ): Promise<BodyOf<T>> {
    for (;;) {
      const found = this.bodies(ofRun, type).find(fits);
      if (found) return found;
      await new Promise<void>((resolve) => {
        const look = () => {
          this.waiting.delete(look);
          resolve();
        };
        this.waiting.add(look);
      });
    }
  }

  async create(runFile: string, parameters: Record<string, unknown>): Promise<string> {
    const { run } = await this.client.request('runs/create', { runFile, parameters, start: false });
    await this.client.request('runs/subscribe', { runId: run.id, since: 0 });
    return run.id;
  }

  /** Sends a command and waits for its end. */
  async command(runId: string, command: CommandRequest): Promise<EndedCommand> {
    const id = randomUUID();
    const sent = await this.client.request('runs/command', { runId, id, command });
    if (hasEnded(sent.command)) return sent.command;
    const ended = await this.until(runId, 'command', (body) => body.command.id === id && hasEnded(body.command));
    return ended.command as EndedCommand;
  }

  /** Hashes of the run's newest weights and of their optimizer. */
  async weights(projectFolder: string, runId: string): Promise<string[]> {
    const { checkpoints } = await this.client.request('checkpoints/list', { runId });
    const folder = path.resolve(projectFolder, checkpoints.at(-1)?.folder ?? '');
    const files = ['model.safetensors', 'optimizer.safetensors', 'optimizer.json'];
    const contents = await Promise.all(files.map((name) => readFile(path.join(folder, name))));
    return contents.map((content) => createHash('sha256').update(content).digest('hex'));
  }

  close(): void {
    this.client.close();
  }
}
