/**
 * Computes anew what rules of an older version found in a run's rollouts: a portion at a time, so that others are answered in
 * between. One at a time for a run; whoever asks meanwhile waits for the same one. What ends it keeps what is done.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { analysisVersion } from '../protocol/analysis.ts';
import type { RunEventBody } from '../protocol/records.ts';
import { analyse } from '../reasoning/analysis.ts';
import type { RunStore } from '../store/run-store.ts';

/** How long whoever asks something else waits at most. */
const portionMs = 15;
/** Between two tellings of how far it is. */
const toldEveryMs = 250;

export interface Analysed {
  /** Rollouts that were analysed anew, and those that were to be. */
  readonly done: number;
  readonly total: number;
  readonly cancelled: boolean;
}

type OnProgress = (done: number, total: number) => void;

/** The run whose rollouts are analysed. */
export interface AnalysedRun {
  readonly store: RunStore;
  record(body: RunEventBody): void;
  /** It was deleted, or the trainer ends. */
  isGone(): boolean;
}

export class Analysing {
  private readonly underWay = new Map<
    string,
    { cancelled: boolean; readonly tell: Set<OnProgress>; ended: Promise<Analysed> }
  >();

  /**
   * @param onProgress told now and then until it ends
   * @throws StudioError `disk-full`, or `bad-store` for what is damaged
   */
  async analyse(runId: string, run: AnalysedRun, onProgress: OnProgress): Promise<Analysed> {
    let one = this.underWay.get(runId);
    if (!one) {
      const begun = { cancelled: false, tell: new Set<OnProgress>() };
      one = Object.assign(begun, { ended: this.work(run, begun) });
      this.underWay.set(runId, one);
      const forget = () => void this.underWay.delete(runId);
      one.ended.then(forget, forget);
    }
    one.tell.add(onProgress);
    return one.ended;
  }

  /** Ends it after the portion under way; nothing where none is. */
  cancel(runId: string): void {
    const one = this.underWay.get(runId);
    if (one) one.cancelled = true;
  }

  private async work(
    run: AnalysedRun,
    one: { cancelled: boolean; readonly tell: ReadonlySet<OnProgress> },
  ): Promise<Analysed> {
    // Whoever asks for it listens from here on.
    await nextTurn();
    const total = run.store.outdated(analysisVersion);
    let done = 0;
    let toldAt = Number.NEGATIVE_INFINITY;
    try {
      while (!one.cancelled && !run.isGone()) {
        const portion = run.store.analyse(portionMs, {
          version: analysisVersion,
          of: (group, rollout) => analyse(rollout, group),
        });
        if (portion === 0) break;
        done += portion;
        if (performance.now() - toldAt >= toldEveryMs) {
          toldAt = performance.now();
          for (const tell of one.tell) tell(done, Math.max(total, done));
        }
        await nextTurn();
      }
    } finally {
      if (done > 0 && !run.isGone()) run.record({ type: 'analysed', version: analysisVersion, rollouts: done });
    }
    return { done, total: Math.max(total, done), cancelled: one.cancelled };
  }
}
