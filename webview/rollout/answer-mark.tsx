/** Beside an answer: a tick when it is exact, a cross when it earned nothing, else how near it came. */
import { answerMark } from '../../trainer/protocol/correctness.ts';
import { TickOrCross } from '../ui/icons.tsx';
import styles from './answer-mark.module.css';

interface AnswerMarkProps {
  readonly accuracy: number;
  readonly correct: boolean;
  /** The run's `correctThreshold`. */
  readonly threshold: number;
}

export function AnswerMark({ accuracy, correct, threshold }: AnswerMarkProps) {
  const mark = answerMark(accuracy, correct, threshold);
  if (mark.kind !== 'fraction') return <TickOrCross tick={mark.kind === 'exact'} label={mark.label} />;
  return (
    <span class={`${styles.fraction} num`} role="img" aria-label={mark.label} title={mark.label}>
      {mark.text}
    </span>
  );
}
