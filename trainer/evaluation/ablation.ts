/** The paper's ablation (table 2): what each arm changes, and the table over seeds. Training and asking are for `cli/ablate.ts`. */
import type { RunFile } from '../protocol/runfile.ts';
import { benchmarks, paperAblation } from './paper-results.ts';
import { overall, paperCells, percent } from './report.ts';
import type { EvaluationResults } from './results.ts';
import { meanOverSeeds } from './statistics.ts';
import { plain, type Report } from './table.ts';

export const arms = ['full', 'no-images', 'no-temporal'] as const;
export type Arm = (typeof arms)[number];

const armTitles: Readonly<Record<Arm, string>> = {
  full: 'T-GRPO',
  'no-images': 'without images',
  'no-temporal': 'without temporal reward',
};

/** A T-GRPO run file with what an arm leaves out: image questions, or the shuffled group and its reward. */
export function armOf(base: RunFile, arm: Arm): RunFile {
  switch (arm) {
    case 'full':
      return base;
    case 'no-images':
      return { ...base, parameters: { ...base.parameters, imageShare: 0 } };
    case 'no-temporal':
      return { ...base, method: 'grpo' };
    default:
      return arm satisfies never;
  }
}

export interface ArmRun {
  readonly arm: Arm;
  readonly seed: number;
  readonly run: string;
  readonly results: EvaluationResults;
}

/** Shares by column; the last one is `use of order`. */
type Figures = Readonly<Record<string, number>>;

const useOfOrder = 'use of order';

/** Accuracy by dataset, and ordered minus shuffled on the questions that need order, or on all videos where that is not known. */
function figuresOf({ datasets }: EvaluationResults): Figures {
  const figures = datasets.flatMap(({ name, all }) => {
    const value = overall(all);
    return value === null ? [] : [[name, value] as const];
  });
  const orders = datasets.flatMap(({ order }) => order.slice(0, 1));
  const videos = orders.reduce((sum, { count }) => sum + count, 0);
  const gain = orders.reduce((sum, { count, difference }) => sum + count * difference.mean, 0);
  return Object.fromEntries(videos === 0 ? figures : [...figures, [useOfOrder, gain / videos]]);
}

export interface AblationRow {
  readonly arm: Arm;
  readonly seeds: readonly number[];
  readonly figures: Readonly<Record<string, NonNullable<ReturnType<typeof meanOverSeeds>>>>;
}

export function ablationRows(runs: readonly ArmRun[]): AblationRow[] {
  return arms.map((arm) => {
    const own = runs.filter((run) => run.arm === arm);
    const each = own.map(({ results }) => figuresOf(results));
    const columns = [...new Set(each.flatMap((figures) => Object.keys(figures)))];
    const figures = columns.flatMap((column) => {
      const found = meanOverSeeds(each.flatMap((one) => one[column] ?? []));
      return found ? [[column, found] as const] : [];
    });
    return { arm, seeds: own.map(({ seed }) => seed), figures: Object.fromEntries(figures) };
  });
}

function cell(figure: AblationRow['figures'][string] | undefined): string {
  if (!figure) return '-';
  const { mean, low, high } = figure;
  return low === null || high === null ? percent(mean) : `${percent(mean)} (${percent(low)} to ${percent(high)})`;
}

export function ablationReport(title: string, rows: readonly AblationRow[]): Report {
  const columns = [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))];
  // Beside each other in the order in which datasets were named, what order is worth at the end.
  const ordered = [...columns.filter((column) => column !== useOfOrder), ...columns.filter((c) => c === useOfOrder)];
  const names = benchmarks.map(({ name }) => name);
  const oneSeed = rows.some(({ seeds }) => seeds.length < 2);
  return {
    title,
    lines: [],
    tables: [
      {
        title: '',
        head: ['measured here', 'seeds', ...ordered.map((column) => plain(column, 40))],
        rows: rows.map(({ arm, seeds, figures }) => [
          armTitles[arm],
          seeds.join(', '),
          ...ordered.map((column) => cell(figures[column])),
        ]),
      },
      {
        title: '',
        head: ['the paper’s table 2, not measured here', 'frames', ...names],
        rows: paperAblation.map((row) => [row.model, String(row.frames), ...paperCells(row, names)]),
      },
    ],
    notes: [
      `In percent, mean over seeds${oneSeed ? '; one seed says nothing of how much seeds differ, so it has no interval' : ''}. In brackets: Student’s 95 % interval over seeds, n - 1 degrees of freedom.`,
      'accuracy by the benchmarks’ rule over all questions: OCR and free-form score 0, regression counts by its mean relative accuracy.',
      'use of order: accuracy on frames in order minus that on shuffled frames, on questions that need order where the dataset says so, else on all videos.',
    ],
  };
}
