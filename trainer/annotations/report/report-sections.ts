/** A report of labels as titled tables of words: what the text in a terminal and the page both show. */
import type { Categories } from '../../protocol/annotations/categories.ts';
import { type Interval, type Measure, undefinedBecause } from '../agreement/measure.ts';
import type { Score } from '../agreement/suggestions.ts';
import type { LabelReport } from './label-report.ts';

export interface ReportSection {
  readonly title: string;
  /** What is to be known for reading it, as a sentence; empty where nothing is. */
  readonly note: string;
  /** The first column names the row; numbers stand in those that `numeric` counts, from the second on. */
  readonly head: readonly string[];
  readonly numeric: number;
  /** None are told by `empty`. */
  readonly rows: readonly (readonly string[])[];
  readonly empty: string;
}

const number = (value: number) => value.toLocaleString('en-US');
const decimal = (value: number) => value.toFixed(3).replace('-', '−');

/** `0.612 [0.501, 0.704]`; what does not exist is said with its reason. */
function measured(measure: Measure, interval: Interval): string {
  if (measure.value === null) return `undefined: ${undefinedBecause[measure.why]}`;
  if (interval.low === null) return `${decimal(measure.value)}, no interval: ${undefinedBecause[interval.why]}`;
  return `${decimal(measure.value)} [${decimal(interval.low)}, ${decimal(interval.high)}]`;
}

function share(score: Score): string {
  if (score.share === null) return `undefined: ${undefinedBecause[score.why]}`;
  return `${decimal(score.share)} [${decimal(score.low)}, ${decimal(score.high)}]`;
}

const pairOf = ({ first, second }: { readonly first: string; readonly second: string }) => `${first} and ${second}`;

/** @param mostDisagreements are shown; the title says how many there are */
export function reportSections(
  report: LabelReport,
  categories: Categories,
  mostDisagreements: number,
): readonly ReportSection[] {
  const { outcomes, agreement } = report;
  const nameOf = (category: string) => categories.named(category).name;
  return [
    {
      title: 'Verdicts',
      note: 'Of each item the one that training obeys: the settled one, else the one that all its authors share.',
      head: ['verdict', 'items'],
      numeric: 1,
      rows: Object.entries(outcomes).map(([name, count]) => [name, number(count)]),
      empty: '',
    },
    {
      title: 'Annotators',
      note: '',
      head: ['annotator', 'items', 'flags', 'keep', 'fix', 'drop', 'flagged without verdict'],
      numeric: 6,
      rows: report.authors.map(({ author, items, flags, keep, fix, drop, drafts }) => [
        author,
        ...[items, flags, keep, fix, drop, drafts].map(number),
      ]),
      empty: 'Nobody has labelled anything yet.',
    },
    {
      title: 'Categories',
      note: '',
      head: ['category', 'flags', 'items', 'major', 'minor', 'of a span'],
      numeric: 5,
      rows: report.categories.map(({ name, flags, items, major, minor, spans }) => [
        name,
        ...[flags, items, major, minor, spans].map(number),
      ]),
      empty: 'Nobody has flagged anything yet.',
    },
    {
      title: 'Sources',
      note: '',
      head: ['source', 'items', 'flags', 'verdicts'],
      numeric: 3,
      rows: report.sources.map(({ kind, source, items, flags, verdicts }) => [
        kind === 'row' ? `dataset ${source}` : `run ${source}`,
        ...[items, flags, verdicts].map(number),
      ]),
      empty: 'There are none.',
    },
    {
      title: 'Where flags come from',
      note: '',
      head: ['from', 'flags'],
      numeric: 1,
      rows: report.flagsFrom.map(({ detector, flags }) => [
        detector === null ? 'people by themselves' : `suggested by ${detector}, and accepted`,
        number(flags),
      ]),
      empty: 'There are none.',
    },
    {
      title: 'Over time',
      note: 'Days in UTC.',
      head: ['day', 'flags', 'verdicts'],
      numeric: 2,
      rows: report.days.map(({ day, flags, verdicts }) => [day, number(flags), number(verdicts)]),
      empty: 'There are none.',
    },
    {
      title: 'Agreement on verdicts and categories',
      note: "Krippendorff's alpha over all and Cohen's kappa of each pair, with intervals of 95 %, over items with a verdict of both.",
      head: ['question', 'items', 'whom', 'agreement beyond chance'],
      numeric: 1,
      rows: [{ ...agreement.verdict, question: 'verdict' }]
        .concat(agreement.categories.map((one) => ({ ...one, question: nameOf(one.category) })))
        .flatMap(({ question, overall, pairs }) => [
          [question, number(overall.items), 'all', `alpha ${measured(overall.alpha, overall.interval)}`],
          ...pairs.map((pair) => [
            question,
            number(pair.items),
            pairOf(pair),
            `kappa ${measured(pair.kappa, pair.interval)}`,
          ]),
        ]),
      empty: '',
    },
    {
      title: 'Agreement on spans',
      note: 'F1 of spans of the same category, matched one to one; exact: both ends are the same.',
      head: ['pair', 'items', 'category', 'matched', 'F1'],
      numeric: 1,
      rows: agreement.spans.flatMap((pair) => [
        [pairOf(pair), number(pair.items), 'all', pair.matching, measured(pair.overall.f1, pair.overall.interval)],
        ...pair.categories
          .filter(({ both, onlyFirst, onlySecond }) => both + onlyFirst + onlySecond > 0)
          .map(({ category, f1, interval }) => [
            pairOf(pair),
            number(pair.items),
            nameOf(category),
            pair.matching,
            measured(f1, interval),
          ]),
      ]),
      empty: 'There is one annotator at most.',
    },
    {
      title: `Disagreements to settle: ${number(report.disagreements.length)}`,
      note:
        report.disagreements.length > mostDisagreements
          ? `The first ${number(mostDisagreements)}, most disputed first.`
          : '',
      head: ['item', 'verdicts', 'flagged by some and not by others'],
      numeric: 0,
      rows: report.disagreements
        .slice(0, mostDisagreements)
        .map(({ about, verdicts, categories: disputed }) => [
          about,
          verdicts.map(({ author, verdict }) => `${author}: ${verdict}`).join('; '),
          disputed.map(({ category, flaggedBy }) => `${nameOf(category)} (${flaggedBy.join(', ')})`).join('; '),
        ]),
      empty: 'Nothing is disputed.',
    },
    {
      title: 'Suggestions',
      note: 'How often people accept what a detector suggests, with the interval of 95 %.',
      head: ['detector', 'accepted', 'answered', 'precision'],
      numeric: 2,
      rows: report.detectors.map(({ detector, accepted, answered, precision }) => [
        detector,
        number(accepted),
        number(answered),
        share(precision),
      ]),
      empty: 'No suggestion has been answered.',
    },
  ];
}
