/** What updates of runs did to their answers, as clients ask for it. */
import { StudioError } from '../protocol/errors.ts';
import type { Receipt, ReceiptState, TriedUpdate } from '../protocol/receipts.ts';
import type { Run } from './run.ts';
import type { UpdateService } from './service.ts';
import { notHeld, type SessionUpdates, type UpdateAsked } from './session-updates.ts';

export class RunUpdates implements UpdateService {
  private readonly run: (id: string) => Run;

  /** @param run throws `not-found` for one that is not there */
  constructor(run: (id: string) => Run) {
    this.run = run;
  }

  state(runId: string, step: number): ReceiptState {
    const run = this.run(runId);
    const known = run.updates()?.state(step) ?? { make: notHeld, attempt: notHeld, again: true };
    return { receipt: run.store.receipt(step), ...known };
  }

  async make(runId: string, step: number): Promise<Receipt> {
    return this.inMemory(runId).makeReceipt(step);
  }

  async attempt(
    runId: string,
    asked: UpdateAsked,
    signal: AbortSignal,
    tell: (doing: string) => void,
  ): Promise<TriedUpdate> {
    return this.inMemory(runId).tryUpdate(asked, signal, tell);
  }

  private inMemory(runId: string): SessionUpdates {
    const updates = this.run(runId).updates();
    if (updates === null) throw new StudioError('conflict', notHeld, { place: runId });
    return updates;
  }
}
