/** What a person chose for the list, the same for every run: order, columns, filters by name, and the filters of before. */
import { z } from 'zod';
import { type ListSort, listSort } from '../../../trainer/protocol/query/sort.ts';
import { Store } from '../../ui/store.ts';
import { type ColumnName, columnNames, inOrder, type ListLayout, usualColumns } from './columns.tsx';

const columnsChosen = z.array(z.enum(columnNames as [ColumnName, ...ColumnName[]])).nullable();

const savedFilter = z.object({ name: z.string(), line: z.string() });
export type SavedFilter = z.infer<typeof savedFilter>;

/** A part that does not fit, as of a version with other columns, is as if nothing had been chosen. */
const listChoices = z.object({
  sort: listSort.nullable().catch(null),
  /** By layout; null as usual. */
  columns: z
    .object({
      table: columnsChosen.catch(null),
      grouped: columnsChosen.catch(null),
      'two lines': columnsChosen.catch(null),
    })
    .catch({ table: null, grouped: null, 'two lines': null }),
  saved: z.array(savedFilter).catch([]),
  /** The newest first. */
  history: z.array(z.string()).catch([]),
});
export type ListChoices = z.infer<typeof listChoices>;

/** Filters of before that are remembered. */
const historyKept = 30;

const keptAs = 'video-r1 list';

export class ChoiceStore {
  readonly state: Store<ListChoices>;
  private readonly storage: Pick<Storage, 'getItem' | 'setItem'>;

  /** @param storage what outlives the page */
  constructor(storage: Pick<Storage, 'getItem' | 'setItem'>) {
    this.storage = storage;
    const held: unknown = JSON.parse(storage.getItem(keptAs) ?? '{}');
    this.state = new Store(listChoices.parse(typeof held === 'object' && held !== null ? held : {}));
  }

  /** @param weighed as `usualColumns` has it */
  columns(layout: ListLayout, weighed = false): readonly ColumnName[] {
    return this.state.get().columns[layout] ?? usualColumns(layout, weighed);
  }

  sort(sort: ListSort | null): void {
    this.change({ sort });
  }

  /** At least one column stays. */
  toggleColumn(layout: ListLayout, name: ColumnName, weighed = false): void {
    const before = this.columns(layout, weighed);
    const after = before.includes(name) ? before.filter((held) => held !== name) : inOrder([...before, name]);
    if (after.length > 0) this.change({ columns: { ...this.state.get().columns, [layout]: after } });
  }

  usualColumns(layout: ListLayout): void {
    this.change({ columns: { ...this.state.get().columns, [layout]: null } });
  }

  /** Under a name that was there, it takes that one's place. */
  saveFilter(name: string, line: string): void {
    const others = this.state.get().saved.filter((held) => held.name !== name);
    this.change({ saved: [...others, { name, line }].sort((a, b) => a.name.localeCompare(b.name)) });
  }

  removeFilter(name: string): void {
    this.change({ saved: this.state.get().saved.filter((held) => held.name !== name) });
  }

  /** A filter that somebody is done typing. */
  used(line: string): void {
    const wanted = line.trim();
    const { history } = this.state.get();
    if (wanted === '' || history[0] === wanted) return;
    this.change({ history: [wanted, ...history.filter((held) => held !== wanted)].slice(0, historyKept) });
  }

  private change(change: Partial<ListChoices>): void {
    this.state.update((choices) => ({ ...choices, ...change }));
    this.storage.setItem(keptAs, JSON.stringify(this.state.get()));
  }
}
