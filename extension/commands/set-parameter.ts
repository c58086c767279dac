/** Changes one live parameter of a run: which one, to what, and when it took effect. */
import * as vscode from 'vscode';
import { describeRange } from '../../trainer/protocol/parameter-range.ts';
import { type ParameterName, type ParameterValue, parameters } from '../../trainer/protocol/parameters.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import type { Studio } from '../studio.ts';
import { carryOut, demandRuns, sayDone } from './carry-out.ts';
import type { Handler } from './handler.ts';
import { inputKind, liveParameters, readValue, showValue } from './parameter-input.ts';
import { chooseRun } from './targets.ts';

const lastParameterKey = 'lastParameter';

async function chooseParameter(studio: Studio, run: RunSummary): Promise<ParameterName> {
  const last = studio.context.workspaceState.get<string>(lastParameterKey);
  const names = liveParameters(run.method).sort((a, b) => Number(b === last) - Number(a === last));
  const picked = await vscode.window.showQuickPick(
    names.map((name) => {
      const { label, symbol, unit, help } = parameters[name];
      const present = showValue(run.parameters[name]);
      const changed =
        run.parameters[name] === run.presetParameters[name] ? '' : ` (preset ${showValue(run.presetParameters[name])})`;
      return {
        label: symbol ? `${label} ${symbol}` : label,
        description: `${present}${unit ? ` ${unit}` : ''}${changed} · ${describeRange(name)}`,
        detail: `${help} (${name})`,
        name,
      };
    }),
    {
      title: `${run.id}: which parameter?`,
      placeHolder: 'Present value and range; a change is taken at the next safe point',
      matchOnDescription: true,
      matchOnDetail: true,
    },
  );
  if (!picked) throw new vscode.CancellationError();
  await studio.context.workspaceState.update(lastParameterKey, picked.name);
  return picked.name;
}

async function askValue(run: RunSummary, name: ParameterName): Promise<ParameterValue> {
  const { label, help } = parameters[name];
  const present = run.parameters[name];
  const title = `${run.id}: ${label}`;
  const input = inputKind(name);
  if (input.kind === 'choice') {
    const picked = await vscode.window.showQuickPick(
      input.values.map((value) => ({
        label: showValue(value),
        ...(value === present && { description: 'present value' }),
        value,
      })),
      { title, placeHolder: help },
    );
    if (!picked) throw new vscode.CancellationError();
    return picked.value;
  }
  const text = await vscode.window.showInputBox({
    title,
    value: showValue(present),
    prompt: `Now ${showValue(present)}; ${describeRange(name)}. ${help}`,
    validateInput: (typed) => {
      const reading = readValue(name, typed);
      return 'problem' in reading ? reading.problem : undefined;
    },
  });
  if (text === undefined) throw new vscode.CancellationError();
  const reading = readValue(name, text);
  if ('problem' in reading) throw new Error(reading.problem);
  return reading.value;
}

export const setParameter: Handler = async (studio, argument) => {
  await demandRuns(studio);
  const run = await chooseRun(studio, argument, 'set');
  const name = await chooseParameter(studio, run);
  const value = await askValue(run, name);
  const { label } = parameters[name];
  const record = await carryOut(
    studio,
    run,
    { kind: 'set', parameter: name, value },
    `${run.id}: ${label} ${showValue(run.parameters[name])} → ${showValue(value)}`,
  );
  const change = record.change ?? { from: run.parameters[name], to: value };
  const from = record.at ? ` from step ${record.at.step}` : '';
  sayDone(studio, `${run.id}: ${label} ${showValue(change.from)} → ${showValue(change.to)}${from}`);
};
