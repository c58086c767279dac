/**
 * A group whose rewards are all equal is flat: no answer has an advantage, and nothing is learned of it. Here is which groups
 * are, and the one reason that each of them has.
 */
import { fractionText, isExact } from './correctness.ts';
import type { Group, GroupWithRollouts, RewardPart, Rollout } from './records.ts';

export const flatReasons = ['all right', 'all wrong', 'alike'] as const;
/**
 * `all right`: every answer is exact, and paid the same parts. `all wrong`: none has any accuracy, and all were paid the same
 * parts. `alike`: any other way to equal sums, as by fractions that are the same, or by parts that make up for each other.
 */
export type FlatReason = (typeof flatReasons)[number];

/** Two sums that are nearer than this are equal, as `normalise` has it. */
const equalWithin = 1e-9;

export const isFlat = ({ stats }: Pick<Group, 'stats'>): boolean => stats.std === 0;

type Answers = Pick<GroupWithRollouts, 'stats' | 'rollouts' | 'leftOut'>;

const trainedAnswers = ({ rollouts }: Answers) => rollouts.filter(({ order }) => order === 'ordered');
const partOf = ({ reward }: Rollout, name: RewardPart['name']) =>
  reward.parts.find((part) => part.name === name)?.value ?? 0;
const areAlike = (values: readonly number[]) => Math.max(...values) - Math.min(...values) < equalWithin;

/** Names of the parts that some answer was given, with what each answer got, in the order of the answers. */
function partsOf(answers: readonly Rollout[]): { name: RewardPart['name']; values: number[] }[] {
  const names = new Set(answers.flatMap(({ reward }) => reward.parts.map(({ name }) => name)));
  return [...names].map((name) => ({ name, values: answers.map((answer) => partOf(answer, name)) }));
}

/** Null for a group that is not flat, and for one without an ordered answer. */
export function flatReasonOf(group: Answers): FlatReason | null {
  const answers = trainedAnswers(group);
  if (!isFlat(group) || answers.length === 0) return null;
  if (!partsOf(answers).every(({ values }) => areAlike(values))) return 'alike';
  if (answers.every(({ accuracy }) => isExact(accuracy))) return 'all right';
  return answers.every(({ accuracy }) => accuracy === 0) ? 'all wrong' : 'alike';
}

const number = (value: number) => String(Number(value.toFixed(3)));

const replaced = 'It is left out of the update, and another question was asked in its place (fillFlatGroups).';

/** For people: why a flat group is flat, what is alike in it, and whether it was replaced. Null for a group that is not flat. */
export function flatSentence(group: Answers): string | null {
  const why = whyFlat(group);
  return why !== null && group.leftOut ? `${why} ${replaced}` : why;
}

function whyFlat(group: Answers): string | null {
  const reason = flatReasonOf(group);
  if (reason === null) return null;
  const answers = trainedAnswers(group);
  const parts = partsOf(answers);
  const total = number(group.stats.mean);
  const [first] = answers;
  if (answers.length === 1) return `One answer, ${total}: there is none to compare it with.`;
  const all = answers.length === 2 ? 'Both answers' : `All ${answers.length} answers`;
  const paid = parts.map(({ name, values }) => `${name} ${number(values[0] ?? 0)}`).join(' + ');
  const differing = parts.filter(({ values }) => !areAlike(values)).map(({ name }) => name);
  switch (reason) {
    case 'all right':
      return `${all} are right and were paid the same: ${paid} = ${total}.`;
    case 'all wrong':
      return `${all} are wrong and were paid the same: ${paid} = ${total}.`;
    case 'alike':
      return differing.length > 0
        ? `${all} come to ${total}, though ${differing.join(' and ')} differ: the parts make up for each other.`
        : `${all} are alike in every part, with an accuracy of ${fractionText(first?.accuracy ?? 0)} each: ${paid} = ${total}.`;
  }
}
