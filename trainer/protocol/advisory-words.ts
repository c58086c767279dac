/** The ways on that an advisory has, as what is asked, what is typed and what is read. */
import { type Advisory, advisoryLabels, type WayOn } from './advisories.ts';
import { type CommandRequest, commands } from './commands.ts';
import { shownLine } from './hostile-text.ts';
import { isParameterName, parameters } from './parameters.ts';
import type { RunSummary } from './run-state.ts';
import { shellFile, shellWord } from './shell-word.ts';

/** Those of its ways that are left: nothing is set, paused or stopped of a run that is complete. */
export function waysNow({ ways }: Advisory, { state }: Pick<RunSummary, 'state'>): WayOn[] {
  if (state !== 'completed') return ways;
  return ways.filter((way) => way.kind !== 'set' && (way.kind !== 'command' || way.command === 'evaluate'));
}

/** What a button would ask of the run; null where there is nothing to ask. */
export function commandOfWay(way: WayOn): CommandRequest | null {
  switch (way.kind) {
    case 'set':
      return { kind: 'set', parameter: way.parameter, value: way.value };
    case 'command':
      return way.command === 'stop'
        ? { kind: 'stop', when: 'after-step' }
        : way.command === 'pause'
          ? { kind: 'pause', release: false }
          : { kind: 'evaluate' };
    case 'check':
    case 'fork':
    case 'look':
    case 'person':
      return null;
  }
}

/** What a button is called: `Set temperature: 1.2`, `Pause`. Null for what is no command. */
export function wayLabel(way: WayOn): string | null {
  switch (way.kind) {
    case 'set':
      return `Set ${isParameterName(way.parameter) ? parameters[way.parameter].label : way.parameter}: ${valueWords(way.value)}`;
    case 'command':
      return way.command === 'stop' ? `${commands.stop.label} after this step` : commands[way.command].label;
    case 'check':
    case 'fork':
    case 'look':
    case 'person':
      return null;
  }
}

/**
 * What is typed in a shell for it; null where nothing is.
 * @param folder of the project, as seen from where it is typed; null: it is typed there
 */
export function wayLine(way: WayOn, runId: string, folder: string | null): string | null {
  const there = folder === null ? '' : ` --folder ${shellWord(folder)}`;
  switch (way.kind) {
    case 'set':
      return `video-r1 ctl set ${way.parameter} ${valueWords(way.value)} --run ${runId}${there}`;
    case 'command':
      return `video-r1 ctl ${way.command} --run ${runId}${there}`;
    case 'check':
      return `video-r1 check ${shellFile(folder, way.dataset)}`;
    case 'fork': {
      const settings = Object.entries(way.set).map(([name, value]) => ` --set ${name}=${valueWords(value)}`);
      return `video-r1 ctl fork ${runId} --from ${way.from}${settings.join('')}${there}`;
    }
    case 'look':
      return `video-r1 open ${runId} --query ${shellWord(way.query)}${there}`;
    case 'person':
      return null;
  }
}

/** A way as one line for a terminal: why, and what to type; or what only a person can do. */
function wayInTerminal(way: WayOn, runId: string, folder: string | null): string {
  const line = wayLine(way, runId, folder);
  return line === null ? way.why : `${way.why}: ${line}`;
}

/**
 * An advisory as lines for a terminal: what is wrong, then each way on. Its sentences hold names from a dataset.
 * @param folder as `wayLine` takes it
 */
export function advisoryLines(
  { key, rule, since, message, ways }: Advisory,
  runId: string,
  folder: string | null,
): string[] {
  return [
    shownLine(`${advisoryLabels[rule]} (${key}, since step ${since}). ${message}`, 1000),
    ...ways.map((way) => `  ${shownLine(wayInTerminal(way, runId, folder), 1000)}`),
  ];
}

/** As it is typed, and read by `ctl set`: `1.2`, `5e-5`, `answer`, `true`. */
function valueWords(value: unknown): string {
  if (typeof value === 'string') return value;
  const isSmall = typeof value === 'number' && value !== 0 && Math.abs(value) < 1e-3;
  return isSmall ? value.toExponential() : JSON.stringify(value);
}

/** That it does no longer hold. */
export const overWords = ({ key, step }: { readonly key: string; readonly step: number }): string =>
  shownLine(`Over since step ${step}: ${key}.`);
