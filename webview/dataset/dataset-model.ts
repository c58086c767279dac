/** What the page of a dataset does, by what a person asks of it and what the file's editor says. */
import { builtInCategories, type Category } from '../../trainer/protocol/annotations/categories.ts';
import {
  type DatasetToPage,
  type EditableField,
  type LabelChoice,
  mostHeads,
  type PageToDataset,
  type RowReading,
} from '../../trainer/protocol/dataset-editor.ts';
import type { Label, Span, Verdict } from '../../trainer/protocol/records.ts';
import { Flagging } from '../rollout/flagging.ts';
import { answerFirst } from '../rollout/suggesting.ts';
import { asTyped, withLineEnds } from '../ui/line-ends.ts';
import { count } from '../ui/numbers.ts';
import { say } from '../ui/said.tsx';
import { Store } from '../ui/store.ts';
import { carriedOver } from './carried-over.ts';
import type { DatasetDoor } from './dataset-door.ts';
import { type DatasetState, type Editing, type FileState, held, initial, type Search } from './dataset-state.ts';
import { Sayings } from './sayings.ts';

/** Heads beyond these are forgotten. */
const mostHeld = 4000;
/** How long typing rests before it becomes an edit, and a row before its frames are asked for. */
export const typingRestsMs = 700;
const framesAfterMs = 250;
const agreementAfterMs = 700;

export class DatasetModel {
  readonly state = new Store<DatasetState>(initial);
  readonly flagging: Flagging;
  private readonly door: DatasetDoor;
  private readonly asked = new Set<number>();
  /** First and last place of the list in sight. */
  private sight: readonly [number, number] = [0, 0];
  private searchNumber = 0;
  /** What a search that is made again has found so far; null while what is found is listed at once. */
  private arriving: readonly number[] | null = null;
  private editNumber = 0;
  /** What a person looked at when it was judged. */
  private judged = { row: 0, text: '' };
  private readonly sayings: Sayings;
  /** The edit that is on its way, with the text that it makes. */
  private underWay: Omit<Extract<PageToDataset, { type: 'edit' }>, 'type' | 'save'> | null = null;
  private saveWhenIdle = false;
  private typing: ReturnType<typeof setTimeout> | undefined;
  private agreeing: ReturnType<typeof setTimeout> | undefined;
  private picturing: ReturnType<typeof setTimeout> | undefined;

  constructor(door: DatasetDoor) {
    this.door = door;
    this.sayings = new Sayings(door);
    this.flagging = new Flagging(
      {
        add: async (said) => ({ ids: await this.sayings.send({ type: 'say', ...this.judged, ...said }) }),
        retract: async (id) => {
          const [taken = id] = await this.sayings.send({ type: 'retract', id });
          return { id: taken };
        },
        categories: async () => this.categories,
        fail: (thrown) => this.put({ failed: thrown instanceof Error ? thrown.message : String(thrown) }),
      },
      () => {
        const { reading } = this.state.get();
        const process = reading?.fields.process ?? null;
        if (!reading || process === null) return null;
        const within = reading.think ?? { start: 0, end: process.length };
        return { text: process, within, fixed: this.ownVerdict?.fixed };
      },
    );
    const before = held.safeParse(door.loadState()).data;
    if (before) this.put({ row: before.row });
    door.listen(
      (message) => this.take(message),
      (failed) => this.put({ failed }),
    );
    door.send({ type: 'ready' });
    if (before) this.search(before);
    if (before?.draft) {
      this.put({ editing: { row: before.row, ...before.draft } });
      this.commit();
    }
  }

  private put(change: Partial<DatasetState>): void {
    this.state.update((state) => ({ ...state, ...change }));
  }

  private keepState(): void {
    const { row, search, editing } = this.state.get();
    const draft = editing && { field: editing.field, draft: editing.draft, base: editing.base };
    this.door.saveState({
      row,
      text: search?.text ?? '',
      isChanged: search?.isChanged ?? false,
      label: search?.label ?? null,
      draft,
    });
  }

  // ---- what the file's editor says ----------------------------------------------------------------------------------

  private take(message: DatasetToPage): void {
    switch (message.type) {
      case 'file':
        this.takeFile(message);
        break;
      case 'heads':
        this.takeHeads(message);
        break;
      case 'row':
        this.takeRow(message.reading);
        break;
      case 'found':
        this.takeFound(message);
        break;
      case 'edited':
        this.takeEdited(message);
        break;
      case 'said':
        this.sayings.take(message);
        break;
      case 'agreement':
        this.put({ agreement: message.agreement });
        break;
      case 'since-head':
        this.takeSinceHead(message);
        break;
      case 'before':
        if (message.row === this.state.get().row) this.put({ before: message });
        break;
      case 'frames':
        if (message.row === this.state.get().row) this.put({ frames: message });
        break;
      case 'failed':
        this.put({ failed: message.words });
        break;
      default:
        message satisfies never;
    }
  }

  private takeFile(file: FileState): void {
    const before = this.state.get().file;
    this.put({ file });
    if (before?.turn === file.turn) return;
    this.askAgreement();
    this.asked.clear();
    const { row, reading } = this.state.get();
    const last = Math.max(0, file.rowCount - 1);
    const stands = file.indexed < 1 ? row : Math.min(row, last);
    this.put({ row: stands });
    this.door.send({ type: 'row', row: stands });
    if (!reading) this.askFrames();
    this.see(...this.sight);
    const { search } = this.state.get();
    if (before && (search?.isChanged || search?.label)) this.searchAgain(search);
  }

  /** When labels rest, as all of them are counted. */
  private askAgreement(): void {
    clearTimeout(this.agreeing);
    this.agreeing = setTimeout(() => {
      const labelling = this.state.get().file?.labelling;
      if (labelling && 'authors' in labelling && labelling.authors.length > 1) this.door.send({ type: 'agreement' });
    }, agreementAfterMs);
  }

  private takeHeads({ turn, heads }: Extract<DatasetToPage, { type: 'heads' }>): void {
    if (turn !== this.state.get().file?.turn) return;
    const known = new Map(this.state.get().heads);
    for (const head of heads) {
      // The last ones that were read are the last to be forgotten.
      known.delete(head.row);
      known.set(head.row, head);
    }
    for (const row of known.keys()) {
      if (known.size <= mostHeld) break;
      known.delete(row);
      this.asked.delete(row);
    }
    this.put({ heads: known });
  }

  private takeRow(reading: RowReading): void {
    const { file, row, editing } = this.state.get();
    if (reading.row !== row || reading.turn !== file?.turn) return;
    this.put({ reading, failed: null });
    if (editing?.row !== row || this.underWay) return;
    const now = reading.fields[editing.field];
    if (now === null) {
      this.put({ editing: null });
      return;
    }
    // Undone, or edited beside this page: what stands there is shown, unless something else was typed meanwhile.
    if (now !== editing.base && asTyped(editing.base) === editing.draft)
      this.put({ editing: { ...editing, base: now, draft: asTyped(now) } });
  }

  private takeFound(found: Extract<DatasetToPage, { type: 'found' }>): void {
    const { search } = this.state.get();
    if (found.search !== this.searchNumber || !search) return;
    const { share, isDone, fault } = found;
    const rows = (this.arriving ?? search.rows).concat(found.rows);
    if (this.arriving !== null) this.arriving = isDone ? null : rows;
    this.put({ search: { ...search, rows: this.arriving === null ? rows : search.rows, share, isDone, fault } });
    this.see(...this.sight);
  }

  private takeEdited({ edit, fault }: Extract<DatasetToPage, { type: 'edited' }>): void {
    const { underWay } = this;
    if (underWay?.edit !== edit) return;
    this.underWay = null;
    const { row, field, value } = underWay;
    const { editing, reading } = this.state.get();
    if (fault !== null) {
      this.saveWhenIdle = false;
      this.put({ failed: `The text was not taken: ${fault}` });
      // What was typed is in the text area, also where that was left already.
      const base = reading?.row === row ? reading.fields[field] : null;
      if (!editing && base !== null && this.state.get().row === row)
        this.put({ editing: { row, field, base, draft: asTyped(value) } });
      return;
    }
    // Until the row is read again, so that an edit that begins now begins with this text.
    if (reading?.row === row) this.put({ reading: { ...reading, fields: { ...reading.fields, [field]: value } } });
    if (!editing) return;
    if (editing.row === row && editing.field === field) {
      this.put({ editing: { ...editing, base: value } });
      this.keepState();
    }
    if (this.saveWhenIdle) this.commit(true);
    else this.commitAtRest();
  }

  // ---- rows ---------------------------------------------------------------------------------------------------------

  /** Of the project, with those that are no longer offered. */
  get categories(): readonly Category[] {
    const { file } = this.state.get();
    return file && 'categories' in file.labelling ? file.labelling.categories : builtInCategories;
  }

  /** That this author has given on the chain of thought that is read. */
  private get ownVerdict(): Label | undefined {
    const { file, reading } = this.state.get();
    const author = file && 'author' in file.labelling ? file.labelling.author : null;
    return reading?.labels.find((label) => label.author === author && label.verdict !== null);
  }

  /** Number of rows in the list. */
  get listed(): number {
    const { search, file } = this.state.get();
    return search ? search.rows.length : (file?.rowCount ?? 0);
  }

  /** The row at a place of the list. */
  rowAt(index: number): number | undefined {
    const { search } = this.state.get();
    return search ? search.rows[index] : index;
  }

  /** Where the row stands in the list; null where the search left it out. */
  indexOf(row: number): number | null {
    const index = this.placeOf(row);
    return this.rowAt(index) === row && index < this.listed ? index : null;
  }

  /** Where the row stands in the list, or would. */
  private placeOf(row: number): number {
    const { search } = this.state.get();
    if (!search) return row;
    let from = 0;
    let to = search.rows.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((search.rows[middle] as number) < row) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** Rows of the list are in sight, by their places in it. */
  see(first: number, last: number): void {
    this.sight = [first, last];
    const wanted: number[] = [];
    for (let index = first; index <= last && wanted.length < mostHeads; index++) {
      const row = this.rowAt(index);
      if (row === undefined || this.asked.has(row)) continue;
      this.asked.add(row);
      wanted.push(row);
    }
    if (wanted.length > 0) this.door.send({ type: 'heads', rows: wanted });
  }

  show(row: number): void {
    if (row === this.state.get().row) return;
    this.leave();
    this.flagging.leave();
    this.put({ row, frames: null, before: null, failed: null, settling: null });
    this.door.send({ type: 'row', row });
    this.askBefore();
    this.askFrames();
    this.keepState();
  }

  /** To the row so many places further on in the list; from one that is not in it, such as one that was just judged, too. */
  move(by: number): void {
    const { row: from } = this.state.get();
    const isListed = this.indexOf(from) !== null;
    const to = this.placeOf(from) + (isListed || by < 0 ? by : by - 1);
    const row = this.rowAt(Math.min(this.listed - 1, Math.max(0, to)));
    if (row !== undefined) this.show(row);
  }

  private askFrames(): void {
    clearTimeout(this.picturing);
    this.picturing = setTimeout(() => this.door.send({ type: 'frames', row: this.state.get().row }), framesAfterMs);
  }

  // ---- search -------------------------------------------------------------------------------------------------------

  /** What is not named stays as it is. */
  search(change: { readonly text?: string; readonly isChanged?: boolean; readonly label?: LabelChoice | null }): void {
    const { search } = this.state.get();
    const { text = '', isChanged = false, label = null } = { ...search, ...change };
    this.searchNumber++;
    this.arriving = null;
    this.put({ before: null });
    if (text === '' && !isChanged && label === null) {
      this.door.send({ type: 'stop-search' });
      this.put({ search: null });
    } else {
      this.put({ search: { text, isChanged, label, sinceHead: null, rows: [], share: 0, isDone: false, fault: null } });
      this.door.send({ type: 'search', search: this.searchNumber, text, isChanged, label });
    }
    this.keepState();
  }

  /** What is listed stays until it is known what is. */
  private searchAgain({ text, isChanged, label }: Search): void {
    this.arriving = [];
    this.searchNumber++;
    this.door.send({ type: 'search', search: this.searchNumber, text, isChanged, label });
  }

  /** Lists the rows that changed since the last commit, edits among them. */
  compareHead(): void {
    this.searchNumber++;
    this.arriving = null;
    const search = { text: '', isChanged: false, label: null, sinceHead: { gone: 0 } };
    this.put({ search: { ...search, rows: [], share: 0, isDone: false, fault: null }, before: null });
    this.door.send({ type: 'compare-head' });
  }

  private takeSinceHead({ rows, share, isDone, gone, fault }: Extract<DatasetToPage, { type: 'since-head' }>): void {
    const { search, row } = this.state.get();
    if (!search?.sinceHead) return;
    this.put({ search: { ...search, rows, share, isDone, fault, sinceHead: { gone } } });
    this.see(...this.sight);
    const [first] = rows;
    if (!isDone || first === undefined) return;
    if (this.indexOf(row) === null) this.show(first);
    else this.askBefore();
  }

  private askBefore(): void {
    const { search, row } = this.state.get();
    if (search?.sinceHead && this.indexOf(row) !== null) this.door.send({ type: 'before', row });
  }

  // ---- editing ------------------------------------------------------------------------------------------------------

  edit(field: EditableField): void {
    const { reading, row, editing } = this.state.get();
    if (reading?.row !== row || reading.fields[field] === null || editing?.field === field) return;
    this.leave();
    const { underWay } = this;
    const base = underWay?.row === row && underWay.field === field ? underWay.value : reading.fields[field];
    this.put({ editing: { row, field, base, draft: asTyped(base) } });
  }

  type(draft: string): void {
    const { editing } = this.state.get();
    if (!editing) return;
    this.put({ editing: { ...editing, draft } });
    this.keepState();
    this.commitAtRest();
  }

  private commitAtRest(): void {
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.commit(), typingRestsMs);
  }

  /** Makes an edit of what was typed; one is on its way at a time. */
  commit(save = false): void {
    clearTimeout(this.typing);
    const { editing } = this.state.get();
    if (this.underWay) {
      this.saveWhenIdle ||= save;
      return;
    }
    if (!editing) return;
    const value = withLineEnds(editing.base, editing.draft);
    if (value !== editing.base || save) this.send(editing, value, save);
  }

  /** Leaves the text area; what was typed stays. */
  leave(): void {
    clearTimeout(this.typing);
    const { editing } = this.state.get();
    if (!editing) return;
    const value = withLineEnds(editing.base, editing.draft);
    const { underWay } = this;
    const isOfThis = underWay?.row === editing.row && underWay.field === editing.field;
    const isSent = value === (isOfThis ? underWay.value : editing.base);
    if (!isSent || this.saveWhenIdle) this.send(editing, value, this.saveWhenIdle);
    this.put({ editing: null });
    this.keepState();
  }

  private send({ row, field }: Editing, value: string, save: boolean): void {
    this.saveWhenIdle = false;
    this.underWay = { edit: ++this.editNumber, row, field, value };
    this.door.send({ type: 'edit', ...this.underWay, save });
  }

  // ---- labels -------------------------------------------------------------------------------------------------------

  /** Begins to say something of a passage of the chain of thought, or of the whole. */
  flag(span: Span | null): void {
    const read = this.toJudge();
    if (read === null) return;
    this.leave();
    this.judged = read;
    this.flagging.begin(span);
  }

  /** Gives a verdict on the chain of thought at once; while something is being said of it, chooses it there. */
  async judge(verdict: Verdict): Promise<void> {
    if (this.flagging.state.get().draft !== null) return this.flagging.change({ verdict });
    const read = this.toJudge();
    if (read === null) return;
    if (this.state.get().settling) {
      if (verdict !== 'fix') return this.settle(verdict, null);
      const written = this.state.get().reading?.labels.findLast(({ fixed }) => fixed)?.fixed;
      return this.put({ settling: { text: asTyped(written ?? read.text) } });
    }
    if (this.ownVerdict?.verdict === verdict) return say(`Your verdict is ${verdict} already.`);
    this.leave();
    this.judged = read;
    if ((await this.flagging.give(verdict)) !== null) say(`Verdict: ${verdict}; u takes it back.`);
  }

  /** The next verdict is what counts instead of those that differ, or is one's own again. */
  toggleSettling(): void {
    const { settling, reading } = this.state.get();
    if (!settling && !reading?.differs) say('Nobody differs in this row.');
    else this.put({ settling: settling ? null : { text: null } });
  }

  typeSettlement(text: string): void {
    this.put({ settling: { text } });
  }

  /** @param typed the fixed text; one that is blank, or the text that is judged, is none */
  async settle(verdict: Verdict, typed: string | null): Promise<void> {
    const read = this.toJudge();
    if (read === null) return;
    const written = typed === null ? null : withLineEnds(read.text, typed);
    const fixed = written === null || written.trim() === '' || written === read.text ? null : written;
    try {
      this.flagging.remember(await this.sayings.send({ type: 'settle', ...read, verdict, fixed }));
      this.put({ settling: null });
      say(`Settled: ${verdict}; u takes it back.`);
    } catch (thrown) {
      this.flagging.door.fail(thrown);
    }
  }

  /** The row with its chain of thought; null where nothing can be said of it now, which is shown. */
  private toJudge(): DatasetModel['judged'] | null {
    const { file, reading, row } = this.state.get();
    if (!file || reading?.row !== row) say('The row is still being read.');
    else if ('refused' in file.labelling) this.put({ failed: file.labelling.refused });
    else if (reading.fields.process === null)
      this.put({ failed: 'This row has no chain of thought that could be judged.' });
    else return { row, text: reading.fields.process };
    return null;
  }

  /** Flags what one flagged in an earlier text of the row where it stands now; verdicts have to be given anew. */
  async carryOver(): Promise<void> {
    const read = this.toJudge();
    const { file, reading } = this.state.get();
    if (read === null || !reading) return;
    const author = file && 'author' in file.labelling ? file.labelling.author : null;
    if (carriedOver(reading.earlier, author).length === 0)
      return say('You have no flag of an earlier text that is found in this one.');
    try {
      const ids = await this.sayings.send({ type: 'carry-over', ...read });
      this.flagging.remember(ids);
      say(`${count(ids.length, 'flag')} carried over; u takes ${ids.length === 1 ? 'it' : 'them'} back.`);
    } catch (thrown) {
      this.flagging.door.fail(thrown);
    }
  }

  /** Says something to the first suggestion of the row that is open. */
  async answerSuggestion(accepted: boolean): Promise<void> {
    const { reading, row } = this.state.get();
    const text = reading?.row === row ? reading.fields.process : null;
    const suggestions = text === null || !reading ? [] : reading.suggestions;
    const ids = await answerFirst(suggestions, accepted, {
      answer: async (said) => ({ ids: await this.sayings.send({ type: 'answer', row, text: text ?? '', ...said }) }),
      fail: (thrown) => this.flagging.door.fail(thrown),
    });
    if (ids !== null) this.flagging.remember(ids);
  }

  // ---- the file -----------------------------------------------------------------------------------------------------

  loadAgain(): void {
    this.door.send({ type: 'load-again' });
  }

  keep(): void {
    this.door.send({ type: 'keep' });
  }

  forgetFailure(): void {
    this.put({ failed: null });
  }
}
