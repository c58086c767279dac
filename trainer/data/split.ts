/**
 * Splits a dataset in two for training and evaluation, so that no video or image is on both sides: rows that share one
 * stay together. Sources and problem types keep their shares as far as such groups allow.
 */
import { statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { StudioError } from '../protocol/errors.ts';
import { type Dataset, openDataset } from './dataset.ts';
import { compareContent, type SizedFile } from './media-content.ts';
import { findMedia, type MediaRoots, mediaRoots, pathRewriter } from './media-place.ts';
import { permutation, randomFrom } from './random.ts';
import { endingOf, writeRows } from './write-rows.ts';

export interface SplitOptions {
  /** Share of rows that are to be evaluation's, above 0 and below 1. */
  readonly evaluationShare: number;
  readonly seed: number;
  /** Folder of the two files; by default the dataset's own. */
  readonly out?: string | undefined;
  /** Write over files that are there. */
  readonly replace?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (phase: 'rows' | 'content' | 'write', done: number, total: number) => void;
}

/** Rows of one source and problem type. */
export interface SplitStratum {
  readonly source: string;
  readonly problemType: string;
  readonly rows: number;
  readonly evaluation: number;
}

export interface SplitSummary {
  readonly train: { readonly file: string; readonly rows: number };
  readonly evaluation: { readonly file: string; readonly rows: number };
  readonly groups: number;
  readonly largestGroup: number;
  /** Groups that equal content under different names brought together. */
  readonly sameContent: number;
  /** Rows whose medium is not there: they go by their path. */
  readonly withoutMedia: number;
  /** Rows with a fault, which are in neither file. */
  readonly leftOut: number;
  readonly strata: readonly SplitStratum[];
}

/** Rows by group and stratum: what the choice is made from. */
export interface GroupedRows {
  readonly groupOf: Int32Array;
  readonly stratumOf: Int32Array;
  readonly groups: number;
  readonly strata: number;
}

/**
 * Chooses the groups for evaluation. Groups are met in an order drawn from the seed, and one is taken when it brings the
 * strata nearer to their share; then further ones, those that fit best first, while they bring the whole nearer to its share.
 * @returns of each group 1 for evaluation, 0 for training
 */
export function chooseGroups(rows: GroupedRows, share: number, seed: number): Uint8Array {
  const { groupOf, stratumOf } = rows;
  const total = groupOf.length;
  const wanted = new Float64Array(rows.strata);
  for (const stratum of stratumOf) wanted[stratum] = (wanted[stratum] as number) + share;
  // The rows of group g are byGroup[starts[g]] … byGroup[starts[g + 1] - 1].
  const starts = new Int32Array(rows.groups + 1);
  for (const group of groupOf) starts[group + 1] = (starts[group + 1] as number) + 1;
  for (let group = 0; group < rows.groups; group++)
    starts[group + 1] = (starts[group + 1] as number) + (starts[group] as number);
  const filled = starts.slice();
  const byGroup = new Int32Array(total);
  for (const [row, group] of groupOf.entries()) {
    const place = filled[group] as number;
    byGroup[place] = row;
    filled[group] = place + 1;
  }
  const sizeOf = (group: number) => (starts[group + 1] as number) - (starts[group] as number);
  const countsOf = (group: number) => {
    const counts = new Map<number, number>();
    for (const row of byGroup.subarray(starts[group], starts[group + 1])) {
      const stratum = stratumOf[row] as number;
      counts.set(stratum, (counts.get(stratum) ?? 0) + 1);
    }
    return counts;
  };
  /** By how much the sum of squared distances of the strata from their share falls when the group is taken. */
  const gain = (group: number) => {
    let sum = 0;
    for (const [stratum, count] of countsOf(group)) sum += count * (2 * (wanted[stratum] as number) - count);
    return sum;
  };
  const chosen = new Uint8Array(rows.groups);
  let missing = share * total;
  const take = (group: number) => {
    chosen[group] = 1;
    for (const [stratum, count] of countsOf(group)) wanted[stratum] = (wanted[stratum] as number) - count;
    missing -= sizeOf(group);
  };
  const order = permutation(rows.groups, randomFrom(seed, 'split'));
  for (const group of order) if (gain(group) > 0) take(group);
  let rest = order.filter((group) => chosen[group] === 0);
  const fit = new Float64Array(rows.groups);
  for (let before = -1; before !== rest.length; ) {
    before = rest.length;
    const fitOf = (group: number) => gain(group) / sizeOf(group);
    for (const group of rest) fit[group] = fitOf(group);
    rest.sort((a, b) => (fit[b] as number) - (fit[a] as number));
    for (const group of rest) {
      const isNearer = Math.abs(missing - sizeOf(group)) < Math.abs(missing);
      // Where a stratum of the group got another one in this pass, it waits for the next.
      if (isNearer && fitOf(group) >= (fit[group] as number)) take(group);
    }
    rest = rest.filter((group) => chosen[group] === 0);
  }
  return chosen;
}

/** Sets that are joined, each named by one of its members. */
class Joined {
  private readonly parent: number[] = [];

  add(): number {
    return this.parent.push(this.parent.length) - 1;
  }

  find(member: number): number {
    let root = member;
    while (this.parent[root] !== root) {
      this.parent[root] = this.parent[this.parent[root] as number] as number;
      root = this.parent[root] as number;
    }
    return root;
  }

  join(a: number, b: number): void {
    this.parent[this.find(b)] = this.find(a);
  }
}

/** Numbers for names, in the order in which they are met. */
class Numbers {
  readonly of = new Map<string, number>();

  get(name: string): number {
    let number = this.of.get(name);
    if (number === undefined) {
      number = this.of.size;
      this.of.set(name, number);
    }
    return number;
  }
}

/** Where a medium lies, or, where it is not there, where it would. */
function mediumOf(roots: MediaRoots, named: string): { key: string; file: SizedFile | null } {
  const found = findMedia(roots, named);
  const real = found.kind === 'file' ? found.real : path.resolve(roots.folder, named.replaceAll('\\', '/'));
  const info = found.kind === 'file' ? statSync(real, { throwIfNoEntry: false }) : undefined;
  return { key: real, file: info?.isFile() ? { real, sizeBytes: info.size } : null };
}

interface Grouping extends GroupedRows {
  readonly strataNames: readonly { source: string; problemType: string }[];
  readonly sameContent: number;
  readonly withoutMedia: number;
}

async function groupRows(dataset: Dataset, options: SplitOptions): Promise<Grouping> {
  const roots = mediaRoots(dataset.folder);
  const media = new Numbers();
  const strata = new Numbers();
  const files = new Map<string, SizedFile>();
  const mediumOfRow = new Int32Array(dataset.count);
  const stratumOf = new Int32Array(dataset.count);
  const sets = new Joined();
  let withoutMedia = 0;
  for (let i = 0; i < dataset.count; i++) {
    if (i % 1000 === 999) {
      await new Promise(setImmediate);
      options.signal?.throwIfAborted();
      options.onProgress?.('rows', i + 1, dataset.count);
    }
    const row = dataset.row(i);
    const content = await dataset.embeddedContent(i);
    const { key, file } = content === null ? mediumOf(roots, row.path) : { key: `bytes ${content}`, file: null };
    if (!media.of.has(key)) sets.add();
    mediumOfRow[i] = media.get(key);
    stratumOf[i] = strata.get(JSON.stringify([row.data_source, row.problem_type]));
    if (file) files.set(key, file);
    else if (content === null) withoutMedia++;
  }
  const { same, unreadable } = await compareContent(files.values(), {
    signal: options.signal,
    onProgress: (done, total) => options.onProgress?.('content', done, total),
  });
  for (const [real, why] of unreadable)
    throw new StudioError(
      'bad-media',
      `The file can't be read (${why}), so that it can't be compared with the others.`,
      {
        place: real,
        remedy: 'Make it readable, or take its questions out of the dataset.',
      },
    );
  for (const [real, earlier] of same) sets.join(media.get(earlier), media.get(real));
  const groupOfSet = new Int32Array(media.of.size).fill(-1);
  let groups = 0;
  const groupOf = mediumOfRow.map((medium) => {
    const set = sets.find(medium);
    if (groupOfSet[set] === -1) groupOfSet[set] = groups++;
    return groupOfSet[set] as number;
  });
  const strataNames = [...strata.of.keys()].map((key) => {
    const [source, problemType] = JSON.parse(key) as [string, string];
    return { source, problemType };
  });
  return {
    groupOf,
    stratumOf,
    groups,
    strata: strata.of.size,
    strataNames,
    sameContent: media.of.size - groups,
    withoutMedia,
  };
}

/**
 * Writes NAME.train and NAME.eval beside a dataset (or into `out`), each in the dataset's own form; from tables as JSONL,
 * with the media that lie in their rows as files of the folder NAME.media. Both are written whole
 * before either gets its name. The same dataset, seed and share give the same files. A video that was encoded again is
 * another file here: what shares no bytes can't be known for the same.
 *
 * @throws StudioError `bad-dataset`, also when all rows share their media; `bad-media` for a file that can't be compared;
 *   `bad-request` for a share or folder that can't be; `conflict` when a file is there and `replace` is not set
 */
export async function splitDataset(file: string, options: SplitOptions): Promise<SplitSummary> {
  const { evaluationShare, seed } = options;
  if (!(evaluationShare > 0 && evaluationShare < 1))
    throw new StudioError('bad-request', `A share of ${evaluationShare} for evaluation is not between 0 and 1.`, {
      remedy: 'Give a share such as 0.1.',
    });
  const dataset = await openDataset(file, options.signal);
  const out = path.resolve(options.out ?? path.dirname(dataset.file));
  const written = dataset.file.replace(/\.gz$/i, '');
  const name = path.basename(written).replace(/\.(jsonl?|ndjson|parquet|arrow)$/i, '');
  const extension = endingOf(dataset);
  const media = path.join(out, `${name}.media`);
  const named = (part: string) => path.join(out, `${name}.${part}${extension}`);
  const [train, evaluation] = [named('train'), named('eval')];
  const partials = [train, evaluation].map((one) => `${one}.partial`);
  try {
    if (!statSync(out, { throwIfNoEntry: false })?.isDirectory())
      throw new StudioError('not-found', 'There is no such folder.', { place: out, remedy: 'Make it first.' });
    const there = [train, evaluation].find((one) => statSync(one, { throwIfNoEntry: false }) !== undefined);
    if (there !== undefined && !options.replace)
      throw new StudioError('conflict', 'The file is there already.', {
        place: there,
        remedy: 'Move it away, or say --replace.',
      });
    const rewrite = pathRewriter(dataset.folder, out);
    const grouping = await groupRows(dataset, options);
    const chosen = chooseGroups(grouping, evaluationShare, seed);
    const sides = { train: [] as number[], evaluation: [] as number[] };
    for (const [row, group] of grouping.groupOf.entries())
      sides[chosen[group] === 1 ? 'evaluation' : 'train'].push(row);
    const sizes = new Uint32Array(grouping.groups);
    for (const group of grouping.groupOf) sizes[group] = (sizes[group] as number) + 1;
    const largestGroup = sizes.reduce((most, size) => Math.max(most, size), 0);
    if (sides.train.length === 0 || sides.evaluation.length === 0)
      throw new StudioError(
        'bad-dataset',
        `The ${dataset.count} rows form ${grouping.groups} groups that share no video or image (the largest has ${largestGroup} rows), which leaves ${sides.train.length === 0 ? 'none for training' : 'none for evaluation'}.`,
        { place: dataset.file, remedy: 'Give another share, or a dataset with more videos.' },
      );
    const writing = {
      signal: options.signal,
      onProgress: (done: number, total: number) => options.onProgress?.('write', done, total),
    };
    await writeRows(dataset, sides.train, partials[0] as string, rewrite, media, writing);
    await writeRows(dataset, sides.evaluation, partials[1] as string, rewrite, media, writing);
    options.signal?.throwIfAborted();
    await rename(partials[0] as string, train);
    await rename(partials[1] as string, evaluation);
    const strata = grouping.strataNames.map((stratum) => ({ ...stratum, rows: 0, evaluation: 0 }));
    grouping.stratumOf.forEach((stratum, row) => {
      const counts = strata[stratum] as (typeof strata)[number];
      counts.rows++;
      if (chosen[grouping.groupOf[row] as number] === 1) counts.evaluation++;
    });
    return {
      train: { file: train, rows: sides.train.length },
      evaluation: { file: evaluation, rows: sides.evaluation.length },
      groups: grouping.groups,
      largestGroup,
      sameContent: grouping.sameContent,
      withoutMedia: grouping.withoutMedia,
      leftOut: dataset.faults.length,
      strata: strata.sort((a, b) => b.rows - a.rows),
    };
  } finally {
    dataset.dispose();
    for (const partial of partials) await rm(partial, { force: true });
  }
}
