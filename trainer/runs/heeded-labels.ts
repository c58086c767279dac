/** Labels of a run's rows: read when it starts and when it is told to, matched with its dataset, written down with what they change. */
import { setImmediate } from 'node:timers/promises';
import { textHash } from '../annotations/label-files.ts';
import { LabelFolder } from '../annotations/label-folder.ts';
import { rowId } from '../annotations/rows/row-item.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Correction } from '../data/questions.ts';
import { itemKey } from '../protocol/annotations/entries.ts';
import { StudioError } from '../protocol/errors.ts';
import { mostNamedRows, type NamedRows, type ObeyedLabels, obeyedWords } from '../protocol/obeyed-labels.ts';
import type { Rollout } from '../protocol/records.ts';
import { hashOfLabels, type LabelState, labelStates, type RowLabel, readLabels, writeLabels } from './label-file.ts';
import type { RunPlan } from './plan.ts';
import type { RunJournal } from './run-journal.ts';
import { type Heeded, heedingOf, type Subject } from './said-of-dataset.ts';

/** The dataset, and those of its rows that the run trains on. */
export interface TrainedRows {
  readonly dataset: Dataset;
  readonly rows: readonly number[];
}

export interface LabelsOf {
  readonly plan: Pick<RunPlan, 'dataset' | 'paths'>;
  /** The run's. */
  readonly folder: string;
  readonly journal: Pick<RunJournal, 'summary' | 'record' | 'tellProgress' | 'tellPart'>;
}

/** Labels that rows of the dataset have. */
interface Matched {
  readonly labels: readonly RowLabel[];
  readonly corrections: ReadonlyMap<number, Correction>;
  readonly counts: Omit<ObeyedLabels, 'hash' | 'step' | 'earlier'> & { readonly earlier: NamedRows };
}

/** Rows read between two looks at who else wants something. */
const rowsAtOnce = 500;

export class HeededLabels {
  private readonly of: LabelsOf;
  private labels: LabelFolder | null = null;
  private obeyed: ReadonlyMap<number, Correction> = new Map();

  constructor(of: LabelsOf) {
    this.of = of;
  }

  /** What becomes of rows, by their number in the dataset. */
  get corrections(): ReadonlyMap<number, Correction> {
    return this.obeyed;
  }

  /**
   * As a run comes into memory: what it has obeyed it goes on to obey; one that begins reads what is there.
   * @param step the first that it makes
   * @throws StudioError `bad-dataset` where no row is left; the signal's reason
   */
  async open(trained: TrainedRows, step: number, signal: AbortSignal): Promise<void> {
    const { folder, journal } = this.of;
    const { labelsHash } = journal.summary;
    const now = await this.readFolder(trained.dataset, signal);
    const held = labelsHash === undefined ? null : await readLabels(folder, labelsHash);
    if (labelsHash !== undefined && held === null)
      this.warn('The labels that the run obeyed are not in its folder any more: it obeys those of the project now.');
    const begins = labelsHash === undefined ? step === 1 && journal.summary.step === 0 : held === null;
    if (begins) {
      const matched = await this.match(trained, now, signal);
      // A run without labels says nothing of them.
      if (matched.labels.length > 0 || matched.counts.earlier.count > 0 || labelsHash !== undefined)
        await this.take(trained, matched, step);
      return;
    }
    if (held !== null && held.length > 0)
      this.obeyed = (await this.match(trained, { labels: held, texts: now.texts }, signal)).corrections;
    if (now.labels.length === 0 && (held ?? []).length === 0) return;
    const changed = await this.match(trained, now, signal);
    if (hashOfLabels(changed.labels) !== hashOfLabels(held ?? []))
      this.warn(
        `The labels of this dataset are others than those that the run obeys; it keeps to its own until it is told to read them again. By them ${obeyedWords(changed.counts)}.`,
      );
  }

  /**
   * @param step the first that they hold for
   * @returns what they change, in words
   * @throws StudioError `bad-dataset` where no row would be left: then those that were obeyed still are
   */
  async readAgain(trained: TrainedRows, step: number, signal: AbortSignal): Promise<string> {
    const matched = await this.match(trained, await this.readFolder(trained.dataset, signal), signal);
    await this.take(trained, matched, step);
    return obeyedWords(matched.counts);
  }

  /** Which of a run's answers have a flag that stands. @throws the signal's reason when aborted */
  async flaggedOf(
    run: string,
    rollouts: readonly Pick<Rollout, 'id' | 'text'>[],
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    const { book } = await this.folder(signal);
    return new Set(
      rollouts.flatMap(({ id, text }) => {
        const labels = book.get(itemKey({ kind: 'rollout', run, rollout: id, hash: textHash(text) }));
        return labels !== undefined && labels.flags.length > 0 ? [id] : [];
      }),
    );
  }

  /** All labels as they are now: read once, then what is new in them. */
  private async folder(signal: AbortSignal): Promise<LabelFolder> {
    if (this.labels === null) this.labels = await LabelFolder.open(this.of.plan.paths.project, { signal });
    else await this.labels.refresh({ signal });
    return this.labels;
  }

  private async take({ rows }: TrainedRows, { labels, counts, corrections }: Matched, step: number): Promise<void> {
    const { plan, folder, journal } = this.of;
    if (counts.leftOut.count === rows.length)
      throw new StudioError('bad-dataset', `By their labels all ${rows.length} rows are left out.`, {
        place: plan.dataset,
        remedy: 'Say keep of some of them, or create the run with obeyLabels false.',
      });
    await writeLabels(folder, labels);
    journal.record({ type: 'labels', labels: { hash: hashOfLabels(labels), step, ...counts } });
    this.obeyed = corrections;
  }

  /** What training heeds of all that is said in the project. */
  private async readFolder(dataset: Dataset, signal: AbortSignal): Promise<Heeded> {
    const { plan, journal } = this.of;
    const folder = await this.folder(signal);
    const [trouble] = folder.troubles;
    if (trouble)
      this.warn(
        `${folder.troubles.length} ${folder.troubles.length === 1 ? 'place of the label files does' : 'places of the label files do'} not count. The first, ${trouble.file}${trouble.line === null ? '' : `, line ${trouble.line}`}: ${trouble.message} ${trouble.remedy}`,
      );
    const heeded = await heedingOf(plan, journal.summary).said(folder, dataset);
    for (const message of heeded.troubles) this.warn(message);
    return heeded;
  }

  private async match(
    { dataset, rows }: TrainedRows,
    { labels: said, texts }: Omit<Heeded, 'troubles'>,
    signal: AbortSignal,
  ): Promise<Matched> {
    const { plan, journal } = this.of;
    const { subjectOf } = heedingOf(plan, journal.summary);
    const bySubject = Map.groupBy(said, ({ row, hash }) => JSON.stringify([row, hash]));
    const found = new Set<RowLabel>();
    const corrections = new Map<number, Correction>();
    const earlier = new EarlierTextsOfRows(texts);
    const hasLabels = said.length > 0 || texts.size > 0;
    const named = Object.fromEntries(labelStates.map((state) => [state, { count: 0, ids: [] }])) as unknown as Record<
      LabelState,
      { count: number; ids: string[] }
    >;
    if (hasLabels) journal.tellPart('matching labels with rows');
    for (const [at, row] of (hasLabels ? rows : []).entries()) {
      if (at % rowsAtOnce === 0) {
        signal.throwIfAborted();
        journal.tellProgress(`matching labels with rows: ${at} of ${rows.length}`);
        await setImmediate();
      }
      const value = dataset.row(row);
      const subject = subjectOf(value);
      const labels = (subject && bySubject.get(JSON.stringify([subject.row, subject.hash]))) ?? [];
      for (const label of labels) found.add(label);
      if (subject) earlier.meet(subject);
      const states = new Set(labels.map(({ state }) => state));
      for (const state of states.has('leftOut') ? (['leftOut'] as const) : states) {
        named[state].count++;
        if (named[state].ids.length < mostNamedRows) named[state].ids.push(rowId(value));
      }
      const correction = correctionOf(labels);
      if (correction !== null) corrections.set(row, correction);
    }
    return { labels: [...found], corrections, counts: { ...named, earlier: earlier.rows } };
  }

  private warn(message: string): void {
    this.of.journal.record({ type: 'warning', message: this.of.plan.paths.inText(message) });
  }
}

/** Rows without labels whose id has some of a text that no row has any more. */
class EarlierTextsOfRows {
  private readonly texts: Heeded['texts'];
  private readonly present = new Set<string>();
  private readonly unlabelled: string[] = [];

  constructor(texts: Heeded['texts']) {
    this.texts = texts;
  }

  meet({ row, hash }: Subject): void {
    const labelled = this.texts.get(row);
    if (row === null || !labelled) return;
    this.present.add(JSON.stringify([row, hash]));
    if (!labelled.has(hash)) this.unlabelled.push(row);
  }

  /** Of those that were met. */
  get rows(): NamedRows {
    const isGone = (row: string) => (hash: string) => !this.present.has(JSON.stringify([row, hash]));
    const found = this.unlabelled.filter((row) => Array.from(this.texts.get(row) ?? []).some(isGone(row)));
    return { count: found.length, ids: found.slice(0, mostNamedRows) };
  }
}

function correctionOf(labels: readonly RowLabel[]): Correction | null {
  const texts = (state: LabelState) =>
    labels.flatMap((label) => (label.state === state && label.text !== null ? [label.text] : []));
  if (labels.some(({ state }) => state === 'leftOut')) return 'left out';
  const [process] = texts('fixed');
  if (process !== undefined) return { process };
  const flagged = texts('flagged');
  return flagged.length > 0 ? { flagged } : null;
}
