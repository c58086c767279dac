/** The line at the top of a page that leads back to where one was: the run, where one is, how the run stands, and the keys. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { Host } from '../host.ts';
import type { RunFeed } from '../state/run-feed.ts';
import type { Session } from '../state/session.ts';
import { KeyHelp } from '../ui/key-help.tsx';
import { useKeys } from '../ui/keys.ts';
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
  /** Where `Esc` leads, in words. */
  readonly back: string;
  readonly keyRows: readonly (readonly [string, string])[];
  readonly onBack: () => void;
  /** Where one is. */
  readonly children: ComponentChildren;
}

export function TopLine({ session, feed, host, title, back, keyRows, onBack, children }: TopLineProps) {
  const run = useStore(feed.state, ({ view }) => view.run);
  const link = useStore(feed.connection.state, (state) => state.link);
  const [help, setHelp] = useState(false);
  useKeys({ '?': () => setHelp(!help), Escape: () => (help ? setHelp(false) : onBack()) });
  return (
    <nav class={styles.top} aria-label="Where you are">
      <h1 class="sr-only">
        {title} {shownLine(run.id)}
      </h1>
      <RunPicker class={styles.picker} session={session} run={run} />
      {children}
      <span class="grow" />
      <span class="far">
        <StateLabel run={run} link={link} />
      </span>
      <Tool
        label={`Back to ${back} (Esc)`}
        text={
          <>
            <kbd>Esc</kbd> {back}
          </>
        }
        onPress={onBack}
      />
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
        onPress={() => setHelp(!help)}
      />
      {help && <KeyHelp rows={keyRows} onClose={() => setHelp(false)} />}
    </nav>
  );
}
