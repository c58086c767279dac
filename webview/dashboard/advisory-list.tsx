/** Everything that a run was told that needs a person: what stands with all its ways on, what is muted, and what is over. */
import { advisoryLabels, byGravity, isMuted } from '../../trainer/protocol/advisories.ts';
import { waysNow } from '../../trainer/protocol/advisory-words.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { RunView } from '../state/run-view.ts';
import { clock } from '../ui/numbers.ts';
import { Tool } from '../ui/tool.tsx';
import styles from './advisory-list.module.css';
import { AdvisoryWay, type AdvisoryWayProps } from './advisory-way.tsx';

export interface AdvisoryListProps extends Omit<AdvisoryWayProps, 'way' | 'brief' | 'view'> {
  readonly view: RunView;
  /** Those that are over too. */
  readonly withOver: boolean;
}

export function AdvisoryList({ withOver, ...props }: AdvisoryListProps) {
  const { feed, view, noTrainer } = props;
  const { advisories = [], muted } = view.run;
  const over = withOver ? view.told.filter(({ ended }) => ended !== null).toReversed() : [];
  if (advisories.length + over.length === 0) return null;
  return (
    <ul class={styles.list} aria-label="What needs a person">
      {byGravity(advisories).map((one) => {
        const { key, rule, since, message } = one;
        const isQuiet = isMuted(key, muted);
        const mutedBy = muted?.includes(key) ? key : rule;
        const toggle = () =>
          feed
            .request('advisories/mute', { key: isQuiet ? mutedBy : key, muted: !isQuiet })
            .catch((thrown: unknown) => feed.fail(thrown));
        return (
          <li key={key} class={isQuiet ? 'dim' : ''}>
            <div class={styles.head}>
              <b>{advisoryLabels[rule]}</b>
              <span class="dim">
                since step {since}
                {isQuiet && ', muted'}
              </span>
              <Tool
                text={isQuiet ? 'Unmute' : 'Mute'}
                label={`${isQuiet ? 'Tell again of' : 'Tell no more in this run of'}: ${advisoryLabels[rule]}`}
                refused={noTrainer}
                onPress={() => void toggle()}
              />
            </div>
            <span class="model-text">{shownLine(message, 1000)}</span>
            {!isQuiet && (
              <ul class={styles.ways}>
                {waysNow(one, view.run).map((way) => (
                  <li key={JSON.stringify(way)}>
                    <AdvisoryWay {...props} way={way} />
                  </li>
                ))}
              </ul>
            )}
          </li>
        );
      })}
      {over.map(({ seq, at, advisory: { rule, since, message }, ended }) => (
        <li key={seq} class="dim">
          {clock(at)} {advisoryLabels[rule]}, step {since} to {ended}:{' '}
          <span class="model-text">{shownLine(message)}</span>
        </li>
      ))}
    </ul>
  );
}
