/** What detectors found in a text as flags that are suggested, with what people say to them. */
import { spanInSameText } from '../protocol/annotations/anchors.ts';
import type { Categories } from '../protocol/annotations/categories.ts';
import { type AnswerEntry, type Author, authorKey, type Item } from '../protocol/annotations/entries.ts';
import type { LabelBook } from '../protocol/annotations/label-book.ts';
import { suggestedFlags } from '../protocol/annotations/suggested-flags.ts';
import type { PatternName } from '../protocol/patterns.ts';
import type { Span } from '../protocol/records.ts';
import type { Suggestion } from '../protocol/review-queue.ts';
import type { LabelFolder } from './label-folder.ts';
import { type AnsweredSuggestion, answerOf, type ItemContent, type Said } from './say.ts';

/** What a detector found; null is the whole. */
export interface FoundPattern {
  readonly detector: PatternName;
  readonly span: Span | null;
}

export type Suggested = Pick<Suggestion, 'detector' | 'category' | 'span' | 'says'>;

/** By detector: how many of the answers that stand accepted it. */
export type Precision = ReadonlyMap<string, NonNullable<Suggestion['precision']>>;

/** Without those of categories that the project does not offer. */
export function suggestedOf(found: readonly FoundPattern[], { offered }: Categories): Suggested[] {
  const known = new Set(offered.map(({ id }) => id));
  return found.flatMap(({ detector, span }) => {
    const flag = suggestedFlags[detector];
    return flag === null || !known.has(flag.category) ? [] : [{ detector, ...flag, span }];
  });
}

/** @param answers that stand, about exactly this text. @param author of whom each says what the answer is */
export function withAnswers(
  suggested: readonly Suggested[],
  {
    text,
    answers,
    author,
  }: { readonly text: string; readonly answers: readonly AnswerEntry[]; readonly author: Author },
  precision: Precision,
): Suggestion[] {
  const own = answers.filter((answer) => authorKey(answer.author) === authorKey(author));
  return suggested.map((one) => {
    const answer = own.find(({ detector, span }) => detector === one.detector && isAt(text, span, one));
    return {
      ...one,
      answered: answer === undefined ? null : { accepted: answer.accepted, id: answer.id },
      precision: precision.get(one.detector) ?? null,
    };
  });
}

export function precisionIn(book: LabelBook): Precision {
  const answers = Array.from(book.keys()).flatMap((key) => book.get(key)?.answers ?? []);
  const given = Map.groupBy(answers, ({ detector }) => detector);
  return new Map(
    Array.from(given, ([detector, own]) => [
      detector,
      { accepted: own.filter(({ accepted }) => accepted).length, answered: own.length },
    ]),
  );
}

/** @returns null where nothing of the kind is suggested */
export function answered(
  suggested: readonly Suggested[],
  said: Pick<AnsweredSuggestion, 'detector' | 'span' | 'accepted'>,
  about: { readonly item: Item; readonly content: ItemContent },
  author: Author,
  labels: LabelFolder,
): Said | null {
  const one = suggested.find(({ detector, span }) => detector === said.detector && isSame(span, said.span));
  if (one === undefined) return null;
  const { severity } = labels.categories.named(one.category);
  return answerOf({ ...one, severity, accepted: said.accepted }, about, author, labels);
}

const isSame = (one: Span | null, other: Span | null) => one?.start === other?.start && one?.end === other?.end;

const isAt = (text: string, anchor: AnswerEntry['span'], { span }: Suggested) =>
  anchor === null ? span === null : isSame(spanInSameText(text, anchor), span);
