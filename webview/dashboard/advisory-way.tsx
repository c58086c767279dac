/** A way on that an advisory offers: a command as a button, with what became of it, answers to look at, a line to copy, or advice. */
import { useContext, useState } from 'preact/hooks';
import type { WayOn } from '../../trainer/protocol/advisories.ts';
import { commandOfWay, wayLabel, wayLine } from '../../trainer/protocol/advisory-words.ts';
import { type CommandRecord, type CommandRequest, refusal } from '../../trainer/protocol/commands.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { isParameterName } from '../../trainer/protocol/parameters.ts';
import { linkPath } from '../../trainer/protocol/place.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import type { Host } from '../host.ts';
import { changeWords, placeWords } from '../run/command-words.ts';
import type { RunFeed } from '../state/run-feed.ts';
import type { RunView } from '../state/run-view.ts';
import { FollowLink } from '../ui/follow-link.ts';
import { Tool } from '../ui/tool.tsx';
import { Button } from '../ui/toolkit.tsx';
import styles from './advisory-way.module.css';

export interface AdvisoryWayProps {
  readonly way: WayOn;
  readonly feed: RunFeed;
  readonly view: Pick<RunView, 'run' | 'commands'>;
  /** All runs of the trainer. */
  readonly runs: readonly RunSummary[];
  /** Why nothing can be asked of the trainer; null when it is there. */
  readonly noTrainer: string | null;
  readonly host: Host;
  /** In a notice: without its reason, which its tooltip has. */
  readonly brief?: boolean;
}

export function AdvisoryWay({ way, feed, view, runs, noTrainer, host, brief = false }: AdvisoryWayProps) {
  const follow = useContext(FollowLink);
  const { run } = view;
  const why = shownLine(way.why);
  const reason = brief ? null : <span class="dim">{why}</span>;
  const request = commandOfWay(way);
  if (request !== null) {
    const refused = noTrainer ?? alreadySo(way, run) ?? refusal(request, run, runs);
    return <WayCommand label={shownLine(wayLabel(way) ?? '')} {...{ request, feed, view, refused, why, brief }} />;
  }
  if (way.kind === 'look') {
    const { query } = way;
    return (
      <span class={styles.way}>
        <button
          type="button"
          class="link"
          title={`${why}; opens the list with ${shownLine(query)}`}
          onClick={() => follow(linkPath({ project: null, place: { page: 'rollouts', runId: run.id, query } }))}
        >
          Look at the answers
        </button>
        {reason}
      </span>
    );
  }
  const line = wayLine(way, run.id, null);
  return (
    <span class={styles.way}>
      {line === null ? (
        why
      ) : (
        <>
          <code class={`mono model-text ${styles.line}`}>{shownLine(line)}</code>
          <Tool
            text="Copy"
            label={`Copy ${shownLine(line)}`}
            onPress={() => host.copy(line, 'Command').catch((thrown: unknown) => feed.fail(thrown))}
          />
          {reason}
        </>
      )}
    </span>
  );
}

function alreadySo(way: WayOn, { parameters }: RunSummary): string | null {
  const isSo = way.kind === 'set' && isParameterName(way.parameter) && parameters[way.parameter] === way.value;
  return isSo ? 'it has this value' : null;
}

interface WayCommandProps extends Pick<AdvisoryWayProps, 'feed' | 'view'> {
  readonly label: string;
  readonly request: CommandRequest;
  readonly refused: string | null;
  readonly why: string;
  readonly brief: boolean;
}

function WayCommand({ label, request, feed, view, refused, why, brief }: WayCommandProps) {
  /* Of the command that was sent from here. */
  const [sent, setSent] = useState<string | null>(null);
  const command = sent === null ? undefined : view.commands.find(({ id }) => id === sent);
  const ask = async () => setSent((await feed.command(request))?.id ?? null);
  return (
    <span class={styles.way}>
      <Button
        disabled={refused !== null}
        title={refused === null ? why : `${why}. Can't be done now: ${refused}.`}
        onPress={() => void ask()}
      >
        {label}
      </Button>
      <span class="dim" role="status">
        {command ? lifeWords(command) : brief ? '' : why}
      </span>
    </span>
  );
}

/** `scheduled: 1 → 1.2, waits for before-step`. */
const lifeWords = (command: CommandRecord): string =>
  [`${command.state}:`, [changeWords(command), placeWords(command)].filter(Boolean).join(', ')].join(' ');
