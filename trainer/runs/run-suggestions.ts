/** What detectors would flag in a run's answers, and what people say to it. */
import { detectorScores } from '../annotations/agreement/suggestions.ts';
import { authorOfSetting } from '../annotations/author.ts';
import type { LabelFolder } from '../annotations/label-folder.ts';
import { answerOf } from '../annotations/say.ts';
import { spanInSameText } from '../protocol/annotations/anchors.ts';
import { type AnswerEntry, authorKey, itemKey } from '../protocol/annotations/entries.ts';
import { suggestedFlags } from '../protocol/annotations/suggested-flags.ts';
import { StudioError } from '../protocol/errors.ts';
import type { GroupWithRollouts, Rollout, Span } from '../protocol/records.ts';
import type { Suggestion, SuggestionAnswerInput } from '../protocol/review-queue.ts';
import { patternSpan } from '../reasoning/pattern-spans.ts';
import type { RunLabels } from './run-labels.ts';
import type { SuggestionService } from './service.ts';

type Precision = ReadonlyMap<string, NonNullable<Suggestion['precision']>>;
type Suggested = Pick<Suggestion, 'detector' | 'category' | 'span' | 'says'>;

export class RunSuggestions implements SuggestionService {
  private readonly labels: RunLabels;
  /** Of all labels, which a person who goes from answer to answer would have counted again and again. */
  private scored: { readonly changes: number; readonly scores: Precision } | null = null;

  constructor(labels: RunLabels) {
    this.labels = labels;
  }

  async list(runId: string, rolloutId: string, by: string): Promise<Suggestion[]> {
    const author = authorKey(authorOfSetting(by));
    const { group, rollout, item } = this.labels.itemOf(runId, rolloutId);
    const labels = await this.labels.read();
    const answers = labels.book.get(itemKey(item))?.answers ?? [];
    const own = answers.filter((answer) => authorKey(answer.author) === author);
    const scores = this.precision(labels);
    return suggestedIn(group, rollout, labels).map((suggested) => {
      const answer = own.find(
        ({ detector, span }) => detector === suggested.detector && isAt(rollout, span, suggested),
      );
      return {
        ...suggested,
        answered: answer === undefined ? null : { accepted: answer.accepted, id: answer.id },
        precision: scores.get(suggested.detector) ?? null,
      };
    });
  }

  private precision(labels: LabelFolder): Precision {
    const { changes } = this.labels;
    if (this.scored?.changes !== changes) this.scored = { changes, scores: precisionOf(labels) };
    return this.scored.scores;
  }

  async answer(runId: string, said: SuggestionAnswerInput, by: string): Promise<{ ids: string[] }> {
    const author = authorOfSetting(by);
    const { group, rollout, item, content } = this.labels.itemOf(runId, said.rolloutId);
    const labels = await this.labels.read();
    const suggested = suggestedIn(group, rollout, labels).find(
      ({ detector, span }) => detector === said.detector && isSame(span, said.span),
    );
    if (suggested === undefined)
      throw new StudioError('not-found', `${said.detector} suggests nothing there in this answer.`, {
        place: said.rolloutId,
        remedy: 'Ask for its suggestions again: it may have been read anew since.',
      });
    const { severity } = labels.categories.named(suggested.category);
    const answer = { ...suggested, severity, accepted: said.accepted };
    const { entries, ids } = answerOf(answer, { item, content }, author, labels);
    await this.labels.append(labels, entries);
    return { ids: [...ids] };
  }
}

/** Without those of categories that the project does not offer. */
function suggestedIn(group: GroupWithRollouts, rollout: Rollout, { categories }: LabelFolder): Suggested[] {
  const offered = new Set(categories.offered.map(({ id }) => id));
  return (rollout.patterns ?? []).flatMap((detector) => {
    const flag = suggestedFlags[detector];
    if (flag === null || !offered.has(flag.category)) return [];
    return [{ detector, ...flag, span: patternSpan(detector, rollout, group) }];
  });
}

const isSame = (one: Span | null, other: Span | null) => one?.start === other?.start && one?.end === other?.end;

/** @param anchor of an answer about exactly this text */
const isAt = ({ text }: Rollout, anchor: AnswerEntry['span'], { span }: Suggested) =>
  anchor === null ? span === null : isSame(spanInSameText(text, anchor), span);

/** By detector: how many of the answers that stand accepted it. */
function precisionOf({ book }: LabelFolder): Precision {
  const answers = Array.from(book.keys()).flatMap((key) => book.get(key)?.answers ?? []);
  return new Map(
    detectorScores([], answers, []).map(({ detector, accepted, answered }) => [detector, { accepted, answered }]),
  );
}
