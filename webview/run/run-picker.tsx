/** Which of the project's runs is shown. */
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import type { Session } from '../state/session.ts';
import { shownLine } from '../ui/hostile-text.ts';
import { useStore } from '../ui/store.ts';
import { Dropdown } from '../ui/toolkit.tsx';

export function RunPicker({ session, run }: { session: Session; run: RunSummary }) {
  const runs = useStore(session.state, (state) => state.runs) ?? [run];
  return (
    <Dropdown
      class="run-picker"
      label="Run"
      title={`${run.method} · preset ${run.preset} · from ${shownLine(run.from)}`}
      value={run.id}
      choices={runs.map(({ id, name }) => ({ value: id, label: shownLine(name) }))}
      onChoose={(runId) => session.choose(runId)}
    />
  );
}
