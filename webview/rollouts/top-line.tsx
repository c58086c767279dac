/** The line at the top: which run, where in it, its state, and the keys. */
import type { ComponentChildren } from 'preact';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { Host } from '../host.ts';
import { RunPicker } from '../run/run-picker.tsx';
import { StateLabel } from '../run/run-state.tsx';
import type { RunFeed } from '../state/run-feed.ts';
import type { Session } from '../state/session.ts';
import { Icon } from '../ui/icons.tsx';
import { useStore } from '../ui/store.ts';
import { ThemeSwitch } from '../ui/theme-switch.tsx';
import { Tool } from '../ui/tool.tsx';
import type { Read } from './reading.ts';
import styles from './top-line.module.css';

interface TopLineProps {
  readonly session: Session;
  readonly feed: RunFeed;
  readonly host: Host;
  /** Null until there is an answer. */
  readonly read: Read | null;
  readonly help: boolean;
  readonly onHelp: () => void;
  readonly onDashboard: () => void;
  /** The help, where it is open. */
  readonly children: ComponentChildren;
}

export function TopLine({ session, feed, host, read, help, onHelp, onDashboard, children }: TopLineProps) {
  const run = useStore(feed.state, ({ view }) => view.run);
  const link = useStore(feed.connection.state, (state) => state.link);
  return (
    <nav class={styles.top} aria-label="Where you are">
      <h1 class="sr-only">Rollouts of {shownLine(run.id)}</h1>
      <RunPicker class={styles.picker} session={session} run={run} />
      <Tool icon="dashboard" text="Dashboard" label="Dashboard of this run (d)" class="far" onPress={onDashboard} />
      {read && (
        <>
          <span class="far">
            step <b>{read.group.step}</b>
          </span>
          <Icon name="chevron" class={`${styles.chevron} far`} />
          <span>
            <b>
              {read.rollout.order} {read.rollout.index + 1}
            </b>
          </span>
        </>
      )}
      <span class="grow" />
      <StateLabel run={run} link={link} />
      {host.place === 'browser' && <ThemeSwitch class={styles.theme} />}
      <Tool
        label="Keys (?)"
        text={
          <>
            keys <kbd>?</kbd>
          </>
        }
        class="far"
        expanded={help}
        onPress={onHelp}
      />
      {children}
    </nav>
  );
}
