/** Figures that stand side by side are over the same questions: answers to what was not asked of all are left out, and said. */
import type { StageRun } from './ablation.ts';
import { resultsOf } from './results.ts';

const keyOf = ({ dataset, row }: { readonly dataset: string; readonly row: number }) => `${dataset}\n${row}`;

export interface SameQuestions {
  readonly runs: readonly StageRun[];
  /** What was left out, for whoever reads the table; null when nothing was. */
  readonly note: string | null;
}

/** Of the runs' answers those to questions that all of them answered, with results made anew of them. */
export function onSameQuestions(runs: readonly StageRun[]): SameQuestions {
  const answered = runs.map(
    ({ answers }) => new Set(answers.filter(({ outcome }) => outcome === 'answered').map(keyOf)),
  );
  const [first = new Set<string>(), ...others] = answered;
  const common = new Set([...first].filter((key) => others.every((own) => own.has(key))));
  if (answered.every(({ size }) => size === common.size)) return { runs, note: null };
  const counts = [...new Set(answered.map(({ size }) => size))].sort((a, b) => a - b);
  return {
    runs: runs.map((run) => {
      const answers = run.answers.filter((line) => common.has(keyOf(line)));
      return { ...run, answers, results: resultsOf(run.results.settings, answers) };
    }),
    note: `All figures are over the ${common.size} questions that every checkpoint of this table has answered; some have answered more (${counts.join(', ')}), and what only some answered is left out.`,
  };
}
