/** The run stands where the update of its open step can be changed: that it can, and the way there. */
import { useContext } from 'preact/hooks';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import type { RunFeed } from '../state/run-feed.ts';
import { FollowLink } from '../ui/follow-link.ts';
import { Notice } from '../ui/notice.tsx';
import { grouped } from '../ui/numbers.ts';
import { Button } from '../ui/toolkit.tsx';
import { openUpdateLink } from './hit-place.ts';
import { ResumeButton } from './resume-button.tsx';
import type { Control } from './run-controls.ts';
import { sentence } from './run-words.ts';

interface OpenUpdateNoticeProps {
  readonly feed: RunFeed;
  readonly run: RunSummary;
  readonly resume: Control | undefined;
  /** The key that opens the step's groups here. */
  readonly openKey: string;
}

export function OpenUpdateNotice({ feed, run, resume, openKey }: OpenUpdateNoticeProps) {
  const follow = useContext(FollowLink);
  const link = openUpdateLink(run);
  if (link === null || run.state !== 'paused') return null;
  return (
    <Notice
      kind="info"
      icon="pause"
      title={`The update of step ${grouped(run.at.step)} is not made yet.`}
      actions={
        <>
          <Button primary onPress={() => follow(link)}>
            Open its groups&nbsp;<kbd>{openKey}</kbd>
          </Button>
          {resume && <ResumeButton {...{ feed, resume }} />}
        </>
      }
    >
      {run.why !== null && `${sentence(run.why)} `}
      Its answers can be left out or scored anew before it goes on.
    </Notice>
  );
}
