/** How many rows the list has, of how many; while that is counted, how far it is; without a trainer, as of when. */
import { useEffect, useState } from 'preact/hooks';
import { clock, grouped } from '../../ui/numbers.ts';
import type { CountsState } from './list-counts.ts';
import type { FeedState } from './rollout-feed.ts';

export function ListLength({ state, counts }: { state: FeedState; counts: CountsState }) {
  const { matching, total } = counts;
  const ofAll = total === null ? '' : ` of ${grouped(total)}`;
  const words =
    matching !== null
      ? matching === total
        ? grouped(matching)
        : `${grouped(matching)}${ofAll}`
      : counts.state === 'counting'
        ? `counting${state.progress === null ? '' : `, ${Math.floor(100 * state.progress)} %`}`
        : 'not counted';
  return (
    <>
      {/* Beside the tools there is no room for all of it. */}
      {matching === null ? <span title={`${words}${ofAll}`}>{words}</span> : words}
      {state.lostAt !== null && (
        <span title="There is no trainer: rows and counts are as it left them."> as of {clock(state.lostAt)}</span>
      )}
      <Told list={state.list} {...{ counts }} />
    </>
  );
}

/** Says to readers how many rows a list has, once it is counted: not what arrives in it. */
function Told({ list, counts }: { list: number; counts: CountsState }) {
  const [told, setTold] = useState({ list: 0, words: '' });
  const { matching, total, state } = counts;
  useEffect(() => {
    if (told.list === list || state !== 'counted' || matching === null) return;
    setTold({ list, words: `${grouped(matching)} of ${grouped(total ?? matching)} rollouts` });
  }, [list, state, matching]);
  return (
    <span class="sr-only" role="status">
      {told.words}
    </span>
  );
}
