/** The evaluations that two runs made of themselves while they trained, compared as the pages do. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { bounds, percent, probability } from '../../evaluation/report.ts';
import { plain, type Report } from '../../evaluation/table.ts';
import type { ComparedEvaluations, EvaluationPair } from '../../protocol/questions.ts';
import { comparedEvaluationsOf } from '../../runs/compare-runs.ts';
import { runsFolder } from '../../runs/project-paths.ts';
import { RolloutReader } from '../../store/rollout-reader.ts';
import { RunStore } from '../../store/run-store.ts';

/** The newest evaluation in a run's record; what is recorded is whole. */
export interface RecordedEvaluation {
  readonly run: string;
  /** Of the run. */
  readonly folder: string;
  readonly id: string;
  readonly step: number;
  readonly dataset: string;
}

/**
 * @param named a run's id, or its name: then the newest of its runs that has an evaluation
 * @returns null where no run of that name has one
 * @throws StudioError what opening a damaged run throws
 */
export function recordedEvaluation(named: string, project: string): RecordedEvaluation | null {
  const parent = runsFolder(project);
  const numberOf = (id: string) => Number(/-(\d+)$/.exec(id)?.[1] ?? 0);
  const ids = foldersIn(parent);
  const own = ids.includes(named)
    ? [named]
    : ids.filter((id) => id.replace(/-\d+$/, '') === named).sort((a, b) => numberOf(b) - numberOf(a));
  for (const run of own) {
    const folder = path.join(parent, run);
    const store = RunStore.open(folder);
    try {
      const newest = store.evaluations().at(-1);
      if (newest) return { run, folder, id: newest.id, step: newest.step, dataset: newest.dataset };
    } finally {
      store.dispose();
    }
  }
  return null;
}

function foldersIn(parent: string): string[] {
  try {
    return readdirSync(parent);
  } catch {
    // Where there is no such folder there is no run.
    return [];
  }
}

export async function compareRecorded(a: RecordedEvaluation, b: RecordedEvaluation): Promise<ComparedEvaluations> {
  const reader = new RolloutReader();
  try {
    return comparedEvaluationsOf(await reader.evaluationPairs([a.folder, b.folder], [a.id, b.id]));
  } finally {
    await reader.dispose();
  }
}

const shownFlips = 5;

export const flipsOf = ({ pairs }: ComparedEvaluations): EvaluationPair[] =>
  pairs.filter(({ first, second }) => first.correct !== second.correct);

export function recordedReport(a: RecordedEvaluation, b: RecordedEvaluation, compared: ComparedEvaluations): Report {
  const { slices, pairs, leftOut, otherFrames, otherPrompts } = compared;
  const flips = flipsOf(compared);
  const table = (title: string, own: readonly EvaluationPair[]) =>
    own.length === 0
      ? []
      : [
          {
            title: '',
            head: [
              `${title}: ${own.length}${own.length > shownFlips ? `, the first ${shownFlips}` : ''}`,
              'A answers',
              'B answers',
            ],
            rows: own
              .slice(0, shownFlips)
              .map(({ problem, first, second }) => [
                plain(problem, 60),
                plain(first.answer, 24) || '(none)',
                plain(second.answer, 24) || '(none)',
              ]),
          },
        ];
  const told = ({ run, id, step, dataset }: RecordedEvaluation) =>
    `Taken of ${run}: the newest evaluation in its own record, ${plain(id)}, at step ${step}, on ${plain(dataset)}.`;
  return {
    title: `A: ${a.run}, step ${a.step}    B: ${b.run}, step ${b.step}`,
    lines: [
      'Not both have an evaluation of video-r1 eval: those that the runs made of themselves are compared, as in the pages.',
      told(a),
      told(b),
      `${pairs.length} questions that both answered, paired by content.`,
      ...(leftOut.first + leftOut.second > 0
        ? [`Left out, since the other has no answer: ${leftOut.first} of A, ${leftOut.second} of B.`]
        : []),
      ...(otherFrames > 0 ? [`Saw other frames: ${otherFrames} pairs.`] : []),
      ...(otherPrompts > 0 ? [`Asked by another prompt: ${otherPrompts} pairs.`] : []),
    ],
    tables: [
      {
        title: '',
        head: ['accuracy', 'pairs', 'A', 'B', 'B - A', '95 % interval', 'only A : only B right', 'McNemar p'],
        rows: slices.map(
          ({ kind, name, mean: { count, first, second, difference, low, high }, onlyFirst, onlySecond, p }) => [
            kind === 'all' ? 'all' : `  ${plain(name, 40)}`,
            String(count),
            percent(first),
            percent(second),
            percent(difference),
            low === null || high === null ? '' : bounds({ low, high }),
            `${onlyFirst} : ${onlySecond}`,
            probability(p),
          ],
        ),
      },
      ...table(
        'wrong to right',
        flips.filter(({ second }) => second.correct),
      ),
      ...table(
        'right to wrong',
        flips.filter(({ first }) => first.correct),
      ),
    ],
    notes: [
      'In percent, frames in order, by the accuracy reward of training, as the pages have it. Interval: paired t test over questions.',
      'p: McNemar’s exact test, two-sided, on the questions where only one is right. Rows of many families are many tests: a small p among them comes by chance.',
    ],
  };
}
