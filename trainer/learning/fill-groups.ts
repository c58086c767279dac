/**
 * The groups of a step. With `fillFlatGroups`, as DAPO's dynamic sampling (arXiv 2503.14476, section 3.2): groups whose rewards are
 * all equal are left out of the update, and further questions are asked in their place, in rounds. Which questions follows from the
 * run's order alone, and answers from seed, step and the number of the question in the step, so that a step that is made again asks
 * and answers the same.
 */
import { groupAdvantages } from '../advantages/advantages.ts';
import type { StepMetrics } from '../protocol/records.ts';
import { type DrawnGroup, drawGroups, type GroupSampling } from './sampling.ts';
import { type Training, timed } from './training.ts';

export interface FilledGroups {
  /** All that were drawn, in the order in which their questions were asked. */
  readonly drawn: readonly DrawnGroup[];
  /** Those of them that are left out of the update because they are flat; none without `fillFlatGroups`. */
  readonly leftOut: ReadonlySet<DrawnGroup>;
}

const isFlat = ({ scores }: DrawnGroup, { parameters }: GroupSampling) =>
  groupAdvantages(scores.ordered, scores.shuffled, parameters).flat;

/**
 * Draws groups until there are `questionsPerStep` that are not flat, in at most `maxSamplingRounds` rounds, each of as many questions
 * as are missing. Where some are still missing the step goes on with what there is, and it is said.
 * @throws Interrupted, or as the engine does
 */
export async function fillGroups(
  training: Pick<Training, 'nextQuestions' | 'onNotice'>,
  how: GroupSampling,
  durations: StepMetrics['durations'],
): Promise<FilledGroups> {
  const { questionsPerStep, fillFlatGroups, maxSamplingRounds } = how.parameters;
  const drawn: DrawnGroup[] = [];
  const leftOut = new Set<DrawnGroup>();
  const missing = () => questionsPerStep - (drawn.length - leftOut.size);
  let round = 0;
  do {
    const questions = await timed(durations, 'decode', () => training.nextQuestions(missing()));
    const numbers = questions.map((_, i) => drawn.length + i);
    const groups = await drawGroups(questions, { ...how, numbers }, durations);
    drawn.push(...groups);
    if (fillFlatGroups) for (const group of groups) if (isFlat(group, how)) leftOut.add(group);
    round++;
  } while (fillFlatGroups && missing() > 0 && round < maxSamplingRounds);
  if (fillFlatGroups && missing() > 0)
    training.onNotice(shortSentence(how.step, round, drawn.length, drawn.length - leftOut.size, questionsPerStep));
  return { drawn, leftOut };
}

/** @param kept groups that are not flat */
function shortSentence(step: number, rounds: number, drawn: number, kept: number, wanted: number): string {
  const after = rounds === 1 ? 'one round' : `${rounds} rounds`;
  const goesOn = kept === 0 ? 'nothing is learned in it' : `the update is made of ${kept === 1 ? 'it' : 'these'}`;
  return `Step ${step}: after ${after} of sampling (maxSamplingRounds) rewards differ in ${kept} of the ${wanted} groups that a step takes; ${goesOn}. ${drawn - kept} of ${drawn} questions are left out because their answers were all paid alike.`;
}
