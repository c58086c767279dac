/** What people change of the questions that a run asks, from its next step on. */
import { type CommandChange, type CommandRequest, commands } from '../protocol/commands.ts';
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

/** @throws StudioError as `changeQuestions` does for what can be told before a step begins */
export function demandPossible(
  request: ChangeOfQuestions,
  { questions, order }: Pick<Workbench, 'questions' | 'order'>,
): void {
  if (request.kind === 'mix') return void order.demandFitting(request.weights);
  const { count } = questions.dataset;
  if (request.row >= count)
    throw new StudioError('not-found', `There is no row ${request.row}: the dataset has ${count}, counted from 0.`, {
      place: questions.datasetName,
    });
}

/**
 * Of a run in memory.
 * @param position in the order of questions, from which on they are asked
 * @throws StudioError and then nothing is another: `not-found` for a row that the dataset does not have; `conflict` for one that was
 *   skipped, or not, meanwhile; `bad-run-file` for weights that do not fit its sources; `bad-dataset` where no question would be left
 */
export function changeQuestions(
  request: ChangeOfQuestions,
  { questions, order }: Pick<Workbench, 'questions' | 'order'>,
  journal: Pick<RunJournal, 'know' | 'summary'>,
  position: number,
): CommandChange {
  const { summary } = journal;
  const { imageShare } = summary.parameters;
  demandPossible(request, { questions, order });
  const demandAny = () => {
    order.check(imageShare);
    questions.demandAny((at) => order.at(at, imageShare), position);
  };
  if (request.kind === 'mix') {
    const before = order.sourceWeights;
    order.weigh(request.weights);
    orBack(demandAny, () => order.weigh(before));
    journal.know({ sourceWeights: request.weights });
    return { from: summary.sourceWeights ?? null, to: request.weights };
  }
  // Two may have asked for the same before it was due.
  const why = commands.skip.refuse?.(request, summary) ?? null;
  if (why !== null) throw new StudioError('conflict', `${why}.`);
  const skippedRows = skippedAfter(summary.skippedRows, request);
  questions.skip(skippedRows);
  orBack(demandAny, () => questions.skip(summary.skippedRows ?? []));
  journal.know({ skippedRows });
  return null;
}

function orBack(demand: () => void, back: () => void): void {
  try {
    demand();
  } catch (thrown) {
    back();
    throw thrown;
  }
}
