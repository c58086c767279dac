/** Says who pointed at what is shown, and what of the place is not there. */
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { Notice } from '../ui/notice.tsx';
import { useStore } from '../ui/store.ts';
import { Button } from '../ui/toolkit.tsx';
import type { Visitor } from './visitor.ts';

export function VisitNotice({ visitor }: { visitor: Visitor }) {
  const visit = useStore(visitor.state, (state) => state);
  if (visit === null) return null;
  const { by, note, back } = visit;
  return (
    <Notice
      kind={note === null ? 'info' : 'warning'}
      title={
        by === null
          ? note === null
            ? 'You followed a link.'
            : 'Not all of the link is there.'
          : `${shownLine(by)} points here.`
      }
      actions={
        <>
          {back && (
            <Button
              onPress={() => {
                visitor.dismiss();
                back();
              }}
            >
              Back
            </Button>
          )}
          <Button onPress={() => visitor.dismiss()}>Dismiss</Button>
        </>
      }
    >
      {note !== null && shownLine(note, 1000)}
    </Notice>
  );
}
