/**
 * In which order a run sees its questions: rounds over the dataset, each in its own order drawn from the seed. Any position
 * can be asked for by its number, so a resumed run goes on exactly where it was.
 */
import { StudioError } from '../protocol/errors.ts';
import { permutation, randomFrom } from './random.ts';

export interface OrderedRow {
  readonly row: number;
  readonly isImage: boolean;
}

/** One pool of rows, gone through round after round. */
class Pool {
  readonly rows: readonly number[];
  private readonly seed: number;
  private readonly name: string;
  /** The rounds asked for last: a step may straddle two. */
  private readonly rounds = new Map<number, readonly number[]>();

  constructor(rows: readonly number[], seed: number, name: string) {
    this.rows = rows;
    this.seed = seed;
    this.name = name;
  }

  at(rank: number): number {
    const round = Math.floor(rank / this.rows.length);
    let order = this.rounds.get(round);
    if (!order) {
      order = permutation(this.rows.length, randomFrom(this.seed, 'question order', this.name, round));
      const oldest = this.rounds.keys().next().value;
      if (this.rounds.size >= 2 && oldest !== undefined) this.rounds.delete(oldest);
      this.rounds.set(round, order);
    }
    return this.rows[order[rank % this.rows.length] as number] as number;
  }
}

export class QuestionOrder {
  private readonly all: Pool;
  private readonly images: Pool;
  private readonly videos: Pool;

  /** @throws StudioError `bad-dataset` when there is no row. */
  constructor(rows: readonly OrderedRow[], seed: number) {
    if (rows.length === 0) throw new StudioError('bad-dataset', 'There is no question to put in order.');
    const numbers = (wanted: readonly OrderedRow[]) => wanted.map(({ row }) => row);
    this.all = new Pool(numbers(rows), seed, 'all');
    this.images = new Pool(numbers(rows.filter(({ isImage }) => isImage)), seed, 'images');
    this.videos = new Pool(numbers(rows.filter(({ isImage }) => !isImage)), seed, 'videos');
  }

  /**
   * The row at a position, counted from 0 since the run began. It depends on the position, the seed and the share alone.
   *
   * @param imageShare Share of images, 0..1; every stretch of positions has its share to within one question, and images
   *   and videos each go through their own rounds. Null takes the dataset as it is. Where the share changes during a run,
   *   the rounds of images and videos go on from where the new share would have brought them.
   * @throws StudioError `bad-dataset` when the share asks for a kind that the dataset does not have.
   */
  at(position: number, imageShare: number | null): number {
    if (imageShare === null) return this.all.at(position);
    this.check(imageShare);
    const before = Math.floor(position * imageShare);
    const isImage = Math.floor((position + 1) * imageShare) > before;
    return isImage ? this.images.at(before) : this.videos.at(position - before);
  }

  /** @throws StudioError `bad-dataset` when a share of images can't be had from this dataset. */
  check(imageShare: number | null): void {
    if (imageShare === null) return;
    const missing =
      imageShare > 0 && this.images.rows.length === 0
        ? 'image'
        : imageShare < 1 && this.videos.rows.length === 0
          ? 'video'
          : null;
    if (missing === null) return;
    throw new StudioError(
      'bad-dataset',
      `A share of images of ${imageShare} was asked for, but the dataset has no ${missing} question.`,
      {
        remedy: `Set imageShare to ${missing === 'image' ? '0, or to null' : '1, or to null'}, or add ${missing} questions.`,
      },
    );
  }
}
