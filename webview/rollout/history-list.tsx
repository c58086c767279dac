/** All that was said of an item, the newest first. */
import type { ItemHistory } from '../../trainer/protocol/annotations/agreement.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { Section } from '../ui/heads.tsx';
import { clock } from '../ui/numbers.ts';
import styles from './history-list.module.css';

export function HistoryList({ history: { lines }, author }: { history: ItemHistory; author: string | null }) {
  if (lines.length === 0) return null;
  return (
    <section aria-label="History">
      <Section title="History" meta={<span class="dim">nothing is overwritten</span>} />
      <ol class={styles.lines}>
        {lines.toReversed().map(({ id, at, author: by, what, stands }) => (
          <li key={id} data-stands={stands ? '' : undefined}>
            <time class="num dim" dateTime={new Date(at).toISOString()} title={new Date(at).toLocaleString('en-GB')}>
              {clock(at)}
            </time>
            <span title={shownLine(by)}>
              <span class="dim">{by === author ? 'you' : shownLine(by.replace(/ <[^<>]*>$/, ''))}: </span>
              <span class="model-text">{shownLine(what, 300)}</span>
              {!stands && <span class="dim"> (no longer)</span>}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
