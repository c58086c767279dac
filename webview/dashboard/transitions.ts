/** What became of first answers, over ranges of steps: the table's rows, and the filter that shows the answers of a cell. */
import { analysisVersion, type Change, changes } from '../../trainer/protocol/analysis.ts';
import { type CountName, type StepCounts, sumsOf } from '../../trainer/protocol/step-counts.ts';

export interface TransitionRow {
  /** First and last step, both with answers. */
  readonly from: number;
  readonly to: number;
  /** Answers that the present rules have read; the cells of a row add up to it. */
  readonly answers: number;
  readonly counts: Readonly<Record<Change, number>>;
}

const counters: Readonly<Record<Change, CountName>> = {
  'wrong to right': 'wrongToRight',
  'right to wrong': 'rightToWrong',
  'stays right': 'staysRight',
  'stays wrong': 'staysWrong',
  'no first answer': 'noFirstAnswer',
  'not comparable': 'notComparable',
};

/** At most `most` rows of as many steps each, the last one of what is left. */
export function transitionRows(counts: StepCounts, most: number): TransitionRow[] {
  const { steps, size: together = 1 } = counts;
  const size = Math.max(1, Math.ceil(steps.length / most));
  const analysed = sumsOf(counts, 'analysed');
  const rows: TransitionRow[] = [];
  for (let at = 0; at < steps.length; at += size) {
    const end = Math.min(at + size, steps.length);
    const sum = (column: readonly number[]) => column.slice(at, end).reduce((whole, one) => whole + one, 0);
    rows.push({
      from: steps[at] as number,
      to: (steps[end - 1] as number) + together - 1,
      answers: sum(analysed),
      counts: Object.fromEntries(changes.map((change) => [change, sum(sumsOf(counts, counters[change]))])) as Record<
        Change,
        number
      >,
    });
  }
  return rows;
}

/** All rows as one; null without any. */
export function transitionTotal(rows: readonly TransitionRow[]): TransitionRow | null {
  const [first] = rows;
  const last = rows.at(-1);
  if (!first || !last) return null;
  const sum = (of: (row: TransitionRow) => number) => rows.reduce((whole, row) => whole + of(row), 0);
  return {
    from: first.from,
    to: last.to,
    answers: sum((row) => row.answers),
    counts: Object.fromEntries(changes.map((change) => [change, sum((row) => row.counts[change])])) as Record<
      Change,
      number
    >,
  };
}

/** The filter of the answers that a cell counts. */
export function transitionQuery(change: Change, { from, to }: TransitionRow, purpose: StepCounts['purpose']): string {
  const steps = from === to ? `step:${from}` : `step>=${from} step<=${to}`;
  return `change:${change.replaceAll(' ', '-')} ${steps} half:ordered purpose:${purpose} analysis:${analysisVersion}`;
}
