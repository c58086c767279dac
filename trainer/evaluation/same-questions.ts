/** Figures that stand side by side are over the same questions: answers to what was not asked of all are left out, and said. */
import type { StageRun } from './ablation.ts';
import { resultsOf } from './results.ts';

const keyOf = ({ dataset, row }: { readonly dataset: string; readonly row: number }) => `${dataset}\n${row}`;

export interface SameQuestions {
  readonly runs: readonly StageRun[];
  /** What was left out, for whoever reads the table; null when nothing was. */
  readonly note: string | null;
}

/** Groups are sampled apart from the answers; of which videos, their records do not say. */
function groupsNote(runs: readonly StageRun[]): string | null {
  const counts = [...new Set(runs.flatMap(({ groups }) => (groups ? [groups.groups] : [])))].sort((a, b) => a - b);
  return counts.length < 2
    ? null
    : `Temporal paid and temporal felt are over different numbers of groups (${counts.join(', ')}), so not to be compared between all rows.`;
}

/** Of the runs' answers those to questions that all of them answered, with results made anew of them. */
export function onSameQuestions(runs: readonly StageRun[]): SameQuestions {
  const answered = runs.map(
    ({ answers }) => new Set(answers.filter(({ outcome }) => outcome === 'answered').map(keyOf)),
  );
  const [first = new Set<string>(), ...others] = answered;
  const common = new Set([...first].filter((key) => others.every((own) => own.has(key))));
  const groups = groupsNote(runs);
  if (answered.every(({ size }) => size === common.size)) return { runs, note: groups };
  const counts = [...new Set(answered.map(({ size }) => size))].sort((a, b) => a - b);
  return {
    runs: runs.map((run) => {
      const answers = run.answers.filter((line) => common.has(keyOf(line)));
      return { ...run, answers, results: resultsOf(run.results.settings, answers) };
    }),
    note: [
      `All figures are over the ${common.size} questions that every checkpoint of this table has answered; some have answered more (${counts.join(', ')}), and what only some answered is left out.`,
      ...(groups === null ? [] : [groups]),
    ].join(' '),
  };
}
