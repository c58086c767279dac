/** Commands in words. */

import type { CommandRecord, CommandRequest } from '../../trainer/protocol/commands.ts';
import { isParameterName, parameters } from '../../trainer/protocol/parameters.ts';
import { shownLine } from '../ui/hostile-text.ts';
import { plain } from '../ui/numbers.ts';

export function requestWords(request: CommandRequest): string {
  switch (request.kind) {
    case 'set':
      return `set ${isParameterName(request.parameter) ? parameters[request.parameter].label : shownLine(request.parameter)}`;
    case 'stop':
      return request.when === 'now' ? 'stop now' : 'stop after the step';
    case 'step':
      return request.count === 1 ? 'one step, then pause' : `${request.count} steps, then pause`;
    default:
      return request.kind;
  }
}

/** Old and new value where the command has them; an empty text where not. */
export function changeWords({ oldValue, newValue, request }: CommandRecord): string {
  const wanted = newValue ?? (request.kind === 'set' ? (request.value ?? null) : null);
  if (oldValue === null && wanted === null) return '';
  if (oldValue === null) return shownLine(plain(wanted));
  return `${shownLine(plain(oldValue))} → ${shownLine(plain(wanted))}`;
}

export function commandTitle(command: CommandRecord): string {
  const change = changeWords(command);
  return `${requestWords(command.request)}${change ? ` ${change}` : ''}, ${command.state}, by ${shownLine(command.by)}`;
}
