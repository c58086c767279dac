/** What people said of a text that a row had earlier: it no longer counts, and is shown until they judge the text as it is now. */
import type { LabelFolder } from '../../trainer/annotations/label-folder.ts';
import { labelOf } from '../../trainer/annotations/say.ts';
import { locate } from '../../trainer/protocol/annotations/anchors.ts';
import {
  authorKey,
  compareEntries,
  type FlagEntry,
  type Item,
  itemKey,
  type VerdictEntry,
} from '../../trainer/protocol/annotations/entries.ts';
import type { LabelBook } from '../../trainer/protocol/annotations/label-book.ts';
import { isWaitingFor, seenBy } from '../../trainer/protocol/annotations/label-filter.ts';
import type { Label } from '../../trainer/protocol/records.ts';

type RowItem = Extract<Item, { kind: 'row' }>;
export type EarlierStatement = FlagEntry | VerdictEntry;

export interface AskedOfRow {
  /** The row as it is now. */
  readonly item: RowItem;
  /** Key of who looks: what others said of rows that wait for their verdict is left out. */
  readonly viewer: string;
  /** Keys of items that rows are now: several rows may have one id. */
  readonly present: ReadonlySet<string>;
}

export class EarlierTexts {
  private readonly labels: Pick<LabelFolder, 'book'>;
  private readonly prefix: string;
  private book: LabelBook | null = null;
  private indexed = 0;
  private readonly ofRow = new Map<string | null, string[]>();

  /** @param dataset as `datasetName` names it */
  constructor(dataset: string, labels: Pick<LabelFolder, 'book'>) {
    this.labels = labels;
    this.prefix = `${JSON.stringify(['row', dataset]).slice(0, -1)},`;
  }

  /** There are other labels than before. */
  refresh(): void {
    const { book } = this.labels;
    if (book !== this.book) {
      this.book = book;
      this.indexed = 0;
      this.ofRow.clear();
    }
    let at = 0;
    for (const key of book.keys()) {
      if (at++ < this.indexed || !key.startsWith(this.prefix)) continue;
      const [, , row = null] = JSON.parse(key) as (string | null)[];
      const known = this.ofRow.get(row);
      if (known) known.push(key);
      else this.ofRow.set(row, [key]);
    }
    this.indexed = at;
  }

  /** Ids of all rows of which a text was judged that is none of the keys. */
  idsBut(keys: ReadonlySet<string>): Set<string> {
    const ids = new Set<string>();
    for (const [row, known] of this.ofRow) if (row !== null && known.some((key) => !keys.has(key))) ids.add(row);
    return ids;
  }

  /** Whether any text but this one of a row with this id was judged, be it another row's. */
  hasOthers(item: RowItem): boolean {
    const key = itemKey(item);
    return this.ofRow.get(item.row)?.some((other) => other !== key) ?? false;
  }

  /** Of each author who has not judged the present text what they said of the one that they spoke of last; oldest first. */
  statements({ item, viewer, present }: AskedOfRow): EarlierStatement[] {
    if (!this.hasOthers(item)) return [];
    const { book } = this.labels;
    const now = itemKey(item);
    const said = book.get(now);
    if (said !== undefined && said.settlement !== null) return [];
    const judged = new Set(said?.verdicts.map(({ author }) => authorKey(author)));
    const isOwnAlone = said !== undefined && isWaitingFor(viewer, said);
    const all = (this.ofRow.get(item.row) ?? [])
      .filter((key) => key !== now && !present.has(key))
      .flatMap((key): EarlierStatement[] => {
        const labels = book.get(key);
        if (!labels) return [];
        const { flags, verdicts } = seenBy(viewer, labels);
        return [...flags, ...verdicts];
      })
      .filter(({ author }) => !judged.has(authorKey(author)) && (!isOwnAlone || authorKey(author) === viewer));
    const last = new Map(all.toSorted(compareEntries).map(({ author, item: of }) => [authorKey(author), itemKey(of)]));
    // What was said at once stays in its order, flags first.
    return all
      .filter((entry) => last.get(authorKey(entry.author)) === itemKey(entry.item))
      .sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  }

  /**
   * The same for the page, without flags that their authors have on the present text too. Spans are where the flagged words are
   * found in it, in UTF-16 code units.
   */
  shown(asked: AskedOfRow, text: string): Label[] {
    const standing = new Set(this.labels.book.get(itemKey(asked.item))?.flags.map((flag) => placeOf(flag, flag.span)));
    return this.statements(asked).flatMap((entry) => {
      const label = labelOf(entry, text);
      if (entry.kind === 'verdict') return [label];
      const found = entry.span && locate(text, entry.span);
      const span = found && 'span' in found ? found.span : null;
      const start = span && Array.from(text.slice(0, span.start)).length;
      const isCarried = standing.has(placeOf(entry, start === null ? null : { start }));
      return isCarried ? [] : [{ ...label, span, quote: entry.span?.quote ?? '' }];
    });
  }
}

const placeOf = ({ author, category }: FlagEntry, span: { readonly start: number } | null): string =>
  JSON.stringify([authorKey(author), category, span?.start ?? null]);
