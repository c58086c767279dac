/** The groups of a session's step while they can be changed, and who changes them. */
import { Corrections } from '../learning/corrections.ts';
import type { OpenGroups } from '../learning/open-groups.ts';
import type { TakenCommand } from '../protocol/commands.ts';
import { correctionWords } from '../protocol/corrections.ts';
import { StudioError } from '../protocol/errors.ts';
import type { RunJournal } from './run-journal.ts';

export class SessionCorrections {
  private readonly journal: Pick<RunJournal, 'record'>;
  private open: Corrections | null = null;

  constructor(journal: Pick<RunJournal, 'record'>) {
    this.journal = journal;
  }

  groupsOpen(step: number, open: OpenGroups): void {
    if (this.open?.open !== open) this.open = new Corrections(step, open);
  }

  /** Nothing of the step can be changed any more. */
  close(): void {
    this.open = null;
  }

  /** The step is given up before its update. @returns what of people's work goes with it; null for nothing */
  givenUp(): string | null {
    const { open } = this;
    this.open = null;
    if (open === null || open.changed === 0) return null;
    const answers = open.changed === 1 ? 'one of its answers' : `${open.changed} of its answers`;
    return `Step ${open.step} was given up before its update, and with it what people had changed of ${answers}. It is made anew from its beginning.`;
  }

  /**
   * @returns what it did to rewards and advantages, in words
   * @throws StudioError `conflict` where the step is not open, and as `Corrections.make`
   */
  make({ id, request, by }: TakenCommand): string {
    if (request.kind !== 'mask' && request.kind !== 'rescore')
      throw new StudioError('internal', `A ${request.kind} was to correct answers.`);
    const { step, why } = request;
    if (this.open?.step !== step)
      throw new StudioError('conflict', `The answers of step ${step} can’t be changed any more.`, {
        remedy: 'Pause the run before an update, and name that step.',
      });
    const answers = this.open.make(request, { by, why });
    this.journal.record({ type: 'corrected', correction: { step, command: id, by, why, answers } });
    return correctionWords({ answers });
  }
}
