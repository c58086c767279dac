/** What the answers of an audit say, by family, type of problem and all together. Computes only. */
import { meanOverSeeds } from '../evaluation/statistics.ts';
import { orderWorth, usesOrder } from '../evidence/order-rule.ts';
import {
  type AuditCue,
  type AuditedDataset,
  type AuditedLine,
  type AuditLine,
  type AuditResults,
  type AuditSlice,
  auditCues,
  type CueResult,
  cuesWithoutVideo,
} from '../protocol/audit.ts';
import { proportion } from '../protocol/proportion.ts';
import type { AuditHeader } from './audit-file.ts';
import { auditVerdict, cueStrength } from './verdict.ts';

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const rightShare = (answers: readonly { readonly correct: boolean }[]) =>
  mean(answers.map(({ correct }) => Number(correct)));

/** Share of the answers as seen that are right, 0..1. */
export const seenShare = ({ seen }: Pick<AuditedLine, 'seen'>): number => rightShare(seen);

/** Share of the answers that are right without something; null where it was not taken away. Right in any order: in each of the shuffles. */
export function cueShare(
  { changed, shuffled }: Pick<AuditedLine, 'changed' | 'shuffled'>,
  cue: AuditCue,
): number | null {
  if (cue === 'any order') return shuffled.length === 0 ? null : Math.min(...shuffled.map(rightShare));
  const answers = changed[cue];
  return answers === undefined ? null : rightShare(answers);
}

/** What rows may be taken from a dataset by. */
export const rowNeeds = ['needs video', 'without video', 'needs order'] as const;
export type RowNeed = (typeof rowNeeds)[number];

/**
 * What follows for a row from its own answers; right means half of its answers or more. Without the video it is right where it is so by
 * one of `cuesWithoutVideo`. It needs the video when it is right as seen and wrong without; its order when it is right as seen, wrong
 * under a shuffle, and the mean of its right answers' worth uses order. Nothing follows from a row that is wrong in all of them.
 */
export function needsOf(line: AuditedLine): RowNeed[] {
  const right = seenShare(line) >= 0.5;
  const isRightBy = (cue: AuditCue) => (cueShare(line, cue) ?? 0) >= 0.5;
  const without = cuesWithoutVideo.some(isRightBy);
  const worths = worthsOf(line);
  const error = worths.map((one) => one.error ?? Number.POSITIVE_INFINITY);
  const needsOrder =
    right &&
    line.shuffled.length > 0 &&
    !isRightBy('any order') &&
    worths.length > 0 &&
    usesOrder(mean(worths.map(({ worth }) => worth)), mean(error));
  return [
    ...(right && !without ? (['needs video'] as const) : []),
    ...(without ? (['without video'] as const) : []),
    ...(needsOrder ? (['needs order'] as const) : []),
  ];
}

const worthsOf = ({ seen }: AuditedLine) => seen.flatMap(({ order }) => (order === null ? [] : [order]));

/** Share of right answers that do not use the order, 0..1; null where none has an error to judge by, as with one other order alone. */
function unusedOf(worths: ReturnType<typeof worthsOf>): number | null {
  const uses = worths.flatMap(({ worth, error }) => (error === null ? [] : [Number(usesOrder(worth, error))]));
  return uses.length === 0 ? null : 1 - mean(uses);
}

/** Whether half of a question's answers or more are right, and half of those or more do not use the order. */
export function isOrderUnused(line: AuditedLine): boolean {
  return seenShare(line) >= 0.5 && (unusedOf(worthsOf(line)) ?? 0) >= 0.5;
}

/** What a guess that knows nothing would get right of questions, 0..1. */
export function guessShare(lines: readonly Pick<AuditedLine, 'options' | 'solution'>[]): number {
  const open = lines.filter(({ options }) => options < 2);
  const counts = [...Map.groupBy(open, ({ solution }) => solution).values()].map(({ length }) => length);
  const likeliest = open.length === 0 ? 0 : Math.max(...counts) / open.length;
  return lines.length === 0 ? 0 : mean(lines.map(({ options }) => (options < 2 ? likeliest : 1 / options)));
}

function cueResult(cue: AuditCue, lines: readonly AuditedLine[], guess: number): CueResult[] {
  const pairs = lines.flatMap((line) => {
    const share = cueShare(line, cue);
    return share === null ? [] : [{ share, seen: seenShare(line) }];
  });
  // Over questions: several answers to one are alike.
  const right = proportion(
    pairs.reduce((sum, pair) => sum + pair.share, 0),
    pairs.length,
  );
  const difference = meanOverSeeds(pairs.map(({ share, seen }) => share - seen));
  if (right === null || difference === null) return [];
  return [{ cue, count: pairs.length, right, difference, strength: cueStrength(right, difference, guess) }];
}

function orderOf(lines: readonly AuditedLine[]): AuditSlice['order'] {
  const each = lines.map(worthsOf).filter((worths) => worths.length > 0);
  const worths = each.map((own) => mean(own.map(({ worth }) => worth)));
  const worth = meanOverSeeds(worths);
  if (worth === null) return null;
  const unused = each.map(unusedOf).filter((share) => share !== null);
  return {
    count: each.length,
    worth,
    uses: orderWorth(worths).uses === true,
    unused: proportion(
      unused.reduce((sum, share) => sum + share, 0),
      unused.length,
    ),
  };
}

/** @param judged whether these are questions of one kind, so that a verdict can be given */
export function sliceOf(name: string, lines: readonly AuditLine[], judged: boolean): AuditSlice {
  const audited = lines.filter((line): line is AuditedLine => line.outcome === 'audited');
  const guess = guessShare(audited);
  const slice = {
    name,
    count: audited.length,
    skipped: lines.length - audited.length,
    videos: audited.filter(({ dataType }) => dataType === 'video').length,
    needsOrder: audited.filter(({ needsOrder }) => needsOrder === true).length,
    guess,
    seen: proportion(
      audited.reduce((sum, line) => sum + seenShare(line), 0),
      audited.length,
    ),
    cues: auditCues.flatMap((cue) => cueResult(cue, audited, guess)),
    order: orderOf(audited),
  };
  return { ...slice, verdict: judged ? auditVerdict(slice) : null };
}

function slices(lines: readonly AuditLine[], nameOf: (line: AuditLine) => string, judged: boolean): AuditSlice[] {
  return [...Map.groupBy(lines, nameOf)]
    .map(([name, own]) => sliceOf(name, own, judged))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What a verdict is given of: the family that a dataset names, or its source. */
export const familyOf = ({ family, source }: Pick<AuditLine, 'family' | 'source'>): string =>
  family ?? (source || '(no source)');

function datasetOf(
  { name, rows }: AuditHeader['datasets'][number],
  file: string,
  lines: readonly AuditLine[],
): AuditedDataset {
  const audited = lines.filter((line): line is AuditedLine => line.outcome === 'audited');
  const needs = audited.flatMap(needsOf);
  const rowsThat = Object.fromEntries(
    rowNeeds.map((need) => [need, needs.filter((one) => one === need).length]),
  ) as AuditedDataset['rowsThat'];
  return {
    ...{ name, file, rows },
    all: sliceOf('all', lines, false),
    byType: slices(lines, ({ problemType }) => problemType, false),
    byFamily: slices(lines, familyOf, true),
    rowsThat,
  };
}

/**
 * Everything that is in the file counts, whichever sitting it came from.
 * @param files of the datasets by name
 */
export function auditResultsOf(
  header: AuditHeader,
  lines: readonly AuditLine[],
  files: ReadonlyMap<string, string>,
): AuditResults {
  const { label, sampling, samples, shuffles, frames, datasets } = header;
  return {
    version: 1,
    label,
    temperature: sampling.temperature,
    seed: sampling.seed,
    ...{ samples, shuffles },
    maxFrames: Number(frames.maxFrames),
    datasets: datasets.map((dataset) =>
      datasetOf(
        dataset,
        files.get(dataset.name) ?? '',
        lines.filter((line) => line.dataset === dataset.name),
      ),
    ),
  };
}
