/** Rows of the table of shares: what was changed, and how many of its answers are right. */
import type { Experiment, RightOf } from '../../trainer/protocol/ask.ts';
import { weightsWords } from '../../trainer/protocol/ask-words.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import styles from './share-rows.module.css';

export const rightOf = (answers: readonly { readonly correct: boolean }[]): RightOf => ({
  right: answers.filter(({ correct }) => correct).length,
  total: answers.length,
});

/** One row, and where several weights were asked one below it for each. */
export function AskRows({
  experiment: { number, parts },
  runId,
  title,
  strong,
}: {
  experiment: Experiment;
  runId: string;
  title: string;
  strong: boolean;
}) {
  const [first] = parts;
  if (parts.length === 1 && first)
    return <Share number={String(number)} words={title} right={rightOf(first.answers)} strong={strong} />;
  return (
    <>
      <Share number={String(number)} words={title} right={null} strong={strong} />
      {parts.map(({ weights, answers }, i) => (
        <Share key={i} number="" words={weightsWords(weights, runId)} right={rightOf(answers)} strong={strong} sub />
      ))}
    </>
  );
}

export function Share({
  number,
  words,
  right,
  strong = false,
  sub = false,
}: {
  number: string;
  words: string;
  /** Null where the rows below it have them. */
  right: RightOf | null;
  strong?: boolean;
  sub?: boolean;
}) {
  return (
    <tr class={strong ? styles.newest : undefined}>
      <td class="num">{number}</td>
      <td class={`${styles.words} ${sub ? styles.sub : ''}`}>{shownLine(words, 300)}</td>
      <td>{right && <Bar right={right} />}</td>
      <td class="num">{right && `${right.right}/${right.total}`}</td>
    </tr>
  );
}

function Bar({ right: { right, total } }: { right: RightOf }) {
  return (
    <svg width="100%" height="8" aria-hidden="true">
      <rect class={styles.slot} width="100%" height="8" />
      <rect class={styles.bar} width={`${total === 0 ? 0 : (100 * right) / total}%`} height="8" />
    </svg>
  );
}
