/** What happened to a run between two of its groups, oldest first. Computes only. */
import { advisoryLabels } from '../../trainer/protocol/advisories.ts';
import { hasEnded } from '../../trainer/protocol/commands.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { HistoryGroup } from '../../trainer/protocol/questions.ts';
import { shownRow } from '../../trainer/protocol/records.ts';
import { changeWords, requestWords } from '../run/command-words.ts';
import type { RunView } from '../state/run-view.ts';
import { fixed } from '../ui/numbers.ts';

export interface Happening {
  /** Null where it belongs to no step. */
  readonly step: number | null;
  readonly at: number;
  readonly what: string;
  readonly detail: string;
}

type Lists = Pick<RunView, 'commands' | 'checkpoints' | 'evaluations' | 'skipped' | 'warnings' | 'told'>;

/**
 * By step where it has one, else by time. At the step of the earlier one what came after its answers counts; at that of the
 * later one nothing does, for an evaluation or a checkpoint follows the update.
 */
export function happenings(view: Lists, one: HistoryGroup, other: HistoryGroup): Happening[] {
  const [first, last] = one.at <= other.at ? [one, other] : [other, one];
  const atStep = (step: number) => step >= first.step && step < last.step;
  const atTime = (at: number) => at > first.at && at <= last.at;
  const found: Happening[] = [
    ...view.commands
      .filter(hasEnded)
      .filter(({ endedAt }) => atTime(endedAt))
      .map((command) => ({
        step: 'at' in command ? (command.at?.step ?? null) : null,
        at: command.endedAt,
        what: requestWords(command.request),
        detail: [
          changeWords(command),
          command.state === 'applied'
            ? command.note && shownLine(command.note)
            : `${command.state}: ${shownLine(command.why)}`,
          `by ${shownLine(command.by)}`,
        ]
          .filter(Boolean)
          .join(', '),
      })),
    ...view.checkpoints
      .filter(({ step }) => atStep(step))
      .map(({ step, at, reason }) => ({ step, at, what: 'checkpoint', detail: reason })),
    ...view.evaluations
      .filter(({ step }) => atStep(step))
      .map(({ step, at, all }) => ({
        ...{ step, at, what: 'evaluation' },
        detail: `${fixed(all.ordered, 3)} on ordered frames${all.shuffled === null ? '' : `, ${fixed(all.shuffled, 3)} on shuffled`}`,
      })),
    ...view.skipped
      .filter(({ step }) => step > first.step && step <= last.step)
      .map(({ step, question, message }) => ({
        ...{ step, at: Number.NaN, what: `left out row ${shownRow(question)}`, detail: shownLine(message) },
      })),
    ...view.told
      .filter(({ advisory }) => atStep(advisory.since))
      .map(({ at, advisory: { since, rule, message } }) => ({
        ...{ step: since, at, what: `advisory: ${advisoryLabels[rule]}`, detail: shownLine(message) },
      })),
    ...view.warnings
      .filter(({ at }) => atTime(at))
      .map(({ at, message }) => ({ step: null, at, what: 'warning', detail: shownLine(message) })),
  ];
  const known = (one: Happening) => (Number.isNaN(one.at) ? null : one.at);
  return found.sort((a, b) => (a.step ?? 0) - (b.step ?? 0) || (known(a) ?? 0) - (known(b) ?? 0));
}
