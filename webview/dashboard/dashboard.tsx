/** The dashboard of a run: left what happened, right what can be changed. */
import { useMemo, useState } from 'preact/hooks';
import type { RunSummary } from '../../trainer/protocol/records.ts';
import type { Host } from '../host.ts';
import { LiveNotice } from '../run/live-notice.tsx';
import { type ControlName, runControls } from '../run/run-controls.ts';
import { noTrainer, RunNotice } from '../run/run-state.tsx';
import type { Session } from '../state/session.ts';
import { Blank } from '../ui/blank.tsx';
import { KeyHelp } from '../ui/key-help.tsx';
import { focusIsTyping, useKeys } from '../ui/keys.ts';
import { useStore } from '../ui/store.ts';
import { Button } from '../ui/toolkit.tsx';
import { ChartGroup } from './chart.tsx';
import { CheckpointList } from './checkpoint-list.tsx';
import { CommandLog } from './command-log.tsx';
import { Curves } from './curves.tsx';
import styles from './dashboard.module.css';
import { EvaluationTable } from './evaluation-table.tsx';
import { ParameterList } from './parameter-list.tsx';
import { RunHeader } from './run-header.tsx';
import { SkippedList } from './skipped-list.tsx';
import { WhereTheTimeWent } from './where-the-time-went.tsx';

const keyRows = [
  ['F5', 'start or resume'],
  ['F6', 'pause'],
  ['F10', 'one step'],
  ['Shift+F5', 'stop'],
  ['s', 'save a checkpoint'],
  ['e', 'evaluate'],
  ['+ - 0', 'fewer steps in the curves, more, all'],
  ['r', 'rollouts'],
  ['Tab', 'labels, which say how their number comes about'],
  ['?', 'these keys'],
] as const;

export function Dashboard({ session, host, onRollouts }: { session: Session; host: Host; onRollouts: () => void }) {
  const state = useStore(session.state, (held) => held);
  const { view, link, loaded } = state;
  const [help, setHelp] = useState(false);
  const charts = useMemo(() => new ChartGroup(), [state.runId]);
  const controls = view ? runControls(view.run.state, noTrainer(link)) : [];
  const ask = (...names: ControlName[]) => {
    const control = controls.find(({ name }) => names.includes(name));
    if (control && control.refused === null) void session.command(control.request);
  };
  const steps = view?.metrics.steps ?? [];
  const scale = (factor: number) => charts.scaleBy(factor, steps[0] ?? 0, steps.at(-1) ?? 1);
  useKeys({
    F5: (event) => (focusIsTyping(event) ? false : ask('resume', 'start')),
    F6: () => ask('pause'),
    F10: () => ask('step'),
    'Shift+F5': () => ask('stop'),
    s: () => ask('save'),
    e: () => ask('evaluate'),
    '+': () => scale(0.5),
    '=': () => scale(0.5),
    '-': () => scale(2),
    '0': () => charts.zoom.set(null),
    r: onRollouts,
    '?': () => setHelp(!help),
    Escape: () => (help ? setHelp(false) : false),
  });
  if (!view) return null;
  const begun = steps.length > 0;
  const notice = RunNotice({ session, state, host });
  return (
    <>
      <RunHeader session={session} state={state} controls={controls} host={host} onRollouts={onRollouts} />
      {help && <KeyHelp rows={keyRows} onClose={() => setHelp(false)} />}
      {notice ?? <LiveNotice state={state} />}
      <main class={styles.page}>
        <div class={styles.column}>
          {!loaded && (
            <Blank status>
              <p class="strong">Reading {view.run.step === 1 ? '1 step' : `${view.run.step} steps`}</p>
              <progress />
            </Blank>
          )}
          {loaded && !begun && <NotBegun session={session} run={view.run} refused={noTrainer(link)} />}
          {begun && <Curves view={view} group={charts} />}
          {begun && <WhereTheTimeWent view={view} />}
          <SkippedList view={view} host={host} />
          {loaded && <CommandLog commands={view.commands} />}
          {view.evaluations.length > 0 && <EvaluationTable evaluations={view.evaluations} />}
        </div>
        <div class={`${styles.column} ${styles.side}`}>
          <ParameterList view={view} session={session} refused={noTrainer(link)} />
          {loaded && <CheckpointList checkpoints={view.checkpoints} kept={view.run.parameters.checkpointsKept} />}
        </div>
      </main>
    </>
  );
}

function NotBegun({ session, run, refused }: { session: Session; run: RunSummary; refused: string | null }) {
  if (run.state !== 'created') {
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
        It starts at step 1 with preset {run.preset}, on {run.questions} questions of {run.dataset}, from {run.from}.
        Curves come after the first step.
      </p>
      <p>
        <Button
          primary
          disabled={refused !== null}
          title={refused ?? ''}
          onPress={() => void session.command({ kind: 'start' })}
        >
          Start
        </Button>
      </p>
    </Blank>
  );
}
