/** How a question is known by its content, and what a group keeps beside it so that none of its rollouts need be looked at. */
import { hash } from 'node:crypto';
import type { Group, Question, Rollout } from '../protocol/records.ts';
import type { Value } from './query-sql.ts';

/** The key of a question's content: the same in every run, wherever the dataset's file lies. */
export function questionKeyOf(question: Question): string {
  const { problem, options, solution, problemType, dataType, path } = question;
  const medium = path.replaceAll('\\', '/').replace(/^(\.\/)+/, '');
  const content = [problem, options, solution, problemType, dataType, medium];
  return hash('sha256', JSON.stringify(content), 'hex').slice(0, 24);
}

/** Columns of `groups`: the question's key, then counts and means of the answers on ordered frames. */
export const askedColumns = ['asked', 'answers', 'right_answers', 'accuracy', 'reward', 'length'] as const;

export function askedValues(group: Pick<Group, 'question'>, rollouts: readonly Rollout[]): Value[] {
  const ordered = rollouts.filter(({ order }) => order === 'ordered');
  const mean = (of: (rollout: Rollout) => number) =>
    ordered.length === 0 ? null : ordered.reduce((sum, rollout) => sum + of(rollout), 0) / ordered.length;
  return [
    questionKeyOf(group.question),
    ordered.length,
    ordered.filter(({ correct }) => correct).length,
    mean(({ accuracy }) => accuracy),
    mean(({ reward }) => reward.total),
    mean(({ tokenCount }) => tokenCount),
  ];
}
