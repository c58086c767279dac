/**
 * What the arms of a study learned in each of its worlds: figures pooled over data seeds and seeds, paired by both, and a sentence for
 * each credit arm that says from the intervals whether it is above felt T-GRPO in the use of order. Computes only.
 */
import {
  type AblationRow,
  type AblationSettings,
  ablationContrasts,
  ablationRows,
  type Contrast,
  contrastTable,
  figureNotes,
  rowsTable,
  type StageRun,
  useOfOrder,
  worthWrong,
} from './ablation.ts';
import { creditArms, type Stage, stageTitle } from './arms.ts';
import { percent } from './report.ts';
import type { PairedDifference } from './statistics.ts';
import type { Report } from './table.ts';

/** All that was done in one world. */
export interface WorldWork {
  readonly world: string;
  /** For people: what its cues are like. */
  readonly title: string;
  /** Of its projects; each run says its data seed. */
  readonly runs: readonly StageRun[];
  /** The same for all projects but for numbers of questions. */
  readonly settings: AblationSettings;
  /** What was left out of the figures; null for nothing. */
  readonly note: string | null;
}

export type Finding = 'above' | 'below' | 'not shown' | 'one pair';

export interface Verdict {
  readonly first: Stage;
  readonly second: Stage;
  /** Of the interval of the use of order, first minus second. */
  readonly finding: Finding;
  readonly difference: PairedDifference;
  readonly sentence: string;
}

export interface WorldFound {
  readonly world: string;
  readonly title: string;
  readonly settings: AblationSettings;
  readonly note: string | null;
  readonly rows: readonly AblationRow[];
  readonly contrasts: readonly Contrast[];
  readonly verdicts: readonly Verdict[];
}

const felt = 'tgrpo-felt' satisfies Stage;

function findingOf({ low, high }: PairedDifference): Finding {
  if (low === null || high === null) return 'one pair';
  if (low > 0) return 'above';
  return high < 0 ? 'below' : 'not shown';
}

/** `10 pairs; data seed 1: 24.1, 2: 19.3` */
function pairsText(pairs: number, byDataSeed: ReadonlyMap<number, number>): string {
  const each = [...byDataSeed].map(([seed, mean]) => `${seed}: ${percent(mean)}`);
  return `${pairs} ${pairs === 1 ? 'pair' : 'pairs'}${each.length > 1 ? `; data seed ${each.join(', ')}` : ''}`;
}

/** @param byDataSeed the mean difference in the use of order of each data seed */
export function verdictOf(contrast: Contrast, byDataSeed: ReadonlyMap<number, number>): Verdict | null {
  const { first, second, figures, seeds } = contrast;
  const difference = figures[useOfOrder];
  if (difference === undefined) return null;
  const { mean, low, high, detectable } = difference;
  const [one, other] = [stageTitle(first), stageTitle(second)];
  const pairs = pairsText(seeds.length, byDataSeed);
  const finding = findingOf(difference);
  const sentence = (): string => {
    switch (finding) {
      case 'above':
        return `${one} is above ${other} in the use of order by ${percent(mean)} points (${percent(low)} to ${percent(high)}; ${pairs}).`;
      case 'below':
        return `${one} is below ${other} in the use of order by ${percent(-mean)} points (${percent(-(high as number))} to ${percent(-(low as number))}; ${pairs}).`;
      case 'not shown': {
        const power =
          detectable === null
            ? 'what difference would have been found two pairs do not tell'
            : `a true difference of ${percent(detectable)} would have been found four times in five`;
        return `${one} is not shown to be above ${other} in the use of order: the difference is ${percent(mean)} points (${percent(low)} to ${percent(high)}; ${pairs}), and ${power}.`;
      }
      case 'one pair':
        return `the use of order of ${one} less that of ${other} is ${percent(mean)} points (${pairs}); one pair says nothing of how much pairs differ.`;
    }
  };
  return { first, second, finding, difference, sentence: `${sentence()}${feint(figures[worthWrong])}` };
}

/** Where wrong answers depend more on order too, dependence was learned and not its use alone. */
function feint(difference: PairedDifference | undefined): string {
  if (difference === undefined || difference.low === null || difference.low <= 0) return '';
  const [mean, low, high] = [difference.mean, difference.low, difference.high as number].map((one) => one.toFixed(1));
  return ` Order is worth more to its wrong answers too, by ${mean} nats (${low} to ${high}): a part of what it learned is to depend on order, not to use it.`;
}

/** Means over the pairs of each data seed, of the use of order. */
function meansByDataSeed(runs: readonly StageRun[], first: Stage, second: Stage): ReadonlyMap<number, number> {
  return new Map(
    [...Map.groupBy(runs, ({ dataSeed }) => dataSeed)].flatMap(([dataSeed, own]) => {
      const mean = ablationContrasts(own).find((one) => one.first === first && one.second === second)?.figures[
        useOfOrder
      ]?.mean;
      return dataSeed === null || mean === undefined ? [] : [[dataSeed, mean] as const];
    }),
  );
}

export function foundIn({ runs, ...world }: WorldWork): WorldFound {
  const contrasts = ablationContrasts(runs);
  const verdicts = creditArms.flatMap((arm) => {
    const contrast = contrasts.find(({ first, second }) => first === arm && second === felt);
    return (contrast && verdictOf(contrast, meansByDataSeed(runs, arm, felt))) ?? [];
  });
  return { ...world, rows: ablationRows(runs), contrasts, verdicts };
}

const noVerdict = `${stageTitle(felt)} and a credit arm were not both trained here, so neither is held against the other.`;

/** One table and one set of paired differences a world. */
export function studyReport(title: string, worlds: readonly WorldFound[]): Report {
  return {
    title,
    lines: worlds.flatMap(({ world, note, verdicts }) =>
      [
        ...(note === null ? [] : [note]),
        ...(verdicts.length === 0 ? [noVerdict] : verdicts.map(({ sentence }) => sentence)),
      ].map((sentence) => `In ${world}: ${sentence}`),
    ),
    tables: worlds.flatMap((one) => [
      { ...rowsTable(one.rows, { head: 'runs', of: ({ seeds }) => String(seeds.length) }), title: one.title },
      ...contrastTable(one.contrasts),
      { title: '', head: ['settings', 'value'], rows: Object.entries(one.settings) },
    ]),
    notes: [
      'In percent, c in nats, means over runs: each data seed with each seed. In brackets: Student’s 95 % interval over them, n - 1 degrees of freedom.',
      'Pairs have data seed and seed in common. Those of one data seed share its videos and questions and are not independent of each other: where data seeds differ an interval over all pairs is too narrow, so each sentence has the mean of each data seed.',
      'An interval is that of its comparison alone: of several arms without any difference, some lie above 0 by chance, each one time in forty.',
      ...figureNotes,
      'would be found: the true difference in the use of order that as many pairs, spread like these, find four times in five; a smaller one may be there unseen.',
    ],
  };
}
