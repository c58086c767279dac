/** Agreement as it is sent to pages. */
import type { AgreementShown, Measured } from '../../protocol/annotations/agreement.ts';
import type { Categories } from '../../protocol/annotations/categories.ts';
import { authorLine, authorOf } from '../../protocol/annotations/entries.ts';
import type { LabelBook } from '../../protocol/annotations/label-book.ts';
import { agreementOf, agreementSeed, type NominalAgreement, type PairSpanAgreement } from './agreement.ts';
import { disagreements } from './disagreements.ts';
import { labelsForAgreement } from './from-labels.ts';
import { type Interval, type Measure, undefinedBecause } from './measure.ts';

/** @param items keys of those that are asked about */
export function agreementShownOf(book: LabelBook, categories: Categories, items: Iterable<string>): AgreementShown {
  const { judgements, settled } = labelsForAgreement(book, items);
  const flagged = new Set(judgements.flatMap(({ marks }) => marks.map(({ category }) => category)));
  const inOrder = categories.all.map(({ id }) => id).filter((id) => flagged.has(id));
  const { authors, verdict, categories: byCategory, spans } = agreementOf(judgements, inOrder, agreementSeed);
  const exact = spans.filter(({ matching }) => matching === 'exact');
  const overlapping = spans.filter(({ matching }) => matching === 'overlapping');
  return {
    authors: authors.map(lineOf),
    subjects: [
      { category: null, ...nominalShown(verdict) },
      ...byCategory.map((one) => ({ category: one.category, ...nominalShown(one) })),
    ],
    spans: exact.map((one, place) => ({
      ...{ first: lineOf(one.first), second: lineOf(one.second) },
      ...{ exact: f1Of(one), overlapping: f1Of(overlapping[place] ?? one) },
    })),
    toSettle: disagreements(judgements, settled).length,
  };
}

const lineOf = (key: string) => authorLine(authorOf(key));

const nominalShown = ({ overall, pairs }: NominalAgreement) => ({
  alpha: measuredOf(overall.alpha, overall.interval, overall.items),
  pairs: pairs.map(({ first, second, kappa, interval, items }) => ({
    ...{ first: lineOf(first), second: lineOf(second), kappa: measuredOf(kappa, interval, items) },
  })),
});

const f1Of = ({ overall, items }: PairSpanAgreement) => measuredOf(overall.f1, overall.interval, items);

function measuredOf(measure: Measure, interval: Interval, items: number): Measured {
  const none = { low: null, high: null, items };
  if (measure.value === null) return { value: null, ...none, why: undefinedBecause[measure.why] };
  if (interval.low === null) return { value: measure.value, ...none, why: undefinedBecause[interval.why] };
  const { low, high } = interval;
  return { value: measure.value, low, high, items, why: null };
}
