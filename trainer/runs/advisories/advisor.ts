/** Judges one stay of a run in memory after each step and each evaluation, and records what begins and ends. Never pauses a run. */
import { asStudioError } from '../../protocol/errors.ts';
import type { RunSummary } from '../../protocol/run-state.ts';
import type { CountName } from '../../protocol/step-counts.ts';
import type { KindCount } from '../../store/kind-counts.ts';
import type { RunStore } from '../../store/run-store.ts';
import { freeBytes } from '../free-space.ts';
import type { RunJournal } from '../run-journal.ts';
import type { Facts, JudgedStep } from './facts.ts';
import { judge } from './judge.ts';
import { thresholds } from './thresholds.ts';

export interface AdvisorOf {
  readonly store: Pick<RunStore, 'metrics' | 'trainCounts' | 'kindCounts' | 'evaluations' | 'checkpoints'>;
  readonly journal: Pick<RunJournal, 'summary' | 'record'>;
  /** Of the run, where it writes. */
  readonly folder: string;
  /** The same for people. */
  readonly shownFolder: string;
  log(line: string): void;
}

const kindSteps = thresholds['source-fails'].window + thresholds['source-fails'].before;

export class Advisor {
  private readonly of: AdvisorOf;
  /** By the store, up to the newest of them. */
  private steps: JudgedStep[] = [];

  constructor(of: AdvisorOf) {
    this.of = of;
  }

  /** A look is no reason to end a run: what can't be read or recorded is logged, and judged again after the next step. */
  async look(): Promise<void> {
    const { store, journal, folder, shownFolder, log } = this.of;
    const { summary } = journal;
    try {
      this.read(summary);
      const free = await freeBytes(folder);
      const facts: Facts = {
        run: summary,
        steps: this.steps,
        evaluations: store.evaluations(),
        checkpoints: store.checkpoints(),
        disk: free === null ? null : { freeBytes: free, folder: shownFolder },
      };
      for (const change of judge(facts, summary.advisories ?? [], summary.step)) journal.record(change);
    } catch (thrown) {
      log(`run ${summary.id}: it is not judged after step ${summary.step}: ${asStudioError(thrown)}`);
    }
  }

  /** Takes in the steps that came since. */
  private read({ step }: RunSummary): void {
    const { store } = this.of;
    const last = this.steps.at(-1)?.metrics.step ?? 0;
    if (last >= step) return;
    const counts = store.trainCounts(last);
    const kinds = store.kindCounts(Math.max(last, step - kindSteps));
    const places = new Map(counts?.steps.map((one, i) => [one, i]));
    for (const metrics of store.metrics(last + 1)) {
      const at = places.get(metrics.step);
      this.steps.push({
        metrics,
        counts: at === undefined ? {} : countsAt(counts?.sums ?? {}, at),
        kinds: kinds.get(metrics.step) ?? none,
      });
    }
    // Of those before, no rule asks for kinds.
    for (const [i, old] of this.steps.slice(0, -kindSteps).entries())
      if (old.kinds.length > 0) this.steps[i] = { ...old, kinds: none };
  }
}

const none: readonly KindCount[] = [];

const countsAt = (sums: Readonly<Record<string, readonly number[]>>, at: number): Partial<Record<CountName, number>> =>
  Object.fromEntries(Object.entries(sums).map(([name, column]) => [name, column[at] ?? 0]));
