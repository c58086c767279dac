/** The reward as a staircase: parts add up to the total; minus mean, divided by std, is the advantage. */

import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { ParameterValues } from '../../trainer/protocol/parameters.ts';
import type { GroupWithRollouts, RewardPart, Rollout } from '../../trainer/protocol/records.ts';
import { advantageOf, divisorWords } from '../formulas/advantage.ts';
import { FormulaLabel } from '../formulas/formula.tsx';
import type { FormulaName } from '../formulas/formulas.ts';
import { workedAdvantage, workedMean, workedStd, workedTotal } from '../formulas/worked-formulas.ts';
import { Bar } from '../ui/heads.tsx';
import { fixed, plain, signed } from '../ui/numbers.ts';
import { advantageBefore } from './in-update.ts';
import { partFill } from './reward-parts.tsx';
import styles from './reward-sum.module.css';
import { staircase } from './staircase.ts';

interface RewardSumProps {
  readonly rollout: Rollout;
  readonly group: GroupWithRollouts;
  readonly parameters: ParameterValues;
  readonly preset: string;
}

export const partFormulas = {
  accuracy: 'accuracyPart',
  format: 'formatPart',
  temporal: 'temporalPart',
  credit: 'creditPart',
  length: 'lengthPart',
  overlong: 'overlongPart',
  flagged: 'flaggedPart',
} as const satisfies Record<RewardPart['name'], FormulaName>;

export function RewardSum({ rollout, group, parameters, preset }: RewardSumProps) {
  const { parts, total } = rollout.reward;
  const stairs = staircase(parts, total, group.stats.mean);
  const { low, high } = stairs;
  const at = (value: number) => ((value - low) / (high - low || 1)) * 100;
  const advantage = advantageOf(rollout, group, parameters);
  const before = advantageBefore(rollout);
  return (
    <section aria-label="Reward">
      <Bar title="Reward">
        <span>a sum, left to right</span>
        <span class="grow" />
        <span class={`${styles.unbroken} far`}>
          preset {preset}, format {plain(parameters.formatWeight)}
        </span>
      </Bar>
      <div class={styles.sum} data-part="reward-sum">
        {stairs.stairs.map(({ part, from, to }, index) => (
          <div class={styles.row} key={part.name}>
            <FormulaLabel name={partFormulas[part.name]} worked={shownLine(part.explanation, 300)}>
              {part.name}
            </FormulaLabel>
            <svg aria-hidden="true">
              {part.possible > part.value && (
                <rect
                  class={styles.track}
                  x={`${at(from)}%`}
                  width={`${at(from + part.possible) - at(from)}%`}
                  y="4"
                  height="10"
                />
              )}
              <rect
                class={partFill[part.name]}
                x={`${Math.min(at(from), at(to))}%`}
                width={`${Math.abs(at(to) - at(from))}%`}
                y="4"
                height="10"
              />
              {index > 0 && <line class={styles.stair} x1={`${at(from)}%`} x2={`${at(from)}%`} y1="0" y2="14" />}
              <line class={styles.stair} x1={`${at(to)}%`} x2={`${at(to)}%`} y1="4" y2="18" />
            </svg>
            <span class="num" data-formula={partFormulas[part.name]}>
              {index === 0 ? fixed(part.value, 2) : part.value === 0 ? '0.00' : signed(part.value, 2)}
            </span>
            <span class={`${styles.why} cut`} title={shownLine(part.explanation)}>
              {shownLine(part.explanation)}
            </span>
          </div>
        ))}
        <span class={styles.rule} />
        <div class={styles.row}>
          <FormulaLabel name="total" worked={workedTotal(rollout)} class={styles.total}>
            total
          </FormulaLabel>
          <svg aria-hidden="true">
            <rect
              class={partFill.accuracy}
              x={`${Math.min(at(0), at(total))}%`}
              width={`${Math.abs(at(total) - at(0))}%`}
              y="5"
              height="8"
            />
            <line class={styles.stair} x1={`${at(total)}%`} x2={`${at(total)}%`} y1="0" y2="13" />
            <line class={styles.mean} x1={`${at(group.stats.mean)}%`} x2={`${at(group.stats.mean)}%`} y1="0" y2="18" />
          </svg>
          <span class={`num ${styles.total}`} data-formula="total">
            {fixed(total, 2)}
          </span>
          <span class={`${styles.why} cut`}>
            {Math.abs(stairs.sum - total) < 5e-4
              ? "dashed: the group's mean"
              : `the parts add up to ${fixed(stairs.sum, 3)}, not to this`}
          </span>
        </div>
        {advantage.kind === 'none' ? (
          <div class={styles.row}>
            <FormulaLabel name="advantage" worked={advantage.why} class={styles.total}>
              advantage
            </FormulaLabel>
            <span />
            <span class={`num ${styles.total}`} data-formula="advantage">
              –
            </span>
            <span class={styles.why}>{advantage.why}</span>
          </div>
        ) : (
          <>
            <div class={styles.row}>
              <FormulaLabel name="mean" worked={workedMean(group)} class={styles.unbroken}>
                − mean
              </FormulaLabel>
              <span class="dim cut">of the {group.stats.count} ordered answers</span>
              <span class="num" data-formula="mean">
                {fixed(advantage.mean, 2)}
              </span>
              <span class={`${styles.why} cut mono`}>
                {fixed(total, 2)} − {fixed(advantage.mean, 3)} = {fixed(advantage.difference, 3)}
              </span>
            </div>
            {advantage.divisor !== null && (
              <div class={styles.row}>
                {parameters.advantageScale === 'batch' ? (
                  <FormulaLabel name="batchStd" class={styles.unbroken}>
                    ÷ batch
                  </FormulaLabel>
                ) : (
                  <FormulaLabel name="std" worked={workedStd(group)} class={styles.unbroken}>
                    ÷ std
                  </FormulaLabel>
                )}
                <span class="dim cut">
                  {parameters.advantageScale === 'batch'
                    ? 'std of the step’s answers'
                    : parameters.stdDegrees === 'n-1'
                      ? `n − 1 = ${group.stats.count - 1}`
                      : `n = ${group.stats.count}`}
                  {parameters.stdEpsilon > 0 && `, + ${plain(parameters.stdEpsilon)}`}
                </span>
                <span class="num" data-formula="std">
                  {fixed(advantage.divisor, 3)}
                </span>
                <span class={`${styles.why} cut mono`}>
                  {fixed(advantage.difference, 3)} ÷ {divisorWords(group, parameters)} ={' '}
                  {signed(advantage.advantage, 3)}
                </span>
              </div>
            )}
            <div class={styles.row}>
              <FormulaLabel name="advantage" worked={workedAdvantage(rollout, group, parameters)} class={styles.total}>
                advantage
              </FormulaLabel>
              <span />
              <span class={`num ${styles.total}`} data-formula="advantage">
                {signed(advantage.advantage, 2)}
              </span>
              <span class={`${styles.why} cut`}>
                {before !== null
                  ? before
                  : advantage.agrees
                    ? `on each of its ${rollout.tokenCount} tokens`
                    : 'as training used it; parameters have changed since, so the lines above give another number'}
              </span>
            </div>
          </>
        )}
      </div>
    </section>
  );
}
