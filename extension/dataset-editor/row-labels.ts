import { historyFor } from '../../trainer/annotations/agreement/item-history.ts';
import { agreementShownOf } from '../../trainer/annotations/agreement/shown.ts';
import { authorOfSetting } from '../../trainer/annotations/author.ts';
import { LabelFolder } from '../../trainer/annotations/label-folder.ts';
import { datasetName, itemNameOf, itemOfRow } from '../../trainer/annotations/rows/row-item.ts';
import { entriesOf, labelOf, retractionOf, settlementOf } from '../../trainer/annotations/say.ts';
import {
  answered,
  type Precision,
  precisionIn,
  suggestedOf,
  withAnswers,
} from '../../trainer/annotations/suggestions.ts';
import type { RowRule } from '../../trainer/data/editable/search-rows.ts';
import type { AgreementShown } from '../../trainer/protocol/annotations/agreement.ts';
import {
  builtInCategories,
  type Categories,
  type Category,
  categoryNamedIn,
} from '../../trainer/protocol/annotations/categories.ts';
import { authorKey, authorLine, type Item, itemKey } from '../../trainer/protocol/annotations/entries.ts';
import type { ItemLabels } from '../../trainer/protocol/annotations/label-book.ts';
import { seenBy } from '../../trainer/protocol/annotations/label-filter.ts';
import type { LabelChoice, LabelMark } from '../../trainer/protocol/dataset-editor.ts';
import { StudioError } from '../../trainer/protocol/errors.ts';
import type { Saying, Verdict } from '../../trainer/protocol/records.ts';
import type { Suggestion, SuggestionAnswerInput } from '../../trainer/protocol/review-queue.ts';
import { EarlierTexts } from './earlier-texts.ts';
import { keepsEarlier, keepsLabelled, unsettledOf } from './label-rule.ts';
import { nothingSaid, type SaidOfRow } from './read-row.ts';
import { patternsOfRow } from './row-patterns.ts';

/** Where no row has a text that another one with the same id had earlier. */
const noOthers: ReadonlySet<string> = new Set();

/** How often the disk is asked whether others wrote labels. */
const watchMs = 2000;

type Values = Readonly<Record<string, unknown>> | null;

export class RowLabels {
  /** A name, or a name and an e-mail address. */
  readonly author: string;
  private readonly dataset: string;
  private readonly labels: LabelFolder;
  private readonly ended: AbortController;
  private readonly onChange: () => void;
  private readonly earlier: EarlierTexts;
  /** Of all labels of the project, until they change. */
  private precision: Precision | null = null;

  private constructor(
    dataset: string,
    author: string,
    labels: LabelFolder,
    ended: AbortController,
    onChange: () => void,
  ) {
    this.dataset = dataset;
    this.author = author;
    this.labels = labels;
    this.ended = ended;
    this.onChange = onChange;
    this.earlier = new EarlierTexts(dataset, labels);
    this.earlier.refresh();
  }

  /**
   * @param onChange rows may have other labels than before
   * @throws StudioError `bad-request` for a file that lies outside of the project, which labels can't name
   */
  static async open(project: string, file: string, author: string, onChange: () => void): Promise<RowLabels> {
    const dataset = datasetName(project, file);
    const ended = new AbortController();
    const labels = await LabelFolder.open(project, { signal: ended.signal });
    const opened = new RowLabels(dataset, author, labels, ended, onChange);
    const changed = () => opened.changed();
    const watching = labels.watch(watchMs, changed, changed);
    ended.signal.addEventListener('abort', () => watching.dispose());
    return opened;
  }

  dispose(): void {
    this.ended.abort();
  }

  /** All who said something of the project. */
  get authors(): readonly string[] {
    return this.labels.book.authors.map(authorLine);
  }

  /** With those that are no longer offered. @throws StudioError `bad-input` while the file of categories has a fault */
  get categories(): readonly Category[] {
    return this.labels.categories.all;
  }

  /** What names the row in labels; null for one without a text to judge. */
  keyOf(values: Values): string | null {
    const item = itemNameOf(this.dataset, values);
    return item && itemKey(item);
  }

  /** Ids of those of the rows that were judged by another text, which may be one that another row has now. */
  idsWithOthers(rows: readonly Values[]): ReadonlySet<string> {
    const items = rows.flatMap((values) => itemNameOf(this.dataset, values) ?? []);
    return new Set(items.flatMap((item) => (this.earlier.hasOthers(item) && item.row !== null ? [item.row] : [])));
  }

  /** Ids of all rows of which anything was said. */
  get ids(): ReadonlySet<string> {
    return this.earlier.idsBut(noOthers);
  }

  /** What people's labels of the row amount to. @param present keys of what rows with its id are now */
  markOf(values: Values, present = noOthers): LabelMark {
    const item = itemNameOf(this.dataset, values);
    if (item === null) return null;
    const said = this.labels.book.get(itemKey(item));
    const { viewer } = this;
    const mark = said ? markOf(seenBy(viewer, said)) : null;
    return mark ?? (this.earlier.statements({ item, viewer, present }).length > 0 ? 'earlier' : null);
  }

  /** What was said of the row's text as it is now, and of one that it had earlier. @param present as for `markOf` */
  of(values: Values, present = noOthers): Omit<SaidOfRow, 'suggestions'> {
    const known = itemOfRow(this.dataset, values);
    if (known?.item.kind !== 'row') return nothingSaid;
    const { viewer } = this;
    const { text } = known.content;
    const found = {
      earlier: this.earlier.shown({ item: known.item, viewer, present }, text),
      mark: this.markOf(values, present),
    };
    const said = this.labels.book.get(itemKey(known.item));
    if (!said) return { ...nothingSaid, ...found };
    // Who opens a dataset sees what others said, but for rows that were dealt out to them.
    const history = historyFor({ viewer: authorOfSetting(this.author), settling: true }, said, this.named);
    const differs = history.hidden === null && unsettledOf(this.labels.book, [itemKey(known.item)]).length > 0;
    const labels = [...said.flags, ...said.verdicts]
      .filter(({ author }) => history.hidden === null || authorKey(author) === viewer)
      .map((entry) => labelOf(entry, text));
    return { ...found, labels: labels.sort((a, b) => a.at - b.at), differs, history };
  }

  /** How far people agree on the rows of this dataset. @throws StudioError as `categories` */
  agreement(): AgreementShown {
    const { book, categories } = this.labels;
    const ofDataset = Array.from(book.keys()).filter((key) => this.isHere(book.get(key)?.item));
    return agreementShownOf(book, categories, ofDataset);
  }

  /** By their ids, while the file of categories has a fault. */
  private get named(): Categories['named'] {
    try {
      return this.labels.categories.named;
    } catch {
      return categoryNamedIn(builtInCategories);
    }
  }

  /** Key of who signs here. */
  private get viewer(): string {
    return authorKey(authorOfSetting(this.author));
  }

  private isHere(item: Item | undefined): boolean {
    return item?.kind === 'row' && item.dataset === this.dataset;
  }

  /** Holds for the rows that the filter keeps. @param present for labels of earlier texts: keys of what all rows are that have `ids` */
  keeps(choice: LabelChoice, present = noOthers): RowRule {
    const { dataset, earlier, labels } = this;
    const rows = { dataset, book: labels.book, viewer: authorOfSetting(this.author) };
    return choice.verdict === 'earlier'
      ? keepsEarlier(choice, present, { ...rows, earlier })
      : keepsLabelled(choice, rows);
  }

  /**
   * @param text the chain of thought as it was read
   * @returns ids of the new entries
   * @throws StudioError `bad-request` for a row without a chain of thought, `conflict` where it is another than was read
   */
  async add(values: Values, text: string, said: Saying): Promise<readonly string[]> {
    const known = this.judged(values, text);
    const { entries, ids } = entriesOf(said, known, authorOfSetting(this.author), this.labels);
    await this.labels.append(entries, this.ended.signal);
    this.changed();
    return ids;
  }

  /** What detectors would flag in the row's text as it is now. @throws StudioError as `categories` */
  suggestions(values: Values): Suggestion[] {
    const known = itemOfRow(this.dataset, values);
    if (known === null) return [];
    const { book, categories } = this.labels;
    this.precision ??= precisionIn(book);
    const { text } = known.content;
    const answers = book.get(itemKey(known.item))?.answers ?? [];
    const author = authorOfSetting(this.author);
    return withAnswers(suggestedOf(patternsOfRow(values), categories), { text, answers, author }, this.precision);
  }

  /**
   * Accepts or dismisses what a detector suggests; as `add` otherwise.
   * @throws StudioError `not-found` where it is not suggested
   */
  async answer(
    values: Values,
    text: string,
    said: Omit<SuggestionAnswerInput, 'rolloutId'>,
  ): Promise<readonly string[]> {
    const known = this.judged(values, text);
    const suggested = suggestedOf(patternsOfRow(values), this.labels.categories);
    const written = answered(suggested, said, known, authorOfSetting(this.author), this.labels);
    if (written === null)
      throw new StudioError('not-found', `${said.detector} suggests nothing there in this row.`, {
        remedy: 'Read the row as it is now.',
      });
    await this.labels.append(written.entries, this.ended.signal);
    this.changed();
    return written.ids;
  }

  /** Flags what the author flagged in an earlier text where it stands now; as `add` otherwise. @param present as for `markOf` */
  async carryOver(values: Values, text: string, present: ReadonlySet<string>): Promise<readonly string[]> {
    const known = this.judged(values, text);
    const author = authorOfSetting(this.author);
    const own = this.of(values, present).earlier.filter((label) => label.author === authorLine(author));
    const said = own.flatMap(({ span, category, severity, note }) =>
      span === null || category === null
        ? []
        : [
            entriesOf(
              { flag: { span, category, severity, note }, verdict: null, fixed: null },
              known,
              author,
              this.labels,
            ),
          ],
    );
    // What the item is, once; one after the other, so that they stay in their order.
    const entries = said.flatMap((one, place) =>
      one.entries
        .filter(({ kind }) => place === 0 || kind !== 'item')
        .map((entry) => ({ ...entry, at: new Date(Date.parse(entry.at) + place).toISOString() })),
    );
    await this.labels.append(entries, this.ended.signal);
    this.changed();
    return said.flatMap(({ ids }) => ids);
  }

  /** Settles what people differ in; as `add` otherwise. */
  async settle(
    values: Values,
    text: string,
    said: { readonly verdict: Verdict; readonly fixed: string | null },
  ): Promise<readonly string[]> {
    const known = this.judged(values, text);
    const { entries, ids } = settlementOf(said, known, authorOfSetting(this.author), this.labels);
    await this.labels.append(entries, this.ended.signal);
    this.changed();
    return ids;
  }

  async retract(id: string): Promise<string> {
    const entry = retractionOf(id, authorOfSetting(this.author), this.labels);
    await this.labels.append([entry], this.ended.signal);
    this.changed();
    return entry.id;
  }

  private changed(): void {
    this.precision = null;
    this.earlier.refresh();
    this.onChange();
  }

  /** @throws StudioError as `add` */
  private judged(values: Values, text: string): NonNullable<ReturnType<typeof itemOfRow>> {
    const known = itemOfRow(this.dataset, values);
    if (known === null)
      throw new StudioError('bad-request', 'This row has no chain of thought that could be judged.', {
        remedy: 'Write one under "process" first, or say it of another row.',
      });
    if (known.content.text !== text)
      throw new StudioError(
        'conflict',
        'The chain of thought was changed since it was read, so nothing was said of it.',
        {
          remedy: 'Read it as it is now, and say it again.',
        },
      );
    return known;
  }
}

function markOf({ flags, outcome }: ItemLabels): LabelMark {
  if (outcome.state === 'disputed') return 'disputed';
  if (outcome.state === 'none') return flags.length > 0 ? 'flagged' : null;
  return outcome.verdict;
}
