/**
 * The labels of a project: all label files as one, read once and then by what is new in them. The files are the truth; whoever
 * wrote them, and however git merged them, an entry counts once.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Categories, categoriesOf } from '../protocol/annotations/categories.ts';
import { type Author, authorKey, type Entry, type ItemEntry, itemKey } from '../protocol/annotations/entries.ts';
import { LabelBook } from '../protocol/annotations/label-book.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import { readCategories } from './category-file.ts';
import { type AddedLines, keepLabelsInGit } from './git-files.ts';
import { labelFileEnding, labelFolderOf } from './label-files.ts';
import type { LabelTrouble } from './label-lines.ts';
import { type ItemPlace, LabelReader, type PlacedStatement, type Reading, readItemAt } from './label-reader.ts';
import { appendEntries } from './label-writer.ts';

export interface LabelChanges {
  readonly files: readonly { readonly file: string; readonly how: 'added' | 'grown' | 'rewritten' | 'removed' }[];
  /** Keys of the items of which something is new; `all` where a file is not only longer than it was. */
  readonly items: ReadonlySet<string> | 'all';
  readonly categories: boolean;
}

export interface Appended {
  readonly added: number;
  /** As in `LabelChanges`, with what others wrote before. */
  readonly items: LabelChanges['items'];
  /** What `.gitignore` and `.gitattributes` were given. */
  readonly git: readonly AddedLines[];
  /** Why they could not be; the labels are written all the same, and not shared. */
  readonly gitFault: StudioError | null;
}

export interface Opening {
  readonly signal: AbortSignal;
  readonly onProgress?: (readBytes: number) => void;
}

interface LabelFile {
  readonly reader: LabelReader;
  /** How much of what was read is in the labels. */
  taken: { readonly generation: number; readonly statements: number; readonly items: number };
}

type ReadCategories = { readonly categories: Categories } | { readonly fault: StudioError };

export class LabelFolder {
  private readonly projectFolder: string;
  private readonly folder: string;
  private readonly files = new Map<string, LabelFile>();
  private readonly byId = new Map<string, PlacedStatement>();
  private readonly places = new Map<string, ItemPlace[]>();
  private readonly itemIds = new Set<string>();
  private clashes: LabelTrouble[] = [];
  private ofFolder: LabelTrouble[] = [];
  private labels = new LabelBook();
  private read: ReadCategories | null = null;
  /** The labels have to be folded anew from all entries. */
  private isStale = false;
  private isKnownToGit = false;
  /** One reading or writing after the other. */
  private last: Promise<unknown> = Promise.resolve();

  private constructor(projectFolder: string) {
    this.projectFolder = projectFolder;
    this.folder = labelFolderOf(projectFolder);
  }

  /** Reads all labels of a project; there may be none. @throws the signal's reason when aborted */
  static async open(projectFolder: string, { signal, onProgress }: Opening): Promise<LabelFolder> {
    const folder = new LabelFolder(projectFolder);
    let readBytes = 0;
    await folder.refresh({
      signal,
      onBytes: (count) => {
        readBytes += count;
        onProgress?.(readBytes);
      },
    });
    return folder;
  }

  /** Of all files; it is another one after a file was rewritten. */
  get book(): LabelBook {
    return this.labels;
  }

  /** Lines and files that do not count, or not wholly, by file and line. */
  get troubles(): readonly LabelTrouble[] {
    const ofFiles = [...this.files.values()].flatMap(({ reader }) => reader.troubles);
    return [...this.ofFolder, ...ofFiles, ...this.clashes].sort((a, b) =>
      a.file < b.file ? -1 : a.file > b.file ? 1 : (a.line ?? 0) - (b.line ?? 0),
    );
  }

  /** @throws StudioError `bad-input` while the file of categories has a fault */
  get categories(): Categories {
    if (this.read !== null && 'fault' in this.read) throw this.read.fault;
    return this.read?.categories ?? categoriesOf(null);
  }

  /** Whether there is an entry of this id already. */
  has(id: string): boolean {
    return this.byId.has(id) || this.itemIds.has(id);
  }

  /** Whether there is one of this id that says something else. Of two that describe an item, author and item are compared. */
  hasOther(entry: Entry): boolean {
    if (!this.has(entry.id)) return false;
    if (entry.kind !== 'item') {
      const known = this.byId.get(entry.id)?.entry;
      return !isDeepStrictEqual(known, entry);
    }
    const own = authorKey(entry.author);
    const places = this.places.get(itemKey(entry.item)) ?? [];
    return !places.some(({ id, author }) => id === entry.id && authorKey(author) === own);
  }

  /** Whether the author's file says already what an item was. */
  hasItem(author: Author, key: string): boolean {
    const own = authorKey(author);
    return this.places.get(key)?.some((place) => authorKey(place.author) === own) ?? false;
  }

  /**
   * What an item was, from the first author's file that says it soundly.
   * @throws StudioError `not-found` where no file says it, `conflict` where the file was changed since or the text is not the item's
   */
  async readItem(key: string): Promise<ItemEntry> {
    let fault = new StudioError('not-found', 'No label file says what this item was.', {
      place: key,
      remedy: 'Ask its author for the label file as it was written.',
    });
    for (const place of this.places.get(key) ?? []) {
      const read = await readItemAt(place);
      if (!(read instanceof StudioError)) return read;
      fault = read;
    }
    throw fault;
  }

  /**
   * The same in the words of each author whose file says it soundly; none where no file says it.
   * @throws StudioError `conflict` where files say it, and none of them soundly
   */
  async readItems(key: string): Promise<ItemEntry[]> {
    const read = await Promise.all((this.places.get(key) ?? []).map(readItemAt));
    const sound = read.filter((one) => !(one instanceof StudioError));
    const [fault] = read;
    if (sound.length === 0 && fault instanceof StudioError) throw fault;
    return sound;
  }

  /** Keys of the items that some file describes, whether or not anything was said of them. */
  get describedItems(): IterableIterator<string> {
    return this.places.keys();
  }

  /**
   * Adds entries, each to its author's file; one whose id is there already is left out. They are on the disk when this ends. With
   * the first of them the project's git learns of labels, in the one place where that is done.
   * @throws as `appendEntries`
   */
  append(entries: readonly Entry[], signal: AbortSignal): Promise<Appended> {
    return this.inTurn(async () => {
      const { items: before } = await this.readNew({ signal });
      const fresh = entries.filter(({ id }) => !this.has(id));
      if (fresh.length === 0) return { added: 0, items: before, git: [], gitFault: null };
      await appendEntries(this.projectFolder, fresh, signal);
      const { items: after } = await this.readNew({ signal });
      const items = before === 'all' || after === 'all' ? 'all' : new Set([...before, ...after]);
      return { added: fresh.length, items, ...this.tellGit() };
    });
  }

  private tellGit(): Pick<Appended, 'git' | 'gitFault'> {
    if (this.isKnownToGit) return { git: [], gitFault: null };
    this.isKnownToGit = true;
    try {
      return { git: keepLabelsInGit(this.projectFolder), gitFault: null };
    } catch (thrown) {
      return { git: [], gitFault: asStudioError(thrown) };
    }
  }

  /** Reads what others wrote since. @throws the signal's reason when aborted */
  refresh(reading: Reading): Promise<LabelChanges> {
    return this.inTurn(() => this.readNew(reading));
  }

  /**
   * Looks for what others wrote, again and again. It asks the disk instead of waiting for it to call, as networks and containers
   * do not call.
   * @param onChanges is not called when nothing is new. @param onFault what keeps it from looking; it goes on all the same
   */
  watch(
    intervalMs: number,
    onChanges: (changes: LabelChanges) => void,
    onFault: (fault: StudioError) => void,
  ): { dispose(): void } {
    const ended = new AbortController();
    let timer: NodeJS.Timeout;
    const look = async () => {
      try {
        const changes = await this.refresh({ signal: ended.signal });
        if (!ended.signal.aborted && (changes.files.length > 0 || changes.categories)) onChanges(changes);
      } catch (thrown) {
        if (!ended.signal.aborted) onFault(asStudioError(thrown));
      }
      if (!ended.signal.aborted) timer = setTimeout(look, intervalMs).unref();
    };
    timer = setTimeout(look, intervalMs).unref();
    return {
      dispose: () => {
        ended.abort();
        clearTimeout(timer);
      },
    };
  }

  private inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.last.then(act, act);
    this.last = turn.catch(() => undefined);
    return turn;
  }

  private async readNew(reading: Reading): Promise<LabelChanges> {
    const files: LabelChanges['files'][number][] = [];
    const present = await this.labelFiles();
    for (const [file, { reader }] of this.files) {
      if (present.includes(file)) continue;
      this.files.delete(file);
      files.push({ file, how: 'removed' });
      this.isStale ||= reader.statements.length + reader.items.length > 0;
    }
    for (const file of present) {
      const known = this.files.get(file);
      const { reader } = known ?? { reader: new LabelReader(file) };
      if (known === undefined) this.files.set(file, { reader, taken: { generation: 1, statements: 0, items: 0 } });
      const how = await reader.refresh(reading);
      if (how !== 'same') files.push({ file, how: known === undefined ? 'added' : how });
    }
    const categories = this.readCategoriesAgain();
    return { files, items: this.takeIn(), categories };
  }

  /** In the order of their names, so that every machine meets them in the same. */
  private async labelFiles(): Promise<string[]> {
    this.ofFolder = [];
    try {
      const entries = await readdir(this.folder, { withFileTypes: true });
      const named = entries.filter(({ name }) => name.endsWith(labelFileEnding));
      for (const entry of named.filter((each) => !each.isFile())) {
        this.ofFolder.push({
          kind: 'unreadable',
          file: path.join(this.folder, entry.name),
          line: null,
          message: 'This is no file of its own, and its labels are not read.',
          remedy: 'Put the file itself here instead of a link to it.',
        });
      }
      return named
        .filter((each) => each.isFile())
        .map(({ name }) => path.join(this.folder, name))
        .sort();
    } catch (thrown) {
      const { kind, message, remedy = 'Check the folder.' } = asStudioError(thrown);
      if (kind !== 'not-found')
        this.ofFolder.push({ kind: 'unreadable', file: this.folder, line: null, message, remedy });
      return [];
    }
  }

  /** What was read since the last time, into the labels. */
  private takeIn(): LabelChanges['items'] {
    const files = [...this.files.values()];
    if (this.isStale || files.some(({ reader, taken }) => reader.generation !== taken.generation))
      return this.takeAll();
    const fresh = files.flatMap(({ reader, taken }) => reader.statements.slice(taken.statements));
    const added = fresh.filter((placed) => this.note(placed));
    // A clash, of which another side may count now.
    if (this.isStale) return this.takeAll();
    for (const { reader, taken } of files) for (const place of reader.items.slice(taken.items)) this.noteItem(place);
    this.markTaken();
    return this.labels.add(added.map(({ entry }) => entry));
  }

  private takeAll(): 'all' {
    this.byId.clear();
    this.places.clear();
    this.itemIds.clear();
    this.clashes = [];
    for (const { reader } of this.files.values()) {
      for (const placed of reader.statements) this.note(placed);
      for (const place of reader.items) this.noteItem(place);
    }
    this.markTaken();
    this.isStale = false;
    this.labels = new LabelBook([...this.byId.values()].map(({ entry }) => entry));
    return 'all';
  }

  private markTaken(): void {
    for (const file of this.files.values()) {
      const { generation, statements, items } = file.reader;
      file.taken = { generation, statements: statements.length, items: items.length };
    }
  }

  /** @returns whether its id is new. Of two entries with one id the same counts on every machine, and the other is told */
  private note(placed: PlacedStatement): boolean {
    const { id } = placed.entry;
    const other = this.byId.get(id);
    if (other === undefined) {
      this.byId.set(id, placed);
      return true;
    }
    if (isDeepStrictEqual(placed.entry, other.entry)) return false;
    const [counts, doesNot] =
      JSON.stringify(placed.entry) < JSON.stringify(other.entry) ? [placed, other] : [other, placed];
    this.byId.set(id, counts);
    this.isStale ||= counts === placed;
    this.clashes.push({
      kind: 'clash',
      file: doesNot.file,
      line: doesNot.line,
      message: `This label does not count: another one has its id, ${id}, in line ${counts.line} of ${path.basename(counts.file)}.`,
      remedy: 'Labels are never changed: to change one, give another. Delete the line that was changed by hand.',
    });
    return false;
  }

  private noteItem(place: ItemPlace): void {
    if (this.itemIds.has(place.id)) return;
    this.itemIds.add(place.id);
    const places = this.places.get(place.key);
    if (places) places.push(place);
    else this.places.set(place.key, [place]);
  }

  /** @returns whether they are others than before */
  private readCategoriesAgain(): boolean {
    const before = this.read;
    try {
      this.read = { categories: readCategories(this.projectFolder) };
    } catch (thrown) {
      this.read = { fault: asStudioError(thrown) };
    }
    return !isDeepStrictEqual(offeredOf(before), offeredOf(this.read));
  }
}

/** What two readings are compared by. */
const offeredOf = (read: ReadCategories | null): unknown =>
  read === null ? null : 'fault' in read ? read.fault.message : read.categories.all;
