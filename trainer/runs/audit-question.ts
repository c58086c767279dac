/** What an audit asks, beyond what it keeps: a question's options and frames, out of the dataset, and what auditing a dataset would take. */
import path from 'node:path';
import { promptsOf } from '../audit/ask-changed.ts';
import { openDataset } from '../data/dataset.ts';
import type { AuditCost, AuditLine, AuditQuestion, AuditResults } from '../protocol/audit.ts';
import { asStudioError } from '../protocol/errors.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import type { StepMetrics } from '../protocol/records.ts';
import { frameLimits } from '../video/choose.ts';
import type { MediaLoader } from '../video/load.ts';
import type { RunPlan } from './plan.ts';

/** The run beside which audits are looked at. */
export interface BesideRun {
  readonly plan: Pick<RunPlan, 'dataset' | 'evaluationDataset' | 'allowedRoots'>;
  readonly parameters: ParameterValues;
  /** The newest last. */
  readonly metrics: readonly StepMetrics[];
}

export interface AuditSurroundings {
  /** @throws StudioError `not-found` */
  beside(runId: string): BesideRun;
  media(): Promise<MediaLoader>;
}

/** Options and frames of a question, as the dataset has them now; a sentence where it has not. Nothing is thrown for what is not there. */
export async function auditQuestion(
  line: AuditLine,
  { datasets, maxFrames }: AuditResults,
  { plan, parameters }: BesideRun,
  media: () => Promise<MediaLoader>,
): Promise<AuditQuestion> {
  let options: readonly string[] = [];
  try {
    const file = datasets.find(({ name }) => name === line.dataset)?.file ?? '';
    const dataset = await openDataset(file, undefined, { allowedRoots: plan.allowedRoots });
    const question = line.row < dataset.count ? dataset.question(line.row) : null;
    if (question === null || question.path !== line.path || !('problem' in line) || question.problem !== line.problem)
      return { options: [], media: null, without: 'The dataset has changed since it was audited.' };
    ({ options } = question);
    const loaded = await (await media()).load(
      path.resolve(dataset.folder, question.path),
      question.dataType,
      frameLimits({ ...parameters, maxFrames }),
    );
    return { options: [...options], media: loaded.view, without: null };
  } catch (thrown) {
    return { options: [...options], media: null, without: asStudioError(thrown).toString() };
  }
}

/** Of the dataset that a run is evaluated on, else of the one that it trains on. @throws as `openDataset` does */
export async function auditCost({ plan, metrics }: BesideRun): Promise<AuditCost> {
  const file = plan.evaluationDataset ?? plan.dataset;
  const dataset = await openDataset(file, undefined, { allowedRoots: plan.allowedRoots });
  const videos = Array.from({ length: dataset.count }, (_, i) => dataset.dataType(i)).filter(
    (type) => type === 'video',
  ).length;
  const answers = videos * promptsOf('video') + (dataset.count - videos) * promptsOf('image');
  const last = metrics.findLast(({ sampledTokens, length }) => sampledTokens > 0 && length !== null);
  const ms =
    last?.length == null ? null : Math.round((last.durations.sample * last.length * answers) / last.sampledTokens);
  return { dataset: path.basename(file), questions: dataset.count, answers, scored: videos, ms };
}
