/** Runs one after the other in this terminal: progress, Ctrl-C, and how each came to rest. */
import { randomUUID } from 'node:crypto';
import type { CommandRecord, CommandRequest } from '../../protocol/commands.ts';
import { errorFrom, StudioError } from '../../protocol/errors.ts';
import type { RunSummary } from '../../protocol/run-state.ts';
import { Interrupts } from '../terminal/interrupt.ts';
import { openLog } from '../terminal/log.ts';
import { type LiveLine, RunWatch } from '../terminal/progress.ts';
import { type Hosting, type HostingOptions, host } from './hosting.ts';

/** Hosts a project for as long as some work in this terminal takes. What still runs at its end is saved. */
export async function hostInTerminal<T>(
  options: Pick<HostingOptions, 'folder' | 'port' | 'ffmpeg' | 'allowedRoots'>,
  line: LiveLine,
  work: (session: TerminalSession, hosting: Hosting) => Promise<T>,
): Promise<T> {
  const hosting = await host({ ...options, log: openLog(options.folder) });
  const session = new TerminalSession(hosting, line);
  try {
    return await work(session, hosting);
  } finally {
    await hosting.close();
    session.dispose();
  }
}

export class TerminalSession {
  readonly line: LiveLine;
  private readonly hosting: Hosting;
  private current: string | null = null;
  private readonly interrupts: Interrupts;

  constructor(hosting: Hosting, line: LiveLine) {
    this.hosting = hosting;
    this.line = line;
    this.interrupts = new Interrupts(
      {
        first: () => (this.current ? 'Pausing at the end of this step' : 'Stopping'),
        left: 'the run goes on from its last checkpoint',
      },
      (text) => this.line.say(text),
    );
    this.stopped.addEventListener('abort', () => this.pause());
  }

  /** Aborted by the first Ctrl-C: for work beside the runs, and to begin no other. */
  get stopped(): AbortSignal {
    return this.interrupts.signal;
  }

  /** Of a command whose run rests before its end, be it by Ctrl-C or because a page paused it. */
  get exitCode(): number {
    return this.interrupts.exitCode;
  }

  /** Creates a run from a file, or resumes one, and follows it until it rests. @throws StudioError when it failed */
  async train(run: { file: string; parameters?: Record<string, unknown> } | { resume: string }): Promise<RunSummary> {
    const { trainer } = this.hosting;
    const id =
      'file' in run
        ? (await trainer.create({ runFile: run.file, parameters: run.parameters, start: false }, 'terminal')).id
        : run.resume;
    const find = () => trainer.runs().find((candidate) => candidate.id === id);
    this.current = id;
    const watch = new RunWatch(id, () => find() as RunSummary, this.line);
    const listening = trainer.listen({
      onEvent: (event) => watch.onEvent(event),
      onSampling: () => {},
      onRunsChanged: (changed) => watch.onChanged(changed),
    });
    try {
      // A run that was created and never started is begun, not taken up again.
      const record = this.send(id, { kind: find()?.state === 'created' ? 'start' : 'resume' });
      if (record.state === 'rejected') throw new StudioError('conflict', record.why, { place: id });
      // Ctrl-C may have come before there was a run to pause.
      if (this.stopped.aborted) this.pause();
      const ended = await watch.ended;
      if (ended.state === 'failed') throw errorFrom(ended.fault);
      return ended;
    } finally {
      listening.dispose();
      this.current = null;
    }
  }

  dispose(): void {
    this.interrupts.dispose();
    this.line.end();
  }

  private pause(): void {
    if (this.current) this.send(this.current, { kind: 'pause', release: true });
  }

  private send(runId: string, request: CommandRequest): CommandRecord {
    return this.hosting.trainer.command(runId, randomUUID(), request, 'terminal');
  }
}
