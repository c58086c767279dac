/** What of a project's labels a run heeds: verdicts on the texts that SFT trains, or what is said of questions that are sampled. */
import { textHash } from '../annotations/label-files.ts';
import type { LabelFolder } from '../annotations/label-folder.ts';
import { judgedRows } from '../annotations/rows/judged-rows.ts';
import { datasetName, judgedText, rowId } from '../annotations/rows/row-item.ts';
import type { Dataset } from '../data/dataset.ts';
import type { ItemLabels } from '../protocol/annotations/label-book.ts';
import type { Outcome } from '../protocol/annotations/outcome.ts';
import type { DatasetRow } from '../protocol/dataset.ts';
import { asStudioError } from '../protocol/errors.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import { wordsOf } from '../protocol/query/words.ts';
import type { RunSummary } from '../protocol/run-state.ts';
import type { RowLabel } from './label-file.ts';
import { MediaPlaces } from './media-places.ts';
import type { RunPlan } from './plan.ts';

export type Subject = Pick<RowLabel, 'row' | 'hash'>;

/** What is said in a project, as far as a run heeds it. */
export interface Heeded {
  readonly labels: readonly RowLabel[];
  /** Hashes of texts of which anything is said, by the row's id; none where labels are not about a row's text. */
  readonly texts: ReadonlyMap<string | null, ReadonlySet<string>>;
  /** What of it can't be heeded, in sentences. */
  readonly troubles: readonly string[];
}

export interface Heeding {
  /** What labels name in a row; null where there is nothing to name. */
  subjectOf(row: DatasetRow): Subject | null;
  said(folder: LabelFolder, dataset: Dataset): Promise<Heeded>;
}

export function heedingOf(plan: Pick<RunPlan, 'dataset' | 'paths'>, run: RunSummary): Heeding {
  return run.method === 'sft' ? ofTexts(plan) : ofQuestions(plan, run.parameters);
}

/** Verdicts on chains of thought, by the row's id and the text's hash. */
const ofTexts = (plan: Pick<RunPlan, 'dataset' | 'paths'>): Heeding => ({
  subjectOf(row) {
    const text = judgedText(row);
    return text === null ? null : { row: rowId(row), hash: textHash(text) };
  },
  async said(folder, dataset) {
    const names = new Set([plan.dataset, ...dataset.files].flatMap((file) => nameIn(plan.paths.project, file)));
    const labels = [...judgedRows(folder.book, names)].flatMap(([row, ofRow]) =>
      [...ofRow].flatMap(([hash, { outcome }]) => {
        const heeded = heededOfText(outcome);
        return heeded === null ? [] : [{ row, hash, ...heeded }];
      }),
    );
    return { labels, texts: textsOf(folder, names), troubles: [] };
  },
});

function textsOf({ book }: LabelFolder, datasets: ReadonlySet<string>): Heeded['texts'] {
  const texts = new Map<string | null, Set<string>>();
  for (const key of book.keys()) {
    const { item, flags, outcome } = book.get(key) as ItemLabels;
    if (item.kind !== 'row' || !datasets.has(item.dataset) || (flags.length === 0 && outcome.state === 'none'))
      continue;
    texts.set(item.row, (texts.get(item.row) ?? new Set()).add(item.hash));
  }
  return texts;
}

/**
 * Of questions, by what was asked of which video or image, so that rollouts of other runs and rows of other datasets count too.
 * Videos and images are told apart by where they lie, as `MediaPlaces` says.
 */
function ofQuestions(
  plan: Pick<RunPlan, 'dataset' | 'paths'>,
  { leaveOutDropped }: Pick<ParameterValues, 'leaveOutDropped'>,
): Heeding {
  const media = new MediaPlaces(plan);
  return {
    subjectOf: ({ problem, options, path }) => ({
      row: null,
      hash: questionHash(problem, options, media.ofOwnRow(path)),
    }),
    async said(folder) {
      const labels = new Map<string, RowLabel>();
      let unknown = 0;
      for (const key of folder.book.keys()) {
        const heeded = heededOfQuestion(folder.book.get(key) as ItemLabels, leaveOutDropped);
        if (heeded.length === 0) continue;
        try {
          const { item, question, options, media: named } = await folder.readItem(key);
          const hash = questionHash(question, options, await media.ofItem(item, named[0] ?? ''));
          for (const one of heeded) labels.set(JSON.stringify([hash, one]), { row: null, hash, ...one });
        } catch (thrown) {
          const { kind } = asStudioError(thrown);
          if (kind !== 'not-found' && kind !== 'conflict') throw thrown;
          unknown++;
        }
      }
      const troubles =
        unknown === 0
          ? []
          : [
              `Labels of ${unknown} ${unknown === 1 ? 'answer or row' : 'answers and rows'} are not heeded: no label file says soundly what was asked there.`,
            ];
      return { labels: [...labels.values()], texts: new Map(), troubles };
    },
  };
}

/** @param media its place */
const questionHash = (problem: string, options: readonly string[], media: string): string =>
  textHash(JSON.stringify([problem, options, media]));

function heededOfText(outcome: Outcome): Pick<RowLabel, 'state' | 'text'> | null {
  if (outcome.state === 'none') return null;
  if (outcome.state === 'disputed') return { state: 'disputed', text: null };
  if (outcome.verdict === 'keep') return null;
  if (outcome.verdict === 'drop') return { state: 'leftOut', text: null };
  return outcome.fixed === null ? { state: 'unfixed', text: null } : { state: 'fixed', text: outcome.fixed };
}

function heededOfQuestion(
  { outcome, flags }: ItemLabels,
  leaveOutDropped: boolean,
): Pick<RowLabel, 'state' | 'text'>[] {
  const quotes = new Set(flags.flatMap(({ span }) => (span === null ? [] : [span.quote])));
  const flagged = [...quotes].filter((quote) => wordsOf(quote).length > 0);
  return [
    ...(leaveOutDropped && outcome.state === 'disputed' ? [{ state: 'disputed' as const, text: null }] : []),
    ...(leaveOutDropped && 'verdict' in outcome && outcome.verdict === 'drop'
      ? [{ state: 'leftOut' as const, text: null }]
      : []),
    ...flagged.map((text) => ({ state: 'flagged' as const, text })),
  ];
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
