/** The commands of a run: each is taken down once, under the id of who sent it, and every turn of its life is recorded. */
import { isDeepStrictEqual } from 'node:util';
import {
  type CommandChange,
  type CommandRecord,
  type CommandRequest,
  hasEnded,
  type TakenCommand,
} from '../protocol/commands.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import type { RunEvent, RunEventBody } from '../protocol/records.ts';
import type { RunPlace, SafePoint } from '../protocol/run-state.ts';
import type { RunStore } from '../store/run-store.ts';

export interface CommandLogSurroundings {
  readonly store: Pick<RunStore, 'command' | 'commands' | 'nextCommandNumber'>;
  record(body: RunEventBody): RunEvent;
  /** A sentence as it is kept: paths in it are the project's, which may be moved. */
  inText(sentence: string): string;
  log(line: string): void;
}

export class CommandLog {
  private readonly around: CommandLogSurroundings;

  constructor(around: CommandLogSurroundings) {
    this.around = around;
  }

  /**
   * What became of the command that came under this id; null when none did.
   * @throws StudioError `bad-request` when that one asked for something else
   */
  known(id: string, request: CommandRequest): CommandRecord | null {
    const record = this.around.store.command(id);
    // As it was stored: JSON has no undefined.
    if (record && !isDeepStrictEqual(record.request, JSON.parse(JSON.stringify(request)))) {
      throw new StudioError('bad-request', `Another command came under the id ${id}: ${record.request.kind}.`, {
        place: `command ${record.number}`,
        remedy: 'Give each command an id of its own.',
      });
    }
    return record;
  }

  /** After the trainer died: what had not ended by then never will, and whoever sent it may ask for it again. */
  recover(why: string): void {
    for (const command of this.around.store.commands()) {
      if (hasEnded(command)) continue;
      const { id, number, request, by, requestedAt } = command;
      this.fail({ id, number, request, by, requestedAt, state: 'requested' }, null, why);
    }
  }

  /** @throws StudioError `disk-full`: then it was not taken down */
  take(id: string, request: CommandRequest, by: string): TakenCommand {
    const number = this.around.store.nextCommandNumber();
    const taken: TakenCommand = { id, number, request, by, requestedAt: Date.now(), state: 'requested' };
    this.around.record({ type: 'command', command: taken });
    return taken;
  }

  /** @throws StudioError `disk-full` */
  schedule(taken: TakenCommand, point: SafePoint | null, change: CommandChange, step?: number): CommandRecord {
    const command: CommandRecord = {
      ...{ ...taken, state: 'scheduled', point, change },
      ...(step !== undefined && { step }),
    };
    this.around.record({ type: 'command', command });
    return command;
  }

  reject(taken: TakenCommand, why: string): CommandRecord {
    return this.end({ ...taken, state: 'rejected', endedAt: Date.now(), why });
  }

  apply(taken: TakenCommand, at: RunPlace | null, change: CommandChange, note: string | null): CommandRecord {
    return this.end({ ...taken, state: 'applied', endedAt: Date.now(), at, change, note });
  }

  fail(taken: TakenCommand, at: RunPlace | null, why: string): CommandRecord {
    return this.end({ ...taken, state: 'failed', endedAt: Date.now(), at, why: this.around.inText(why) });
  }

  /** What has happened has happened, also where the disk is too full to say so. */
  private end(command: CommandRecord): CommandRecord {
    try {
      this.around.record({ type: 'command', command });
    } catch (thrown) {
      const { number, request, state } = command;
      this.around.log(`command ${number}, ${request.kind}, is ${state}, which is not stored: ${asStudioError(thrown)}`);
    }
    return command;
  }
}
