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

interface WeighedOfProps {
  readonly run: RunFeed;
  readonly weighed: Weighed;
  /** No row stands under it: it says why, and what can be done. */
  readonly isEmpty: boolean;
}

export function WeighedOf({ run, weighed: { weighed, of, rest }, isEmpty }: WeighedOfProps) {
  const refused = noTrainer(useStore(run.connection.state, ({ link }) => link));
  const isOpen = isEmpty && weighed < of;
  const those = rest === '' ? '' : ' that the rest of the filter keeps';
  return (
    <div class={isOpen ? styles.body : styles.line} data-part="weighed">
      {isOpen ? (
        <>
          <p class="strong">{weighed === 0 ? 'None of them is weighed yet.' : 'None that is weighed fits.'}</p>
          <p>
            {grouped(weighed)} of {count(of, 'answer')}
            {those} {weighed === 1 ? 'is' : 'are'} weighed; only those can match.
          </p>
        </>
      ) : (
        <>
          <span class="dim">Weighed</span> {grouped(weighed)} of {count(of, 'answer')}
          {those}; only those can match.{' '}
        </>
      )}
      {weighed < of && (
        <WeighMany key="many" feed={run} of={{ query: rest }} {...{ refused, isOpen }} label="Weigh these" />
      )}
    </div>
  );
}

/** For whatever the filter keeps. */
export function WeighThese({ run, line, onClose }: { run: RunFeed; line: string; onClose: () => void }) {
  const refused = noTrainer(useStore(run.connection.state, ({ link }) => link));
  return (
    <div class={styles.these}>
      <p class="dim">
        Scores each answer that the filter keeps again under other frames: what order is worth to it becomes a column
        and can be filtered by.
      </p>
      <WeighMany feed={run} of={{ query: line }} {...{ refused, onClose }} isOpen label="Weigh these" />
    </div>
  );
}
