/** Labels of a run's rows: read when it starts and when it is told to, matched with its dataset, written down with what they change. */
import { setImmediate } from 'node:timers/promises';
import { textHash } from '../annotations/label-files.ts';
import { LabelFolder } from '../annotations/label-folder.ts';
import { judgedRows } from '../annotations/rows/judged-rows.ts';
import { datasetName, judgedText, rowId } from '../annotations/rows/row-item.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Correction } from '../data/questions.ts';
import type { Outcome } from '../protocol/annotations/outcome.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import { mostNamedRows, type ObeyedLabels, obeyedWords } from '../protocol/obeyed-labels.ts';
import { hashOfLabels, type RowLabel, readLabels, writeLabels } from './label-file.ts';
import type { RunPlan } from './plan.ts';
import type { RunJournal } from './run-journal.ts';

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
  readonly counts: Omit<ObeyedLabels, 'hash' | 'step'>;
}

/** Rows read between two looks at who else wants something. */
const rowsAtOnce = 500;

export class RunLabels {
  private readonly of: LabelsOf;
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
      if (matched.labels.length > 0 || labelsHash !== undefined) await this.take(trained, matched, step);
      return;
    }
    if (held !== null && held.length > 0) this.obeyed = (await this.match(trained, held, signal)).corrections;
    if (now.length === 0 && (held ?? []).length === 0) return;
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

  /** What training heeds of all that is said of the dataset; none where it lies outside of the project, of which labels can't speak. */
  private async readFolder(dataset: Dataset, signal: AbortSignal): Promise<RowLabel[]> {
    const { project } = this.of.plan.paths;
    const names = new Set([this.of.plan.dataset, ...dataset.files].flatMap((file) => nameIn(project, file)));
    if (names.size === 0) return [];
    const folder = await LabelFolder.open(project, { signal });
    const [trouble] = folder.troubles;
    if (trouble)
      this.warn(
        `${folder.troubles.length} ${folder.troubles.length === 1 ? 'place of the label files does' : 'places of the label files do'} not count. The first, ${trouble.file}${trouble.line === null ? '' : `, line ${trouble.line}`}: ${trouble.message} ${trouble.remedy}`,
      );
    return [...judgedRows(folder.book, names)].flatMap(([row, ofRow]) =>
      [...ofRow].flatMap(([hash, { outcome }]) => {
        const heeded = heed(outcome);
        return heeded === null ? [] : [{ row, hash, ...heeded }];
      }),
    );
  }

  private async match(
    { dataset, rows }: TrainedRows,
    said: readonly RowLabel[],
    signal: AbortSignal,
  ): Promise<Matched> {
    const bySubject = new Map(said.map((label) => [JSON.stringify([label.row, label.hash]), label]));
    const judgedIds = new Set(said.map(({ row }) => row));
    const found = new Set<RowLabel>();
    const corrections = new Map<number, Correction>();
    const named: Record<RowLabel['state'], { count: number; ids: string[] }> = {
      leftOut: { count: 0, ids: [] },
      fixed: { count: 0, ids: [] },
      disputed: { count: 0, ids: [] },
      unfixed: { count: 0, ids: [] },
    };
    if (said.length > 0) this.of.journal.tellPart('matching labels with rows');
    for (const [at, row] of (said.length > 0 ? rows : []).entries()) {
      if (at % rowsAtOnce === 0) {
        signal.throwIfAborted();
        this.of.journal.tellProgress(`matching labels with rows: ${at} of ${rows.length}`);
        await setImmediate();
      }
      const value = dataset.row(row);
      const id = rowId(value);
      const text = judgedIds.has(id) ? judgedText(value) : null;
      const label = text === null ? undefined : bySubject.get(JSON.stringify([id, textHash(text)]));
      if (label === undefined) continue;
      found.add(label);
      const ofState = named[label.state];
      ofState.count++;
      if (ofState.ids.length < mostNamedRows) ofState.ids.push(id ?? `row ${dataset.fileRow(row)}`);
      if (label.state === 'leftOut') corrections.set(row, 'left out');
      else if (label.state === 'fixed') corrections.set(row, { process: label.fixed as string });
    }
    return { labels: [...found], corrections, counts: named };
  }

  private warn(message: string): void {
    this.of.journal.record({ type: 'warning', message: this.of.plan.paths.inText(message) });
  }
}

/** A dataset that lies outside of the project has no name there. @throws StudioError `not-found` */
function nameIn(project: string, file: string): string[] {
  try {
    return [datasetName(project, file)];
  } catch (thrown) {
    if (asStudioError(thrown).kind === 'bad-request') return [];
    throw thrown;
  }
}

function heed(outcome: Outcome): Pick<RowLabel, 'state' | 'fixed'> | null {
  if (outcome.state === 'none') return null;
  if (outcome.state === 'disputed') return { state: 'disputed', fixed: null };
  if (outcome.verdict === 'keep') return null;
  if (outcome.verdict === 'drop') return { state: 'leftOut', fixed: null };
  return outcome.fixed === null ? { state: 'unfixed', fixed: null } : { state: 'fixed', fixed: outcome.fixed };
}
