/** What people change of the questions that a run asks, from its next step on. */
import type { CommandChange, CommandRequest } from '../protocol/commands.ts';
import { StudioError } from '../protocol/errors.ts';
import type { RunJournal } from './run-journal.ts';
import type { Workbench } from './workbench.ts';

export type ChangeOfQuestions = Extract<CommandRequest, { kind: 'skip' | 'mix' }>;

/** In the order of the rows. */
export function skippedAfter(
  before: readonly number[] = [],
  { row, skipped }: Pick<Extract<ChangeOfQuestions, { kind: 'skip' }>, 'row' | 'skipped'>,
): number[] {
  const others = before.filter((one) => one !== row);
  return skipped ? [...others, row].sort((a, b) => a - b) : others;
}

/**
 * Of a run in memory.
 * @throws StudioError before anything is another: `not-found` for a row that the dataset does not have; `bad-run-file` for weights that
 *   do not fit its sources
 */
export function changeQuestions(
  request: ChangeOfQuestions,
  { questions, order }: Pick<Workbench, 'questions' | 'order'>,
  journal: RunJournal,
): CommandChange {
  if (request.kind === 'mix') {
    const from = journal.summary.sourceWeights ?? null;
    order.weigh(request.weights);
    journal.know({ sourceWeights: request.weights });
    return { from, to: request.weights };
  }
  const { count } = questions.dataset;
  if (request.row >= count)
    throw new StudioError('not-found', `There is no row ${request.row}: the dataset has ${count}, counted from 0.`, {
      place: questions.datasetName,
    });
  const skippedRows = skippedAfter(journal.summary.skippedRows, request);
  questions.skip(skippedRows);
  journal.know({ skippedRows });
  return null;
}
