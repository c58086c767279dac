/**
 * In which order a run sees its questions: rounds over the dataset, each in its own order drawn from the seed; by weight,
 * each source goes through rounds of its own. Any position can be asked for by its number, so a resumed run goes on
 * exactly where it was.
 */
import { StudioError } from '../protocol/errors.ts';
import { nearby } from '../protocol/nearest.ts';
import { permutation, randomFrom } from './random.ts';
import { ShareSequence, wholeWeights } from './share-sequence.ts';

export interface OrderedRow {
  readonly row: number;
  readonly isImage: boolean;
  readonly source: string;
}

/** Relative shares by `data_source`, as a run file gives them. */
export type SourceWeights = Readonly<Record<string, number>>;

/** What gives the row of a rank, counted from 0 among the questions of its kind. */
interface Ranked {
  readonly count: number;
  at(rank: number): number;
}

/** One pool of rows, gone through round after round. */
class Pool implements Ranked {
  private readonly rows: readonly number[];
  private readonly seed: number;
  private readonly name: string;
  /** The rounds asked for last: a step may straddle two. */
  private readonly rounds = new Map<number, readonly number[]>();

  constructor(rows: readonly number[], seed: number, name: string) {
    this.rows = rows;
    this.seed = seed;
    this.name = name;
  }

  get count(): number {
    return this.rows.length;
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

/** A pool for each source, which take turns by weight. */
class WeightedPools implements Ranked {
  readonly count: number;
  private readonly pools: readonly Pool[];
  private readonly turns: ShareSequence | null;

  constructor(rows: readonly OrderedRow[], weights: ReadonlyMap<string, number>, seed: number, name: string) {
    const bySource = Map.groupBy(rows, ({ source }) => source);
    const taken = [...weights].filter(([source, weight]) => weight > 0 && bySource.has(source));
    this.pools = taken.map(
      ([source]) =>
        new Pool(
          (bySource.get(source) ?? []).map(({ row }) => row),
          seed,
          `${name} of ${source}`,
        ),
    );
    this.count = this.pools.reduce((sum, pool) => sum + pool.count, 0);
    this.turns = taken.length === 0 ? null : new ShareSequence(wholeWeights(taken.map(([, weight]) => weight)));
  }

  at(position: number): number {
    const { party, rank } = (this.turns as ShareSequence).at(position);
    return (this.pools[party] as Pool).at(rank);
  }
}

/** @throws StudioError `bad-run-file` for a source that no row has, and for one of the rows that is not named. */
function checkWeights(rows: readonly OrderedRow[], weights: SourceWeights): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { source } of rows) counts.set(source, (counts.get(source) ?? 0) + 1);
  const known = [...counts.keys()].sort();
  const listed = (names: readonly string[]) =>
    names.map((name) => `${JSON.stringify(name)} (${counts.get(name) ?? 0})`).join(', ');
  const fault = (message: string, remedy: string) =>
    new StudioError('bad-run-file', message, { place: 'sourceWeights', remedy });
  for (const name of Object.keys(weights)) {
    if (counts.has(name)) continue;
    const near = nearby(name, known);
    throw fault(
      `No question of this run is from the source ${JSON.stringify(name)}.${near === null ? '' : ` Did you mean ${JSON.stringify(near)}?`}`,
      `The sources, with how many questions each has, are ${listed(known)}.`,
    );
  }
  const missing = known.filter((name) => !Object.hasOwn(weights, name));
  if (missing.length > 0)
    throw fault(
      `No weight is given for the sources ${listed(missing)}.`,
      'Give every source of the dataset a weight; 0 leaves a source out.',
    );
  return new Map(Object.entries(weights).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export class QuestionOrder {
  private readonly rows: readonly OrderedRow[];
  private readonly seed: number;
  private given!: SourceWeights | null;
  private all!: Ranked;
  private images!: Ranked;
  private videos!: Ranked;

  /**
   * @param sourceWeights Shares of the sources, among images and among videos alike where a share of images is set; every
   *   source of the rows must be named. Null takes sources as the dataset has them.
   * @throws StudioError `bad-dataset` when there is no row; `bad-run-file` for weights that do not fit the rows' sources.
   */
  constructor(rows: readonly OrderedRow[], seed: number, sourceWeights: SourceWeights | null = null) {
    if (rows.length === 0) throw new StudioError('bad-dataset', 'There is no question to put in order.');
    this.rows = rows;
    this.seed = seed;
    this.weigh(sourceWeights);
  }

  /** As they are now; null takes sources as the dataset has them. */
  get sourceWeights(): SourceWeights | null {
    return this.given;
  }

  /** @returns the weights by source, in their order; null for none @throws StudioError `bad-run-file` for weights that do not fit the rows' sources */
  demandFitting(sourceWeights: SourceWeights | null): ReadonlyMap<string, number> | null {
    if (sourceWeights === null) return null;
    const weights = checkWeights(this.rows, sourceWeights);
    wholeWeights([...weights.values()]);
    return weights;
  }

  /**
   * Other shares of the sources from now on: each source goes on in its rounds from where the new shares would have brought it.
   * @throws StudioError as the constructor, and then nothing is another
   */
  weigh(sourceWeights: SourceWeights | null): void {
    const { rows, seed } = this;
    const weights = this.demandFitting(sourceWeights);
    const ranked = (wanted: readonly OrderedRow[], name: string): Ranked =>
      weights === null
        ? new Pool(
            wanted.map(({ row }) => row),
            seed,
            name,
          )
        : new WeightedPools(wanted, weights, seed, name);
    this.given = sourceWeights;
    this.all = ranked(rows, 'all');
    const { images = [], videos = [] } = Object.groupBy(rows, ({ isImage }) => (isImage ? 'images' : 'videos'));
    this.images = ranked(images, 'images');
    this.videos = ranked(videos, 'videos');
  }

  /**
   * The row at a position, counted from 0 since the run began. It depends on the position, the seed, the weights and the
   * share alone.
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
      imageShare > 0 && this.images.count === 0 ? 'image' : imageShare < 1 && this.videos.count === 0 ? 'video' : null;
    if (missing === null) return;
    throw new StudioError(
      'bad-dataset',
      `A share of images of ${imageShare} was asked for, but the dataset has no ${missing} question to take.`,
      {
        remedy: `Set imageShare to ${missing === 'image' ? '0, or to null' : '1, or to null'}, or add ${missing} questions.`,
      },
    );
  }
}
