/**
 * Questions with their frames, in a run's order: rows are taken as `QuestionOrder` says, media are loaded ahead of need,
 * and a row whose media can't be read, or that is not fit for the model, is passed over and reported, never replaced.
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
  /** Words that people flagged in answers to it. */
  readonly flagged: readonly string[];
}

/** Why a question can't be put before the model; null when it can. */
export type Unfit = (question: LoadedQuestion) => Promise<StudioError | null>;

/**
 * What people say of a row: it is left out, another chain of thought is trained in place of its own, or these are the words that
 * they flagged in answers to its question.
 */
export type Correction = 'left out' | { readonly process: string } | { readonly flagged: readonly string[] };

/** Loads a dataset's rows with their frames. */
export class QuestionLoader {
  readonly dataset: Dataset;
  /** What records call the dataset. */
  readonly datasetName: string;
  private readonly media: MediaLoader;
  private readonly limits: FrameLimits;
  private readonly onSkipped: (question: Question, fault: StudioError) => void;
  private readonly unfit: Unfit;
  /** Rows that were passed over, with the reason, so that each is tried and reported once. */
  private readonly unreadable = new Map<number, StudioError>();
  private readonly fit = new Set<number>();
  private corrections: ReadonlyMap<number, Correction> = new Map();
  private passedOver: ReadonlySet<number> = new Set();

  constructor(
    dataset: Dataset,
    media: MediaLoader,
    limits: FrameLimits,
    onSkipped: (question: Question, fault: StudioError) => void,
    unfit: Unfit = async () => null,
    datasetName: string = dataset.file,
  ) {
    this.dataset = dataset;
    this.datasetName = datasetName;
    this.media = media;
    this.limits = limits;
    this.onSkipped = onSkipped;
    this.unfit = unfit;
  }

  get skipped(): number {
    return this.unreadable.size;
  }

  /**
   * From now on rows are taken as people say. Those that are left out keep their places in the order, so that nothing else in it
   * is moved.
   */
  obey(corrections: ReadonlyMap<number, Correction>): void {
    this.corrections = corrections;
  }

  /** Rows that people had the run skip: they are taken no more, and keep their places in the order too. */
  skip(rows: readonly number[]): void {
    this.passedOver = new Set(rows);
  }

  private isLeftOut(row: number): boolean {
    return this.passedOver.has(row) || this.corrections.get(row) === 'left out' || this.unreadable.has(row);
  }

  /**
   * Null when people say that the row is to be left out; when its media can't be read, or it is not fit for the model: then the
   * fault was reported.
   */
  async load(row: number): Promise<LoadedQuestion | null> {
    const correction = this.corrections.get(row);
    if (correction === 'left out' || this.isLeftOut(row)) return null;
    const question = { ...this.dataset.question(row), dataset: this.datasetName };
    try {
      const { frames, view } = await this.media.load(await this.dataset.medium(row), question.dataType, this.limits);
      const said = { flagged: [], ...correction };
      const target = solutionText({ ...this.dataset.row(row), ...('process' in said && { process: said.process }) });
      const loaded = { question, frames, view, target, flagged: said.flagged };
      const fault = this.fit.has(row) ? null : await this.unfit(loaded);
      if (fault !== null) return this.passOver(row, question, fault);
      this.fit.add(row);
      return loaded;
    } catch (thrown) {
      const fault = asStudioError(thrown);
      if (fault.kind !== 'bad-media') throw fault;
      return this.passOver(row, question, fault);
    }
  }

  private passOver(row: number, question: Question, fault: StudioError): null {
    if (!this.unreadable.has(row)) {
      this.unreadable.set(row, fault);
      this.onSkipped(question, fault);
    }
    return null;
  }

  /** Rows together, in their order; those that `load` gives null for are left out. */
  async loadReadable(rows: readonly number[]): Promise<LoadedQuestion[]> {
    const loaded = await Promise.all(rows.map((row) => this.load(row)));
    return loaded.filter((question) => question !== null);
  }

  /** Begins to decode a row that will be wanted soon. */
  prefetch(row: number): void {
    if (this.isLeftOut(row)) return;
    this.dataset.medium(row).then(
      (file) => this.media.prefetch(file, this.dataset.dataType(row), this.limits),
      () => {
        // Met again, and reported, when the row is taken.
      },
    );
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
      if (questions.length === 0 && next - position > this.farthest) throw this.noneIsLeft();
    }
    return { questions, next };
  }

  /**
   * For an order that is about to be another, or rows that are about to be skipped: whether `take` would find a question.
   * @throws StudioError `bad-dataset` where it would not
   */
  demandAny(rowAt: (position: number) => number, position: number): void {
    for (let ahead = 0; ahead <= this.farthest; ahead++) if (!this.isLeftOut(rowAt(position + ahead))) return;
    throw this.noneIsLeft();
  }

  /** Positions that are looked through for a row that is asked. */
  private get farthest(): number {
    return 2 * this.dataset.count;
  }

  private noneIsLeft(): StudioError {
    if (this.unreadable.size === 0)
      return new StudioError(
        'bad-dataset',
        'Labels, or questions that are skipped, leave out every row that is asked for.',
        {
          place: this.dataset.file,
          remedy:
            'Say keep of some of them, ask some of those that are skipped again, or change the share of images so that others are asked for.',
        },
      );
    const [first] = this.unreadable.values();
    const other = [...this.unreadable.values()].find(({ kind }) => kind !== 'bad-media');
    const none = `None of the ${this.dataset.count} rows`;
    return new StudioError(
      'bad-dataset',
      other === undefined
        ? `${none} has a video or image that can be read. The first: ${first?.message ?? ''}`
        : `${none} can be put before the model. One of them: ${other.message}`,
      {
        place: this.dataset.file,
        remedy: other?.remedy ?? 'Check the paths in the dataset: they are relative to its folder.',
      },
    );
  }
}
