/** Runs of the project that are there and can't be opened: which, why, and what to do. */
import { useState } from 'preact/hooks';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { Session } from '../state/session.ts';
import { Notice } from '../ui/notice.tsx';
import { count } from '../ui/numbers.ts';
import { useStore } from '../ui/store.ts';
import { Button } from '../ui/toolkit.tsx';

export function UnreadableRuns({ session }: { session: Session }) {
  const unreadable = useStore(session.state, (state) => state.unreadable);
  const [hidden, hide] = useState(0);
  /* Another one that turns up is shown again. */
  if (unreadable.length <= hidden) return null;
  return (
    <Notice
      kind="warning"
      title={`${count(unreadable.length, 'run')} can't be opened.`}
      actions={<Button onPress={() => hide(unreadable.length)}>Hide</Button>}
    >
      {unreadable.map(({ id, message, place, remedy }) => (
        <span key={id}>
          <b>{shownLine(id)}</b>: {shownLine(message)} {place && <span class="mono">{shownLine(place)}</span>}{' '}
          {remedy && shownLine(remedy)}{' '}
        </span>
      ))}
    </Notice>
  );
}
