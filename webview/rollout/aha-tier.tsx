/** A tier of aha: one hue, told by its line and number. T1 is a cue that the prompt asks for and counts for nothing. */

import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { FormulaLabel } from '../formulas/formula.tsx';
import type { FormulaName } from '../formulas/formulas.ts';
import { grouped } from '../ui/numbers.ts';
import styles from './aha-tier.module.css';

export const tierWords: Readonly<Record<number, string>> = {
  1: 'a cue that the prompt asks for; not an aha',
  2: 'looks again after a commitment, nothing new checked',
  3: 'checks evidence not used before',
  4: 'rejects an option or commitment with a reason',
  5: 'the answer changes',
};

/** By tier; none without an aha. */
const lines = [undefined, styles.tier1, styles.tier2, styles.tier3, styles.tier4, styles.tier5];

const tierFormulas = ['ahaTier', 'aha1', 'aha2', 'aha3', 'aha4', 'aha5'] as const satisfies readonly FormulaName[];

/** A tier with its rule; takes the focus. */
export function ExplainedTier({ tier }: { tier: 1 | 2 | 3 | 4 | 5 }) {
  return (
    <FormulaLabel name={tierFormulas[tier]} class={`${styles.tier} ${lines[tier] ?? ''}`}>
      T{tier}
    </FormulaLabel>
  );
}

/** How many of the run's answers rules of an older version have read: what is counted of tiers is then of both. */
export const OlderRules = createContext(0);

export function AhaTier({ tier }: { tier: number }) {
  const outdated = useContext(OlderRules);
  const older = outdated > 0 ? `; ${grouped(outdated)} answers of this run were read by rules of an older version` : '';
  return (
    <span
      class={`${styles.tier} ${lines[tier] ?? ''}`}
      data-formula={tierFormulas[tier] ?? 'ahaTier'}
      title={`${tier > 0 ? `T${tier}: ${tierWords[tier]}` : 'no aha'}${older}`}
    >
      T{tier}
    </span>
  );
}
