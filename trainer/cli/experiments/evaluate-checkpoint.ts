/** One evaluation from its settings to its files: answers, results as JSON, and the tables. Taken up again where it stopped. */
import path from 'node:path';
import { openAnswers } from '../../evaluation/answers-file.ts';
import type { BenchmarkFile } from '../../evaluation/benchmark-files.ts';
import { evaluationReport } from '../../evaluation/report.ts';
import { type EvaluationResults, resultsOf } from '../../evaluation/results.ts';
import { sampleBenchmarks } from '../../evaluation/sample-benchmarks.ts';
import { reportMarkdown } from '../../evaluation/table.ts';
import { trainerFolder } from '../../protocol/discovery.ts';
import type { FoundCheckpoint } from '../../runs/find-checkpoint.ts';
import type { LiveLine } from '../terminal/progress.ts';
import { headerOf, keepWorking, replaceFile, type WorkWanted, workName } from './kept-work.ts';

export interface EvaluationWanted extends WorkWanted {
  readonly shuffled: boolean;
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
 * Asks what has no answer yet, then writes `results.json` and `results.md` over all answers in the file.
 * @throws as `keepWorking` does
 */
export function evaluateCheckpoint(
  w: EvaluationWanted,
  signal: AbortSignal,
  line: LiveLine,
): Promise<EvaluationResults> {
  return keepWorking(
    w,
    {
      name: 'evaluation',
      open: async (file, datasets) =>
        openAnswers(file, {
          kind: 'video-r1 evaluation',
          ...(await headerOf(w, datasets)),
          shuffled: w.shuffled,
          nanRegressionPays: w.parameters.nanRegressionPays,
        }),
      ask: sampleBenchmarks,
      async finish({ header, lines }) {
        const results = resultsOf(header, lines);
        await replaceFile(path.join(w.out, 'results.json'), `${JSON.stringify(results, null, 1)}\n`);
        await replaceFile(path.join(w.out, 'results.md'), reportMarkdown(evaluationReport(results)));
        return results;
      },
    },
    signal,
    line,
  );
}
