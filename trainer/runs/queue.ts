/**
 * The runs that wait for their turn. The next one starts when the run before it completes, is stopped, fails or is deleted; a
 * pause holds the queue, as does the end of the trainer: nothing trains because somebody opened a page. How each run stands is in
 * its own store, so a queue has nothing of its own to lose.
 */
import { asStudioError } from '../protocol/errors.ts';
import { inTheWay, isComputing, queueOf, type RunState, type RunSummary } from '../protocol/run-state.ts';

export interface QueueSurroundings {
  runs(): readonly RunSummary[];
  /** @throws StudioError `disk-full` */
  start(runId: string): void;
  log(line: string): void;
}

export class RunQueue {
  private readonly around: QueueSurroundings;
  private readonly states = new Map<string, RunState>();
  private isClosed = false;

  constructor(around: QueueSurroundings) {
    this.around = around;
  }

  /** Later than all that are queued, whatever the clock says. */
  nextSince(): number {
    return Math.max(Date.now(), ...queueOf(this.around.runs()).map(({ since }) => since + 1));
  }

  /** A run was found standing so, when the trainer began: it makes nothing start. */
  know({ id, state }: RunSummary): void {
    this.states.set(id, state);
  }

  /** A run stands so now. */
  take(run: RunSummary): void {
    const { id, state } = run;
    const before = this.states.get(id);
    this.states.set(id, state);
    // A run whose engine died is nobody's pause.
    const isBroken = run.state === 'paused' && run.memory === 'released' && run.fault !== null;
    if (before !== state && this.goesOn(before, isBroken ? 'failed' : state)) this.advance();
  }

  /** A run is deleted: one that was paused holds the queue no more. */
  remove(id: string): void {
    const before = this.states.get(id);
    this.states.delete(id);
    if (before === 'paused') this.advance();
  }

  /** Starts no run from now on. */
  close(): void {
    this.isClosed = true;
  }

  private goesOn(before: RunState | undefined, state: RunState): boolean {
    switch (state) {
      case 'queued': {
        const runs = this.around.runs();
        if (inTheWay(runs) !== undefined) return false;
        // Others that wait already are held by a pause, which the run that was queued does not lift unless it was its own.
        return before === 'paused' || queueOf(runs).length === 1;
      }
      case 'stopped':
      case 'completed':
      case 'failed':
        return before !== undefined && (isComputing(before) || before === 'paused');
      case 'created':
      case 'paused':
        return before === 'evaluating';
      default:
        return false;
    }
  }

  /** In a turn of its own: whoever told of the change has not finished with it. */
  private advance(): void {
    queueMicrotask(() => {
      const runs = this.around.runs();
      const [next] = queueOf(runs);
      if (this.isClosed || next === undefined || inTheWay(runs) !== undefined) return;
      this.around.log(`run ${next.id}: its turn in the queue has come`);
      try {
        this.around.start(next.id);
      } catch (thrown) {
        this.around.log(`run ${next.id} can't be started from the queue: ${asStudioError(thrown)}`);
      }
    });
  }
}
