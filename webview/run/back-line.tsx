/** The top line of a page that leads back to where one was, with the keys that every such page has. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Host } from '../host.ts';
import type { RunFeed } from '../state/run-feed.ts';
import type { Session } from '../state/session.ts';
import { KeyHelp } from '../ui/key-help.tsx';
import { useKeys } from '../ui/keys.ts';
import { TopLine } from './top-line.tsx';

interface BackLineProps {
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

export function BackLine({ session, feed, host, title, back, keyRows, onBack, children }: BackLineProps) {
  const [help, setHelp] = useState(false);
  useKeys({ '?': () => setHelp(!help), Escape: () => (help ? setHelp(false) : onBack()) });
  return (
    <TopLine
      {...{ session, feed, host, title }}
      back={{ to: back, onBack }}
      help={help && <KeyHelp rows={keyRows} onClose={() => setHelp(false)} />}
      onHelp={() => setHelp(!help)}
    >
      {children}
    </TopLine>
  );
}
