/** The one notice over a run's page: what is wrong, where, and what to do; else what is under way. */

import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { Host } from '../host.ts';
import type { Connection } from '../state/connection.ts';
import type { RunFeed } from '../state/run-feed.ts';
import type { Session } from '../state/session.ts';
import { Notice } from '../ui/notice.tsx';
import { grouped } from '../ui/numbers.ts';
import { useStore } from '../ui/store.ts';
import { Button } from '../ui/toolkit.tsx';
import { HitNotice } from './hit-notice.tsx';
import { hitOf, openUpdateLink } from './hit-place.ts';
import { LiveNotice } from './live-notice.tsx';
import { OpenUpdateNotice } from './open-update-notice.tsx';
import { ResumeNotice } from './resume-notice.tsx';
import { runControls } from './run-controls.ts';
import styles from './run-notice.module.css';
import { noTrainer, sentence, troubleOf } from './run-words.ts';

interface RunNoticeProps {
  readonly session: Session;
  readonly feed: RunFeed;
  readonly host: Host;
  /** The key that opens what the run is paused at, the hit of a breakpoint or an open update; absent where it has another meaning. */
  readonly openKey?: string | null;
}

/** The gravest thing that a person should know of; where there is none, what is under way. */
export function RunNotice({ session, feed, host, openKey = null }: RunNoticeProps) {
  const run = useStore(feed.state, ({ view }) => view.run);
  const runs = useStore(session.state, (state) => state.runs) ?? [run];
  const { link, fault: refused } = useStore(feed.connection.state, (state) => state);
  const asking = useStore(feed.state, (state) => state.asking);
  if (refused || link.state === 'gone' || link.state === 'closed') {
    return <ConnectionNotice connection={feed.connection} host={host} step={run.step} />;
  }
  if (asking) return <ResumeNotice feed={feed} asking={asking} />;
  const trouble = troubleOf(run);
  const resume = runControls(run, runs, noTrainer(link)).find(({ name }) => name === 'resume');
  const hit = hitOf(run);
  if (hit) return <HitNotice {...{ feed, run, hit, resume, openKey }} noTrainer={noTrainer(link)} />;
  if (openKey !== null && (trouble?.kind ?? 'info') === 'info' && openUpdateLink(run) !== null)
    return <OpenUpdateNotice {...{ feed, run, resume, openKey }} />;
  if (!trouble) return <LiveNotice feed={feed} />;
  return (
    <Notice
      kind={trouble.kind}
      {...(run.state === 'paused' && { icon: 'pause' })}
      title={trouble.title}
      actions={
        resume && (
          <Button
            disabled={resume.refused !== null}
            title={resume.refused ?? `${resume.label} (${resume.key})`}
            onPress={() => void feed.command(resume.request)}
          >
            {resume.label}
          </Button>
        )
      }
    >
      {trouble.place && <span class="mono">{trouble.place}</span>} {trouble.text}
      {trouble.log.length > 0 && (
        <details>
          <summary>The last lines of the log</summary>
          <pre class={styles.log}>{trouble.log.join('\n')}</pre>
        </details>
      )}
    </Notice>
  );
}

interface ConnectionNoticeProps {
  readonly connection: Connection;
  readonly host: Host;
  /** The last step that was read of the run that is shown; null where none is. */
  readonly step: number | null;
}

/** What is wrong between the page and the trainer; null when nothing is. */
export function ConnectionNotice({ connection, host, step }: ConnectionNoticeProps) {
  const { link, fault } = useStore(connection.state, (state) => state);
  if (link.state === 'gone' || link.state === 'closed') {
    return (
      <Notice
        kind={link.state === 'gone' ? 'error' : 'warning'}
        icon="plug"
        title={link.state === 'gone' ? 'The trainer is gone.' : 'The connection to the trainer is lost.'}
        actions={
          host.place === 'vscode' && (
            <>
              <Button onPress={() => host.command({ command: 'show-log' })}>Show log</Button>
              {link.state === 'gone' && (
                <Button primary onPress={() => host.command({ command: 'start-trainer' })}>
                  Start the trainer
                </Button>
              )}
            </>
          )
        }
      >
        {sentence(link.reason)} What was read stays readable{step === null ? '' : `, up to step ${grouped(step)}`}; a
        run that was under way goes on from its last checkpoint once a trainer is there.
        {link.state === 'gone' && host.place === 'browser' && (
          <>
            {' '}
            <code>npx video-r1 serve</code> starts one: open the address that it prints, which is another one each time,
            and paste this page’s address into the filter there to come back to this place.
          </>
        )}
      </Notice>
    );
  }
  if (fault) {
    return (
      <Notice
        kind="error"
        title={shownLine(fault.message)}
        actions={<Button onPress={() => connection.dismissFault()}>Dismiss</Button>}
      >
        {fault.place && <span class="mono">{shownLine(fault.place)}</span>} {fault.remedy && shownLine(fault.remedy)}
      </Notice>
    );
  }
  return null;
}
