/**
 * One question through a run as columns of steps: what came up at each, which cells the answers stand in, and how one moves
 * among them. Computes only.
 */
import type { CommandRecord } from '../../trainer/protocol/commands.ts';
import type { HistoryAnswer, HistoryGroup } from '../../trainer/protocol/questions.ts';
import type { FrameOrder, GroupPurpose } from '../../trainer/protocol/records.ts';

/** In the order of their lanes. */
export const purposes = ['train', 'probe', 'evaluation'] as const satisfies readonly GroupPurpose[];

export const purposeNames: Readonly<Record<GroupPurpose, string>> = {
  train: 'training',
  probe: 'probes',
  evaluation: 'evaluations',
};

/** A step, or one of several times that it was done. */
export interface Column {
  readonly step: number;
  /** The number of the going back that superseded it; null where it stands. */
  readonly superseded: number | null;
  readonly groups: Readonly<Partial<Record<GroupPurpose, HistoryGroup>>>;
}

/** @param groups by step. Several of one step and purpose have columns of their own */
export function columnsOf(groups: readonly HistoryGroup[], withSuperseded: boolean): Column[] {
  const columns: { step: number; superseded: number | null; groups: Partial<Record<GroupPurpose, HistoryGroup>> }[] =
    [];
  for (const group of groups) {
    if (group.superseded !== null && !withSuperseded) continue;
    const { step, superseded, purpose } = group;
    const free = columns.find(
      (column) => column.step === step && column.superseded === superseded && column.groups[purpose] === undefined,
    );
    if (free) free.groups[purpose] = group;
    else columns.push({ step, superseded, groups: { [purpose]: group } });
  }
  return columns.sort((a, b) => a.step - b.step || (a.superseded ?? Infinity) - (b.superseded ?? Infinity));
}

/** A line of cells: the answers of one place in their groups. */
export interface CellRow {
  readonly purpose: GroupPurpose;
  readonly order: FrameOrder;
  readonly index: number;
}

/** As many lines as the largest group has answers. */
export function rowsOf(columns: readonly Column[]): CellRow[] {
  return purposes.flatMap((purpose) =>
    (['ordered', 'shuffled'] as const).flatMap((order) => {
      const places = columns.flatMap(({ groups }) =>
        (groups[purpose]?.answers ?? []).filter((answer) => answer.order === order).map(({ index }) => index + 1),
      );
      return Array.from({ length: places.reduce((most, place) => Math.max(most, place), 0) }, (_, index) => ({
        ...{ purpose, order, index },
      }));
    }),
  );
}

export interface Cell {
  readonly column: number;
  readonly row: number;
}

/** Undefined where nothing came up, and where the store no longer has the answer. */
export function answerAt(column: Column | undefined, row: CellRow | undefined): HistoryAnswer | undefined {
  if (!column || !row) return undefined;
  return column.groups[row.purpose]?.answers.find(({ order, index }) => order === row.order && index === row.index);
}

/** The cell of an answer; null where it is not among them. */
export function cellOf(columns: readonly Column[], rows: readonly CellRow[], rolloutId: string | null): Cell | null {
  for (const [column, { groups }] of columns.entries()) {
    for (const group of Object.values(groups)) {
      const answer = group.answers.find((one) => one.rolloutId === rolloutId);
      if (!answer) continue;
      const { order, index } = answer;
      const row = rows.findIndex((one) => one.purpose === group.purpose && one.order === order && one.index === index);
      return { column, row };
    }
  }
  return null;
}

/** The next cell with an answer that way; the same one where there is none. */
export function moved(
  columns: readonly Column[],
  rows: readonly CellRow[],
  from: Cell,
  by: { readonly column: -1 | 0 | 1; readonly row: -1 | 0 | 1 },
): Cell {
  for (let { column, row } = from; ; ) {
    column += by.column;
    row += by.row;
    if (column < 0 || row < 0 || column >= columns.length || row >= rows.length) return from;
    if (answerAt(columns[column], rows[row])) return { column, row };
  }
}

/** The pair that tells most when nobody chose one: the first and the last answer of a row, by default the topmost. */
export function pairOf(
  columns: readonly Column[],
  rows: readonly CellRow[],
  chosen: Cell | null,
): { readonly first: Cell; readonly second: Cell } | null {
  const row = chosen?.row ?? 0;
  const filled = columns.flatMap((column, index) => (answerAt(column, rows[row]) ? [index] : []));
  const [first] = filled;
  const last = chosen?.column ?? filled.at(-1);
  return first === undefined || last === undefined
    ? null
    : { first: { column: first, row }, second: { column: last, row } };
}

/** Mean accuracy of the answers of one order; null without any. */
export function accuracyOf(group: HistoryGroup | undefined, order: FrameOrder): number | null {
  return meanOf(group, order, ({ accuracy }) => accuracy);
}

/** Mean length in tokens of the answers on ordered frames; null without any. */
export function lengthOf(group: HistoryGroup | undefined): number | null {
  return meanOf(group, 'ordered', ({ tokenCount }) => tokenCount);
}

function meanOf(
  group: HistoryGroup | undefined,
  order: FrameOrder,
  of: (answer: HistoryAnswer) => number,
): number | null {
  const answers = (group?.answers ?? []).filter((answer) => answer.order === order);
  return answers.length === 0 ? null : answers.reduce((sum, answer) => sum + of(answer), 0) / answers.length;
}

/** The value that a parameter had when a step's answers were scored, from the value now and the commands that changed it. */
export function parameterAt(name: string, now: number, commands: readonly CommandRecord[], step: number): number {
  const later = commands
    .filter((command) => command.state === 'applied')
    .filter(({ request, at }) => request.kind === 'set' && request.parameter === name && changedAfter(at, step))
    .sort((a, b) => a.number - b.number);
  const before = later[0]?.change?.from;
  return typeof before === 'number' ? before : now;
}

/** Groups of a step are scored before `before-update`; where one stands there they are scored again. */
function changedAfter(at: { readonly point: string; readonly step: number } | null, step: number): boolean {
  return at !== null && (at.step > step || (at.step === step && at.point === 'after-update'));
}
