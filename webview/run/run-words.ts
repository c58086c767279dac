/** What there is to say of a run's state, and of the trainer's absence. */

import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { faultOf, type RunFault, type RunSummary } from '../../trainer/protocol/run-state.ts';
import { placeWords } from '../../trainer/protocol/run-words.ts';
import { openAnswersAgain } from '../../trainer/protocol/seed-words.ts';
import type { LinkStatus } from '../host.ts';
import { grouped } from '../ui/numbers.ts';

/** Why nothing can be asked of the trainer; null when it is there. */
export function noTrainer(link: LinkStatus): string | null {
  switch (link.state) {
    case 'open':
      return null;
    case 'connecting':
      return 'connecting to the trainer';
    case 'starting':
      return 'the trainer is starting';
    case 'closed':
      return 'the connection to the trainer is lost; trying again';
    case 'gone':
      return 'there is no trainer';
  }
}

/** As `stateWords`, without what changes at each step. */
export function phaseWords(run: RunSummary): string {
  return run.state === 'running' ? withDoing('Running', run.doing) : stateWords(run);
}

export function stateWords(run: RunSummary): string {
  switch (run.state) {
    case 'created':
      return 'Created, not started';
    case 'queued':
      return 'Queued';
    case 'starting':
      return withDoing('Starting', run.doing);
    case 'running':
      return withDoing(`Running, step ${grouped(Math.min(run.step + 1, run.steps))}`, run.doing);
    case 'pausing':
      return withDoing(
        run.release
          ? 'Pausing after this step, to free the memory'
          : `Pausing at the next ${run.at ?? 'token or safe point'}`,
        run.doing,
      );
    case 'paused':
      return `Paused ${placeWords(run.at, grouped(run.at.step))}${run.memory === 'released' ? ', memory freed' : ''}`;
    case 'stopping':
      return withDoing(run.when === 'now' ? 'Stopping now' : 'Stopping after this step', run.doing);
    case 'stopped':
      return `Stopped at step ${grouped(run.step)}`;
    case 'evaluating':
      return withDoing('Evaluating', run.doing);
    case 'completed':
      return 'Completed';
    case 'failed':
      return `Failed in step ${grouped(run.step + 1)}`;
  }
}

function withDoing(words: string, doing: string | null | undefined): string {
  return doing ? `${words}: ${shownLine(doing)}` : words;
}

export interface Trouble {
  readonly kind: 'info' | 'warning' | 'error';
  readonly title: string;
  readonly place: string | null;
  readonly text: string;
  /** Lines of the trainer's log before it, where the engine died. */
  readonly log: readonly string[];
}

/** What a run that stands still has to say beyond its state; null for one that a person paused and that lacks nothing. */
export function troubleOf(run: RunSummary): Trouble | null {
  const fault = faultOf(run);
  if (fault) {
    return {
      kind: run.state === 'failed' ? 'error' : 'warning',
      title: `${run.state === 'failed' ? 'Failed' : 'Paused'}: ${shownLine(fault.message)}`,
      place: fault.place ? shownLine(fault.place) : null,
      text: `${weightsWords(run, fault)} ${shownLine(fault.remedy ?? '')}`.trim(),
      log: (fault.log ?? []).map((line) => shownLine(line)),
    };
  }
  if (run.state !== 'paused') return null;
  const said = [run.why === null ? '' : sentence(run.why), openAnswersAgain(run) ?? ''].filter((text) => text !== '');
  return said.length === 0 ? null : { kind: 'info', title: 'Paused.', place: null, text: said.join(' '), log: [] };
}

function weightsWords(run: RunSummary, { kind }: RunFault): string {
  return kind === 'engine-failed' && run.state === 'paused' && run.memory === 'released'
    ? 'Its weights went with the engine: it goes on from its last checkpoint, in another one.'
    : `The weights are those of step ${grouped(run.step)}.`;
}

/** Hostile text as a sentence of its own; empty where there is none. */
export function sentence(text: string): string {
  const line = shownLine(text);
  if (line === '') return '';
  const upper = line.charAt(0).toUpperCase() + line.slice(1);
  return /[.!?]$/.test(upper) ? upper : `${upper}.`;
}
