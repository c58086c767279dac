/**
 * Commands that this client has sent, each followed to its end. A command carries an id that is made here; it is sent again
 * under that id when the connection was lost, and acts once.
 */
import { randomUUID } from 'node:crypto';
import { type CommandRecord, type CommandRequest, type EndedCommand, hasEnded } from '../protocol/commands.ts';
import type { Client } from '../protocol/connection.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';

export interface SentCommand {
  readonly id: string;
  /** The trainer's first word: that it is taken down, or already what became of it. */
  readonly taken: Promise<CommandRecord>;
  /** Applied, rejected or failed. */
  readonly ended: Promise<EndedCommand>;
}

interface UnderWay {
  readonly runId: string;
  readonly request: CommandRequest;
  readonly taken: PromiseWithResolvers<CommandRecord>;
  readonly ended: PromiseWithResolvers<EndedCommand>;
}

export class SentCommands {
  private readonly underWay = new Map<string, UnderWay>();

  /**
   * Sends a command. Its end is told by the run's events, which whoever holds the connection passes to `take`; subscribe to
   * the run first.
   * @returns promises that reject with the trainer's StudioError, or with that of `abandon`; not with a lost connection
   */
  carryOut(client: Client, runId: string, request: CommandRequest, id: string = randomUUID()): SentCommand {
    const command: UnderWay = {
      runId,
      request,
      taken: Promise.withResolvers(),
      ended: Promise.withResolvers(),
    };
    // Whoever looks at one of the two, or at neither any more, is not to bring the process down.
    command.taken.promise.catch(() => {});
    command.ended.promise.catch(() => {});
    this.underWay.set(id, command);
    void this.send(client, id, command);
    return { id, taken: command.taken.promise, ended: command.ended.promise };
  }

  private async send(client: Client, id: string, { runId, request, taken, ended }: UnderWay): Promise<void> {
    try {
      this.take((await client.request('runs/command', { runId, id, command: request })).command);
    } catch (thrown) {
      const fault = asStudioError(thrown);
      // Its end is not known: it is asked for when there is a connection again.
      if (fault.kind === 'connection-lost') return;
      this.underWay.delete(id);
      taken.reject(fault);
      ended.reject(fault);
    }
  }

  /** A record of a command, from whichever client. */
  take(record: CommandRecord): void {
    const command = this.underWay.get(record.id);
    if (!command) return;
    command.taken.resolve(record);
    if (!hasEnded(record)) return;
    this.underWay.delete(record.id);
    command.ended.resolve(record);
  }

  /** Runs that a command is under way to. */
  get runIds(): ReadonlySet<string> {
    return new Set([...this.underWay.values()].map(({ runId }) => runId));
  }

  /** Asks, on a new connection, what became of every command whose end is not known. */
  sendAgain(client: Client): void {
    for (const [id, command] of this.underWay) void this.send(client, id, command);
  }

  /** There will be no connection any more. @param why a sentence */
  abandon(why: string): void {
    for (const [id, { taken, ended }] of this.underWay) {
      const fault = new StudioError('connection-lost', `${why} Whether the command was applied is not known.`, {
        remedy: `The run's log of commands says it; the command's id is ${id}.`,
      });
      taken.reject(fault);
      ended.reject(fault);
    }
    this.underWay.clear();
  }
}
