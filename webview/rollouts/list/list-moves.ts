/** Moves from row to row through the whole result, held or not: a row that is not is read first, and keys pressed meanwhile wait. */
import { nearestStepNote } from '../../../trainer/protocol/place.ts';
import { grouped } from '../../ui/numbers.ts';
import type { RolloutFeed } from './rollout-feed.ts';
import type { RolloutRow } from './rollout-row.ts';

export type MovedList = Pick<RolloutFeed, 'state' | 'row' | 'find'>;

/** To the first row of a step, or to a row by its number, from 0. */
export type Jump = { readonly step: number } | { readonly index: number };

/** What is typed: `120` is a step, `#5000` or `row 5000` a row, from 1. Null where it is neither. */
export function jumpOf(typed: string): Jump | null {
  const found = /^\s*(#|row\s|step\s)?\s*([\d,]+)\s*$/i.exec(typed);
  const number = Number(found?.[2]?.replaceAll(',', ''));
  if (!found || !Number.isSafeInteger(number)) return null;
  const isRow = found[1] !== undefined && !/^step/i.test(found[1]);
  if (!isRow) return { step: number };
  return number > 0 ? { index: number - 1 } : null;
}

/** Gives the places whose rows it needs, and is given these; null where there is none. */
type Move = Generator<number, void, RolloutRow | null>;

export class ListMoves {
  private readonly list: MovedList;
  private readonly chosenId: () => string | null;
  private readonly select: (row: RolloutRow) => void;
  private readonly say: (note: string) => void;
  /** A move waits for a row. */
  private waits = false;
  private later: (() => Move)[] = [];

  /**
   * @param select a person's choice
   * @param say for people: that what was sought is not there, and what is shown in its place
   */
  constructor(
    list: MovedList,
    chosenId: () => string | null,
    select: (row: RolloutRow) => void,
    say: (note: string) => void,
  ) {
    this.list = list;
    this.chosenId = chosenId;
    this.select = select;
    this.say = say;
  }

  /** So many rows down, or up; to the list's first row where what is read is not in it. */
  by(rows: number): void {
    this.begin(() => {
      const { index, last } = this;
      return this.to(index === -1 ? 0 : Math.min(last, Math.max(0, index + rows)));
    });
  }

  /** To the first row of the next question, or of the one before. */
  byQuestion(by: 1 | -1): void {
    this.begin(() => this.toQuestion(by));
  }

  toEnd(): void {
    this.begin(() => this.to(this.last));
  }

  /** To the nearest that the list has, which is said where it is another. */
  async jump(at: Jump): Promise<void> {
    if ('index' in at) {
      this.begin(() => this.toRow(at.index));
      return;
    }
    const index = await this.list.find(at);
    if (index !== null) this.begin(() => this.toStep(at.step, index));
  }

  private get index(): number {
    const id = this.chosenId();
    return id === null ? -1 : this.list.state.get().rows.indexOf(id);
  }

  private get last(): number {
    return this.list.state.get().rows.length - 1;
  }

  /** Whoever presses on while a row is being read gets there in the end. */
  private begin(made: () => Move): void {
    if (this.waits) this.later.push(made);
    else this.goOn(made(), null);
  }

  /** As far as rows are held at once, and on when the one that is not has been read. */
  private goOn(move: Move, given: RolloutRow | null): void {
    for (let step = move.next(given); !step.done; ) {
      const at = step.value;
      const row = this.list.state.get().rows.at(at);
      if (row === null && at >= 0 && at <= this.last) {
        this.waits = true;
        void this.list.row(at).then((read) => {
          this.waits = false;
          this.goOn(move, read);
        });
        return;
      }
      step = move.next(row);
    }
    const next = this.later.shift();
    if (next) this.begin(next);
  }

  private *to(index: number): Move {
    const row = yield index;
    if (row && row.id !== this.chosenId()) this.select(row);
  }

  private *toRow(index: number): Move {
    const { last } = this;
    if (index > last && last >= 0)
      this.say(`There is no row #${grouped(index + 1)} in this list; shown is the nearest, #${grouped(last + 1)}.`);
    yield* this.to(Math.min(index, last));
  }

  /** @param index of the step's first row, or of the nearest step's */
  private *toStep(step: number, index: number): Move {
    const row = yield index;
    if (row && row.step !== step) this.say(nearestStepNote(step, row.step, ' in this list'));
    yield* this.to(index);
  }

  private *toQuestion(by: 1 | -1): Move {
    const { index } = this;
    if (index === -1) {
      yield* this.to(0);
      return;
    }
    const beyond = yield* this.endOfQuestion(index, by);
    if (beyond === null) return;
    const start = by === 1 ? beyond : ((yield* this.endOfQuestion(beyond, -1)) ?? -1) + 1;
    yield* this.to(start);
  }

  /** The nearest place that way whose row is of another question; null where the list ends first. */
  private *endOfQuestion(from: number, by: 1 | -1): Generator<number, number | null, RolloutRow | null> {
    const { groupId } = this.list.state.get().rows.at(from) ?? {};
    for (let at = from + by; ; at += by) {
      const row = yield at;
      if (!row) return null;
      if (row.groupId !== groupId) return at;
    }
  }
}
