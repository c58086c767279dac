/** What answers of runs stood on, as clients ask for it: which answers are meant, and the work that weighs them. */
import type { Frames } from '../engines/engine.ts';
import type { WeighingCost } from '../protocol/evidence.ts';
import type { Expression } from '../protocol/query/expression.ts';
import type { Attention, RolloutReader } from '../store/rollout-reader.ts';
import type { EvidenceAsked, EvidenceService } from './service.ts';
import {
  type WeighedRun,
  type WeighingAsked,
  type WeighingDone,
  WeighingJob,
  type WeighingProgress,
} from './weighing.ts';
import type { WeightsDesk } from './weights-at-hand.ts';

interface EvidenceSurroundings {
  readonly desk: WeightsDesk;
  readonly reader: RolloutReader;
  /** @throws StudioError `not-found` */
  run(id: string): WeighedRun;
  frames(runId: string, key: string): Promise<Frames>;
}

const pageRows = 500;

export class RunEvidence implements EvidenceService {
  private readonly around: EvidenceSurroundings;
  private readonly job: WeighingJob;

  constructor(around: EvidenceSurroundings) {
    this.around = around;
    this.job = new WeighingJob(around.desk, (runId, key) => around.frames(runId, key));
  }

  async cost(runId: string, asked: EvidenceAsked, attention: Attention): Promise<WeighingCost> {
    const run = this.around.run(runId);
    return this.job.cost(run, await this.meant(run, asked, attention));
  }

  async compute(
    runId: string,
    asked: EvidenceAsked,
    signal: AbortSignal,
    onProgress: (progress: WeighingProgress) => void,
  ): Promise<WeighingDone> {
    const run = this.around.run(runId);
    return this.job.compute(run, await this.meant(run, asked, { signal }), signal, onProgress);
  }

  private async meant(
    run: WeighedRun,
    { of, kinds, checkpoint }: EvidenceAsked,
    attention: Attention,
  ): Promise<WeighingAsked> {
    const how = { kinds: kinds ?? null, checkpoint: checkpoint ?? null };
    if ('rolloutId' in of) return { rollouts: [of.rolloutId], ...how };
    if ('groupId' in of) {
      const { rollouts } = run.store.group(of.groupId);
      const ordered = rollouts.filter(({ order }) => order === 'ordered').map(({ id }) => id);
      return { rollouts: ordered, ...how };
    }
    return { rollouts: await this.kept(run.folder, of.expression, attention), ...how };
  }

  /** Ids of all rollouts that a query keeps, in the order in which they were made. */
  private async kept(folder: string, expression: Expression, attention: Attention): Promise<string[]> {
    const ids: string[] = [];
    for (let at: { after: string } | null = null; ; ) {
      const page = await this.around.reader.list(folder, { expression, sort: null, at, limit: pageRows }, attention);
      ids.push(...page.rows.map(({ id }) => id));
      if (!page.more || page.last === null) return ids.reverse();
      at = { after: page.last };
    }
  }
}
