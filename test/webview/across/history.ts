/** Groups of a question's history for tests: what is given replaces what would stand there. */
import type { HistoryAnswer, HistoryGroup } from '../../../trainer/protocol/questions.ts';

/** Answers by their accuracies, those on shuffled frames after those on ordered ones; the nth has 10 + n tokens. */
export function historyAnswers(
  groupId: string,
  ordered: readonly number[],
  shuffled: readonly number[] = [],
): HistoryAnswer[] {
  const of = (accuracies: readonly number[], order: HistoryAnswer['order']) =>
    accuracies.map((accuracy, index) => ({
      ...{ rolloutId: `${groupId}-${order[0]}${index}`, order, index, answer: 'B', accuracy, correct: accuracy === 1 },
      ...{ reward: accuracy, advantage: 0, tokenCount: 10 + index, tier: 0 },
    }));
  return [...of(ordered, 'ordered'), ...of(shuffled, 'shuffled')];
}

/** Of the time of its step, in seconds. */
export function historyGroup(step: number, given: Partial<HistoryGroup> = {}): HistoryGroup {
  const groupId = given.groupId ?? `s${step}`;
  return {
    ...{ step, purpose: 'train', at: step * 1000, superseded: null, temporal: null },
    answers: historyAnswers(groupId, [1, 0]),
    ...given,
    groupId,
  };
}
