/** A count of answers that opens the list of them. */
import { useContext } from 'preact/hooks';
import { linkPath } from '../../trainer/protocol/place.ts';
import { FollowLink } from '../ui/follow-link.ts';
import { count as counted, grouped } from '../ui/numbers.ts';

interface CountLinkProps {
  readonly count: number;
  readonly runId: string;
  /** The filter that keeps them. */
  readonly query: string;
  /** Before what the link does, for who points at it. */
  readonly title?: string;
  /** What is counted, for who hears it. */
  readonly what: string;
}

export function CountLink({ count, runId, query, title, what }: CountLinkProps) {
  const follow = useContext(FollowLink);
  if (count === 0) return <span class="dim">0</span>;
  return (
    <button
      type="button"
      class="link"
      title={`${title === undefined ? '' : `${title}; `}opens the list with ${query}`}
      aria-label={`${counted(count, 'answer')}, ${what}: open the list`}
      onClick={() => follow(linkPath({ project: null, place: { page: 'rollouts', runId, query } }))}
    >
      {grouped(count)}
    </button>
  );
}
