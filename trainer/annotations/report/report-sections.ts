/** A report of labels as titled tables of words: what the text in a terminal and the page both show. */
import type { Categories } from '../../protocol/annotations/categories.ts';
import { type Interval, type Measure, type Undefinedness, undefinedBecause } from '../agreement/measure.ts';
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

interface Measured {
  readonly f1: Measure;
  readonly interval: Interval;
}

const number = (value: number) => value.toLocaleString('en-US');
const decimal = (value: number) => value.toFixed(3).replace('-', '−');

/** What a cell says, and below the title the sentences for what its cells say in a word or two. */
class Cells {
  private readonly reasons = new Set<Undefinedness>();

  /** `0.612 [0.501, 0.704]`; what does not exist is said with its reason. */
  measured(measure: Measure, interval: Interval): string {
    if (measure.value === null) return `undefined: ${this.because(measure.why)}`;
    if (interval.low === null) return `${decimal(measure.value)}, no interval: ${this.because(interval.why)}`;
    return `${decimal(measure.value)} [${decimal(interval.low)}, ${decimal(interval.high)}]`;
  }

  share(score: Score): string {
    if (score.share === null) return `undefined: ${this.because(score.why)}`;
    return `${decimal(score.share)} [${decimal(score.low)}, ${decimal(score.high)}]`;
  }

  /** To be asked after the cells. */
  note(always: string): string {
    return [always, ...Array.from(this.reasons, (why) => `“${shortly(why)}”: ${undefinedBecause[why]}`)].join(' ');
  }

  private because(why: Undefinedness): string {
    this.reasons.add(why);
    return shortly(why);
  }
}

const shortly = (why: Undefinedness): string => why.replaceAll('-', ' ');

/** Authors by their name alone, where no other one has it. */
function shortNames(authors: readonly string[]): (author: string) => string {
  const nameIn = (author: string) => /^(.+) <[^<>]*>$/.exec(author)?.[1] ?? author;
  const names = authors.map(nameIn);
  const isAlone = (name: string) => names.indexOf(name) === names.lastIndexOf(name);
  const shortened = new Map(authors.map((author) => [author, nameIn(author)]));
  return (author) => {
    const name = shortened.get(author);
    return name !== undefined && isAlone(name) ? name : author;
  };
}

/** @param mostDisagreements are shown; the title says how many there are */
export function reportSections(
  report: LabelReport,
  categories: Categories,
  mostDisagreements: number,
): readonly ReportSection[] {
  const { outcomes, agreement } = report;
  const nameOf = (category: string) => categories.named(category).name;
  const who = shortNames(report.authors.map(({ author }) => author));
  const pairOf = ({ first, second }: { readonly first: string; readonly second: string }) =>
    `${who(first)} and ${who(second)}`;
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
    onItems(),
    onSpans(),
    {
      title: `Disagreements to settle: ${number(report.disagreements.length)}`,
      note: `Items on which verdicts, fixed texts or categories differ, most disputed first${
        report.disagreements.length > mostDisagreements ? `; the first ${number(mostDisagreements)} of them` : ''
      }.`,
      head: ['item', 'verdicts', 'flagged by some of them alone'],
      numeric: 0,
      rows: report.disagreements
        .slice(0, mostDisagreements)
        .map(({ about, verdicts, textsDiffer, categories: disputed }) => [
          about,
          [...Map.groupBy(verdicts, ({ verdict }) => verdict)]
            .map(([verdict, by]) => `${verdict}: ${by.map(({ author }) => who(author)).join(', ')}`)
            .join('; ')
            .concat(textsDiffer ? ', with different texts' : ''),
          disputed.map(({ category, flaggedBy }) => `${nameOf(category)}: ${flaggedBy.map(who).join(', ')}`).join('; '),
        ]),
      empty: 'Nothing is disputed.',
    },
    suggestions(),
  ];

  function onItems(): ReportSection {
    const cells = new Cells();
    const rows = [{ ...agreement.verdict, question: 'verdict' }]
      .concat(agreement.categories.map((one) => ({ ...one, question: nameOf(one.category) })))
      .flatMap(({ question, overall, pairs }) => [
        [question, number(overall.items), 'all', `alpha ${cells.measured(overall.alpha, overall.interval)}`],
        ...pairs.map((pair) => [
          question,
          number(pair.items),
          pairOf(pair),
          `kappa ${cells.measured(pair.kappa, pair.interval)}`,
        ]),
      ]);
    return {
      title: 'Agreement on verdicts and categories',
      note: cells.note(
        "Krippendorff's alpha over all and Cohen's kappa of each pair, with intervals of 95 %, over items with a verdict of both.",
      ),
      head: ['question', 'items', 'whom', 'agreement beyond chance'],
      numeric: 1,
      rows,
      empty: '',
    };
  }

  function onSpans(): ReportSection {
    const cells = new Cells();
    const exact = agreement.spans.filter(({ matching }) => matching === 'exact');
    const rows = exact.flatMap((pair) => {
      const overlapping = agreement.spans.find(
        (other) => other.matching === 'overlapping' && other.first === pair.first && other.second === pair.second,
      );
      const row = (of: string, one: Measured, other: Measured | undefined) => [
        pairOf(pair),
        number(pair.items),
        of,
        cells.measured(one.f1, one.interval),
        other === undefined ? '' : cells.measured(other.f1, other.interval),
      ];
      return [
        row('all', pair.overall, overlapping?.overall),
        ...pair.categories
          .filter(({ both, onlyFirst, onlySecond }) => both + onlyFirst + onlySecond > 0)
          .map((one) =>
            row(
              nameOf(one.category),
              one,
              overlapping?.categories.find(({ category }) => category === one.category),
            ),
          ),
      ];
    });
    return {
      title: 'Agreement on spans',
      note: cells.note(
        'F1 of spans of the same category, matched one to one, where both ends are the same and where the spans overlap.',
      ),
      head: ['pair', 'items', 'category', 'F1, same ends', 'F1, overlapping'],
      numeric: 1,
      rows,
      empty: 'There is one annotator at most.',
    };
  }

  function suggestions(): ReportSection {
    const cells = new Cells();
    const rows = report.detectors.map(({ detector, accepted, answered, precision }) => [
      detector,
      number(accepted),
      number(answered),
      cells.share(precision),
    ]);
    return {
      title: 'Suggestions',
      note: cells.note('How often people accept what a detector suggests, with the interval of 95 %.'),
      head: ['detector', 'accepted', 'answered', 'precision'],
      numeric: 2,
      rows,
      empty: 'No suggestion has been answered.',
    };
  }
}
