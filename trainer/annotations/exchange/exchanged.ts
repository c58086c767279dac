/**
 * What other labelling tools and this project have in common: items with a text, and what people say of them. The two sides
 * meet here, so that a tool's form knows nothing of label files and these nothing of it.
 */
import type { Span, Verdict } from '../../protocol/records.ts';

export interface ExchangedAuthor {
  /** The tool's own name for the person, which stays the same within a file; null where what the project wrote says who it is. */
  readonly id: string | null;
  readonly name: string | null;
  readonly email: string | null;
}

export interface ExchangedFlag {
  /** The id of the entry or region, by which one that came from here is known again; null where the tool has none. */
  readonly id: string | null;
  readonly category: string;
  /** In UTF-16 code units of the text; null flags the whole item. */
  readonly span: Span | null;
  /** Null where the tool says nothing of it. */
  readonly severity: 'minor' | 'major' | null;
  readonly note: string | null;
  /** The detector or model whose suggestion was accepted. */
  readonly from: string | null;
}

export interface ExchangedVerdict {
  /** As a flag's. */
  readonly id: string | null;
  readonly verdict: Verdict;
  /** The corrected text, which has more than blanks. */
  readonly fixed: string | null;
}

/** What one person says of one item. */
export interface ExchangedJudgement {
  readonly author: ExchangedAuthor;
  /** ISO 8601; null where the tool does not say. */
  readonly at: string | null;
  readonly verdict: ExchangedVerdict | null;
  readonly flags: readonly ExchangedFlag[];
  /** What was asked and answered: only of that something can be missing. */
  readonly answered: { readonly spans: boolean; readonly whole: boolean; readonly verdict: boolean };
  /** Where in the file it stands, for what is told of it. */
  readonly place: string;
}

export interface ExchangedItem {
  readonly place: string;
  /** The text that is judged. */
  readonly text: string;
  /** What is shown beside it: question, options, solution, answer. */
  readonly shown: Readonly<Record<string, string>>;
  readonly judgements: readonly ExchangedJudgement[];
  /** Those whose judgement is there and is left out, as it says nothing yet. */
  readonly silent: readonly ExchangedAuthor[];
  /** Whether the file says that no other judgement is there; only then what is missing was deleted. */
  readonly isWhole: boolean;
  /** Label entries of this project that travel with the item, as they stand in label files; none in what others made. */
  readonly entries: readonly unknown[];
}

/** Of a form that always says all there is. */
export const answeredAll = { spans: true, whole: true, verdict: true } as const;

/** One that the other tool can know again by a name that stays the same. */
export type IdentifiedItem = ExchangedItem & { readonly id: string };
