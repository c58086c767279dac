/** The temporal test as two bars with the threshold as a tick, and its arithmetic in a line. */
import { fractionsRuleOf } from '../../../trainer/protocol/correctness.ts';
import type { Rollout, TemporalTest } from '../../../trainer/protocol/records.ts';
import { FormulaLabel } from '../../formulas/formula.tsx';
import { equation, workedTest } from '../../formulas/worked-formulas.ts';
import { Section } from '../../ui/heads.tsx';
import { TickOrCross } from '../../ui/icons.tsx';
import { fixed, plain } from '../../ui/numbers.ts';
import styles from './temporal-test.module.css';

interface TemporalTestProps {
  readonly test: TemporalTest;
  readonly ordered: readonly Rollout[];
  readonly shuffled: readonly Rollout[];
  /** The run's `correctThreshold`. */
  readonly threshold: number;
}

export function TemporalTestView({ test, ordered, shuffled, threshold }: TemporalTestProps) {
  const bar = test.mu * test.pShuffled;
  const rule = fractionsRuleOf([...ordered, ...shuffled], threshold);
  return (
    <>
      <Section
        title="Temporal test"
        tools={
          <FormulaLabel
            name="threshold"
            worked={`μ·p̃ = ${plain(test.mu)} × ${fixed(test.pShuffled, 3)} = ${fixed(bar, 3)}`}
            class="dim"
          >
            p {test.comparison} μ p̃
          </FormulaLabel>
        }
      />
      <div class={styles.test} data-part="temporal-test">
        <FormulaLabel name="p" worked={`p = ${shareWords(test.p, ordered)}`} class="mono">
          p
        </FormulaLabel>
        <Bar share={test.p} threshold={bar} kind="ordered" />
        <span class="num" data-formula="p">
          {shareWords(test.p, ordered)}
        </span>
        <FormulaLabel name="pShuffled" worked={`p̃ = ${shareWords(test.pShuffled, shuffled)}`} class="mono">
          p̃
        </FormulaLabel>
        <Bar share={test.pShuffled} threshold={null} kind="shuffled" />
        <span class="num" data-formula="pShuffled">
          {shareWords(test.pShuffled, shuffled)}
        </span>
        <p class={styles.verdict}>
          <FormulaLabel name="temporalTest" worked={workedTest(test)} class={styles.equation}>
            {equation(test)}
          </FormulaLabel>{' '}
          <TickOrCross tick={test.passed} label={test.passed ? 'passed' : 'not passed'} />{' '}
          {test.passed
            ? `passed: each right ordered answer gets α = ${plain(test.paid)}.`
            : 'not passed: nobody gets the temporal reward.'}
          {rule}
        </p>
      </div>
    </>
  );
}

/** As a count where the share is one of right answers; a mean accuracy is no count. */
function shareWords(share: number, rollouts: readonly Rollout[]): string {
  const right = rollouts.filter(({ correct }) => correct).length;
  const counted = rollouts.length > 0 && Math.abs(right / rollouts.length - share) < 1e-6;
  return counted ? `${right}/${rollouts.length} = ${fixed(share, 3)}` : fixed(share, 3);
}

function Bar({ share, threshold, kind }: { share: number; threshold: number | null; kind: 'ordered' | 'shuffled' }) {
  const percent = (value: number) => `${Math.max(0, Math.min(1, value)) * 100}%`;
  return (
    <svg width="100%" height="12" aria-hidden="true">
      <rect class={styles.track} width="100%" height="12" />
      {kind === 'shuffled' && (
        <defs>
          <pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="2" height="5" class={styles.hatch} />
          </pattern>
        </defs>
      )}
      <rect class={kind === 'ordered' ? styles.ordered : styles.shuffled} width={percent(share)} height="12" />
      {threshold !== null && (
        <line class={styles.threshold} x1={percent(threshold)} x2={percent(threshold)} y1="-3" y2="15" />
      )}
    </svg>
  );
}
