/** How far people agree: for the verdict and each category a dot with its interval of 95 % on a scale from 0 to 1. */
import { useState } from 'preact/hooks';
import type { AgreementShown, Measured } from '../../trainer/protocol/annotations/agreement.ts';
import type { Categories } from '../../trainer/protocol/annotations/categories.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { count, fixed, grouped } from '../ui/numbers.ts';
import styles from './agreement-strip.module.css';

interface AgreementStripProps {
  readonly agreement: AgreementShown;
  readonly named: Categories['named'];
  /** Opens the list of what is to be settled; null where there is none on this page. */
  readonly onSettle: (() => void) | null;
}

/** Of the dashed line: from here on agreement is usually called substantial (Landis and Koch, 1977). */
const substantial = 0.6;

export function AgreementStrip({ agreement, named, onSettle }: AgreementStripProps) {
  const { authors, subjects, spans, toSettle } = agreement;
  const pairs = subjects[0]?.pairs ?? [];
  const [chosen, setChosen] = useState(0);
  if (authors.length < 2) return null;
  // Of two people it is their kappa; of more, alpha over all comes first.
  const isOverall = authors.length > 2 && chosen === 0;
  const place = authors.length > 2 ? chosen - 1 : 0;
  const pairSpans = isOverall ? undefined : spans[place];
  const cells = [
    ...subjects.map(({ category, alpha, pairs: of }) => ({
      title: category === null ? 'verdict' : shownLine(named(category).name),
      measured: isOverall ? alpha : (of[place]?.kappa ?? alpha),
    })),
    ...(pairSpans
      ? [
          { title: 'the same passages (F1)', measured: pairSpans.exact },
          { title: 'overlapping passages (F1)', measured: pairSpans.overlapping },
        ]
      : []),
  ];
  const names = pairs.map(({ first, second }) => `${nameOf(first, authors)} and ${nameOf(second, authors)}`);
  const items = cells[0]?.measured.items ?? 0;
  return (
    <section class={styles.strip} aria-label="Agreement">
      <div class={styles.head}>
        <h2>Agreement</h2>
        {authors.length > 2 ? (
          <select
            aria-label="Of whom"
            value={chosen}
            onChange={({ currentTarget }) => setChosen(Number(currentTarget.value))}
            onKeyDown={(event) => event.key !== 'Escape' && event.stopPropagation()}
          >
            <option value={0}>Krippendorff’s α of all {grouped(authors.length)}</option>
            {names.map((name, at) => (
              <option key={name} value={at + 1}>
                Cohen’s κ of {shownLine(name)}
              </option>
            ))}
          </select>
        ) : (
          <span class="cut">Cohen’s κ of {shownLine(names[0] ?? '')}</span>
        )}
        <span class="cut">
          with 95 % interval, {count(items, 'item')} judged by {isOverall ? 'two or more' : 'both'}; scale 0 to 1,
          dashed line at {substantial}
        </span>
        {onSettle && toSettle > 0 ? (
          <button type="button" class={`link ${styles.settle}`} onClick={onSettle}>
            {grouped(toSettle)} to settle
          </button>
        ) : (
          <span class={styles.settle}>{toSettle === 0 ? 'nothing to settle' : `${grouped(toSettle)} to settle`}</span>
        )}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too */}
      <ul class={styles.cells} tabIndex={0}>
        {cells.map(({ title, measured }) => (
          <li key={title} title={measured.why ?? title}>
            <span class="cut">{title}</span>
            <Scale measured={measured} />
            <span class={styles.numbers}>
              <b>{fixed(measured.value, 2)}</b>
              <span class="dim">{intervalWords(measured)}</span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Scale({ measured: { value, low, high } }: { measured: Measured }) {
  const at = (of: number) => `${100 * Math.min(1, Math.max(0, of))}%`;
  return (
    <span class={styles.scale} aria-hidden="true">
      <i class={styles.tick} style={{ left: at(substantial) }} />
      {low !== null && high !== null && (
        <i class={styles.interval} style={{ left: at(low), right: `calc(100% - ${at(high)})` }} />
      )}
      {value !== null && <i class={styles.dot} style={{ left: at(value) }} />}
    </span>
  );
}

function intervalWords({ value, low, high }: Measured): string {
  if (value === null) return 'undefined';
  return low === null || high === null ? 'no interval' : `${fixed(low, 2)} to ${fixed(high, 2)}`;
}

/** Without the e-mail address, where no other one has the name. */
function nameOf(author: string, authors: readonly string[]): string {
  const short = (line: string) => /^(.+) <[^<>]*>$/.exec(line)?.[1] ?? line;
  return authors.filter((other) => short(other) === short(author)).length === 1 ? short(author) : author;
}
