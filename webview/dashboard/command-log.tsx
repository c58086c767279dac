/** Every command with its life: requested, scheduled, applied; rejected or failed with the reason. */
import { useState } from 'preact/hooks';
import type { CommandRecord, CommandState } from '../../trainer/protocol/commands.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { replayRefusal } from '../../trainer/protocol/run-state.ts';
import type { Host } from '../host.ts';
import { changeWords, placeWords, requestWords } from '../run/command-words.ts';
import { shellCommand } from '../run/shell-command.ts';
import type { RunFeed } from '../state/run-feed.ts';
import { Section } from '../ui/heads.tsx';
import { clock } from '../ui/numbers.ts';
import { useStore } from '../ui/store.ts';
import { Tool, type ToolProps } from '../ui/tool.tsx';
import styles from './command-log.module.css';

const shownAtFirst = 12;

interface CommandLogProps {
  readonly commands: readonly CommandRecord[];
  /** The command whose row is sought; null for none. */
  readonly wanted: string | null;
  readonly feed: RunFeed;
  readonly host: Host;
}

export function CommandLog({ commands, wanted, feed, host }: CommandLogProps) {
  const [asked, setAll] = useState(false);
  const all = asked || commands.findIndex(({ id }) => id === wanted) >= shownAtFirst;
  const replay = useReplay(feed, host);
  return (
    <section aria-label="Command log">
      <Section
        title="Command log"
        meta={`append-only, ${commands.length}`}
        tools={
          <>
            {commands.length > shownAtFirst && (
              <Tool
                icon={all ? 'up' : 'down'}
                text={all ? 'Newest' : 'All'}
                label={all ? 'Show the newest commands' : 'Show all commands'}
                onPress={() => setAll(!all)}
              />
            )}
            <Tool
              icon="play"
              text="Replay"
              label="Copy the command that does this run again by its log and says what differs first"
              {...replay}
            />
          </>
        }
      />
      {commands.length > 0 && (
        <table>
          <thead>
            <tr>
              <th class="num">#</th>
              <th class="far">at</th>
              <th>command</th>
              <th class="far">by</th>
              <th>life</th>
              <th class="far">where, or why not</th>
              <th>old → new</th>
            </tr>
          </thead>
          <tbody>
            {(all ? commands : commands.slice(0, shownAtFirst)).map((command) => (
              <Row key={command.id} command={command} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

/** It computes for as long as the run did, so it is a shell's to carry out: the page gives the command. */
function useReplay(feed: RunFeed, host: Host): Pick<ToolProps, 'refused' | 'onPress'> {
  const run = useStore(feed.state, ({ view }) => view.run);
  const trainer = useStore(feed.connection.state, (state) => state.trainer);
  const refused = replayRefusal(run);
  const program = host.place === 'vscode' ? 'video-r1' : 'npx video-r1';
  const line = trainer && shellCommand(['replay', run.id], trainer.folder, program);
  if (refused !== null || line === null)
    return { refused: refused ?? 'its folder has a name that no shell takes', onPress: () => {} };
  return {
    onPress: () => void host.copy(line, 'Shell command').catch((thrown: unknown) => feed.fail(thrown)),
  };
}

function Row({ command }: { command: CommandRecord }) {
  const where = placeWords(command);
  return (
    <tr
      data-command={command.id}
      tabIndex={-1}
      title={[clock(command.requestedAt), shownLine(command.by), where].filter(Boolean).join(' · ')}
    >
      <td class="num dim">{command.number}</td>
      <td class="dim far">{clock(command.requestedAt)}</td>
      <td>{requestWords(command.request)}</td>
      <td class="dim far">{shownLine(command.by)}</td>
      <td>
        <Life state={command.state} />
      </td>
      <td class="dim far wide">{where}</td>
      <td>{changeWords(command)}</td>
    </tr>
  );
}

function Life({ state }: { state: CommandState }) {
  const reached = { requested: 1, rejected: 2, scheduled: 2, failed: 3, applied: 3 }[state];
  const crossed = state === 'rejected' || state === 'failed';
  return (
    <span class={styles.life}>
      <svg viewBox="0 0 40 8" aria-hidden="true">
        <line x1="4" x2="36" y1="4" y2="4" class={styles.line} />
        {[1, 2, 3].map((place) => {
          const x = 4 + (place - 1) * 16;
          if (crossed && place === reached)
            return <path key={place} d={`M${x - 3} 1l6 6M${x + 3} 1l-6 6`} class={styles.cross} />;
          return <circle key={place} cx={x} cy="4" r="3" class={place <= reached ? styles.reached : styles.open} />;
        })}
      </svg>
      {state}
    </span>
  );
}
