/** A breakpoint has paused the run: which, where and by what, with the ways on. */
import { useContext } from 'preact/hooks';
import type { BreakpointHit } from '../../trainer/protocol/breakpoints/breakpoint.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { placeWords } from '../../trainer/protocol/run-words.ts';
import type { RunFeed } from '../state/run-feed.ts';
import { BreakpointMark } from '../ui/breakpoint-mark.tsx';
import { FollowLink } from '../ui/follow-link.ts';
import { Notice } from '../ui/notice.tsx';
import { grouped } from '../ui/numbers.ts';
import { Button } from '../ui/toolkit.tsx';
import { hitLink } from './hit-place.ts';
import { ResumeButton } from './resume-button.tsx';
import type { Control } from './run-controls.ts';

interface HitNoticeProps {
  readonly feed: RunFeed;
  readonly run: RunSummary;
  readonly hit: BreakpointHit;
  readonly resume: Control | undefined;
  readonly noTrainer: string | null;
  /** The key that opens the group here; null where it has another meaning. */
  readonly openKey: string | null;
}

export function HitNotice({ feed, run, hit, resume, noTrainer, openKey }: HitNoticeProps) {
  const follow = useContext(FollowLink);
  const { number, condition, place, cause } = hit;
  const link = hitLink(run.id, hit);
  const isOpen = place.point === 'after-sampling' || place.point === 'before-update';
  const isEnabled = run.breakpoints?.list.some((one) => one.number === number && one.enabled) ?? false;
  return (
    <Notice
      kind="warning"
      mark={<BreakpointMark kind="pause" />}
      title={`Breakpoint ${number}`}
      actions={
        <>
          {link !== null && (
            <Button primary onPress={() => follow(link)}>
              Open the group
              {openKey && (
                <>
                  &nbsp;<kbd>{openKey}</kbd>
                </>
              )}
            </Button>
          )}
          {resume && <ResumeButton {...{ feed, resume }} />}
          {isEnabled && (
            <Button
              disabled={noTrainer !== null}
              title={noTrainer ?? 'It is not asked any more; the run stays paused'}
              onPress={() => void feed.command({ kind: 'break', change: { do: 'disable', number } })}
            >
              Disable it
            </Button>
          )}
        </>
      }
    >
      <span class="mono">{shownLine(condition)}</span> hit {placeWords(place, grouped(place.step))}:{' '}
      {shownLine(cause.sentence)}.{isOpen && ' Nothing of this step is applied yet.'}
    </Notice>
  );
}
