/** Moves from row to row through the whole result, held or not: a row that is not is read first, and keys pressed meanwhile wait. */
import type { RolloutFeed } from './rollout-feed.ts';
import type { RolloutRow } from './rollout-row.ts';

export type MovedList = Pick<RolloutFeed, 'state' | 'row' | 'find' | 'follow'>;

export class ListMoves {
  private readonly list: MovedList;
  private readonly chosenId: () => string | null;
  private readonly select: (row: RolloutRow) => void;
  private under: Promise<void> | null = null;

  /** @param select a person's choice */
  constructor(list: MovedList, chosenId: () => string | null, select: (row: RolloutRow) => void) {
    this.list = list;
    this.chosenId = chosenId;
    this.select = select;
  }

  /** So many rows down, or up; to the list's first row where what is read is not in it. */
  by(rows: number): void {
    this.begin(async () => {
      const { index, last } = this;
      if (index === -1) await this.to(0);
      else await this.to(Math.min(last, Math.max(0, index + rows)));
    });
  }

  /** To the first row of the next question, or of the one before. */
  byQuestion(by: 1 | -1): void {
    this.begin(async () => {
      const { index } = this;
      if (index === -1) {
        await this.to(0);
        return;
      }
      const beyond = await this.endOfQuestion(index, by);
      if (beyond === null) return;
      await this.to(by === 1 ? beyond : ((await this.endOfQuestion(beyond, -1)) ?? -1) + 1);
    });
  }

  toEnd(): void {
    this.begin(() => this.to(this.last));
  }

  /** To the first row of a step, or to a row by its number, from 0. */
  jump(at: { readonly step: number } | { readonly index: number }): void {
    this.begin(async () => {
      const index = 'index' in at ? Math.min(at.index, this.last) : await this.list.find(at);
      if (index !== null) await this.to(index);
    });
  }

  private get index(): number {
    const id = this.chosenId();
    return id === null ? -1 : this.list.state.get().rows.indexOf(id);
  }

  private get last(): number {
    return this.list.state.get().rows.length - 1;
  }

  /** Runs to its end at once where all rows are held; whoever presses on before that gets there in the end. */
  private begin(move: () => Promise<void>): void {
    const made = this.under === null ? move() : this.under.then(move);
    const under = made.finally(() => {
      if (this.under === under) this.under = null;
    });
    this.under = under;
  }

  private async to(index: number): Promise<void> {
    const row = this.list.state.get().rows.at(index) ?? (await this.list.row(index));
    if (row && row.id !== this.chosenId()) this.select(row);
  }

  /** The nearest place that way whose row is of another question; null where the list ends first. */
  private async endOfQuestion(from: number, by: 1 | -1): Promise<number | null> {
    const { list } = this;
    const { groupId } = list.state.get().rows.at(from) ?? {};
    for (let at = from + by; at >= 0 && at <= this.last; at += by) {
      const row = list.state.get().rows.at(at) ?? (await list.row(at));
      if (!row) return null;
      if (row.groupId !== groupId) return at;
    }
    return null;
  }
}
