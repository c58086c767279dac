/** The curves of a run with the marks of commands and checkpoints under them. Only what the run has numbers for is drawn. */
import { useMemo, useState } from 'preact/hooks';
import { FormulaLabel } from '../formulas/formula.tsx';
import type { FormulaName } from '../formulas/formulas.ts';
import { commandTitle } from '../run/command-words.ts';
import { hasValues, type MetricName, rewoundTo, withSteps } from '../state/metric-columns.ts';
import type { RunView } from '../state/run-view.ts';
import { Section } from '../ui/heads.tsx';
import { OrderMark } from '../ui/icons.tsx';
import { plain } from '../ui/numbers.ts';
import { useStore } from '../ui/store.ts';
import { Tool } from '../ui/tool.tsx';
import {
  axisWidth,
  Chart,
  type ChartGroup,
  type ChartProps,
  type Curve,
  rightRoom,
  shownSteps,
  smoothedOver,
} from './chart.tsx';
import styles from './curves.module.css';

type ChartSpec = Omit<ChartProps, 'group' | 'steps' | 'lines'>;

export function Curves({ view: present, group }: { view: RunView; group: ChartGroup }) {
  /* The going back before which the curves are shown; null shows them as they stand. */
  const [before, setBefore] = useState<number | null>(null);
  const view = useMemo(() => asBefore(present, before), [present, before]);
  const { metrics, run, commands, checkpoints } = view;
  const { steps, columns } = metrics;
  const { lengthMin, lengthMax, lengthAdaptation } = run.parameters;
  const specs = useMemo(() => chartSpecs(view), [columns, run.method, lengthMin, lengthMax, lengthAdaptation]);
  const lines = useMemo(
    () =>
      commands.flatMap((command) =>
        command.request.kind === 'set' && command.state === 'applied' && command.at ? [command.at.step] : [],
      ),
    [commands],
  );
  const marks = useMemo(
    () => [
      ...commands.flatMap((command) =>
        command.state === 'applied' && command.at
          ? [
              {
                id: command.id,
                lane: 0,
                step: command.at.step,
                title: `step ${command.at.step}: ${commandTitle(command)}`,
              },
            ]
          : [],
      ),
      ...checkpoints.map(({ id, step, reason }) => ({
        id,
        lane: 1,
        step,
        title: `step ${step}: checkpoint (${reason})`,
      })),
    ],
    [commands, checkpoints],
  );
  return (
    <section aria-label="Curves">
      <Section
        title="Curves"
        meta={
          <FormulaLabel name="drawnCurve">
            <DrawnSteps group={group} steps={steps} />
            {before !== null && `, as before going back (${before} of ${view.superseded.length})`}, smoothed over{' '}
            {smoothedOver}
          </FormulaLabel>
        }
        tools={
          <span class={`${styles.legend} dim`}>
            {view.superseded.length > 0 && (
              <Tool
                text={toggleWords(view.superseded, before)}
                icon="clock"
                label={`${toggleWords(view.superseded, before)}: the run went back to a checkpoint, and what it went back over is kept`}
                onPress={() => setBefore(nextBefore(view.superseded, before))}
              />
            )}
            <span>
              <MarkShape lane={0} /> command
            </span>
            <span>
              <MarkShape lane={1} /> checkpoint
            </span>
            <span class="far">drag zooms, double click goes back</span>
          </span>
        }
      />
      <div class={styles.large} data-count={specs.large.length}>
        {specs.large.map((spec) => (
          <div key={spec.title} class={styles.withMarks}>
            <Chart {...spec} group={group} steps={steps} lines={lines} />
            {marks.length > 0 && <MarkLanes group={group} steps={steps} marks={marks} />}
          </div>
        ))}
      </div>
      {specs.small.length > 0 && (
        <div class={styles.small} data-count={specs.small.length}>
          {specs.small.map((spec) => (
            <Chart key={spec.title} {...spec} size="small" group={group} steps={steps} lines={lines} />
          ))}
        </div>
      )}
    </section>
  );
}

/** Which steps the charts draw, of how many. */
function DrawnSteps({ group, steps }: { group: ChartGroup; steps: readonly number[] }) {
  const zoom = useStore(group.zoom, (held) => held);
  if (steps.length === 1) return <>one step</>;
  const inside = zoom === null ? steps : steps.filter((step) => step >= zoom[0] && step <= zoom[1]);
  if (inside.length === steps.length) return <>all {steps.length} steps</>;
  return (
    <>
      steps {inside[0] ?? '–'} to {inside.at(-1) ?? '–'} of {steps.length}
    </>
  );
}

/** The curves as they were when the run went back; as they stand for null. */
function asBefore(view: RunView, before: number | null): RunView {
  const held = view.superseded.find(({ attempt }) => attempt === before);
  const [first] = held?.steps ?? [];
  return held && first ? { ...view, metrics: withSteps(rewoundTo(view.metrics, first.step - 1), held.steps) } : view;
}

/** The next one in turn; null after the last. */
function nextBefore(superseded: RunView['superseded'], before: number | null): number | null {
  return superseded.find(({ attempt }) => attempt > (before ?? 0))?.attempt ?? null;
}

function toggleWords(superseded: RunView['superseded'], before: number | null): string {
  if (before === null) return 'Show what is superseded';
  return nextBefore(superseded, before) === null ? 'Show as it stands' : 'Show the next that is superseded';
}

interface Mark {
  readonly id: string;
  readonly lane: number;
  readonly step: number;
  readonly title: string;
}

function MarkLanes({ group, steps, marks }: { group: ChartGroup; steps: readonly number[]; marks: readonly Mark[] }) {
  const zoom = useStore(group.zoom, (held) => held);
  const [from, to] = shownSteps(steps, zoom);
  const shown = marks.filter(({ step }) => step >= from && step <= to);
  return (
    <div class={styles.lanes} style={{ marginLeft: `${axisWidth}px`, marginRight: `${rightRoom}px` }}>
      {shown.map(({ id, lane, step, title }) => (
        <span
          key={id}
          class={styles.mark}
          title={title}
          role="img"
          aria-label={title}
          style={{ left: `${((step - from) / (to - from)) * 100}%`, top: `${lane * 14}px` }}
        >
          <MarkShape lane={lane} />
        </span>
      ))}
    </div>
  );
}

function MarkShape({ lane }: { lane: number }) {
  return (
    <svg class={styles.shape} viewBox="0 0 10 10" aria-hidden="true">
      {lane === 0 ? (
        <path d="M5 1L9.500 9h-9z" fill="currentColor" />
      ) : (
        <path d="M5 .7L9.300 5 5 9.300.700 5z" fill="none" stroke="currentColor" stroke-width="1.300" />
      )}
    </svg>
  );
}

function chartSpecs({ run, metrics }: RunView): { large: ChartSpec[]; small: ChartSpec[] } {
  const { columns } = metrics;
  const learnsBySupervision = run.method === 'sft';
  const curve = (
    metric: MetricName,
    formula: FormulaName,
    name: string,
    colour: Curve['colour'],
    more: Partial<Curve> = {},
  ): Curve => ({
    name,
    formula,
    values: columns[metric],
    colour,
    ...more,
  });
  const accuracy: ChartSpec = {
    title: learnsBySupervision ? 'Probe accuracy' : 'Accuracy reward',
    curves: [
      curve('accuracy', learnsBySupervision ? 'probeAccuracy' : 'accuracyReward', 'ordered', 'ordered', {
        mark: <OrderMark order="ordered" />,
        ...(learnsBySupervision ? { smoothed: false } : {}),
      }),
      ...(hasValues(columns.accuracyShuffled)
        ? [
            curve(
              'accuracyShuffled',
              learnsBySupervision ? 'probeAccuracyShuffled' : 'accuracyShuffled',
              'shuffled',
              'shuffled',
              {
                mark: <OrderMark order="shuffled" />,
                dash: [5, 3],
                ...(learnsBySupervision ? { smoothed: false } : {}),
              },
            ),
          ]
        : []),
    ],
  };
  const temporal: ChartSpec = {
    title: 'Temporal reward, scaled 0–1',
    range: [0, 1],
    curves: [curve('temporal', 'temporalReward', 'share of questions paid', 'temporal')],
  };
  const { lengthMin, lengthMax, lengthAdaptation } = run.parameters;
  const length: ChartSpec = {
    title: 'Response length',
    curves: [curve('length', 'responseLength', 'tokens', 'plain')],
    ...(learnsBySupervision
      ? {}
      : {
          band: [lengthMin, lengthMax],
          note: `window ${plain(lengthMin)}–${plain(lengthMax)}${lengthAdaptation > 0 ? ', moved by difficulty' : ''}`,
        }),
  };
  const loss: ChartSpec = {
    title: 'Loss',
    curves: [curve('loss', learnsBySupervision ? 'sftLoss' : 'policyLoss', 'loss', 'plain')],
  };
  const large = learnsBySupervision ? [loss, accuracy, length] : [accuracy, temporal, length];
  const small: ChartSpec[] = [
    ...(learnsBySupervision ? [] : [loss]),
    { title: 'Reward', curves: [curve('reward', 'rewardCurve', 'reward', 'plain')] },
    { title: 'KL', curves: [curve('kl', 'kl', 'KL', 'plain')] },
    { title: 'Entropy', curves: [curve('entropy', 'entropy', 'entropy', 'plain')] },
    { title: 'Gradient norm', curves: [curve('gradNorm', 'gradientNorm', 'gradient norm', 'plain')] },
    { title: 'Clipped share', curves: [curve('clipped', 'clippedShare', 'clipped share', 'plain')] },
    { title: 'Flat groups', curves: [curve('flatGroups', 'flatGroups', 'flat groups', 'plain')] },
    {
      title: 'Learning rate',
      curves: [curve('learningRate', 'learningRate', 'learning rate', 'plain', { smoothed: false })],
    },
  ];
  const drawn = (spec: ChartSpec) => spec.curves.some(({ values }) => hasValues(values));
  return { large: large.filter(drawn), small: small.filter(drawn) };
}
