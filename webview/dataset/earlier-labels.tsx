/** What was said of a text that the row had earlier, and no longer counts. */
import type { Categories } from '../../trainer/protocol/annotations/categories.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { Label } from '../../trainer/protocol/records.ts';
import { Bar } from '../ui/heads.tsx';
import { clock } from '../ui/numbers.ts';
import { Button } from '../ui/toolkit.tsx';
import { carriedOver } from './carried-over.ts';
import styles from './earlier-labels.module.css';

interface EarlierLabelsProps {
  /** Oldest first. */
  readonly labels: readonly Label[];
  readonly named: Categories['named'];
  /** Who signs here; null where nobody does. */
  readonly author: string | null;
  readonly onCarryOver: () => void;
}

export function EarlierLabels({ labels, named, author, onCarryOver }: EarlierLabelsProps) {
  if (labels.length === 0) return null;
  const own = carriedOver(labels, author).length;
  return (
    <section aria-label="Labels of an earlier text">
      <Bar title="Of an earlier text">
        <span>the text was changed since, so none of this counts</span>
      </Bar>
      <ul class={styles.labels}>
        {labels.map((said) => (
          <li key={said.id}>
            <span>
              {said.category === null ? `verdict: ${said.verdict}` : shownLine(named(said.category).name)}
              <span class="dim">
                {' '}
                · {shownLine(said.author)}, {clock(said.at)} · of an earlier text
                {said.category === null
                  ? ', no longer counts'
                  : said.quote !== '' && !said.span
                    ? ', not found in this one'
                    : ''}
              </span>
              {said.note && <span class="model-text"> · {shownLine(said.note)}</span>}
            </span>
            {said.category !== null && (
              <q class="cut model-text">
                {said.quote === '' ? 'the whole chain of thought' : shownLine(said.quote, 300)}
              </q>
            )}
          </li>
        ))}
      </ul>
      {own > 0 && (
        <p class={styles.acts}>
          <Button title="c" onPress={onCarryOver}>
            Carry Over {own === 1 ? 'Your Flag' : `Your ${own} Flags`}&nbsp;<kbd>c</kbd>
          </Button>
        </p>
      )}
    </section>
  );
}
