/** Above the text: what it is, its aha tiers or the legend of its shade, and the choice of shades. */
import type { ComponentChildren } from 'preact';
import type { RolloutTokens } from '../../trainer/protocol/records.ts';
import { FormulaLabel } from '../formulas/formula.tsx';
import { Bar } from '../ui/heads.tsx';
import { Segments } from '../ui/segments.tsx';
import { ExplainedTier } from './aha-tier.tsx';
import { ShadeLegend } from './completion-text.tsx';
import styles from './shade-bar.module.css';
import { type ShadeName, shadeNames, shadeRefusal, shades } from './shades.ts';

interface ShadeBarProps {
  readonly title: string;
  readonly hasAha: boolean;
  readonly shade: ShadeName;
  /** Null while they are on their way. */
  readonly tokens: RolloutTokens | null;
  readonly noEntropy: string | null;
  /** Why the tokens can't be read now; null when they can. */
  readonly unread: string | null;
  /** Hits of the filter in the text. */
  readonly hits: number;
  readonly onShade: (shade: ShadeName) => void;
}

export function ShadeBar({ title, hasAha, shade, tokens, noEntropy, unread, hits, onShade }: ShadeBarProps) {
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
        <Legend {...{ shade, tokens, noEntropy, unread }} />
      )}
      {hits > 0 && (
        <span class={styles.hint}>
          <kbd>F3</kbd> {hits} {hits === 1 ? 'hit' : 'hits'}
        </span>
      )}
      <span class="grow" />
      <ShadeChoice shade={shade} refusalOf={(name) => shadeRefusal(name, tokens, noEntropy)} onShade={onShade} />
    </Bar>
  );
}

interface ShadeChoiceProps {
  /** Null while the text is shown otherwise. */
  readonly shade: ShadeName | null;
  /** Why a shade can't be had; null where it can. */
  readonly refusalOf: (name: ShadeName) => string | null;
  readonly onShade: (shade: ShadeName) => void;
  /** Other ways to show the text. */
  readonly children?: ComponentChildren;
}

export function ShadeChoice({ shade, refusalOf, onShade, children }: ShadeChoiceProps) {
  return (
    <Segments label="Shade tokens (p)">
      {shadeNames.map((name) => {
        const label = name === 'text' ? 'Text' : shades[name].label;
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

function Legend({
  shade,
  tokens,
  noEntropy,
  unread,
}: Pick<ShadeBarProps, 'shade' | 'tokens' | 'noEntropy' | 'unread'>) {
  if (shade === 'text') return null;
  const refusal = shadeRefusal(shade, tokens, noEntropy);
  if (refusal !== null) return <span class={`${styles.reason} cut`}>{refusal}</span>;
  if (tokens === null && unread !== null)
    return <span class={`${styles.reason} cut`}>the tokens can't be read now: {unread}</span>;
  return <StepsLegend shade={shade} isRead={tokens !== null} />;
}

/** What is shaded, and what each step means. */
export function StepsLegend({ shade, isRead }: { shade: Exclude<ShadeName, 'text'>; isRead: boolean }) {
  const { title, formula, ranges } = shades[shade];
  return (
    <span class={styles.legend}>
      {isRead ? <FormulaLabel name={formula}>{title}</FormulaLabel> : 'reading the tokens …'}{' '}
      <ShadeLegend ranges={ranges} />
    </span>
  );
}
