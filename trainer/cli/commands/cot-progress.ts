/** What a terminal shows of a generation: the line while it goes on, and the table at its end. */
import { type DropReason, dropReasons } from '../../cot/filter.ts';
import type { Progress } from '../../cot/generate.ts';
import type { CotReport, Tally } from '../../cot/output.ts';
import { problemTypes } from '../../protocol/dataset.ts';
import { duration } from '../terminal/progress.ts';

/** What a million tokens cost, in whatever money; null where it was not said. */
export interface Prices {
  readonly in: number | null;
  readonly out: number | null;
}

/** What follows from a progress by division: null where there is nothing to divide by. */
export interface Rates {
  readonly keptShare: number | null;
  readonly requestsPerSecond: number | null;
  readonly remainingMs: number | null;
  readonly cost: number | null;
  readonly expectedCost: number | null;
}

export function rates(progress: Progress, prices: Prices): Rates {
  const { total, done, answers, passing, unanswered, retries, elapsedMs, tokensIn, tokensOut } = progress;
  const priced = prices.in !== null || prices.out !== null;
  const cost = priced ? (tokensIn * (prices.in ?? 0) + tokensOut * (prices.out ?? 0)) / 1e6 : null;
  return {
    keptShare: answers > 0 ? passing / answers : null,
    requestsPerSecond: elapsedMs > 0 ? (1000 * (answers + unanswered + retries)) / elapsedMs : null,
    remainingMs: answers > 0 ? (elapsedMs / answers) * Math.max(0, total - done - unanswered) : null,
    cost,
    expectedCost: cost !== null && done > 0 ? (cost * total) / done : null,
  };
}

const tokens = (count: number) =>
  count < 10_000 ? String(count) : count < 1e7 ? `${(count / 1000).toFixed(0)}k` : `${(count / 1e6).toFixed(1)}M`;

/** `cot  asked 120/1000 | 71 % pass | 480k tokens in, 41k out | 3.2 requests/s | 2 sent again | cost 0.31 of about 2.58 | 4 min 35 s left` */
export function progressText(progress: Progress, prices: Prices): string {
  const { keptShare, requestsPerSecond, remainingMs, cost, expectedCost } = rates(progress, prices);
  const { done, total, tokensIn, tokensOut, retries, unanswered } = progress;
  return [
    `cot  asked ${String(done).padStart(String(total).length)}/${total}`,
    ...(keptShare === null ? [] : [`${(100 * keptShare).toFixed(0)} % pass`]),
    `${tokens(tokensIn)} tokens in, ${tokens(tokensOut)} out`,
    ...(requestsPerSecond === null ? [] : [`${requestsPerSecond.toFixed(1)} requests/s`]),
    ...(retries === 0 ? [] : [`${retries} sent again`]),
    ...(unanswered === 0 ? [] : [`${unanswered} unanswered`]),
    ...(cost === null
      ? []
      : [`cost ${cost.toFixed(2)}${expectedCost === null ? '' : ` of about ${expectedCost.toFixed(2)}`}`]),
    ...(remainingMs === null ? [] : [`${duration(remainingMs)} left`]),
  ].join(' | ');
}

/** Questions, answers, what was kept, and what was dropped by reason; a column for each type of problem. */
export function reportTable(report: CotReport): string {
  const columns: [string, Tally][] = [
    ...problemTypes.flatMap((type): [string, Tally][] => {
      const tally = report.byType[type];
      return tally ? [[type, tally]] : [];
    }),
    ['all', report.all],
  ];
  const reasons = (Object.keys(dropReasons) as DropReason[]).filter((reason) => report.all.dropped[reason]);
  const nameOf = (reason: DropReason) => `  dropped: ${dropReasons[reason]}`;
  const nameWidth = Math.max(...['questions asked', ...reasons.map(nameOf)].map(({ length }) => length));
  const line = (name: string, cells: readonly (string | number)[]) =>
    `${name.padEnd(nameWidth)}${cells.map((cell, i) => String(cell).padStart(2 + Math.max(7, columns[i]?.[0].length ?? 0))).join('')}`;
  const count = (name: string, of: (tally: Tally) => number) =>
    line(
      name,
      columns.map(([, tally]) => of(tally)),
    );
  return [
    line(
      '',
      columns.map(([name]) => name),
    ),
    count('questions asked', (tally) => tally.rows),
    count('answers', (tally) => tally.answers),
    count('kept', (tally) => tally.kept),
    ...reasons.map((reason) => count(nameOf(reason), (tally) => tally.dropped[reason] ?? 0)),
  ].join('\n');
}
