/** Runs one after the other in this terminal: progress, what others do to them, Ctrl-C, and how each came to rest. */
import { randomUUID } from 'node:crypto';
import { type CommandRecord, type CommandRequest, deleteRefusal, hasEnded, refusal } from '../../protocol/commands.ts';
import type { Discovery } from '../../protocol/discovery.ts';
import { asStudioError, errorFrom, StudioError } from '../../protocol/errors.ts';
import { shownLine } from '../../protocol/hostile-text.ts';
import { faultOf, inTheWay, isComputing, queueOf, type RunSummary } from '../../protocol/run-state.ts';
import { queueWords, standingWords } from '../../protocol/run-words.ts';
import { seedsOf, stepsAgain } from '../../protocol/seed-words.ts';
import { callable, quoted } from '../terminal/callable.ts';
import { exitCodes } from '../terminal/command.ts';
import { endLineOfAnother } from '../terminal/command-end.ts';
import { consentTo } from '../terminal/consent.ts';
import { Interrupts } from '../terminal/interrupt.ts';
import { openLog } from '../terminal/log.ts';
import { type LiveLine, RunWatch } from '../terminal/progress.ts';
import { type Hosting, type HostingOptions, host } from './hosting.ts';
import {
  attachedTrainer,
  type CreateInTerminal,
  type ForkInTerminal,
  hostedTrainer,
  type TrainerAtHand,
} from './trainer-at-hand.ts';

/**
 * Hosts a project for as long as some work in this terminal takes, and then for as long as a run computes that was queued or
 * started from elsewhere meanwhile. What still runs at its end is saved.
 */
export async function hostInTerminal<T>(
  options: Pick<HostingOptions, 'folder' | 'port' | 'ffmpeg' | 'allowedRoots'>,
  line: LiveLine,
  work: (session: TerminalSession, hosting: Hosting) => Promise<T>,
): Promise<T> {
  const hosting = await host({ ...options, log: openLog(options.folder) });
  const session = new TerminalSession(hostedTrainer(hosting), options.folder, line);
  try {
    try {
      return await work(session, hosting);
    } finally {
      await session.rest();
    }
  } finally {
    await hosting.close();
    session.dispose();
  }
}

/** Works with the trainer that another window or shell has started. @throws StudioError `connection-lost`, `protocol-version` */
export async function attachInTerminal<T>(
  at: Discovery,
  folder: string,
  line: LiveLine,
  work: (session: TerminalSession) => Promise<T>,
): Promise<T> {
  const trainer = await attachedTrainer(at);
  const session = new TerminalSession(trainer, folder, line);
  try {
    return await Promise.race([work(session), trainer.lost]);
  } finally {
    trainer.dispose();
    session.dispose();
  }
}

/** A run that rests, goes on, or waits for its turn. */
interface ResumedRun {
  readonly resume: string;
  /** Step of a checkpoint instead of the newest. */
  readonly from?: number | undefined;
  /** Agrees beforehand to what would be asked. */
  readonly yes?: boolean;
}

/** A new run that goes on from a checkpoint of another. */
type ForkedRun = { readonly fork: string } & Omit<ForkInTerminal, 'runId'>;

/** What to train: a run file, a run that is there, or a fork of one. */
export type TrainedInTerminal =
  | ({ readonly file: string } & Pick<CreateInTerminal, 'parameters' | 'engine'>)
  | ResumedRun
  | ForkedRun;

/** What to do where another run computes: nothing that can't be done is begun. */
export type BesideAnother = (other: RunSummary) => Promise<'queue' | 'pause-other'>;

const queueBehind: BesideAnother = async () => 'queue';

export class TerminalSession {
  readonly line: LiveLine;
  private readonly trainer: TrainerAtHand;
  private readonly folder: string;
  /** Somebody sits before it, who can read what to do and do it. */
  private readonly isInteractive: boolean;
  private readonly sent = new Set<string>();
  private current: string | null = null;
  private watch: RunWatch | null = null;
  private fault = false;
  private readonly interrupts: Interrupts;

  constructor(trainer: TrainerAtHand, folder: string, line: LiveLine, isInteractive = isTerminal()) {
    this.trainer = trainer;
    this.folder = folder;
    this.line = line;
    this.isInteractive = isInteractive;
    this.interrupts = new Interrupts(
      {
        first: () => this.interruptedWords(),
        left: trainer.isOurs
          ? 'the run goes on from its last checkpoint'
          : `the trainer (process ${trainer.at.pid}) does what it was asked to`,
      },
      (text) => this.line.say(text),
    );
    this.stopped.addEventListener('abort', () => void this.pause());
  }

  /** Aborted by the first Ctrl-C: for work beside the runs, and to begin no other. */
  get stopped(): AbortSignal {
    return this.interrupts.signal;
  }

  /** Of a command whose run rests before its end: by Ctrl-C, because another client paused it, or by a fault. */
  get exitCode(): number {
    return this.fault ? exitCodes.failed : this.interrupts.exitCode;
  }

  /**
   * Creates a run from a file, or takes up another, and follows it until it rests.
   * @param beside asked where another run computes, before anything is created
   * @param onBegun called once the run has got through its start, or waits for it
   * @throws StudioError when it failed
   */
  async train(
    run: TrainedInTerminal,
    beside: BesideAnother = queueBehind,
    onBegun: () => void = () => {},
  ): Promise<RunSummary> {
    const target = 'resume' in run ? this.find(run.resume) : undefined;
    if ('resume' in run && !target) {
      // The trainer knows why: it may be there and damaged.
      await this.trainer.resumption(run.resume, run.from);
      throw new StudioError('not-found', `There is no run ${run.resume}.`, { place: this.folder });
    }
    if (target && isComputing(target.state)) return this.follow(target.id, null, onBegun);
    const goOn: CommandRequest = target ? await this.goOnRequest(target, run as ResumedRun) : { kind: 'start' };
    const other = this.trainer.runs().find(({ id, state }) => id !== target?.id && isComputing(state));
    const how = other ? await beside(other) : 'now';
    if (other && how === 'pause-other') await this.makeWay(other);
    if (how === 'queue' && goOn.kind === 'resume' && (goOn.from !== undefined || goOn.confirmed))
      throw new StudioError('conflict', 'A run that goes back to an older checkpoint is not queued.', {
        place: (run as ResumedRun).resume,
        remedy: 'Wait for the other run, or pause it with --pause-other.',
      });
    const id = target?.id ?? (await this.make(run)).id;
    try {
      return await this.follow(id, how === 'queue' ? { kind: 'queue' } : goOn, onBegun);
    } catch (thrown) {
      await this.forget(id, target === undefined);
      throw thrown;
    }
  }

  /** Follows what computes still, one run after the other: the queue goes on with this process, and would end with it. */
  async rest(): Promise<void> {
    for (;;) {
      const next = this.trainer.runs().find(({ state }) => isComputing(state));
      if (next === undefined || this.stopped.aborted) break;
      this.line.say(`${next.id} goes on: it was queued or started meanwhile.`);
      await this.follow(next.id, null).catch((thrown: unknown) => {
        this.fault = true;
        this.line.say(`${next.id}: ${asStudioError(thrown)}`);
      });
    }
    const waiting = queueOf(this.trainer.runs());
    if (waiting.length > 0)
      this.line.say(
        callable(
          `Queued still: ${waiting.map(({ id }) => id).join(', ')}. Go on with: video-r1 run --resume ${waiting[0]?.id} --folder ${quoted(this.folder)}`,
        ),
      );
  }

  dispose(): void {
    this.interrupts.dispose();
    this.line.end();
  }

  private find(id: string): RunSummary | undefined {
    return this.trainer.runs().find((run) => run.id === id);
  }

  private async make(run: TrainedInTerminal): Promise<RunSummary> {
    if ('fork' in run) {
      const { fork: runId, from, name, parameters } = run;
      const made = await this.trainer.fork({ runId, from, name, parameters });
      this.line.say(`${made.id} goes on from ${runId}, step ${from}`);
      const parent = this.find(runId);
      const otherwise = parent === undefined ? null : stepsAgain(seedsOf(parent));
      if (otherwise !== null) this.line.say(otherwise);
      return made;
    }
    const { file, parameters, engine } = run as Extract<TrainedInTerminal, { file: string }>;
    return this.trainer.create({ runFile: file, parameters, engine });
  }

  /** @throws StudioError `conflict` when a person has to agree and does not; as `Trainer.resumption` */
  private async goOnRequest({ id, state }: RunSummary, { from, yes = false }: ResumedRun): Promise<CommandRequest> {
    // One that was created and never started is begun, not taken up again.
    if (state === 'created' || (state === 'queued' && from === undefined)) return { kind: 'start' };
    const planned = await this.trainer.resumption(id, from);
    // What nobody is asked about, the run itself says when it goes on.
    const say = (line: string) => planned.asks !== null && this.line.say(line);
    const confirmed = await consentTo(planned, id, this.folder, yes, say);
    return { kind: 'resume', ...(from !== undefined && { from }), ...(confirmed && { confirmed }) };
  }

  /** @param request brings the run on; null where it is under way. @throws StudioError `conflict` when it is rejected; as `train` */
  private async follow(
    id: string,
    request: CommandRequest | null,
    onBegun: () => void = () => {},
  ): Promise<RunSummary> {
    this.current = id;
    let begun = false;
    const begin = (run: RunSummary | undefined) => {
      if (begun || run === undefined || !hasBegun(run)) return;
      begun = true;
      onBegun();
    };
    const watch = new RunWatch(id, this.folder, () => this.find(id) as RunSummary, this.line, request === null);
    this.watch = watch;
    const lastState = { words: '' };
    const asked = randomUUID();
    /** Of the request, where it was not carried out. */
    let why: string | null = null;
    const listening = await this.trainer.follow(id, {
      onEvent: (event) => {
        watch.onEvent(event);
        if (event.runId !== id || event.body.type !== 'command') return;
        const { command } = event.body;
        if (command.id === asked) why = command.state === 'failed' ? command.why : null;
        else if (hasEnded(command) && (command.state !== 'applied' || !this.sent.has(command.id)))
          this.line.say(`      ${endLineOfAnother(command)}`);
      },
      onRunsChanged: (changed) => {
        const run = this.find(id);
        begin(run);
        if (run && this.sayStanding(run, lastState)) watch.leave(run);
        else watch.onChanged(changed);
        if (changed === null && !run) watch.gone();
      },
    });
    try {
      if (request === null) begin(this.find(id));
      if (request !== null) {
        const record = await this.send(id, request, asked);
        if (record.state === 'rejected') throw new StudioError('conflict', record.why, { place: id });
      }
      // Ctrl-C may have come before there was a run to pause.
      if (this.stopped.aborted) await this.pause();
      const ended = await Promise.race([watch.ended, this.trainer.lost]);
      // One that waits in memory has said so, and can be taken up there.
      const fault = ended.state === 'paused' && ended.memory === 'held' ? null : faultOf(ended);
      if (fault === null && why === null) return ended;
      if (fault === null) throw new StudioError('conflict', why ?? '', { place: id });
      for (const line of fault.log ?? []) this.line.say(`      ${shownLine(line)}`);
      const how = ended.state === 'paused' ? 'is paused' : 'failed';
      const otherwise = fault.kind === 'engine-failed' ? ' (--engine KEY=VALUE sets the engine otherwise)' : '';
      this.line.say(
        callable(
          `${id} ${how} after step ${ended.step} of ${ended.steps}. When that is mended, go on with: video-r1 run --resume ${id} --folder ${quoted(this.folder)}${otherwise}`,
        ),
      );
      throw errorFrom(fault);
    } finally {
      listening.dispose();
      this.current = null;
      this.watch = null;
    }
  }

  /**
   * A line where the run stands still, waits or is under way again, with what to do; once for each.
   * @returns whether nobody is there who could do it, so that it is not waited for
   */
  private sayStanding(run: RunSummary, last: { words: string }): boolean {
    const waits = run.state === 'queued' || (run.state === 'paused' && run.memory === 'held');
    const runs = this.trainer.runs();
    const words =
      run.state === 'queued'
        ? `queued: ${queueWords(run, queueOf(runs), inTheWay(runs))}`
        : waits
          ? standingWords(run)
          : '';
    if (words === last.words) return false;
    const stoodStill = last.words !== '';
    last.words = words;
    if (run.state === 'queued') this.line.say(`${run.id} is ${words}.`);
    else if (run.state === 'paused' && waits) return this.sayHeld(run);
    else if (stoodStill && (run.state === 'starting' || run.state === 'running')) this.line.say(`${run.id} goes on.`);
    return false;
  }

  private sayHeld(run: RunSummary & { state: 'paused' }): boolean {
    const { fault } = run;
    const what = [`${run.id} is ${standingWords(run)}`.replace(/[.]?$/, '.'), fault?.place, fault?.remedy]
      .filter(Boolean)
      .join(' ');
    const ctl = `video-r1 ctl resume --run ${run.id} --folder ${quoted(this.folder)}`;
    if (fault === null || this.isInteractive) {
      this.line.say(
        callable(`${what}\nIt waits in memory. Go on with F5 on its page, or in another terminal with: ${ctl}`),
      );
      return false;
    }
    // Nobody is there to read this and mend it: a job that waits for ever would be worse than one that has failed.
    this.fault = true;
    if (this.trainer.isOurs) {
      this.line.say(`${what}\nNobody is at this terminal: the run is saved if it can be, and this command ends.`);
      void this.pause();
      return false;
    }
    this.line.say(callable(`${what}\nIt waits in the trainer (process ${this.trainer.at.pid}). Go on with: ${ctl}`));
    return true;
  }

  private interruptedWords(): string {
    const run = this.current === null ? undefined : this.find(this.current);
    if (run?.state === 'queued') return `Taking ${run.id} off the queue`;
    return run ? `Pausing ${run.id} at the end of this step` : 'Stopping';
  }

  private async pause(): Promise<void> {
    const run = this.current === null ? undefined : this.find(this.current);
    if (!run) return;
    const request: CommandRequest = run.state === 'queued' ? { kind: 'dequeue' } : { kind: 'pause', release: true };
    if (refusal(request, run, []) !== null) return;
    try {
      await this.send(run.id, request);
    } catch (thrown) {
      this.line.say(String(asStudioError(thrown)));
      // A full disk keeps no command: the trainer is closed without one, and saves what it can.
      if (this.trainer.isOurs) this.watch?.leave(run);
    }
  }

  /** Pauses another run and waits until its memory is free. @throws StudioError `conflict` where it can't be paused */
  private async makeWay(other: RunSummary): Promise<void> {
    const request: CommandRequest = { kind: 'pause', release: true };
    const why = refusal(request, other, []);
    if (why !== null) throw new StudioError('conflict', `${other.id} can't be paused: ${why}.`);
    this.line.say(`Pausing ${other.id} at the end of its step.`);
    const watch = new RunWatch(other.id, this.folder, () => this.find(other.id) as RunSummary, this.line, true);
    const listening = await this.trainer.follow(other.id, {
      onEvent: () => {},
      onRunsChanged: (changed) => watch.onChanged(changed),
    });
    try {
      const record = await this.send(other.id, request);
      if (record.state === 'rejected') throw new StudioError('conflict', record.why, { place: other.id });
      const stopped = new Promise<never>((_, reject) => {
        this.stopped.addEventListener('abort', () => reject(new StudioError('cancelled', 'Given up.')), { once: true });
      });
      const ended = await Promise.race([watch.ended, this.trainer.lost, stopped]);
      this.line.say(
        callable(
          `${other.id} is ${standingWords(ended)}. It goes on with: video-r1 ctl resume --run ${other.id} --folder ${quoted(this.folder)}`,
        ),
      );
    } finally {
      listening.dispose();
    }
  }

  /** A run of ours that never began would only lie about. */
  private async forget(id: string, isNew: boolean): Promise<void> {
    const run = this.find(id);
    if (isNew && run?.state === 'created' && deleteRefusal(run) === null && !this.stopped.aborted)
      await this.trainer.delete(id).catch(() => {});
  }

  private send(runId: string, request: CommandRequest, id: string = randomUUID()): Promise<CommandRecord> {
    this.sent.add(id);
    return this.trainer.command(runId, id, request);
  }
}

/** It computes, or stands still where it can be taken up; not while it starts, which may fail. */
function hasBegun(run: RunSummary): boolean {
  const { state } = run;
  return (
    state === 'queued' || (isComputing(state) && state !== 'starting') || (state === 'paused' && run.memory === 'held')
  );
}

function isTerminal(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true;
}
