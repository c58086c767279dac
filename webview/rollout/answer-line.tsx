/** What was answered, whether it is right, and how the answer ended. */
import type { ComponentChildren } from 'preact';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { patternRules, patternShown } from '../../trainer/protocol/patterns.ts';
import { type Question, type Rollout, stopWords } from '../../trainer/protocol/records.ts';
import { FormulaLabel } from '../formulas/formula.tsx';
import { count, fixed } from '../ui/numbers.ts';
import styles from './answer-line.module.css';
import { AnswerMark } from './answer-mark.tsx';

/** What the trainer makes of it, where it was sampled by another program. */
function Trainer({ rollout: { trainerLogprob, mismatch } }: Pick<AnswerLineProps, 'rollout'>) {
  if (trainerLogprob === undefined || mismatch === undefined) return null;
  return (
    <>
      <FormulaLabel name="trainerLogprob">by the trainer {fixed(trainerLogprob, 3)}</FormulaLabel> ·{' '}
      <FormulaLabel name="mismatch">
        mismatch {fixed(mismatch.difference, 4)} nats (k3 {fixed(mismatch.k3, 5)})
      </FormulaLabel>{' '}
      · <FormulaLabel name="importance">largest weight {fixed(mismatch.weight, 3)}</FormulaLabel> ·{' '}
    </>
  );
}

interface AnswerLineProps {
  readonly rollout: Rollout;
  readonly question: Question;
  /** The run's `correctThreshold`. */
  readonly threshold: number;
  /** Why the engine gives no entropy; null when it does. */
  readonly noEntropy: string | null;
  /** The answer's text. */
  readonly children: ComponentChildren;
}

export function AnswerLine({ rollout, question, threshold, noEntropy, children }: AnswerLineProps) {
  const { problems } = rollout.parsed;
  const patterns = rollout.patterns ?? [];
  return (
    <div class={styles.answer} data-part="answer">
      <span class="dim">Answer</span>
      <b class={`model-text ${styles.text}`}>{children}</b>
      <AnswerMark accuracy={rollout.accuracy} correct={rollout.correct} threshold={threshold} />
      <span class="dim">
        solution <span class="model-text">{shownLine(question.solution, 200)}</span> ·{' '}
        <FormulaLabel name="tokens">{count(rollout.tokenCount, 'token')}</FormulaLabel> ·{' '}
        <FormulaLabel
          name="meanLogprob"
          worked={`exp(${fixed(rollout.meanLogprob, 3)}) = ${fixed(Math.exp(rollout.meanLogprob), 3)}: geometric mean of the tokens’ probabilities`}
        >
          log p {fixed(rollout.meanLogprob, 3)}
        </FormulaLabel>{' '}
        · <Trainer rollout={rollout} />
        {noEntropy === null && rollout.meanEntropy !== null ? (
          <FormulaLabel name="meanEntropy">entropy {fixed(rollout.meanEntropy, 3)}</FormulaLabel>
        ) : (
          `entropy: ${noEntropy ?? 'none, as the trainer did not score it'}`
        )}{' '}
        · {stopWords[rollout.stopReason]}
        {problems.length > 0 && ` · ${problems.map((problem) => shownLine(problem)).join(' ')}`}
      </span>
      {patterns.length > 0 && (
        <span class={styles.patterns} data-part="patterns">
          {patterns.map((name) => (
            <FormulaLabel
              key={name}
              name="pattern"
              worked={`${patternShown(name)}: ${patternRules[name]}`}
              class={styles.pattern}
            >
              {patternShown(name)}
            </FormulaLabel>
          ))}
        </span>
      )}
    </div>
  );
}
