/** What can be done with the charts: smooth them, overlay another run, save them. */
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
import type { Marker } from './markers.ts';
import { smoothings } from './smoothing.ts';

interface CurveToolsProps {
  readonly session: Session;
  readonly view: RunView;
  readonly host: Host;
  readonly group: ChartGroup;
  readonly drawn: Drawn;
  readonly beside: Store<readonly string[]>;
  readonly markers: readonly Marker[];
  readonly specs: { readonly large: readonly ChartSpec[]; readonly small: readonly ChartSpec[] };
}

export function CurveTools({ session, view, group, beside }: CurveToolsProps) {
  const smoothing = useStore(group.smoothing, (held) => held);
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
    </>
  );
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
