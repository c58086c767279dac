/** One evaluation from its settings to its files: answers, results as JSON, and the tables. Taken up again where it stopped. */
import path from 'node:path';
import { openAnswers } from '../../evaluation/answers-file.ts';
import { readArms } from '../../evaluation/arm-files.ts';
import type { BenchmarkFile } from '../../evaluation/benchmark-files.ts';
import type { NamedDataset } from '../../evaluation/question-walk.ts';
import { evaluationReport } from '../../evaluation/report.ts';
import { type EvaluationResults, resultsOf } from '../../evaluation/results.ts';
import { requireReversed, saysReversed } from '../../evaluation/sample-arms.ts';
import { sampleBenchmarks } from '../../evaluation/sample-benchmarks.ts';
import { reportMarkdown } from '../../evaluation/table.ts';
import { trainerFolder } from '../../protocol/discovery.ts';
import type { EvaluationArm } from '../../protocol/evaluation-arms.ts';
import type { FoundCheckpoint } from '../../runs/find-checkpoint.ts';
import type { LiveLine } from '../terminal/progress.ts';
import { armWork } from './evaluation-arms.ts';
import { headerOf, keepWorking, replaceFile, type WorkWanted, workName } from './kept-work.ts';

export interface EvaluationWanted extends WorkWanted {
  readonly shuffled: boolean;
  /** What is asked besides. */
  readonly arms?: readonly EvaluationArm[];
}

export function evaluationsFolder(project: string): string {
  return path.join(project, trainerFolder, 'evaluations');
}

export const evaluationName = (
  model: FoundCheckpoint,
  files: readonly BenchmarkFile[],
  frames: number,
  shuffled: boolean,
): string => workName(model, files, frames, shuffled ? '-shuffled' : '');

/**
 * Asks what has no answer yet, then writes `results.json` and `results.md` over all answers in the files: those of other arms that
 * were asked before too.
 * @throws as `keepWorking` does; StudioError `bad-dataset` where reversed videos are wanted of a dataset that does not say what is right then
 */
export function evaluateCheckpoint(
  w: EvaluationWanted,
  signal: AbortSignal,
  line: LiveLine,
): Promise<EvaluationResults> {
  const arms = w.arms ?? [];
  let settings: ReturnType<typeof headerOf> | null = null;
  /** Once: the weights are read for it. */
  const settingsOf = (datasets: readonly NamedDataset[]) => {
    settings ??= headerOf(w, datasets);
    return settings;
  };
  return keepWorking(
    w,
    {
      name: 'evaluation',
      open: async (file, datasets) =>
        openAnswers(file, {
          kind: 'video-r1 evaluation',
          ...(await settingsOf(datasets)),
          shuffled: w.shuffled,
          nanRegressionPays: w.parameters.nanRegressionPays,
        }),
      require: arms.includes('reversed') ? requireReversed : () => {},
      ask: sampleBenchmarks,
      beside: armWork(w.out, arms, async (datasets) => ({
        ...(await settingsOf(datasets)),
        nanRegressionPays: w.parameters.nanRegressionPays,
      })),
      async finish({ header, lines }, datasets) {
        const byName = new Map(datasets.map((named) => [named.name, named]));
        const results = resultsOf(header, lines, {
          ...readArms(w.out, header),
          saysReversed(name, row) {
            const named = byName.get(name);
            return named !== undefined && saysReversed(named, row);
          },
        });
        await replaceFile(path.join(w.out, 'results.json'), `${JSON.stringify(results, null, 1)}\n`);
        await replaceFile(path.join(w.out, 'results.md'), reportMarkdown(evaluationReport(results)));
        return results;
      },
    },
    signal,
    line,
  );
}
