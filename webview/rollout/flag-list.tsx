/** The flags of one rollout. */

import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { Annotation } from '../../trainer/protocol/records.ts';
import { Bar } from '../ui/heads.tsx';
import { clock } from '../ui/numbers.ts';
import styles from './flag-list.module.css';

interface FlagListProps {
  readonly flags: readonly Annotation[];
  readonly refused: string | null;
  readonly onRemove: (id: number) => void;
}

export function FlagList({ flags, refused, onRemove }: FlagListProps) {
  if (flags.length === 0) return null;
  return (
    <section aria-label="Flags">
      <Bar title="Flags">
        <span>{flags.length}</span>
      </Bar>
      <ul class={styles.flags}>
        {flags.map((flag) => (
          <li key={flag.id} class={styles.flag}>
            <span>
              <b>{flag.category}</b>
              {flag.verdict && <span class="dim"> · {flag.verdict}</span>}
              <span class="dim">
                {' '}
                · {shownLine(flag.author)}, {clock(flag.at)}
              </span>
              {flag.note && <span class="model-text"> · {shownLine(flag.note)}</span>}
            </span>
            <button
              type="button"
              class="link"
              title={refused ?? 'Remove this flag'}
              aria-disabled={refused !== null}
              onClick={() => refused ?? onRemove(flag.id)}
            >
              Remove
            </button>
            <q class="cut model-text">{flag.span ? shownLine(flag.quote, 300) : 'the whole answer'}</q>
          </li>
        ))}
      </ul>
    </section>
  );
}
