/**
 * Questions with their frames, in a run's order: rows are taken as `QuestionOrder` says, media are loaded ahead of need,
 * and a row whose media can't be read is passed over and reported, never replaced.
 */
import type { Frames } from '../engines/engine.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import type { MediaView, Question } from '../protocol/records.ts';
import { solutionText } from '../reasoning/prompt.ts';
import type { FrameLimits, MediaLoader } from '../video/load.ts';
import type { Dataset } from './dataset.ts';

export interface LoadedQuestion {
  readonly question: Question;
  readonly frames: Frames;
  readonly view: Omit<MediaView, 'shuffledOrder' | 'visionTokens'>;
  /** What SFT trains: the chain of thought and the solution; null for rows without one. */
  readonly target: string | null;
}

/** Loads a dataset's rows with their frames. */
export class QuestionLoader {
  readonly dataset: Dataset;
  /** What records call the dataset. */
  readonly datasetName: string;
  private readonly media: MediaLoader;
  private readonly limits: FrameLimits;
  private readonly onSkipped: (question: Question, fault: StudioError) => void;
  /** Rows known to be unreadable, so that each is tried and reported once. */
  private readonly unreadable = new Set<number>();
  /** Why the first of them is. */
  private firstFault = '';

  constructor(
    dataset: Dataset,
    media: MediaLoader,
    limits: FrameLimits,
    onSkipped: (question: Question, fault: StudioError) => void,
    datasetName: string = dataset.file,
  ) {
    this.dataset = dataset;
    this.datasetName = datasetName;
    this.media = media;
    this.limits = limits;
    this.onSkipped = onSkipped;
  }

  get skipped(): number {
    return this.unreadable.size;
  }

  /** Null when the row's media can't be read; the fault was reported. */
  async load(row: number): Promise<LoadedQuestion | null> {
    if (this.unreadable.has(row)) return null;
    const question = { ...this.dataset.question(row), dataset: this.datasetName };
    try {
      const { frames, view } = await this.media.load(this.dataset.mediaPath(row), question.dataType, this.limits);
      return { question, frames, view, target: solutionText(this.dataset.row(row)) };
    } catch (thrown) {
      const fault = asStudioError(thrown);
      if (fault.kind !== 'bad-media') throw fault;
      if (!this.unreadable.has(row)) {
        this.unreadable.add(row);
        this.firstFault ||= ` The first: ${fault.message}`;
        this.onSkipped(question, fault);
      }
      return null;
    }
  }

  /** Rows together, in their order; those whose media can't be read are left out, and were reported. */
  async loadReadable(rows: readonly number[]): Promise<LoadedQuestion[]> {
    const loaded = await Promise.all(rows.map((row) => this.load(row)));
    return loaded.filter((question) => question !== null);
  }

  /** Begins to decode a row that will be wanted soon. */
  prefetch(row: number): void {
    if (this.unreadable.has(row)) return;
    let file: string;
    try {
      file = this.dataset.mediaPath(row);
    } catch {
      // Met again, and reported, when the row is taken.
      return;
    }
    this.media.prefetch(file, this.dataset.dataType(row), this.limits);
  }

  /**
   * `count` readable questions of the order `rowAt`, from `position` on.
   * @returns the questions, and the position after the last one
   * @throws StudioError `bad-dataset` when two whole rounds find no readable row
   */
  async take(
    rowAt: (position: number) => number,
    position: number,
    count: number,
  ): Promise<{ questions: LoadedQuestion[]; next: number }> {
    const questions: LoadedQuestion[] = [];
    let next = position;
    while (questions.length < count) {
      const wanted = count - questions.length;
      const rows = Array.from({ length: wanted }, (_, i) => rowAt(next + i));
      questions.push(...(await this.loadReadable(rows)));
      next += wanted;
      if (questions.length === 0 && next - position > 2 * this.dataset.count) {
        throw new StudioError(
          'bad-dataset',
          `None of the ${this.dataset.count} rows has a video or image that can be read.${this.firstFault}`,
          {
            place: this.dataset.file,
            remedy: 'Check the paths in the dataset: they are relative to its folder.',
          },
        );
      }
    }
    return { questions, next };
  }
}
