/** Says where a filter asks for what the present rules have not looked for yet: in answers that older ones have read. */
import type { Expression } from '../../../trainer/protocol/query/expression.ts';
import { butForFindings, ruleFieldsOf } from '../../../trainer/protocol/query/found-by-rules.ts';
import { AnalyseAnew, olderRulesRead } from '../../run/analyse-anew.tsx';
import type { RunFeed } from '../../state/run-feed.ts';

interface NotLookedForProps {
  readonly run: RunFeed;
  readonly query: Expression;
  /** Of what the rest of the filter keeps, what older rules read. */
  readonly outdated: number;
}

export function NotLookedFor({ run, query, outdated }: NotLookedForProps) {
  const others = butForFindings(query);
  if (others === null || outdated === 0) return null;
  const names = ruleFieldsOf(query);
  return (
    <AnalyseAnew feed={run}>
      {olderRulesRead(outdated, others.length === 0 ? 'of this run' : 'that the rest of the filter keeps')}:{' '}
      <span class="mono">{names.join(', ')}</span> {names.length === 1 ? 'is' : 'are'} not looked for in{' '}
      {outdated === 1 ? 'it' : 'them'} by the present rules yet.
    </AnalyseAnew>
  );
}
