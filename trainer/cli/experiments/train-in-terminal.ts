/** Runs one after the other in this terminal: progress, Ctrl-C, and how each came to rest. */
import { randomUUID } from 'node:crypto';
import type { CommandRecord, CommandRequest } from '../../protocol/commands.ts';
import { StudioError } from '../../protocol/errors.ts';
import type { RunSummary } from '../../protocol/run-state.ts';
import { LiveLine, RunWatch } from '../terminal/progress.ts';
import type { Hosting } from './hosting.ts';

export class TerminalSession {
  readonly line: LiveLine;
  private readonly hosting: Hosting;
  private current: string | null = null;
  private readonly stop = new AbortController();
  /** Aborted by the first Ctrl-C: for work beside the runs, and to begin no other. */
  readonly stopped: AbortSignal = this.stop.signal;
  private readonly onInterrupt = () => this.interrupt();

  constructor(hosting: Hosting, line = new LiveLine()) {
    this.hosting = hosting;
    this.line = line;
    process.on('SIGINT', this.onInterrupt);
    process.on('SIGTERM', this.onInterrupt);
  }

  /** Creates a run from a file, or resumes one, and follows it until it rests. @throws StudioError when it failed */
  async train(run: { file: string; parameters?: Record<string, unknown> } | { resume: string }): Promise<RunSummary> {
    const { trainer } = this.hosting;
    const id =
      'file' in run
        ? (await trainer.create({ runFile: run.file, parameters: run.parameters, start: false }, 'terminal')).id
        : run.resume;
    const summary = () => trainer.runs().find((candidate) => candidate.id === id) as RunSummary;
    this.current = id;
    const watch = new RunWatch(id, summary, this.line);
    const listening = trainer.listen({
      onEvent: (event) => watch.onEvent(event),
      onSampling: () => {},
      onRunsChanged: (changed) => watch.onChanged(changed),
    });
    try {
      // A run that was created and never started is begun, not taken up again.
      const record = this.send(id, { kind: summary().state === 'created' ? 'start' : 'resume' });
      if (record.state === 'rejected') throw new StudioError('conflict', record.why, { place: id });
      // Ctrl-C may have come before there was a run to pause.
      if (this.stopped.aborted) this.send(id, { kind: 'pause', release: true });
      const ended = await watch.ended;
      if (ended.state === 'failed') {
        const { kind, message, place, remedy } = ended.fault;
        throw new StudioError(kind, message, { ...(place && { place }), ...(remedy && { remedy }) });
      }
      return ended;
    } finally {
      listening.dispose();
      this.current = null;
    }
  }

  dispose(): void {
    process.off('SIGINT', this.onInterrupt);
    process.off('SIGTERM', this.onInterrupt);
    this.line.end();
  }

  private interrupt(): void {
    if (this.stopped.aborted) {
      this.line.say('Ended at once; the run goes on from its last checkpoint.');
      process.exit(130);
    }
    this.line.say(
      this.current
        ? 'Pausing at the end of this step; Ctrl-C again ends at once.'
        : 'Stopping; Ctrl-C again ends at once.',
    );
    this.stop.abort();
    if (this.current) this.send(this.current, { kind: 'pause', release: true });
  }

  private send(runId: string, request: CommandRequest): CommandRecord {
    return this.hosting.trainer.command(runId, randomUUID(), request, 'terminal');
  }
}
