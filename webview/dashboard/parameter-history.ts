/** What a parameter was and who changed it, read from the run's commands, which are its log. */
import type { CommandRecord } from '../../trainer/protocol/commands.ts';
import type { ParameterName, ParameterValue, ParameterValues } from '../../trainer/protocol/parameters.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';

export interface ParameterChange {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The first step that was made with it; null where the run was not in memory. */
  readonly step: number | null;
  readonly from: ParameterValue;
  readonly to: ParameterValue;
  readonly by: string;
}

export interface ParameterHistory {
  /** When the run was created. */
  readonly start: { readonly at: number; readonly value: ParameterValue; readonly by: string };
  /** Newest first. */
  readonly changes: readonly ParameterChange[];
}

/** @param commands the run's, newest first */
export function parameterHistory(
  name: ParameterName,
  run: RunSummary,
  commands: readonly CommandRecord[],
): ParameterHistory {
  const changes = commands.flatMap((command): ParameterChange[] => {
    const { request } = command;
    if (command.state !== 'applied' || request.kind !== 'set' || request.parameter !== name || !command.change)
      return [];
    const { from, to } = command.change as { from: ParameterValue; to: ParameterValue };
    return [{ id: command.id, at: command.endedAt, step: command.at?.step ?? null, from, to, by: command.by }];
  });
  const { parent, runFile, createdAt: at } = run;
  const by = parent ? `fork of ${parent.run}, step ${parent.step}` : (runFile ?? 'the run file');
  return { start: { at, value: changes.at(-1)?.from ?? run.parameters[name], by }, changes };
}

/** The values that the run will have when what waits has been applied. */
export function valuesToCome(run: RunSummary, commands: readonly CommandRecord[]): ParameterValues {
  const waiting = commands.flatMap(({ state, request }) =>
    (state === 'requested' || state === 'scheduled') && request.kind === 'set'
      ? [[request.parameter, request.value] as const]
      : [],
  );
  return { ...run.parameters, ...Object.fromEntries(waiting.reverse()) };
}
