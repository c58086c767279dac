/** The line at the top of a page: the run, where in it one is, how the run stands, and the keys. */
import type { ComponentChildren } from 'preact';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { Host } from '../host.ts';
import type { RunFeed } from '../state/run-feed.ts';
import type { Session } from '../state/session.ts';
import { useStore } from '../ui/store.ts';
import { ThemeSwitch } from '../ui/theme-switch.tsx';
import { Tool } from '../ui/tool.tsx';
import { RunPicker } from './run-picker.tsx';
import { StateLabel } from './run-state.tsx';
import styles from './top-line.module.css';

interface TopLineProps {
  readonly session: Session;
  readonly feed: RunFeed;
  readonly host: Host;
  /** As it is read out: "Across steps of". */
  readonly title: string;
  /** Where `Esc` leads, in words, on a page that leads back; there the run's state gives way on a narrow one. */
  readonly back?: { readonly to: string; readonly onBack: () => void };
  /** The help, while it is open. */
  readonly help: ComponentChildren;
  readonly onHelp: () => void;
  /** Where one is. */
  readonly children: ComponentChildren;
}

export function TopLine({ session, feed, host, title, back, help, onHelp, children }: TopLineProps) {
  const run = useStore(feed.state, ({ view }) => view.run);
  const link = useStore(feed.connection.state, (state) => state.link);
  const state = <StateLabel run={run} link={link} />;
  return (
    <nav class={styles.top} aria-label="Where you are">
      <h1 class="sr-only">
        {title} {shownLine(run.id)}
      </h1>
      <RunPicker class={styles.picker} session={session} run={run} />
      {children}
      <span class="grow" />
      {back ? <span class="far">{state}</span> : state}
      {back && (
        <Tool
          label={`Back to ${back.to} (Esc)`}
          text={
            <>
              <kbd>Esc</kbd> {back.to}
            </>
          }
          onPress={back.onBack}
        />
      )}
      {host.place === 'browser' && <ThemeSwitch class={styles.theme} />}
      <Tool
        label="Keys (?)"
        text={
          <>
            <span class="far">keys</span> <kbd>?</kbd>
          </>
        }
        expanded={Boolean(help)}
        onPress={onHelp}
      />
      {help}
    </nav>
  );
}
