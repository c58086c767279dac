/** Commands in words. */
import type { CommandRecord, CommandRequest } from '../../trainer/protocol/commands.ts';
import { scoresWords } from '../../trainer/protocol/corrections.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { isParameterName, parameters } from '../../trainer/protocol/parameters.ts';
import type { RunPlace } from '../../trainer/protocol/run-state.ts';
import { pointWords } from '../../trainer/protocol/run-words.ts';
import { count, plain } from '../ui/numbers.ts';

export function requestWords(request: CommandRequest): string {
  switch (request.kind) {
    case 'set':
      return `set ${isParameterName(request.parameter) ? parameters[request.parameter].label : shownLine(request.parameter)}`;
    case 'stop':
      return request.when === 'now' ? 'stop now' : 'stop after the step';
    case 'step':
      return request.count === 1 ? 'one step, then pause' : `${request.count} steps, then pause`;
    case 'run-to':
      return `run to ${pointWords(request.point, request.step)}, then pause`;
    case 'mask':
      return `${request.masked ? 'leave out' : 'put back'} ${count(request.rollouts.length, 'answer')} of step ${request.step}`;
    case 'rescore':
      return `score ${shownLine(request.rollout)} ${request.scores === null ? 'as found' : `anew: ${scoresWords(request.scores)}`}`;
    case 'skip':
      return `${request.skipped ? 'skip' : 'ask again'} row ${request.row}`;
    case 'mix':
      return 'change the mix of sources';
    case 'pause':
      return request.at ? `pause at ${request.at}` : request.kind;
    case 'break': {
      const { change } = request;
      return change.do === 'add' ? 'add a breakpoint' : `${change.do} breakpoint ${change.number}`;
    }
    case 'pin':
    case 'unpin':
      return `${request.kind} checkpoint ${request.step}`;
    case 'remove-checkpoint':
      return `delete checkpoint ${request.step}`;
    default:
      return request.kind;
  }
}

/** Old and new value of what it changes, or the value that is asked for; an empty text where it changes none. */
export function changeWords(command: CommandRecord): string {
  const change = 'change' in command ? command.change : null;
  if (change && command.request.kind === 'break')
    return [change.from, change.to].map((side) => (side === null ? 'none' : shownLine(plain(side)))).join(' → ');
  if (change) return `${shownLine(plain(change.from))} → ${shownLine(plain(change.to))}`;
  return command.request.kind === 'set' ? shownLine(plain(command.request.value ?? null)) : '';
}

/** Where it was or will be applied, and what came of it; the reason where it was not. */
export function placeWords(command: CommandRecord): string {
  switch (command.state) {
    case 'requested':
      return '';
    case 'rejected':
      return shownLine(command.why);
    case 'scheduled':
      if (command.point === 'before-step' && command.step !== undefined) return `waits for ${command.step}`;
      return `waits for ${command.point ?? 'the next safe point'}`;
    case 'applied':
      return placed(command.at, command.note);
    case 'failed':
      return placed(command.at, command.why);
  }
}

function placed(at: RunPlace | null, words: string | null): string {
  return [at && `${at.point} ${at.step}`, words && shownLine(words)].filter(Boolean).join(': ');
}

export function commandTitle(command: CommandRecord): string {
  const change = changeWords(command);
  return `${requestWords(command.request)}${change ? ` ${change}` : ''}, ${command.state}, by ${shownLine(command.by)}`;
}
