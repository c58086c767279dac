/** What is known of a trainer's runs: their summaries, kept up by their events, and the metrics of their last steps. */
import type { RunEvent, StepMetrics } from '../../trainer/protocol/records.ts';
import { reduceRun } from '../../trainer/protocol/reduce-run.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';

/** During SFT only some steps measure accuracy; the others carry the last one on. */
function withLastAccuracy(metrics: StepMetrics, before: StepMetrics | undefined): StepMetrics {
  if (metrics.accuracy !== null || !before) return metrics;
  return { ...metrics, accuracy: before.accuracy, accuracyShuffled: before.accuracyShuffled };
}

export class KnownRuns {
  private readonly summaries = new Map<string, RunSummary>();
  private readonly metrics = new Map<string, StepMetrics>();

  /** Newest first. */
  get all(): RunSummary[] {
    return [...this.summaries.values()].sort((a, b) => b.createdAt - a.createdAt);
  }

  get(runId: string): RunSummary | undefined {
    return this.summaries.get(runId);
  }

  /** Of the run's last step; accuracies are those measured last. */
  lastMetrics(runId: string): StepMetrics | undefined {
    return this.metrics.get(runId);
  }

  /** All runs there are; what is not among them was deleted. */
  replace(runs: readonly RunSummary[]): void {
    const there = new Set(runs.map(({ id }) => id));
    for (const known of [...this.summaries.keys()]) {
      if (there.has(known)) continue;
      this.summaries.delete(known);
      this.metrics.delete(known);
    }
    for (const run of runs) this.put(run);
  }

  /** A summary as the trainer sent it; one older than what is known changes nothing. */
  put(run: RunSummary): void {
    const known = this.summaries.get(run.id);
    if (!known || run.seq >= known.seq) this.summaries.set(run.id, run);
  }

  take(event: RunEvent): void {
    const { runId, body } = event;
    const run = this.summaries.get(runId);
    if (run) this.summaries.set(runId, reduceRun(run, event));
    else if (body.type === 'state') this.summaries.set(runId, body.run);
    if (body.type === 'step') this.takeSteps(runId, [body.metrics]);
    // The numbers of steps that are void say nothing of the run any more.
    if (body.type === 'rewound' && (this.metrics.get(runId)?.step ?? 0) > body.toStep) this.metrics.delete(runId);
  }

  /** Metrics of steps, in their order. */
  takeSteps(runId: string, steps: readonly StepMetrics[]): void {
    for (const step of steps) {
      const before = this.metrics.get(runId);
      if (!before || step.step >= before.step) this.metrics.set(runId, withLastAccuracy(step, before));
    }
  }

  clear(): void {
    this.summaries.clear();
    this.metrics.clear();
  }
}
