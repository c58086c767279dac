/** The rollouts of a run, left to right: which (list), against what (group), why (rollout). */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Host } from '../host.ts';
import { selectedSpan } from '../rollout/completion-text.tsx';
import { RunNotice } from '../run/run-notice.tsx';
import { RunPicker } from '../run/run-picker.tsx';
import { StateLabel } from '../run/run-state.tsx';
import { noTrainer } from '../run/run-words.ts';
import type { RunFeed } from '../state/run-feed.ts';
import type { Session } from '../state/session.ts';
import { shownLine } from '../ui/hostile-text.ts';
import { Icon } from '../ui/icons.tsx';
import { KeyHelp } from '../ui/key-help.tsx';
import { useKeys } from '../ui/keys.ts';
import { Pane } from '../ui/pane.tsx';
import { type Store, useStore } from '../ui/store.ts';
import { ThemeSwitch } from '../ui/theme-switch.tsx';
import { Tool } from '../ui/tool.tsx';
import { GroupView } from './group/group-view.tsx';
import { filterBoxId } from './list/filter-box.tsx';
import { RolloutFeed } from './list/rollout-feed.ts';
import { RolloutList } from './list/rollout-list.tsx';
import { type Read, Reading, type RolloutsPlace, type TextDocument } from './reading.ts';
import { RolloutView, rolloutTextId } from './rollout-view.tsx';
import styles from './rollouts.module.css';

interface RolloutsProps {
  readonly session: Session;
  readonly feed: RunFeed;
  readonly host: Host;
  readonly place: Store<RolloutsPlace>;
  readonly onDashboard: () => void;
  /** To the question through training. Left out where there is no such page; so with the two below. */
  readonly onAcross?: ((read: Read) => void) | undefined;
  /** To the same question in another run. */
  readonly onCompare?: ((read: Read) => void) | undefined;
  readonly onOpenDocument?: ((document: TextDocument) => void) | undefined;
}

const keyRows = [
  ['j k', 'next and previous row'],
  ['J K', 'next and previous question'],
  ['g', 'group'],
  ['Enter', 'rollout'],
  ['Home', 'newest rows, and follow them'],
  ['f', 'play the frames'],
  ['← →', 'frame'],
  ['a A', 'next and last aha'],
  ['p', 'shade tokens by probability'],
  ['Tab', 'labels, which say how their number comes about'],
  ['/', 'filter'],
  ['x', 'flag the selected text, or the answer'],
  ['y', 'copy a link'],
  ['d', 'dashboard'],
  ['?', 'these keys'],
] as const;

export function Rollouts({ session, feed, host, place, onDashboard }: RolloutsProps) {
  const { list, reading } = useMemo(() => {
    const { line, rolloutId } = place.get();
    const rows = new RolloutFeed(feed, line, rolloutId);
    return { list: rows, reading: new Reading(feed, rows, place) };
  }, [feed, place]);
  useEffect(() => feed.need('annotations'), [feed]);
  useEffect(
    () => () => {
      reading.dispose();
      list.dispose();
    },
    [list, reading],
  );
  return (
    <>
      <TopLine {...{ session, feed, host, reading, onDashboard }} />
      <RunNotice {...{ session, feed, host }} />
      <Panes {...{ feed, host, list, reading, onDashboard }} />
    </>
  );
}

interface TopLineProps extends Pick<RolloutsProps, 'session' | 'feed' | 'host' | 'onDashboard'> {
  readonly reading: Reading;
}

function TopLine({ session, feed, host, reading, onDashboard }: TopLineProps) {
  const run = useStore(feed.state, ({ view }) => view.run);
  const link = useStore(feed.connection.state, (state) => state.link);
  const [help, setHelp] = useState(false);
  useKeys({ '?': () => setHelp(!help), Escape: () => (help ? setHelp(false) : false) });
  return (
    <nav class={styles.top} aria-label="Where you are">
      <h1 class="sr-only">Rollouts of {shownLine(run.id)}</h1>
      <RunPicker class={styles.picker} session={session} run={run} />
      <Tool icon="dashboard" text="Dashboard" label="Dashboard of this run (d)" class="far" onPress={onDashboard} />
      <Crumb reading={reading} />
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
        onPress={() => setHelp(!help)}
      />
      {help && <KeyHelp rows={keyRows} onClose={() => setHelp(false)} />}
    </nav>
  );
}

/** The question and the answer that are read; null until they are there. */
function useRead(reading: Reading) {
  const group = useStore(reading.state, (state) => state.group);
  const rolloutId = useStore(reading.place, (place) => place.rolloutId);
  return { group, rolloutId, rollout: reading.rollout };
}

function Crumb({ reading }: { reading: Reading }) {
  const { group, rollout } = useRead(reading);
  if (!group || !rollout) return null;
  return (
    <>
      <span class="far">
        step <b>{group.step}</b>
      </span>
      <Icon name="chevron" class={`${styles.chevron} far`} />
      <span>
        <b>
          {rollout.order} {rollout.index + 1}
        </b>
      </span>
    </>
  );
}

interface PanesProps extends Pick<RolloutsProps, 'feed' | 'host' | 'onDashboard'> {
  readonly list: RolloutFeed;
  readonly reading: Reading;
}

function Panes({ feed, host, list, reading, onDashboard }: PanesProps) {
  const view = useStore(feed.state, (state) => state.view);
  const refused = useStore(feed.connection.state, ({ link }) => noTrainer(link));
  const pane = useStore(reading.state, (state) => state.pane);
  const { group, rolloutId, rollout } = useRead(reading);
  const flag = () => {
    const text = document.getElementById(rolloutTextId);
    reading.flag(text ? selectedSpan(text) : null);
    window.getSelection()?.removeAllRanges();
  };
  const copyLink = () => {
    if (!rollout) return;
    const shown = { page: 'rollouts' as const, runId: feed.id, groupId: rollout.groupId, rolloutId: rollout.id };
    host
      .copy(host.link(shown) ?? `${view.run.id}, step ${rollout.step}, rollout ${rollout.id}`)
      .catch((thrown: unknown) => feed.fail(thrown));
  };
  const exportFlags = () => {
    feed.request('annotations/export', {}).then(
      ({ jsonl }) => host.saveFile(`${view.run.id}-flags.jsonl`, jsonl),
      (thrown: unknown) => feed.fail(thrown),
    );
  };
  useKeys({
    j: () => reading.move(1),
    k: () => reading.move(-1),
    ArrowDown: () => reading.move(1),
    ArrowUp: () => reading.move(-1),
    J: () => reading.moveQuestion(1),
    K: () => reading.moveQuestion(-1),
    g: () => reading.show('group'),
    Enter: (event) => (event.target instanceof HTMLButtonElement ? false : reading.show('rollout')),
    Home: () => reading.moveToNewest(),
    f: () => reading.toggleFlip(),
    ArrowLeft: () => reading.moveFrame(-1),
    ArrowRight: () => reading.moveFrame(1),
    a: () => reading.moveAha(1),
    A: () => reading.moveAha(-1),
    p: () => reading.shade(!reading.state.get().shaded),
    x: flag,
    y: copyLink,
    d: onDashboard,
    '/': () => {
      reading.show('list');
      document.getElementById(filterBoxId)?.focus();
    },
    Escape: () => (reading.state.get().flagging ? reading.stopFlagging() : false),
  });

  const flags = view.annotations;
  const { lengthMin, lengthMax } = view.run.parameters;
  return (
    <>
      <div class={styles.tabs} role="tablist" aria-label="Panes">
        {(['list', 'group', 'rollout'] as const).map((name) => (
          <button key={name} type="button" role="tab" aria-selected={pane === name} onClick={() => reading.show(name)}>
            {name.charAt(0).toUpperCase() + name.slice(1)}
          </button>
        ))}
      </div>
      <main class={styles.panes} data-shown={pane}>
        <RolloutList
          feed={list}
          threshold={view.run.parameters.correctThreshold}
          selectedId={rolloutId}
          onSelect={(row) => {
            reading.select(row.groupId, row.id);
            reading.show('rollout');
          }}
          onExport={exportFlags}
        />
        {group ? (
          <GroupView
            group={group}
            parameters={view.run.parameters}
            selectedId={rolloutId}
            flaggedIds={new Set(flags.map((flagged) => flagged.rolloutId))}
            lengthWindow={view.run.method === 'sft' ? null : [lengthMin, lengthMax]}
            onSelect={(chosen) => {
              reading.select(group.id, chosen);
              reading.show('rollout');
            }}
            onMove={(by) => reading.moveQuestion(by)}
          />
        ) : (
          <Pane name="group" label="Group" />
        )}
        {group && rollout ? (
          <RolloutView
            key={rollout.id}
            {...{ feed, host, reading, group, rollout, refused }}
            run={view.run}
            flags={flags.filter((flagged) => flagged.rolloutId === rollout.id)}
            onFlag={flag}
            onCopyLink={copyLink}
          />
        ) : (
          <Pane name="rollout" label="Rollout" />
        )}
      </main>
    </>
  );
}
