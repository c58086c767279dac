/** Above the text: what it is, its aha tiers or the legend of its shade, and the choice of shades. */
import type { ComponentChildren } from 'preact';
import type { RolloutTokens } from '../../trainer/protocol/records.ts';
import { FormulaLabel } from '../formulas/formula.tsx';
import { Bar } from '../ui/heads.tsx';
import { Segments } from '../ui/segments.tsx';
import { ExplainedTier } from './aha-tier.tsx';
import { ShadeLegend } from './completion-text.tsx';
import { EvidenceLegend } from './evidence/evidence-legend.tsx';
import styles from './shade-bar.module.css';
import {
  isEvidence,
  type NoEvidence,
  type ShadeName,
  shadeLabels,
  shadeNames,
  shadeRefusal,
  shades,
  type TokenShade,
} from './shades.ts';

interface ShadeBarProps {
  readonly title: string;
  readonly hasAha: boolean;
  readonly shade: ShadeName;
  /** Null while they are on their way. */
  readonly tokens: RolloutTokens | null;
  readonly noEntropy: string | null;
  readonly noEvidence: NoEvidence;
  /** Why the tokens can't be read now; null when they can. */
  readonly unread: string | null;
  /** Hits of the filter in the text. */
  readonly hits: number;
  readonly onShade: (shade: ShadeName) => void;
}

export function ShadeBar(props: ShadeBarProps) {
  const { title, hasAha, shade, tokens, noEntropy, noEvidence, hits, onShade } = props;
  return (
    <Bar title={title}>
      {shade === 'text' ? (
        <span class={styles.hint}>
          {hasAha && (
            <>
              <kbd>a</kbd> next{' '}
            </>
          )}
          aha <ExplainedTier tier={2} /> <ExplainedTier tier={3} /> <ExplainedTier tier={4} />{' '}
          <ExplainedTier tier={5} />
          <span class="far">
            <FormulaLabel name="aha1">T1</FormulaLabel>
          </span>
        </span>
      ) : (
        <Legend {...props} />
      )}
      {hits > 0 && (
        <span class={styles.hint}>
          <kbd>F3</kbd> {hits} {hits === 1 ? 'hit' : 'hits'}
        </span>
      )}
      <span class="grow" />
      <ShadeChoice
        shade={shade}
        among={shadeNames}
        refusalOf={(name) => shadeRefusal(name, tokens, noEntropy, noEvidence)}
        onShade={onShade}
      />
    </Bar>
  );
}

interface ShadeChoiceProps<N extends ShadeName> {
  /** Null while the text is shown otherwise. */
  readonly shade: N | null;
  readonly among: readonly N[];
  /** Why a shade can't be had; null where it can. */
  readonly refusalOf: (name: N) => string | null;
  readonly onShade: (shade: N) => void;
  /** Other ways to show the text. */
  readonly children?: ComponentChildren;
}

export function ShadeChoice<N extends ShadeName>({ shade, among, refusalOf, onShade, children }: ShadeChoiceProps<N>) {
  return (
    <Segments label="Shade tokens (p)">
      {among.map((name) => {
        const label = shadeLabels[name];
        const refusal = refusalOf(name);
        return (
          <button
            key={name}
            type="button"
            class={refusal === null ? undefined : styles.refused}
            aria-pressed={shade === name}
            aria-disabled={refusal === null ? undefined : 'true'}
            aria-label={refusal === null ? undefined : `${label}: ${refusal}`}
            title={refusal ?? undefined}
            onClick={() => refusal === null && onShade(name)}
          >
            {label}
          </button>
        );
      })}
      {children}
    </Segments>
  );
}

function Legend({ shade, tokens, noEntropy, noEvidence, unread }: ShadeBarProps) {
  if (shade === 'text') return null;
  const refusal = shadeRefusal(shade, tokens, noEntropy, noEvidence);
  if (refusal !== null) return <span class={`${styles.reason} cut`}>{refusal}</span>;
  if (tokens === null && unread !== null)
    return <span class={`${styles.reason} cut`}>the tokens can't be read now: {unread}</span>;
  return isEvidence(shade) ? <EvidenceLegend shade={shade} /> : <StepsLegend shade={shade} isRead={tokens !== null} />;
}

/** What is shaded, and what each step means. */
export function StepsLegend({ shade, isRead }: { shade: TokenShade; isRead: boolean }) {
  const { title, formula, ranges } = shades[shade];
  return (
    <span class={styles.legend}>
      {isRead ? <FormulaLabel name={formula}>{title}</FormulaLabel> : 'reading the tokens …'}{' '}
      <ShadeLegend ranges={ranges} />
    </span>
  );
}
