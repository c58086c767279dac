/** What detectors would flag in a run's answers, and what people say to it. */
import { authorOfSetting } from '../annotations/author.ts';
import type { LabelFolder } from '../annotations/label-folder.ts';
import {
  answered,
  type Precision,
  precisionIn,
  type Suggested,
  suggestedOf,
  withAnswers,
} from '../annotations/suggestions.ts';
import { itemKey } from '../protocol/annotations/entries.ts';
import { StudioError } from '../protocol/errors.ts';
import type { GroupWithRollouts, Rollout } from '../protocol/records.ts';
import type { Suggestion, SuggestionAnswerInput } from '../protocol/review-queue.ts';
import { patternSpan } from '../reasoning/pattern-spans.ts';
import type { RunLabels } from './run-labels.ts';
import type { SuggestionService } from './service.ts';

export class RunSuggestions implements SuggestionService {
  private readonly labels: RunLabels;
  /** Of all labels, which a person who goes from answer to answer would have counted again and again. */
  private scored: { readonly changes: number; readonly scores: Precision } | null = null;

  constructor(labels: RunLabels) {
    this.labels = labels;
  }

  async list(runId: string, rolloutId: string, by: string): Promise<Suggestion[]> {
    const author = authorOfSetting(by);
    const { group, rollout, item } = this.labels.itemOf(runId, rolloutId);
    const labels = await this.labels.read();
    const answers = labels.book.get(itemKey(item))?.answers ?? [];
    const { text } = rollout;
    return withAnswers(suggestedIn(group, rollout, labels), { text, answers, author }, this.precision(labels));
  }

  private precision({ book }: LabelFolder): Precision {
    const { changes } = this.labels;
    if (this.scored?.changes !== changes) this.scored = { changes, scores: precisionIn(book) };
    return this.scored.scores;
  }

  async answer(runId: string, said: SuggestionAnswerInput, by: string): Promise<{ ids: string[] }> {
    const author = authorOfSetting(by);
    const { group, rollout, item, content } = this.labels.itemOf(runId, said.rolloutId);
    const labels = await this.labels.read();
    const written = answered(suggestedIn(group, rollout, labels), said, { item, content }, author, labels);
    if (written === null)
      throw new StudioError('not-found', `${said.detector} suggests nothing there in this answer.`, {
        place: said.rolloutId,
        remedy: 'Ask for its suggestions again: it may have been read anew since.',
      });
    await this.labels.append(labels, written.entries);
    return { ids: [...written.ids] };
  }
}

function suggestedIn(group: GroupWithRollouts, rollout: Rollout, { categories }: LabelFolder): Suggested[] {
  const found = (rollout.patterns ?? []).map((detector) => ({ detector, span: patternSpan(detector, rollout, group) }));
  return suggestedOf(found, categories);
}
