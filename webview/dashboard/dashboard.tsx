/** The dashboard of a run: left what happened, right what can be changed. */
import { useContext, useEffect, useMemo, useState } from 'preact/hooks';
import { heard } from '../../trainer/protocol/advisories.ts';
import { projectName } from '../../trainer/protocol/place.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import type { Host } from '../host.ts';
import { copyLinkOf } from '../places/copy-link.ts';
import { hitLink, hitOf } from '../run/hit-place.ts';
import { QueueList } from '../run/queue-list.tsx';
import { type Control, pointControls, runControls } from '../run/run-controls.ts';
import { RunNotice } from '../run/run-notice.tsx';
import { noTrainer, troubleOf } from '../run/run-words.ts';
import { UnreadableRuns } from '../run/unreadable-runs.tsx';
import type { RunFeed } from '../state/run-feed.ts';
import type { Session } from '../state/session.ts';
import { Blank } from '../ui/blank.tsx';
import { FollowLink } from '../ui/follow-link.ts';
import { KeyHelp } from '../ui/key-help.tsx';
import { actsByItself, focusIsTyping, useKeys } from '../ui/keys.ts';
import { Notice } from '../ui/notice.tsx';
import { type Store, useStore } from '../ui/store.ts';
import { Button } from '../ui/toolkit.tsx';
import { AdvisoryNotice } from './advisory-notice.tsx';
import { AhaSection } from './aha-section.tsx';
import { BreakpointList } from './breakpoint-list.tsx';
import { ChartGroup } from './chart-group.ts';
import { CheckpointList } from './checkpoint-list.tsx';
import { CommandLog } from './command-log.tsx';
import { Curves } from './curves.tsx';
import styles from './dashboard.module.css';
import { DrawnRuns } from './drawn-runs.ts';
import { EvaluationTable } from './evaluation-table.tsx';
import { type MarkerTarget, markersOf, nextMarker } from './markers.ts';
import { ParameterList } from './parameter-list.tsx';
import { PatternSection } from './pattern-section.tsx';
import { RatesSection } from './rates-section.tsx';
import { RunHeader } from './run-header.tsx';
import { SkippedList } from './skipped-list.tsx';
import { rememberedSmoothing } from './smoothing.ts';
import { WarningList } from './warning-list.tsx';
import { WhereTheTimeWent } from './where-the-time-went.tsx';

const keyRows = [
  ['F5', 'start or resume'],
  ['q', 'queue, or take off the queue'],
  ['F6', 'pause'],
  ['F10', 'one step'],
  ['Shift+F5', 'stop'],
  ['s', 'save a checkpoint'],
  ['e', 'evaluate'],
  ['Enter', 'what hit the breakpoint'],
  ['+ - 0', 'fewer steps in the curves, more, all'],
  ['[ ]', 'to the last or next mark under the curves'],
  ['r', 'rollouts'],
  ['t', 'questions across steps'],
  ['a', 'audits of datasets'],
  ['y', 'copy a link'],
  ['Tab', 'labels, which say how their number comes about'],
  ['?', 'these keys'],
] as const;

interface DashboardProps {
  readonly session: Session;
  readonly feed: RunFeed;
  readonly host: Host;
  readonly onRollouts: () => void;
  /** To the questions of the run through training. */
  readonly onAcross: () => void;
  /** To two evaluations side by side; null for one that is chosen there. */
  readonly onCompare: (first: string, second: string | null) => void;
  readonly onAudits: () => void;
  /** Runs that are overlaid, by their ids. */
  readonly beside: Store<readonly string[]>;
}

const smoothing = rememberedSmoothing(localStorage);

export function Dashboard(props: DashboardProps) {
  const { session, feed, host, beside, onRollouts, onAcross, onCompare, onAudits } = props;
  const { view, loaded } = useStore(feed.state, (state) => state);
  const { run } = view;
  const runs = useStore(session.state, (state) => state.runs) ?? [run];
  const link = useStore(feed.connection.state, (state) => state.link);
  const [help, setHelp] = useState(false);
  /* The key of a control that was pressed while it was refused. */
  const [pressed, setPressed] = useState<string | null>(null);
  const charts = useMemo(() => new ChartGroup(smoothing), [feed]);
  const runsDrawn = useMemo(() => new DrawnRuns(session, feed, charts, beside), [session, feed, charts, beside]);
  useEffect(() => () => runsDrawn.dispose(), [runsDrawn]);
  const drawn = useStore(runsDrawn.state, (state) => state);
  const { commands, checkpoints, hits } = view;
  const markers = useMemo(() => markersOf({ run, commands, checkpoints, hits }), [run.id, commands, checkpoints, hits]);
  /* The marker that `[` and `]` have come to. */
  const [chosen, setChosen] = useState<string | null>(null);
  /* What a marker has opened, to be found below. */
  const [opened, setOpened] = useState<RowTarget | null>(null);
  useEffect(() => feed.need('curves', 'counted', 'commands', 'checkpoints', 'evaluations', 'notices'), [feed]);
  useEffect(() => setPressed(null), [run.state, link.state]);
  const trainerMissing = noTrainer(link);
  const controls = runControls(run, runs, trainerMissing);
  const points = pointControls(run, runs, trainerMissing);
  const refused = controls.find(({ key, refused: why }) => key === pressed && why !== null);
  const ask = ({ key, request, refused: why }: Control) => {
    setPressed(why === null ? null : key);
    if (why === null) void feed.command(request);
  };
  const fault = useStore(feed.connection.state, (state) => state.fault);
  const asking = useStore(feed.state, (state) => state.asking);
  const trouble = troubleOf(run);
  const isCut = trainerMissing !== null || fault !== null || asking !== null;
  const hasTrouble = isCut || trouble !== null;
  /* That somebody had it paused is less grave than what needs a person; a breakpoint that was hit is not. */
  const isMerelyPaused = trouble?.kind === 'info' && !(run.state === 'paused' && run.hit);
  const isAdvised = heard(run).length > 0 && !refused && (!hasTrouble || (isMerelyPaused && !isCut));
  const scale = (factor: number) => charts.scaleBy(factor, ...(drawn.extent ?? [0, 1]));
  const toMarker = (by: 1 | -1) => {
    const next = nextMarker(markers, chosen, by);
    if (next === null) return false;
    charts.show(next.step, ...(drawn.extent ?? [0, 1]));
    setChosen(next.id);
  };
  const open = (target: MarkerTarget) => {
    if (target.open === 'link') follow(target.link);
    else setOpened({ ...target });
  };
  useEffect(() => {
    if (opened) showRow(opened);
  }, [opened]);
  const hit = hitOf(run);
  const follow = useContext(FollowLink);
  useKeys({
    ...Object.fromEntries(
      controls.map((control) => [
        control.key,
        /* In a field too: there a value was just set. */
        () => ask(control),
      ]),
    ),
    '+': () => scale(0.5),
    '=': () => scale(0.5),
    '-': () => scale(2),
    '0': () => charts.zoom.set(null),
    '[': () => toMarker(-1),
    ']': () => toMarker(1),
    Enter: (event) => {
      const link = hit && hitLink(run.id, hit);
      if (!link || focusIsTyping(event) || actsByItself(event)) return false;
      follow(link);
    },
    r: onRollouts,
    t: onAcross,
    a: onAudits,
    y: () => {
      const { trainer } = feed.connection.state.get();
      const link = {
        project: trainer && projectName(trainer.folder),
        place: { page: 'dashboard', runId: run.id, ...(beside.get().length > 0 && { beside: [...beside.get()] }) },
      } as const;
      copyLinkOf(host, link).catch((thrown: unknown) => feed.fail(thrown));
    },
    '?': () => setHelp(!help),
    Escape: () => {
      if (!help && !refused) return false;
      setHelp(false);
      setPressed(null);
    },
  });
  const begun = drawn.steps.length > 0;
  const isRead = loaded.has('curves');
  return (
    <>
      <RunHeader {...{ session, feed, controls, points, host, onRollouts, onAcross, onAudits }} />
      {help && <KeyHelp rows={keyRows} onClose={() => setHelp(false)} />}
      {!isAdvised && (hasTrouble || !refused) && <RunNotice {...{ session, feed, host }} openKey="Enter" />}
      <QueueList session={session} noTrainer={trainerMissing} />
      <UnreadableRuns session={session} />
      {isAdvised && <AdvisoryNotice {...{ feed, view, runs, noTrainer: trainerMissing, host }} />}
      <div aria-live="polite">
        {refused && trainerMissing === null && (
          <Notice kind="info" title={`${refused.label} (${refused.key})`}>
            can't be done now: {refused.refused}.
          </Notice>
        )}
      </div>
      <main class={styles.page}>
        <div class={styles.column}>
          {!isRead && !begun && (
            <Blank status>
              <p class="strong">Reading {run.step === 1 ? '1 step' : `${run.step} steps`}</p>
              <progress />
            </Blank>
          )}
          {isRead && !begun && <NotBegun feed={feed} run={run} start={controls.find(({ name }) => name === 'start')} />}
          {begun && (
            <Curves {...{ session, view, host, drawn, beside, markers, chosen }} group={charts} onOpen={open} />
          )}
          {begun && <RatesSection view={view} group={charts} drawn={drawn} />}
          {begun && <AhaSection feed={feed} view={view} group={charts} drawn={drawn} />}
          {begun && <PatternSection view={view} group={charts} drawn={drawn} />}
          {begun && <WhereTheTimeWent view={view} />}
          <WarningList {...{ feed, view, runs, noTrainer: trainerMissing, host }} />
          <SkippedList view={view} host={host} />
          {isRead && (
            <CommandLog
              commands={view.commands}
              wanted={opened?.open === 'command' ? opened.id : null}
              {...{ feed, host }}
            />
          )}
          {view.evaluations.length > 0 && <EvaluationTable evaluations={view.evaluations} onCompare={onCompare} />}
        </div>
        <div class={`${styles.column} ${styles.side}`}>
          <ParameterList {...{ feed, view, runs }} noTrainer={trainerMissing} />
          <BreakpointList {...{ feed, run }} noTrainer={trainerMissing} />
          {isRead && (
            <CheckpointList
              {...{ feed, view, runs, host, onCompare }}
              noTrainer={trainerMissing}
              onRun={(runId) => session.choose(runId)}
            />
          )}
        </div>
      </main>
    </>
  );
}

type RowTarget = Exclude<MarkerTarget, { open: 'link' }>;

/** Brings the row of a command, a checkpoint or a breakpoint into sight, with the focus on it. */
function showRow({ open, id }: RowTarget): void {
  const row = document.querySelector<HTMLElement>(`[data-${open}="${CSS.escape(id)}"]`);
  row?.scrollIntoView({ block: 'center' });
  row?.focus({ preventScroll: true });
}

/** `start` is there while the run was never started. */
function NotBegun({ feed, run, start }: { feed: RunFeed; run: RunSummary; start: Control | undefined }) {
  if (!start) {
    return (
      <Blank>
        <p class="strong">No step is done yet.</p>
        <p class="dim">Curves come with the first one.</p>
      </Blank>
    );
  }
  return (
    <Blank>
      <p class="strong">This run has not begun.</p>
      <p class="dim">
        It starts at step 1 with preset {run.preset}, on {run.questions > 0 && `${run.questions} questions of `}
        {run.dataset}, from {run.from}. Curves come after the first step.
      </p>
      <p>
        <Button
          primary
          disabled={start.refused !== null}
          title={start.refused ?? start.key}
          onPress={() => void feed.command(start.request)}
        >
          {start.label}
        </Button>
      </p>
    </Blank>
  );
}
