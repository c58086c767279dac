/**
 * The gateway as a program of this machine: started with its ranks, waited for, its log kept, and ended with everything that it
 * started. It listens on the loopback address and takes a token that only this user can read.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { temporaryFolder } from '../../programs/temporary-folder.ts';
import { StudioError } from '../../protocol/errors.ts';
import { parseJson } from '../../protocol/json.ts';
import type { VerlSettings } from '../../protocol/runfile.ts';
import { type ProcessMark, processMark } from './process-mark.ts';

export interface GatewayStart {
  readonly python: string;
  /** Folder of the package `video_r1_gateway`. */
  readonly packages: string;
  /** Folder that keeps the logs of the gateways started last. */
  readonly logs: string;
  readonly settings: VerlSettings;
  /** How long it may take to end by itself, and then when it was told to; in milliseconds. */
  readonly graceMs?: number;
}

const ready = z.object({ address: z.string(), pid: z.number().int(), protocol: z.number().int() });

const lookEveryMs = 50;
/** PyTorch from a slow disk takes minutes; what takes longer hangs. */
const mostStartMs = 15 * 60_000;
const defaultGraceMs = 10_000;
const logsKept = 20;
const tailBytes = 16 * 1024;
const tailLines = 60;
/** Of them, what an error tells where nothing else can be asked. */
const shownLines = 12;
const mostLineLetters = 300;

/** Program and arguments. One rank needs no launcher, nor do Ray's workers. */
export function gatewayCommand({ ranks, mode }: VerlSettings): string[] {
  const gateway = ['-m', 'video_r1_gateway'];
  if (mode === 'ray' || ranks === 1) return gateway;
  const launcher = ['-m', 'torch.distributed.run', '--standalone', '--local-addr', '127.0.0.1'];
  return [...launcher, '--nproc-per-node', String(ranks), ...gateway];
}

/** What the gateway is told of the settings: not how it was found. */
export function gatewayConfig({
  name: _,
  python: __,
  attach: ___,
  mropePositions: ____,
  ...told
}: VerlSettings): object {
  return told;
}

type Ending = { readonly code: number | null; readonly signal: NodeJS.Signals | null } | { readonly error: Error };

export class GatewayProcess {
  readonly logFile: string;
  readonly token: string;
  private readonly child: ChildProcess;
  private readonly folder: string;
  private readonly graceMs: number;
  private readonly ended: Promise<Ending>;
  private ending: Ending | null = null;

  private constructor(
    child: ChildProcess,
    mark: ProcessMark,
    { token, folder, logFile, graceMs }: { token: string; folder: string; logFile: string; graceMs: number },
  ) {
    this.child = child;
    this.token = token;
    this.folder = folder;
    this.logFile = logFile;
    this.graceMs = graceMs;
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
      child.once('error', (error) => resolve({ error }));
    });
    this.ended.then((ending) => {
      this.ending = ending;
      // A rank whose launcher was killed, and what Ray started in groups of its own.
      this.signal('SIGKILL');
      mark.killAll();
    });
  }

  /** Starts it; `address` says when it can be spoken to. @throws StudioError `engine-failed` */
  static async start({
    python,
    packages,
    logs,
    settings,
    graceMs = defaultGraceMs,
  }: GatewayStart): Promise<GatewayProcess> {
    if (/[\\/]/.test(python) && !existsSync(python)) throw noPython(python);
    const folder = temporaryFolder('video-r1-gateway-');
    const logFile = await newLog(logs);
    const log = openSync(logFile, 'a', 0o600);
    try {
      const files = { ready: path.join(folder, readyName), token: path.join(folder, tokenName) };
      const mark = processMark();
      const token = randomBytes(32).toString('hex');
      await writeFile(files.token, token, { mode: 0o600 });
      const child = spawn(
        python,
        [
          ...gatewayCommand(settings),
          ...['--listen', '127.0.0.1:0', '--ready', files.ready, '--token-file', files.token],
          ...['--config', JSON.stringify(gatewayConfig(settings))],
          // Where a launcher stands between, no rank is this process's child.
          ...['--owner', String(process.pid)],
        ],
        {
          // A group of its own, so that all of it can be ended.
          detached: true,
          stdio: ['ignore', log, log],
          env: {
            ...process.env,
            PYTHONPATH: [packages, process.env.PYTHONPATH].filter(Boolean).join(path.delimiter),
            PYTHONUNBUFFERED: '1',
            ...mark.env,
          },
        },
      );
      return new GatewayProcess(child, mark, { token, folder, logFile, graceMs });
    } finally {
      closeSync(log);
    }
  }

  /** `host:port`, once it can be spoken to. @throws StudioError `engine-failed` with the end of its log, where it ends before */
  async address(): Promise<string> {
    const file = path.join(this.folder, readyName);
    const deadline = Date.now() + mostStartMs;
    for (;;) {
      const said = ready.safeParse(parseJson(await readFile(file, 'utf8').catch(() => '')));
      if (said.success) {
        // The gateway has read its token by now.
        await rm(this.folder, { recursive: true, force: true });
        return said.data.address;
      }
      if (this.ending !== null) throw await this.explain('The gateway ended while it started', true);
      if (Date.now() > deadline)
        throw await this.explain(`The gateway did not start within ${mostStartMs / 60_000} minutes`, true);
      await Promise.race([this.ended, later(lookEveryMs)]);
    }
  }

  /**
   * What happened, and the line of the log that says most of why. A connection breaks before the program that held it is gone: it is
   * given some time to end, and its launcher to say why.
   * @param what without a full stop
   * @param isStarting whether there is no engine yet whose log could be asked for: then more of it is told
   */
  async explain(what: string, isStarting = false): Promise<StudioError> {
    const ending = this.ending ?? (await Promise.race([this.ended, later(this.graceMs)])) ?? null;
    if (ending !== null && 'error' in ending) {
      const code = (ending.error as NodeJS.ErrnoException).code;
      if (code === 'ENOENT' || code === 'EACCES') return noPython(this.child.spawnfile);
      return new StudioError('engine-failed', `${what}: ${ending.error.message}.`, { cause: ending.error });
    }
    const lines = this.recentLog();
    const how = ending === null ? '' : ending.signal === null ? ` (exit code ${ending.code})` : ` (${ending.signal})`;
    const missing = isStarting ? missingModule(lines) : undefined;
    if (missing !== undefined)
      return new StudioError('engine-failed', `The Python ${this.child.spawnfile} has no ${missing}.`, {
        place: this.logFile,
        remedy: 'video-r1 setup verl makes one that has all, for a CPU with --cpu; without engine.python it is taken.',
      });
    return new StudioError('engine-failed', `${what}${how}. ${isStarting ? endOf(lines) : reasonIn(lines)}`, {
      place: this.logFile,
      remedy: 'See the log for more; resume the run when the reason is gone.',
    });
  }

  /** Ends it and all that it started. @param isAsked whether it was asked to end and may do so by itself */
  async dispose(isAsked: boolean): Promise<void> {
    if (isAsked) await Promise.race([this.ended, later(this.graceMs)]);
    if (this.ending === null) {
      this.signal('SIGTERM');
      await Promise.race([this.ended, later(this.graceMs)]);
    }
    if (this.ending === null) {
      this.signal('SIGKILL');
      await this.ended;
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  private signal(signal: NodeJS.Signals): void {
    const { pid } = this.child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // The group is gone.
    }
  }

  /** The last lines of the log, as text without control characters. */
  recentLog(): string[] {
    const file = openSync(this.logFile, 'r');
    try {
      const { size } = fstatSync(file);
      const bytes = Buffer.alloc(Math.min(size, tailBytes));
      const length = readSync(file, bytes, 0, bytes.length, size - bytes.length);
      return bytes
        .toString('utf8', 0, length)
        .split(/[\r\n]+/)
        .map((line) => plainText(line).trimEnd())
        .filter((line) => line !== '')
        .slice(-tailLines)
        .map((line) => (line.length > mostLineLetters ? `${line.slice(0, mostLineLetters)}…` : line));
    } finally {
      closeSync(file);
    }
  }
}

/** What Python or the gateway itself says of an end: a launcher writes much behind it. */
const reason = /^[\w.]*(Error|Exception|Interrupt): \S|^Rank \d+ is gone|^A rank failed/;

function reasonIn(lines: readonly string[]): string {
  const line = lines.findLast((one) => reason.test(one)) ?? lines.at(-1);
  return line === undefined ? 'Its log is empty.' : `Its log says: ${line}`;
}

/** What an import did not find, where the log ends with that: verl tells of what it can do without as well, before. */
function missingModule(lines: readonly string[]): string | undefined {
  return /No module named '?([\w.]+)/.exec(lines.at(-1) ?? '')?.[1];
}

function endOf(lines: readonly string[]): string {
  return lines.length === 0 ? 'Its log is empty.' : `Its log ends:\n${lines.slice(-shownLines).join('\n')}`;
}

const readyName = 'ready.json';
const tokenName = 'token';

const later = (milliseconds: number): Promise<undefined> =>
  new Promise((resolve) => {
    setTimeout(() => resolve(undefined), milliseconds).unref();
  });

/** Without the colours and other orders to a terminal. */
function plainText(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return line.replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, '').replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
}

/** Where the one that the settings name is not there. */
export function noPython(python: string): StudioError {
  return new StudioError('engine-failed', `There is no Python ${python}.`, {
    remedy: 'video-r1 setup verl makes one with verl; or correct engine.python in the run file.',
  });
}

/** A new file in the folder of logs; the oldest ones make way. */
async function newLog(logs: string): Promise<string> {
  await mkdir(logs, { recursive: true, mode: 0o700 });
  const names = (await readdir(logs)).filter((name) => /^gateway-.*\.log$/.test(name));
  const aged = await Promise.all(
    names.map(async (name) => ({
      name,
      at: await stat(path.join(logs, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    })),
  );
  for (const { name } of aged.sort((a, b) => b.at - a.at).slice(logsKept - 1))
    await rm(path.join(logs, name), { force: true });
  const at = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  return path.join(logs, `gateway-${at}-${randomBytes(3).toString('hex')}.log`);
}
