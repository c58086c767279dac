/** The rollouts of a run, left to right: which (list), against what (group), why (rollout). */
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { asStudioError } from '../../trainer/protocol/errors.ts';
import type { AnnotationInput, GroupWithRollouts, Span } from '../../trainer/protocol/records.ts';
import { RunPicker } from '../dashboard/run-header.tsx';
import type { Host } from '../host.ts';
import { LiveNotice } from '../run/live-notice.tsx';
import { noTrainer, RunNotice, StateLabel } from '../run/run-state.tsx';
import type { Session } from '../state/session.ts';
import { shownLine } from '../ui/hostile-text.ts';
import { Icon } from '../ui/icons.tsx';
import { KeyHelp } from '../ui/key-help.tsx';
import { useKeys } from '../ui/keys.ts';
import { Pane } from '../ui/pane.tsx';
import { useStore } from '../ui/store.ts';
import { ThemeSwitch } from '../ui/theme-switch.tsx';
import { Tool } from '../ui/tool.tsx';
import { selectedSpan } from './completion-text.tsx';
import { filterBoxId } from './filter-box.tsx';
import { FlagForm } from './flag-form.tsx';
import { GroupView } from './group-view.tsx';
import { RolloutFeed } from './rollout-feed.ts';
import { RolloutList } from './rollout-list.tsx';
import type { RolloutRow } from './rollout-row.ts';
import { RolloutView } from './rollout-view.tsx';
import styles from './rollouts.module.css';

export interface RolloutsPlace {
  readonly groupId: string | null;
  readonly rolloutId: string | null;
  readonly line: string;
}

interface RolloutsProps {
  readonly session: Session;
  readonly host: Host;
  readonly place: RolloutsPlace;
  readonly onPlace: (place: RolloutsPlace) => void;
  readonly onDashboard: () => void;
}

type PaneName = 'list' | 'group' | 'rollout';

const flipMs = 220;

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

export function Rollouts({ session, host, place, onPlace, onDashboard }: RolloutsProps) {
  const state = useStore(session.state, (held) => held);
  const { view, link, runId, loaded } = state;
  const refused = noTrainer(link);
  const feed = useMemo(
    () => (runId && loaded ? new RolloutFeed(session, place.line, place.rolloutId) : null),
    [session, runId, loaded],
  );
  useEffect(() => () => feed?.dispose(), [feed]);
  if (!view) return null;
  return (
    <>
      <TopLine session={session} host={host} place={place} onDashboard={onDashboard} />
      {RunNotice({ session, state, host }) ?? <LiveNotice state={state} />}
      {feed && <Panes key={runId} {...{ session, host, place, onPlace, onDashboard, feed, refused }} />}
    </>
  );
}

function TopLine({
  session,
  host,
  place,
  onDashboard,
}: Pick<RolloutsProps, 'session' | 'host' | 'place' | 'onDashboard'>) {
  const state = useStore(session.state, (held) => held);
  const [help, setHelp] = useState(false);
  useKeys({ '?': () => setHelp(!help), Escape: () => (help ? setHelp(false) : false) });
  if (!state.view) return null;
  const { run } = state.view;
  return (
    <nav class={styles.top} aria-label="Where you are">
      <h1 class="sr-only">Rollouts of {shownLine(run.name)}</h1>
      <RunPicker class={styles.picker} session={session} state={state} runs={state.runs ?? [run]} />
      <Tool icon="dashboard" text="Dashboard" label="Dashboard of this run (d)" class="far" onPress={onDashboard} />
      <Crumb place={place} session={session} />
      <span class="grow" />
      <StateLabel run={run} link={state.link} />
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

function Crumb({ place, session }: { place: RolloutsPlace; session: Session }) {
  const group = useGroup(session, place.groupId);
  const rollout = group?.rollouts.find(({ id }) => id === place.rolloutId);
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

function Panes({
  session,
  host,
  place,
  onPlace,
  onDashboard,
  feed,
  refused,
}: RolloutsProps & { feed: RolloutFeed; refused: string | null }) {
  const view = useStore(session.state, (held) => held.view);
  const rows = useStore(feed.state, (held) => held.rows);
  const line = useStore(feed.state, (held) => held.line);
  const [pane, setPane] = useState<PaneName>('list');
  const [frame, setFrame] = useState(0);
  const [shaded, setShaded] = useState(false);
  const [ahaShown, setAhaShown] = useState<number | null>(null);
  const [flagging, setFlagging] = useState<{ span: Span | null } | null>(null);
  const text = useRef<HTMLDivElement>(null);
  const group = useGroup(session, place.groupId);
  const rollout = group?.rollouts.find(({ id }) => id === place.rolloutId) ?? null;
  const flip = useFlipBook(group?.media.times.length ?? 0, setFrame);

  const select = useCallback(
    (groupId: string, rolloutId: string, byPerson = true) => {
      if (byPerson) feed.hold();
      setFlagging(null);
      setAhaShown(null);
      onPlace({ groupId, rolloutId, line: feed.state.get().line });
    },
    [feed, onPlace],
  );
  /* The first row that is read is shown, so that no pane stands empty; it is not a choice, and the list goes on following. */
  const first = rows[0];
  useEffect(() => {
    if (place.rolloutId === null && first) select(first.groupId, first.id, false);
  }, [place.rolloutId, first?.id]);
  useEffect(() => onPlace({ ...place, line }), [line]);
  useEffect(() => {
    setFrame(0);
    flip.stop();
  }, [place.groupId]);

  const index = rows.findIndex(({ id }) => id === place.rolloutId);
  const move = (by: 1 | -1) => {
    const row = rows[Math.min(rows.length - 1, Math.max(0, index + by))];
    if (row && row.id !== place.rolloutId) select(row.groupId, row.id);
  };
  const moveQuestion = (by: 1 | -1) => {
    let at = index;
    while (rows[at] && rows[at]?.groupId === place.groupId) at += by;
    /* Upwards, the first row of the question is meant, not its last. */
    while (by === -1 && rows[at - 1] && rows[at - 1]?.groupId === rows[at]?.groupId) at -= 1;
    const row = rows[at];
    if (row) select(row.groupId, row.id);
  };
  const moveFrame = (by: 1 | -1) => {
    const number = group?.media.times.length ?? 0;
    flip.stop();
    if (number > 0) setFrame((held) => (held + by + number) % number);
  };
  const moveAha = (by: 1 | -1) => {
    const starts = [...new Set((rollout?.aha ?? []).filter(({ tier }) => tier > 1).map(({ span }) => span.start))].sort(
      (a, b) => a - b,
    );
    if (starts.length === 0) return;
    const at = ahaShown === null ? (by === 1 ? -1 : starts.length) : starts.indexOf(ahaShown);
    const next = starts[(at + by + starts.length) % starts.length] ?? null;
    setAhaShown(next);
    text.current?.querySelector(`[data-aha="${next}"]`)?.scrollIntoView({ block: 'center' });
  };
  const flag = () => {
    if (!rollout) return;
    setFlagging({ span: text.current ? selectedSpan(text.current) : null });
    window.getSelection()?.removeAllRanges();
    setPane('rollout');
  };
  const copyLink = () => {
    if (!runId || !place.groupId || !place.rolloutId) return;
    const shown = { page: 'rollouts' as const, runId, groupId: place.groupId, rolloutId: place.rolloutId };
    host
      .copy(host.link(shown) ?? `${view?.run.name ?? runId}, step ${group?.step}, rollout ${place.rolloutId}`)
      .catch((thrown: unknown) => session.fail(asStudioError(thrown)));
  };
  const runId = session.state.get().runId;
  const save = async (annotation: AnnotationInput) => {
    if (!runId) return false;
    try {
      await session.request('annotations/add', { runId, annotation });
      setFlagging(null);
      return true;
    } catch (thrown) {
      session.fail(asStudioError(thrown));
      return false;
    }
  };
  const remove = (id: number) => {
    if (!runId) return;
    session
      .request('annotations/remove', { runId, id })
      .catch((thrown: unknown) => session.fail(asStudioError(thrown)));
  };
  const exportFlags = () => {
    if (!runId) return;
    session.request('annotations/export', { runId }).then(
      ({ jsonl }) => host.saveFile(`${view?.run.name ?? runId}-flags.jsonl`, jsonl),
      (thrown: unknown) => session.fail(asStudioError(thrown)),
    );
  };

  useKeys({
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    J: () => moveQuestion(1),
    K: () => moveQuestion(-1),
    g: () => setPane('group'),
    Enter: (event) => (event.target instanceof HTMLButtonElement ? false : setPane('rollout')),
    Home: () => {
      feed.follow();
      const newest = feed.state.get().rows[0];
      if (newest) select(newest.groupId, newest.id, false);
    },
    f: () => flip.toggle(),
    ArrowLeft: () => moveFrame(-1),
    ArrowRight: () => moveFrame(1),
    a: () => moveAha(1),
    A: () => moveAha(-1),
    p: () => setShaded(!shaded),
    x: flag,
    y: copyLink,
    d: onDashboard,
    '/': () => {
      setPane('list');
      document.getElementById(filterBoxId)?.focus();
    },
    Escape: () => (flagging ? setFlagging(null) : false),
  });

  if (!view) return null;
  const flags = view.annotations;
  const { lengthMin, lengthMax } = view.run.parameters;
  const form =
    flagging && rollout ? (
      <FlagForm
        key={`${rollout.id} ${flagging.span?.start}`}
        rolloutId={rollout.id}
        span={flagging.span}
        quote={flagging.span ? rollout.text.slice(flagging.span.start, flagging.span.end) : ''}
        refused={refused}
        onSave={save}
        onLeave={() => setFlagging(null)}
      />
    ) : null;
  return (
    <>
      <div class={styles.tabs} role="tablist" aria-label="Panes">
        {(['list', 'group', 'rollout'] as const).map((name) => (
          <button key={name} type="button" role="tab" aria-selected={pane === name} onClick={() => setPane(name)}>
            {name.charAt(0).toUpperCase() + name.slice(1)}
          </button>
        ))}
      </div>
      <main class={styles.panes} data-shown={pane}>
        <RolloutList
          session={session}
          feed={feed}
          selectedId={place.rolloutId}
          onSelect={(row: RolloutRow) => {
            select(row.groupId, row.id);
            setPane('rollout');
          }}
          onExport={exportFlags}
        />
        {group ? (
          <GroupView
            group={group}
            parameters={view.run.parameters}
            selectedId={place.rolloutId}
            flaggedIds={new Set(flags.map(({ rolloutId }) => rolloutId))}
            lengthWindow={view.run.method === 'sft' ? null : [lengthMin, lengthMax]}
            onSelect={(rolloutId) => {
              select(group.id, rolloutId);
              setPane('rollout');
            }}
            onMove={moveQuestion}
          />
        ) : (
          <Pane name="group" label="Group" />
        )}
        {group && rollout ? (
          <RolloutView
            key={rollout.id}
            session={session}
            host={host}
            run={view.run}
            group={group}
            rollout={rollout}
            flags={flags.filter(({ rolloutId }) => rolloutId === rollout.id)}
            frame={frame}
            shaded={shaded}
            ahaShown={ahaShown}
            picked={flagging?.span ?? null}
            form={form}
            textRef={text}
            refused={refused}
            onFrame={(chosen) => {
              flip.stop();
              setFrame(chosen);
            }}
            onShade={setShaded}
            onFlag={flag}
            onRemoveFlag={remove}
            onCopyLink={copyLink}
          />
        ) : (
          <Pane name="rollout" label="Rollout" />
        )}
      </main>
    </>
  );
}

/** The group with its answers, from the cache or the trainer; the one before stays until the next is there. */
function useGroup(session: Session, groupId: string | null): GroupWithRollouts | null {
  const [group, setGroup] = useState<GroupWithRollouts | null>(null);
  useEffect(() => {
    if (groupId === null) return;
    let wanted = true;
    session.group(groupId).then(
      (read) => {
        if (wanted) setGroup(read);
      },
      (thrown: unknown) => {
        if (wanted) session.fail(asStudioError(thrown));
      },
    );
    return () => {
      wanted = false;
    };
  }, [session, groupId]);
  return groupId === null ? null : group;
}

/** Plays the frames in a loop until stopped. */
function useFlipBook(
  frames: number,
  setFrame: (change: (frame: number) => number) => void,
): { toggle(): void; stop(): void } {
  const timer = useRef<ReturnType<typeof setInterval> | null>(null);
  const stop = () => {
    if (timer.current !== null) clearInterval(timer.current);
    timer.current = null;
  };
  useEffect(() => stop, []);
  return {
    stop,
    toggle: () => {
      if (timer.current !== null) return stop();
      if (frames > 1) timer.current = setInterval(() => setFrame((frame) => (frame + 1) % frames), flipMs);
    },
  };
}
