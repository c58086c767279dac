/** The curves of a run, and of those that are overlaid, with the marks of what happened under them. */
import { useMemo } from 'preact/hooks';
import { FormulaLabel } from '../formulas/formula.tsx';
import type { Host } from '../host.ts';
import type { RunView } from '../state/run-view.ts';
import type { Session } from '../state/session.ts';
import { Section } from '../ui/heads.tsx';
import type { Store } from '../ui/store.ts';
import { useStore } from '../ui/store.ts';
import { Tool } from '../ui/tool.tsx';
import { Chart } from './chart.tsx';
import type { ChartGroup } from './chart-group.ts';
import { chartSpecs } from './chart-specs.tsx';
import { CurveTools } from './curve-tools.tsx';
import styles from './curves.module.css';
import type { Drawn } from './drawn-runs.ts';
import { drawnWords } from './drawn-words.ts';
import { MarkerLanes, MarkerLegend } from './marker-lanes.tsx';
import type { Marker, MarkerTarget } from './markers.ts';
import { OverlaidRuns } from './overlaid-runs.tsx';

interface CurvesProps {
  readonly session: Session;
  readonly view: RunView;
  readonly host: Host;
  readonly group: ChartGroup;
  readonly drawn: Drawn;
  /** Runs that are overlaid, by their ids. */
  readonly beside: Store<readonly string[]>;
  readonly markers: readonly Marker[];
  /** The marker that keys have come to. */
  readonly chosen: string | null;
  readonly onOpen: (target: MarkerTarget) => void;
}

export function Curves({ session, view, host, group, drawn, beside, markers, chosen, onOpen }: CurvesProps) {
  const { steps, size } = drawn;
  const specs = useMemo(() => chartSpecs(drawn), [drawn]);
  const lines = useMemo(
    () =>
      view.commands.flatMap(({ request, state, ...rest }) =>
        request.kind === 'set' && request.parameter === 'learningRate' && state === 'applied' && 'at' in rest && rest.at
          ? [rest.at.step]
          : [],
      ),
    [view.commands],
  );
  const kinds = useMemo(() => new Set(markers.map(({ kind }) => kind)), [markers]);
  const shared = { group, steps, lines, pointSize: size, now: view.run.step > 0 ? view.run.step : null };
  return (
    <section aria-label="Curves">
      <Section
        title="Curves"
        meta={
          <FormulaLabel name="drawnCurve">
            <DrawnWords {...{ group, drawn }} attempts={view.metrics.attempts.length} />
          </FormulaLabel>
        }
        tools={
          <span class={`${styles.tools} dim`}>
            <MarkerLegend kinds={kinds} />
            <SupersededTool {...{ group }} attempts={view.metrics.attempts.map(({ attempt }) => attempt)} />
            <CurveTools {...{ session, view, host, group, drawn, beside, markers, lines, specs }} />
          </span>
        }
      />
      {drawn.runs.length > 1 && <OverlaidRuns {...{ drawn, beside }} />}
      <div class={styles.large} data-count={specs.large.length}>
        {specs.large.map((spec, at) => (
          <div key={spec.title} class={styles.withMarks}>
            <Chart {...spec} {...shared} />
            {markers.length > 0 && <MarkerLanes {...{ group, steps, markers, chosen, onOpen }} takesFocus={at === 0} />}
          </div>
        ))}
      </div>
      {specs.small.length > 0 && (
        <div class={styles.small} data-count={specs.small.length}>
          {specs.small.map((spec) => (
            <Chart key={spec.title} {...spec} {...shared} size="small" />
          ))}
        </div>
      )}
    </section>
  );
}

/** Which steps the charts draw, of how many, and how smoothed. */
function DrawnWords({ group, drawn, attempts }: { group: ChartGroup; drawn: Drawn; attempts: number }) {
  const zoom = useStore(group.zoom, (held) => held);
  const smoothing = useStore(group.smoothing, (held) => held);
  const before = useStore(group.before, (held) => held);
  return <>{drawnWords(drawn, zoom, smoothing, before === null ? null : { before, of: attempts })}</>;
}

/** Goes through what the run went back over, one going back after the other. */
function SupersededTool({ group, attempts }: { group: ChartGroup; attempts: readonly number[] }) {
  const before = useStore(group.before, (held) => held);
  if (attempts.length === 0) return null;
  const next = attempts.find((attempt) => attempt > (before ?? 0)) ?? null;
  const words =
    before === null
      ? 'Show what is superseded'
      : next === null
        ? 'Show as it stands'
        : 'Show the next that is superseded';
  return (
    <Tool
      text={words}
      icon="clock"
      label={`${words}: the run went back to a checkpoint, and what it went back over is kept`}
      onPress={() => group.before.set(next)}
    />
  );
}
