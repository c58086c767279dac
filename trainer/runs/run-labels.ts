/**
 * What people say of rollouts: written into their label files, and from there, whoever wrote it, into the index that each run's
 * store has of it. The files are the truth; the index follows them, also in what git brings.
 */

import { historyFor } from '../annotations/agreement/item-history.ts';
import { agreementShownOf } from '../annotations/agreement/shown.ts';
import { authorOfSetting } from '../annotations/author.ts';
import { textHash } from '../annotations/label-files.ts';
import { LabelFolder } from '../annotations/label-folder.ts';
import { moveFlags } from '../annotations/move-flags.ts';
import { entriesOf, type ItemContent, labelOf, retractionOf, settlementOf } from '../annotations/say.ts';
import type { AgreementShown, ItemHistory } from '../protocol/annotations/agreement.ts';
import type { Category } from '../protocol/annotations/categories.ts';
import {
  authorLine,
  type Entry,
  type FlagEntry,
  type Item,
  itemKey,
  type VerdictEntry,
} from '../protocol/annotations/entries.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import type { AnnotationInput, GroupWithRollouts, Rollout, RunEventBody } from '../protocol/records.ts';
import type { SettlementInput } from '../protocol/review-queue.ts';
import type { RunStore } from '../store/run-store.ts';
import type { HistoryAsked, LabelService } from './service.ts';

/** A run whose rollouts are labelled. */
export interface LabelledRun {
  readonly id: string;
  readonly store: RunStore;
  record(body: RunEventBody): unknown;
}

export interface LabelledRollout {
  readonly group: GroupWithRollouts;
  readonly rollout: Rollout;
  readonly item: Item;
  readonly content: ItemContent;
}

interface LabelSurroundings {
  readonly projectFolder: string;
  runs(): Iterable<LabelledRun>;
  /** @throws StudioError `not-found` */
  run(id: string): LabelledRun;
  log(line: string): void;
}

/** How often the disk is asked whether others wrote labels. */
const watchMs = 2000;

export class RunLabels implements LabelService {
  private readonly around: LabelSurroundings;
  private readonly ended = new AbortController();
  private folder: Promise<LabelFolder> | null = null;
  private changed = 0;
  /** By run, as it was last computed. */
  private readonly agreed = new Map<string, { readonly changes: number; readonly shown: AgreementShown }>();

  constructor(around: LabelSurroundings) {
    this.around = around;
  }

  /** Reads the label files, beside whatever else goes on. */
  start(): void {
    this.read().catch((thrown: unknown) => {
      if (!this.ended.signal.aborted) this.around.log(`labels are not read: ${asStudioError(thrown)}`);
    });
  }

  dispose(): void {
    this.ended.abort();
  }

  async add(runId: string, { rolloutId, ...said }: AnnotationInput, by: string): Promise<{ ids: string[] }> {
    const author = authorOfSetting(by);
    const { item, content } = this.itemOf(runId, rolloutId);
    const labels = await this.read();
    const { entries, ids } = entriesOf(said, { item, content }, author, labels);
    await this.append(labels, entries);
    return { ids: [...ids] };
  }

  /** Settles what people differ in. @returns ids of the new entries */
  async settle(runId: string, { rolloutId, ...said }: SettlementInput, by: string): Promise<{ ids: string[] }> {
    const author = authorOfSetting(by);
    const about = this.itemOf(runId, rolloutId);
    const labels = await this.read();
    const { entries, ids } = settlementOf(said, about, author, labels);
    await this.append(labels, entries);
    return { ids: [...ids] };
  }

  async history(runId: string, { rolloutId, settling }: HistoryAsked, by: string): Promise<ItemHistory> {
    const { item } = this.itemOf(runId, rolloutId);
    const labels = await this.read();
    const said = labels.book.get(itemKey(item));
    if (said === undefined) return { lines: [], settled: null, hidden: null, annotators: null };
    return historyFor({ viewer: authorOfSetting(by), settling }, said, labels.categories.named);
  }

  async agreement(runId: string): Promise<AgreementShown> {
    const labels = await this.read();
    const known = this.agreed.get(runId);
    if (known?.changes === this.changed) return known.shown;
    const ofRun = Array.from(labels.book.keys()).filter((key) => {
      const item = labels.book.get(key)?.item;
      return item?.kind === 'rollout' && item.run === runId;
    });
    const shown = agreementShownOf(labels.book, labels.categories, ofRun);
    this.agreed.set(runId, { changes: this.changed, shown });
    return shown;
  }

  /** Grows with every change of the labels. */
  get changes(): number {
    return this.changed;
  }

  /** A rollout as what is labelled. @throws StudioError `not-found` */
  itemOf(runId: string, rolloutId: string): LabelledRollout {
    const found = rolloutOf(this.around.run(runId).store, rolloutId);
    if (found === null) throw new StudioError('not-found', `There is no rollout ${rolloutId} in this run.`);
    const { group, rollout } = found;
    const item: Item = { kind: 'rollout', run: runId, rollout: rolloutId, hash: textHash(rollout.text) };
    return { group, rollout, item, content: contentOf(group, rollout) };
  }

  authorOf(name: string): string {
    return authorLine(authorOfSetting(name));
  }

  async retract(of: string, by: string): Promise<{ id: string }> {
    const author = authorOfSetting(by);
    const labels = await this.read();
    const entry = retractionOf(of, author, labels);
    await this.append(labels, [entry]);
    return { id: entry.id };
  }

  async categories(): Promise<Category[]> {
    const { categories } = await this.read();
    return [...categories.all];
  }

  /** Writes entries of this project's labels, and shows them in the runs' indexes. */
  async append(labels: LabelFolder, entries: readonly Entry[]): Promise<void> {
    const { items, git, gitFault } = await labels.append(entries, this.ended.signal);
    for (const { file, lines } of git)
      if (lines.length > 0) this.around.log(`${file} was given ${lines.join(' and ')}, so that git shares labels`);
    if (gitFault !== null) this.around.log(`labels are written, and git does not share them: ${gitFault}`);
    this.index(labels, items);
  }

  /** The labels of the project; the runs' indexes have them. */
  read(): Promise<LabelFolder> {
    this.folder ??= this.open().catch((thrown: unknown) => {
      this.folder = null;
      throw thrown;
    });
    return this.folder;
  }

  private async open(): Promise<LabelFolder> {
    const { signal } = this.ended;
    const labels = await LabelFolder.open(this.around.projectFolder, { signal });
    for (const { file, line, message, remedy } of labels.troubles)
      this.around.log(`${file}${line === null ? '' : `, line ${line}`}: ${message} ${remedy}`);
    for (const run of [...this.around.runs()]) await this.moveOldFlags(run, labels);
    this.index(labels, 'all');
    const watching = labels.watch(
      watchMs,
      ({ items }) => this.index(labels, items),
      (fault) => this.around.log(`labels are not read: ${fault}`),
    );
    signal.addEventListener('abort', () => watching.dispose());
    return labels;
  }

  /** Flags that the store had before there were label files; once they are in these, the index takes them from there. */
  private async moveOldFlags(run: LabelledRun, labels: LabelFolder): Promise<void> {
    const old = run.store.exportedAnnotations().filter(({ id }) => /^\d+$/.test(id));
    if (old.length === 0) return;
    const { notice } = await moveFlags(old, labels, this.ended.signal);
    if (notice !== null) run.record({ type: 'warning', message: notice });
  }

  /** Brings the runs' indexes to what the label files say of these items. */
  private index(labels: LabelFolder, items: ReadonlySet<string> | 'all'): void {
    this.changed += 1;
    const { book } = labels;
    const ofRun = new Map<string, { readonly item: RolloutItem; readonly said: readonly Standing[] }[]>();
    for (const key of items === 'all' ? book.keys() : items) {
      const known = book.get(key);
      if (known === undefined || known.item.kind !== 'rollout') continue;
      const { item } = known;
      const list = ofRun.get(item.run) ?? [];
      ofRun.set(item.run, list);
      list.push({ item, said: [...known.flags, ...known.verdicts] });
    }
    for (const run of this.around.runs()) {
      const known = ofRun.get(run.id) ?? [];
      if (known.length === 0 && items !== 'all') continue;
      try {
        indexRun(run, known, items === 'all');
      } catch (thrown) {
        this.around.log(`run ${run.id} does not show all labels: ${asStudioError(thrown)}`);
      }
    }
  }
}

type RolloutItem = Extract<Item, { kind: 'rollout' }>;
type Standing = FlagEntry | VerdictEntry;

/** @param isAll what is in the index of items that are not known is taken out */
function indexRun(
  run: LabelledRun,
  known: readonly { readonly item: RolloutItem; readonly said: readonly Standing[] }[],
  isAll: boolean,
): void {
  const held = run.store.heldAnnotations();
  const heldIds = new Set(held.map(({ id }) => id));
  const place = (rollout: string, hash: string) => `${rollout} ${hash}`;
  const asked = new Set(known.map(({ item }) => place(item.rollout, item.hash)));
  const wanted = new Set(known.flatMap(({ said }) => said.map(({ id }) => id)));
  for (const { id, rolloutId, text } of held) {
    if (!wanted.has(id) && (isAll || asked.has(place(rolloutId, textHash(text)))))
      run.record({ type: 'annotation-removed', id });
  }
  for (const { item, said } of known) {
    const fresh = said.filter(({ id }) => !heldIds.has(id)).sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
    if (fresh.length === 0) continue;
    const text = rolloutOf(run.store, item.rollout)?.rollout.text;
    // Of a rollout that is not here, or was made anew with another text: the label files keep it.
    if (text === undefined || textHash(text) !== item.hash) continue;
    for (const entry of fresh)
      run.record({ type: 'annotation', annotation: { ...labelOf(entry, text), rolloutId: item.rollout } });
  }
}

const contentOf = ({ question }: GroupWithRollouts, { text, answer }: Rollout): ItemContent => ({
  question: question.problem,
  options: question.options,
  problemType: question.problemType,
  text,
  solution: question.solution,
  answer: answer === '' ? null : answer,
  media: [question.path],
});

function rolloutOf(store: RunStore, id: string): { group: GroupWithRollouts; rollout: Rollout } | null {
  try {
    const group = store.group(id.replace(/-[os]\d+(~\d+)?$/, '$1'));
    const rollout = group.rollouts.find((candidate) => candidate.id === id);
    return rollout === undefined ? null : { group, rollout };
  } catch (thrown) {
    if (thrown instanceof StudioError && thrown.kind === 'not-found') return null;
    throw thrown;
  }
}
