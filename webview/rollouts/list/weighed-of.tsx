/** Says where a filter asks what order is worth: how many of the answers it may keep were weighed, and has the others weighed. */

import type { Expression } from '../../../trainer/protocol/query/expression.ts';
import { formatQuery } from '../../../trainer/protocol/query/format.ts';
import { butForEvidence } from '../../../trainer/protocol/query/weighed-fields.ts';
import { WeighMany } from '../../rollout/evidence/weigh-many.tsx';
import { noTrainer } from '../../run/run-words.ts';
import type { RunFeed } from '../../state/run-feed.ts';
import { count, grouped } from '../../ui/numbers.ts';
import { useStore } from '../../ui/store.ts';
import type { CountsState } from './list-counts.ts';
import styles from './weighed-of.module.css';

export interface Weighed {
  readonly weighed: number;
  readonly of: number;
  /** The filter without what it asks of evidence. */
  readonly rest: string;
}

/** Null where the filter asks nothing of evidence, and until it is counted. */
export function weighedBut(query: Expression, counts: Pick<CountsState, 'state' | 'weighed'>): Weighed | null {
  const others = butForEvidence(query);
  if (others === null || counts.state !== 'counted' || counts.weighed === null) return null;
  const rest = others.length === 0 ? '' : formatQuery({ kind: 'all', of: others });
  return { ...counts.weighed, rest };
}

export function WeighedOf({ run, weighed: { weighed, of, rest } }: { run: RunFeed; weighed: Weighed }) {
  const refused = noTrainer(useStore(run.connection.state, ({ link }) => link));
  return (
    <div class={styles.line} data-part="weighed">
      <span class="dim">Weighed</span> {grouped(weighed)} of {count(of, 'answer')}
      {rest === '' ? '' : ' that the rest of the filter keeps'}; only those can match.{' '}
      {weighed < of && <WeighMany feed={run} of={{ query: rest }} refused={refused} label="Weigh these" />}
    </div>
  );
}

/** For whatever the filter keeps. */
export function WeighThese({ run, line }: { run: RunFeed; line: string }) {
  const refused = noTrainer(useStore(run.connection.state, ({ link }) => link));
  return (
    <div class={styles.these}>
      <p class="dim">
        Scores each answer that the list shows again under other frames: what order is worth to it becomes a column and
        can be filtered by.
      </p>
      <WeighMany feed={run} of={{ query: line }} refused={refused} label="Weigh these" />
    </div>
  );
}
