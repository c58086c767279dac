/** The flags of one rollout. */
import type { Annotation } from '../../trainer/protocol/records.ts';
import { shownLine } from '../ui/hostile-text.ts';
import { clock } from '../ui/numbers.ts';

interface FlagListProps {
  readonly flags: readonly Annotation[];
  readonly refused: string | null;
  readonly onRemove: (id: number) => void;
}

export function FlagList({ flags, refused, onRemove }: FlagListProps) {
  if (flags.length === 0) return null;
  return (
    <section aria-label="Flags">
      <div class="bar">
        <h2>Flags</h2>
        <span>{flags.length}</span>
      </div>
      <ul class="flags">
        {flags.map((flag) => (
          <li key={flag.id} class="fl">
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
