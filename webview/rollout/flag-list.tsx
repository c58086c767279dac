/** The flags of one text, and its authors' verdicts. */
import type { ItemHistory } from '../../trainer/protocol/annotations/agreement.ts';
import type { Categories } from '../../trainer/protocol/annotations/categories.ts';
import { shownLine, shownText } from '../../trainer/protocol/hostile-text.ts';
import type { Label } from '../../trainer/protocol/records.ts';
import { lengthInCodePoints } from '../../trainer/protocol/text-spans.ts';
import { Bar } from '../ui/heads.tsx';
import { clock, count } from '../ui/numbers.ts';
import styles from './flag-list.module.css';

interface FlagListProps {
  /** Oldest first. */
  readonly labels: readonly Label[];
  /** What was settled in place of the verdicts. */
  readonly settled?: ItemHistory['settled'];
  /** What is flagged where no passage is. */
  readonly whole: string;
  readonly named: Categories['named'];
  readonly refused: string | null;
  /** Who signs here; null where nobody does yet. */
  readonly author: string | null;
  readonly onRetract: (id: string) => void;
}

export function FlagList({ labels, settled = null, whole, named, refused, author, onRetract }: FlagListProps) {
  if (labels.length === 0) return null;
  const given = new Set(labels.flatMap(({ verdict }) => verdict ?? []));
  return (
    <section aria-label="Flags and verdicts">
      <Bar title="Flags and verdicts">
        <span>{labels.length}</span>
        {settled ? settledWords(settled) : given.size > 1 && <span class="dim">the verdicts differ</span>}
      </Bar>
      <ul class={styles.flags}>
        {labels.map((said) => (
          <li key={said.id} class={styles.flag} data-grade={said.category === null ? 'verdict' : said.severity}>
            <span class={styles.said}>
              <b>{said.category === null ? `verdict: ${said.verdict}` : shownLine(named(said.category).name)}</b>
              {said.category !== null && said.severity === 'minor' && <span class="dim"> · minor</span>}
              <span class="dim">
                {' '}
                · {shownLine(said.author)}, {clock(said.at)}
              </span>
              {said.note && <span class="model-text"> · {shownLine(said.note)}</span>}
            </span>
            {said.author === author && (
              <button
                type="button"
                class={`link ${styles.back}`}
                title={refused ?? 'Take this back (the history keeps it)'}
                aria-disabled={refused !== null}
                onClick={() => refused ?? onRetract(said.id)}
              >
                Take back
              </button>
            )}
            {said.fixed !== undefined && (
              <details class={styles.fixed}>
                <summary>with the fixed text, of {count(lengthInCodePoints(said.fixed), 'character')}</summary>
                <p class="model-text">{shownText(said.fixed)}</p>
              </details>
            )}
            {said.category !== null && <q class="cut model-text">{said.span ? shownLine(said.quote, 300) : whole}</q>}
          </li>
        ))}
      </ul>
    </section>
  );
}

const settledWords = ({ verdict, author, at }: NonNullable<ItemHistory['settled']>) => (
  <b>
    settled: {verdict}, by {shownLine(author)}, {clock(at)}
  </b>
);
