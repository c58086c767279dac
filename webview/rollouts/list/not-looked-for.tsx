/** Says where a filter asks for what the present rules have not looked for yet: in answers that older ones have read. */
import type { Expression } from '../../../trainer/protocol/query/expression.ts';
import { butForFindings, ruleFieldsOf } from '../../../trainer/protocol/query/found-by-rules.ts';
import { AnalyseAnew, olderRulesRead } from '../../run/analyse-anew.tsx';
import type { RunFeed } from '../../state/run-feed.ts';
import { useStore } from '../../ui/store.ts';
import type { CountsState } from './list-counts.ts';
import styles from './not-looked-for.module.css';

/** Answers that older rules have read, whose findings a filter asks for. */
export interface OlderAnswers {
  readonly answers: number;
  /** Which they are, in words behind their number. */
  readonly which: string;
  /** What the filter asks of findings. */
  readonly names: readonly string[];
}

/** Null where there are none, and while they are counted; of a count that was given up, those of the run. */
export function useOlderAnswers(run: RunFeed, query: Expression, counts: CountsState): OlderAnswers | null {
  const ofRun = useStore(run.state, ({ view }) => view.counted.outdated);
  const others = butForFindings(query);
  if (others === null || counts.state === 'counting') return null;
  const isExact = counts.state === 'counted';
  const answers = isExact ? counts.outdated : ofRun;
  if (answers === 0) return null;
  const which = isExact && others.length > 0 ? 'that the rest of the filter keeps' : 'of this run';
  return { answers, which, names: ruleFieldsOf(query) };
}

export function NotLookedFor({ run, older: { answers, which, names } }: { run: RunFeed; older: OlderAnswers }) {
  return (
    <div class={styles.older}>
      <AnalyseAnew feed={run}>
        {olderRulesRead(answers, which)}: <span class="mono">{names.join(', ')}</span>{' '}
        {names.length === 1 ? 'is' : 'are'} not looked for in {answers === 1 ? 'it' : 'them'} by the present rules yet.
      </AnalyseAnew>
    </div>
  );
}
