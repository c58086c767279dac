/** Counts and lengths over the rows of a dataset that can be trained on. */
import type { DatasetRow } from '../protocol/dataset.ts';
import { extractAnswer } from '../rewards/answer.ts';

/** Of lengths in characters. */
export interface LengthSummary {
  readonly count: number;
  readonly median: number;
  readonly high95: number;
  readonly longest: number;
}

export interface DatasetStatistics {
  readonly rows: number;
  /** Different paths among the rows. */
  readonly media: number;
  readonly dataTypes: Readonly<Record<string, number>>;
  readonly problemTypes: Readonly<Record<string, number>>;
  readonly sources: Readonly<Record<string, number>>;
  readonly withProcess: number;
  readonly lengths: Readonly<Record<'problem' | 'answer' | 'process', LengthSummary | null>>;
}

function summary(lengths: readonly number[]): LengthSummary | null {
  if (lengths.length === 0) return null;
  const sorted = Float64Array.from(lengths).sort();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
  return { count: sorted.length, median: at(0.5), high95: at(0.95), longest: at(1) };
}

class Tally {
  private readonly counts = new Map<string, number>();

  add(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  /** Most frequent first. */
  get record(): Record<string, number> {
    return Object.fromEntries([...this.counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)));
  }
}

export class StatisticsCounter {
  rows = 0;
  private withProcess = 0;
  private readonly media = new Set<string>();
  private readonly dataTypes = new Tally();
  private readonly problemTypes = new Tally();
  private readonly sources = new Tally();
  private readonly lengths = { problem: [] as number[], answer: [] as number[], process: [] as number[] };

  add(row: DatasetRow): void {
    this.rows++;
    this.media.add(row.path);
    this.dataTypes.add(row.data_type);
    this.problemTypes.add(row.problem_type);
    this.sources.add(row.data_source);
    this.lengths.problem.push(row.problem.length);
    this.lengths.answer.push((extractAnswer(row.solution) ?? '').length);
    if (row.process === undefined) return;
    this.withProcess++;
    this.lengths.process.push(row.process.length);
  }

  get statistics(): DatasetStatistics {
    return {
      rows: this.rows,
      media: this.media.size,
      dataTypes: this.dataTypes.record,
      problemTypes: this.problemTypes.record,
      sources: this.sources.record,
      withProcess: this.withProcess,
      lengths: {
        problem: summary(this.lengths.problem),
        answer: summary(this.lengths.answer),
        process: summary(this.lengths.process),
      },
    };
  }
}
