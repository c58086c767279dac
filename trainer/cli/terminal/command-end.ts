/** How a command ended, in a line. */
import type { CommandRecord, CommandRequest, EndedCommand } from '../../protocol/commands.ts';
import { shownText } from '../../protocol/hostile-text.ts';
import { placeWords, pointWords } from '../../protocol/run-words.ts';

/** One that would be refused is not sent, and has no record in the run's log. */
export type CommandEnd =
  | EndedCommand
  | { readonly state: 'rejected'; readonly request: CommandRequest; readonly why: string };

/** `pause applied at before-update, step 3`, `save rejected: the run is stopping`. What a person wrote is in it: notes, conditions. */
export function endLine(end: CommandEnd): string {
  return shownText(words(end));
}

function words(end: CommandEnd): string {
  const { kind } = end.request;
  switch (end.state) {
    case 'applied': {
      const place = end.at ? ` ${placeWords(end.at)}` : '';
      return `${kind} applied${place}${end.note ? `: ${end.note}` : ''}`;
    }
    case 'rejected':
    case 'failed':
      return `${kind} ${end.state}: ${end.why}`;
  }
}

/** What one that has not ended waits for: `set waits for before-step of step 4`. */
export function waitLine({ request, ...record }: Exclude<CommandRecord, EndedCommand>): string {
  const { kind } = request;
  if (kind === 'pause' && request.release)
    return 'pause waits for the end of the step that is under way, and until the run is saved';
  if (record.state === 'scheduled')
    return `${kind} waits for ${record.point === null ? 'the next safe point' : pointWords(record.point, record.step)}`;
  switch (kind) {
    case 'start':
    case 'resume':
    case 'step':
    case 'run-to':
      return `${kind} waits until the model is loaded`;
    case 'evaluate':
      return 'evaluate waits until the questions are answered';
    default:
      return `${kind} is under way`;
  }
}

/** How one ended, for whoever did not ask for it: with the value that it changed, and whose it was. */
export function endLineOfAnother(end: EndedCommand): string {
  const change = end.state === 'applied' && end.request.kind === 'set' ? end.change : null;
  const name = end.request.kind === 'set' ? end.request.parameter : '';
  const value = change === null ? '' : ` (${name}: ${JSON.stringify(change.from)} → ${JSON.stringify(change.to)})`;
  return shownText(`${words(end)}${value}, by ${end.by}`);
}
