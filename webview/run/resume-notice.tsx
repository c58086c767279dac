/** Asked before a resume gives up more than a kill costs: go back, make a new run from there, or leave it. */

import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { resumptionWords } from '../../trainer/protocol/resumption.ts';
import type { AskedResumption, RunFeed } from '../state/run-feed.ts';
import { Notice } from '../ui/notice.tsx';
import { Button } from '../ui/toolkit.tsx';

export function ResumeNotice({ feed, asking }: { readonly feed: RunFeed; readonly asking: AskedResumption }) {
  const { from, asks, request } = asking;
  return (
    <Notice
      kind="warning"
      title={shownLine(asks ?? '')}
      actions={
        <>
          <Button primary onPress={() => void feed.command({ ...request, confirmed: true })}>
            {from === 0 ? 'Begin again' : `Go back to step ${from}`}
          </Button>
          {from > 0 && <Button onPress={() => void feed.fork(from)}>Make a new run from there</Button>}
          <Button onPress={() => feed.leaveAsItIs()}>Cancel</Button>
        </>
      }
    >
      {resumptionWords(asking)}
    </Notice>
  );
}
