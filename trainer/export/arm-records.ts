/** What an evaluation asked besides, slice by slice, as records of one form. */
import type { DirectSlice, EvaluationArm, ReversedSlice } from '../protocol/evaluation-arms.ts';
import type { Evaluation } from '../protocol/records.ts';
import { type Column, columns } from './columns.ts';

type Interval = DirectSlice['direct'];

/** Of the arm `direct` the first share is with reasoning and the second without; of `reversed` the first is the clip's and the second its reversal's. */
export interface ArmRecord {
  readonly id: string;
  readonly step: number;
  readonly at: number;
  readonly dataset: string;
  readonly arm: EvaluationArm;
  readonly slice: DirectSlice['kind'];
  readonly name: string;
  readonly count: number;
  readonly first: Interval;
  readonly second: Interval;
  /** Direct: first minus second, paired. */
  readonly difference: Interval | null;
  /** Reversed: right on both. */
  readonly pair: Interval | null;
  /** Direct: of McNemar's test. */
  readonly p: number | null;
  /** Direct: how the model was kept from reasoning. */
  readonly by: string | null;
  /** Reversed: questions of the evaluation without a reversed solution. */
  readonly leftOut: number | null;
}

export function armRecords({ id, step, at, dataset, direct, reversed }: Evaluation): ArmRecord[] {
  const of = { id, step, at, dataset };
  const directRecord = (s: DirectSlice): ArmRecord => ({
    ...{ ...of, arm: 'direct', slice: s.kind, name: s.name, count: s.count },
    ...{ first: s.reasoning, second: s.direct, difference: s.difference, pair: null, p: s.p },
    ...{ by: direct?.by ?? null, leftOut: null },
  });
  const reversedRecord = (s: ReversedSlice): ArmRecord => ({
    ...{ ...of, arm: 'reversed', slice: s.kind, name: s.name, count: s.count },
    ...{ first: s.clip, second: s.reversed, difference: null, pair: s.pair, p: null },
    ...{ by: null, leftOut: reversed?.leftOut ?? null },
  });
  return [...(direct?.slices ?? []).map(directRecord), ...(reversed?.slices ?? []).map(reversedRecord)];
}

const intervalColumns = (name: 'first' | 'second' | 'difference' | 'pair'): Column<ArmRecord>[] =>
  columns<ArmRecord>(
    [name, 'number', (r) => r[name]?.mean ?? null],
    [`${name}_low`, 'number', (r) => r[name]?.low ?? null],
    [`${name}_high`, 'number', (r) => r[name]?.high ?? null],
  );

export const armColumns: readonly Column<ArmRecord>[] = [
  ...columns<ArmRecord>(
    ['id', 'string', (r) => r.id],
    ['step', 'integer', (r) => r.step],
    ['at', 'time', (r) => r.at],
    ['dataset', 'string', (r) => r.dataset],
    ['arm', 'string', (r) => r.arm],
    ['slice', 'string', (r) => r.slice],
    ['name', 'string', (r) => r.name],
    ['count', 'integer', (r) => r.count],
  ),
  ...(['first', 'second', 'difference', 'pair'] as const).flatMap(intervalColumns),
  ...columns<ArmRecord>(
    ['p', 'number', (r) => r.p],
    ['by', 'string', (r) => r.by],
    ['left_out', 'integer', (r) => r.leftOut],
  ),
];
