/** The reward in two lines: its parts with their sum, then one bar with the group's mean dashed, and how it becomes the advantage. */

import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { ParameterValues } from '../../trainer/protocol/parameters.ts';
import type { GroupWithRollouts, Rollout } from '../../trainer/protocol/records.ts';
import { advantageOf, divisorWords } from '../formulas/advantage.ts';
import { FormulaLabel } from '../formulas/formula.tsx';
import { workedAdvantage, workedTotal } from '../formulas/worked-formulas.ts';
import { Bar } from '../ui/heads.tsx';
import { fixed, signed } from '../ui/numbers.ts';
import { advantageBefore } from './in-update.ts';
import styles from './reward-line.module.css';
import { partFill } from './reward-parts.tsx';
import { partFormulas } from './reward-sum.tsx';
import { staircase } from './staircase.ts';

interface RewardLineProps {
  /** What it is called; of two on a page each by its own. */
  readonly label: string;
  readonly rollout: Rollout;
  readonly group: GroupWithRollouts;
  readonly parameters: ParameterValues;
}

export function RewardLine({ label, rollout, group, parameters }: RewardLineProps) {
  const { parts, total } = rollout.reward;
  const { stairs, low, high, sum } = staircase(parts, total, group.stats.mean);
  const at = (value: number) => ((value - low) / (high - low || 1)) * 100;
  return (
    <section aria-label={label} class={styles.reward} data-part="reward-line">
      <Bar title="Reward">
        {parts.map((part, index) => (
          <FormulaLabel key={part.name} name={partFormulas[part.name]} worked={shownLine(part.explanation, 300)}>
            <span class={styles.part}>
              <svg class={styles.swatch} width="8" height="8" aria-hidden="true">
                <rect class={partFill[part.name]} width="8" height="8" />
              </svg>
              {part.name}{' '}
              <span class={styles.value}>
                {index === 0 ? fixed(part.value, 2) : part.value === 0 ? '0.00' : signed(part.value, 2)}
              </span>
            </span>
          </FormulaLabel>
        ))}
        <FormulaLabel name="total" worked={workedTotal(rollout)}>
          = <b class="strong">{fixed(total, 2)}</b>
        </FormulaLabel>
        {Math.abs(sum - total) >= 5e-4 && <span>the parts add up to {fixed(sum, 3)}, not to this</span>}
      </Bar>
      <div class={styles.stack}>
        <svg class={styles.bar} height="14" aria-hidden="true">
          <rect class={styles.track} width="100%" y="3" height="8" />
          {stairs.map(({ part, from, to }) => (
            <rect
              key={part.name}
              class={partFill[part.name]}
              x={`${Math.min(at(from), at(to))}%`}
              width={`${Math.abs(at(to) - at(from))}%`}
              y="3"
              height="8"
            />
          ))}
          <line class={styles.mean} x1={`${at(group.stats.mean)}%`} x2={`${at(group.stats.mean)}%`} y1="0" y2="14" />
        </svg>
        <Equation {...{ rollout, group, parameters }} />
      </div>
    </section>
  );
}

function Equation({ rollout, group, parameters }: Omit<RewardLineProps, 'label'>) {
  const advantage = advantageOf(rollout, group, parameters);
  const before = advantageBefore(rollout);
  if (advantage.kind === 'none') {
    return (
      <FormulaLabel name="advantage" worked={advantage.why}>
        <span class={styles.equation}>mean {fixed(group.stats.mean, 2)}, no advantage</span>
      </FormulaLabel>
    );
  }
  const difference = `${fixed(advantage.total, 2)} − ${fixed(advantage.mean, 2)}`;
  return (
    <FormulaLabel name="advantage" worked={workedAdvantage(rollout, group, parameters)}>
      <span class={styles.equation}>
        {!advantage.agrees
          ? before === null && 'as training used it '
          : advantage.divisor === null
            ? `${difference} = `
            : `(${difference}) ÷ ${divisorWords(group, parameters)} = `}
        <b class="strong">{signed(advantage.advantage, 2)}</b>
        {before !== null && ` ${before}`}
      </span>
    </FormulaLabel>
  );
}
