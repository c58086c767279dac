/** Which of the project's runs is shown. */

import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { runLine } from '../../trainer/protocol/run-words.ts';
import type { Session } from '../state/session.ts';
import { useStore } from '../ui/store.ts';
import { Dropdown } from '../ui/toolkit.tsx';

interface RunPickerProps {
  readonly class: string | undefined;
  readonly session: Session;
  readonly run: RunSummary;
}

export function RunPicker({ class: className, session, run }: RunPickerProps) {
  const runs = useStore(session.state, (state) => state.runs) ?? [run];
  return (
    <Dropdown
      class={className}
      label="Run"
      title={`${run.method} · preset ${run.preset} · from ${shownLine(run.from)}`}
      value={run.id}
      choices={runs.map((one) => ({ value: one.id, label: shownLine(runLine(one)) }))}
      onChoose={(runId) => session.choose(runId)}
    />
  );
}
