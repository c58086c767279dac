/** What can be done with the charts: smooth them, overlay another run, save them. */
import { asStudioError } from '../../trainer/protocol/errors.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { mostBeside } from '../../trainer/protocol/place.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { runLine } from '../../trainer/protocol/run-words.ts';
import type { Host } from '../host.ts';
import type { RunView } from '../state/run-view.ts';
import type { Session } from '../state/session.ts';
import { Menu } from '../ui/menu.tsx';
import { type Store, useStore } from '../ui/store.ts';
import type { ChartGroup } from './chart-group.ts';
import type { ChartSpec } from './chart-specs.tsx';
import type { Drawn } from './drawn-runs.ts';
import { drawnWords } from './drawn-words.ts';
import { type Marker, markerPlaces, markerRoom } from './markers.ts';
import { type ChartForm, chartForms, saveCharts } from './save-charts.ts';
import { cutOut, type ShownCharts } from './shown-charts.ts';
import { smoothings } from './smoothing.ts';

interface CurveToolsProps {
  readonly session: Session;
  readonly view: RunView;
  readonly host: Host;
  readonly group: ChartGroup;
  readonly drawn: Drawn;
  readonly beside: Store<readonly string[]>;
  readonly markers: readonly Marker[];
  /** Steps at which a vertical line is drawn. */
  readonly lines: readonly number[];
  readonly specs: { readonly large: readonly ChartSpec[]; readonly small: readonly ChartSpec[] };
}

const formWords = { png: 'PNG, a picture', svg: 'SVG, a drawing', csv: 'CSV, a table' } as const;

export function CurveTools(props: CurveToolsProps) {
  const { session, view, host, group, beside } = props;
  const smoothing = useStore(group.smoothing, (held) => held);
  const save = (form: ChartForm) =>
    saveCharts(host, form, shownOf(props)).catch((thrown: unknown) => session.connection.fail(asStudioError(thrown)));
  return (
    <>
      <Menu
        icon="regression"
        text="Smooth"
        label="Over how many steps the strong lines are smoothed"
        items={smoothings.map((one) => ({
          label: one === 1 ? 'not at all' : `over ${one} steps`,
          checked: one === smoothing,
          onPress: () => group.smoothing.set(one),
        }))}
      />
      <RunMenu {...{ session, beside }} run={view.run} />
      <Menu
        icon="export"
        label="Save what the charts show"
        items={chartForms.map((form) => ({ label: formWords[form], onPress: () => void save(form) }))}
      />
    </>
  );
}

/** What the charts show now. */
function shownOf({ view, group, drawn, markers, specs, lines }: CurveToolsProps): ShownCharts {
  const [zoom, smoothing, before] = [group.zoom.get(), group.smoothing.get(), group.before.get()];
  const { axis, steps, chart } = cutOut({ steps: drawn.steps, zoom, smoothing });
  const of = view.metrics.attempts.length;
  return {
    words: drawnWords(drawn, zoom, smoothing, before === null ? null : { before, of }),
    runIds: drawn.runs.map(({ run }) => run.id),
    size: drawn.size,
    ...{ steps, axis, smoothing, lines },
    large: specs.large.map(chart),
    small: specs.small.map(chart),
    markers: markerPlaces(markers, axis, markerRoom, drawn.steps.at(-1) ?? 0),
    now: view.run.step > 0 ? view.run.step : null,
  };
}

/** The runs that can be overlaid; a press puts one there or takes it off. */
function RunMenu({
  session,
  run,
  beside,
}: {
  readonly session: Session;
  readonly run: RunSummary;
  readonly beside: Store<readonly string[]>;
}) {
  const runs = useStore(session.state, (state) => state.runs) ?? [];
  const ids = useStore(beside, (held) => held);
  const others = runs.filter(({ id }) => id !== run.id);
  const isFull = ids.length >= mostBeside;
  return (
    <Menu
      icon="plus"
      text="Run"
      label="Overlay another run"
      refused={others.length === 0 ? 'this project has no other run' : null}
      items={others.map((one) => ({
        label: shownLine(runLine(one)),
        checked: ids.includes(one.id),
        refused: isFull && !ids.includes(one.id) ? `at most ${mostBeside} runs are overlaid` : null,
        onPress: () =>
          beside.update((held) => (held.includes(one.id) ? held.filter((id) => id !== one.id) : [...held, one.id])),
      }))}
    />
  );
}
