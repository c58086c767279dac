/** An audit by family: what is right without what, what order is worth, and what follows. */
import type { AuditCue, AuditedDataset, AuditSlice } from '../../trainer/protocol/audit.ts';
import { auditCues } from '../../trainer/protocol/audit.ts';
import { cueWords, verdictWords } from '../../trainer/protocol/audit-words.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { Proportion } from '../../trainer/protocol/proportion.ts';
import { FormulaLabel } from '../formulas/formula.tsx';
import { count, fixed, grouped } from '../ui/numbers.ts';
import styles from './family-table.module.css';

interface FamilyTableProps {
  readonly dataset: AuditedDataset;
  /** The family that is chosen. */
  readonly chosen: string | null;
  /** Null where the family that is chosen is let go of. */
  readonly onChoose: (family: string | null) => void;
}

const percent = (share: number) => `${Math.round(100 * share)}`;

export function FamilyTable({ dataset, chosen, onChoose }: FamilyTableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too
    <section class={styles.scroller} aria-label={`Families of ${shownLine(dataset.name, 60)}`} tabIndex={0}>
      <table class={styles.table} data-part="families">
        <thead>
          <tr>
            <th>family</th>
            <th class={`${styles.plain} num`}>n</th>
            <th>
              <FormulaLabel name="auditRight">as seen</FormulaLabel>
            </th>
            {auditCues.map((cue) => (
              <th key={cue} class={styles.plain}>
                {cueWords[cue]}
              </th>
            ))}
            <th class="num">
              <FormulaLabel name="auditOrder">order, nats</FormulaLabel>
            </th>
            <th class="num">unused</th>
            <th>
              <FormulaLabel name="auditShortcut">what follows</FormulaLabel>
            </th>
          </tr>
        </thead>
        <tbody>
          {dataset.byFamily.map((slice) => (
            <Family
              key={slice.name}
              slice={slice}
              isChosen={slice.name === chosen}
              onChoose={() => onChoose(slice.name === chosen ? null : slice.name)}
            />
          ))}
          <Family slice={dataset.all} isChosen={false} onChoose={null} />
        </tbody>
      </table>
    </section>
  );
}

interface FamilyProps {
  readonly slice: AuditSlice;
  readonly isChosen: boolean;
  /** Null for all together. */
  readonly onChoose: (() => void) | null;
}

function Family({ slice, isChosen, onChoose }: FamilyProps) {
  const { name, count: questions, guess, seen, cues, verdict } = slice;
  const isPartly = verdict?.kind === 'shortcut' && verdict.cues.length === 0;
  const of = (cue: AuditCue) => cues.find((one) => one.cue === cue) ?? null;
  return (
    // The keyboard reaches the button in it, whose press comes here too.
    <tr
      class={`${onChoose === null ? '' : styles.family} ${isChosen ? styles.chosen : ''}`}
      data-shortcut={verdict?.kind === 'shortcut' ? '' : undefined}
      onClick={onChoose ?? undefined}
    >
      <th scope="row">
        {onChoose === null ? (
          'all questions'
        ) : (
          <button type="button" class="link model-text" aria-pressed={isChosen}>
            {shownLine(name, 60)}
          </button>
        )}
      </th>
      <td class="num dim" data-label="n">
        {grouped(questions)}
      </td>
      <td data-label="as seen">
        <Share right={seen} of={questions} guess={guess} />
      </td>
      {auditCues.map((cue) => {
        const found = of(cue);
        return (
          <td
            key={cue}
            data-label={cueWords[cue]}
            data-strength={found?.strength}
            data-none={found === null ? '' : undefined}
          >
            <Share right={found?.right ?? null} of={found?.count ?? 0} guess={guess} />
          </td>
        );
      })}
      <td class="num" data-label="order, nats" data-none={slice.order === null ? '' : undefined}>
        <Worth order={slice.order} />
      </td>
      <td
        class="num"
        data-label="unused, %"
        data-none={slice.order?.unused ? undefined : ''}
        data-strength={isPartly ? 'enough' : undefined}
      >
        <Unused order={slice.order} />
      </td>
      <td class={styles.verdict}>{verdict === null ? '' : verdictWords({ ...slice, verdict })}</td>
    </tr>
  );
}

/** A bar with a tick where a guess would stand, its interval below it as a line, and its number. */
function Share({ right, of, guess }: { right: Proportion | null; of: number; guess: number }) {
  if (right === null) return <span class="dim">–</span>;
  const { share, low, high } = right;
  const words = `${percent(share)} % right, ${percent(low)} to ${percent(high)} % with 95 % confidence, of ${count(of, 'question')}; a guess: ${percent(guess)} %`;
  return (
    <span class={styles.share} title={words}>
      <svg class={styles.bar} viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        <rect class={styles.ground} x="0" y="0" width="100" height="7" />
        <rect class={styles.fill} x="0" y="0" width={100 * share} height="7" />
        <rect class={styles.interval} x={100 * low} y="8.500" width={Math.max(1, 100 * (high - low))} height="1.500" />
        <rect class={styles.guess} x={Math.min(98, 100 * guess)} y="0" width="2" height="7" />
      </svg>
      <span class={styles.number}>{percent(share)}</span>
      <span class="sr-only"> percent, {words}</span>
    </span>
  );
}

function Worth({ order }: Pick<AuditSlice, 'order'>) {
  if (order === null) return <span class="dim">–</span>;
  const { mean, low, high } = order.worth;
  const words = `mean over ${count(order.count, 'right answer')}${low === null ? '' : `, ${fixed(low, 1)} to ${fixed(high, 1)} with 95 % confidence`}`;
  return <span title={words}>{fixed(mean, 1)}</span>;
}

function Unused({ order }: Pick<AuditSlice, 'order'>) {
  if (!order?.unused) return <span class="dim">–</span>;
  const { share, low, high } = order.unused;
  const words = `${percent(share)} % of ${count(order.count, 'right answer')} do not use the order, ${percent(low)} to ${percent(high)} % with 95 % confidence`;
  return <span title={words}>{percent(share)}</span>;
}
