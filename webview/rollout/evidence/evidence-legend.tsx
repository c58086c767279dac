/** Above the text while words are shaded by what they stood on: whose nats they are, and what each fill and line means. */
import { FormulaLabel } from '../../formulas/formula.tsx';
import { WordLegend } from '../completion-text.tsx';
import type { EvidenceShade } from '../shades.ts';
import styles from './evidence-legend.module.css';

const steps = [
  [0, '0'],
  [1, '.1'],
  [2, '.5'],
  [3, '1'],
  [4, '≥ 2'],
] as const;

export function EvidenceLegend({ shade }: { shade: EvidenceShade }) {
  return (
    <span class={styles.legend}>
      <FormulaLabel name={shade === 'order' ? 'orderWorth' : 'pairDelta'}>nats</FormulaLabel>
      <span>
        {shade === 'order' && (
          <span title="other frames make it likelier">
            <WordLegend step={2} hue="against">
              −
            </WordLegend>
          </span>
        )}
        {steps.map(([step, label]) => (
          <WordLegend key={step} {...{ step }} hue={shade}>
            {label}
          </WordLegend>
        ))}
      </span>
    </span>
  );
}
