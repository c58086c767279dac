/** How a run stands, in words for one line: the same in the editor and in a terminal. Loads nothing. */
import type { QueuedRun, RunPlace, RunSummary, SafePoint, Standing } from './run-state.ts';

/** `before-update of step 12`, or `before-update` for the next that comes. */
export const pointWords = (point: SafePoint, step?: number) =>
  step === undefined ? point : `${point} of step ${step}`;

/** `at before-update, step 12`. */
export const placeWords = ({ point, step }: RunPlace, shownStep = String(step)) =>
  `${point === 'sampling' ? 'in' : 'at'} ${point}, step ${shownStep}`;

/** What there is to say beside the state's name; null where the name says all. */
export function standingDetail(standing: Standing): string | null {
  switch (standing.state) {
    case 'starting':
    case 'running':
    case 'evaluating':
      return standing.doing;
    case 'pausing':
      return after(
        standing.release
          ? 'at the end of the step, to free the memory'
          : `at the next ${standing.at ?? 'token or safe point'}`,
        standing.doing,
      );
    case 'paused': {
      const { at, why, memory } = standing;
      const place = `${placeWords(at)}${memory === 'released' ? ', its memory free' : ''}`;
      return why === null ? place : `${place}: ${why}`;
    }
    case 'stopping':
      return after(standing.when === 'now' ? 'now' : 'after this step', standing.doing);
    case 'failed':
      return standing.fault.message;
    case 'created':
    case 'queued':
    case 'stopped':
    case 'completed':
      return null;
  }
}

/**
 * A queued run's place and what it waits for: `2 of 3, while sft-1 is running`.
 * @param queue as `queueOf` has it
 * @param before as `inTheWay` has it
 */
export function queueWords(run: QueuedRun, queue: readonly QueuedRun[], before: RunSummary | undefined): string {
  const place = queue.findIndex(({ id }) => id === run.id) + 1;
  const waits =
    before === undefined
      ? 'until the run before it goes on to its end, or this one is started'
      : `while ${before.id} is ${before.state}`;
  return `${place} of ${queue.length}, ${waits}`;
}

/** When a command takes hold, and what it waits for till then. */
function after(when: string, doing: string | null | undefined): string {
  return doing ? `${when}; now ${doing}` : when;
}

/** `evaluating 156 questions: 32 done, 40s left`. @param leftMs null while nothing tells how long it takes */
export function evaluationWords(done: number, total: number, leftMs: number | null, part: string | null): string {
  const left = leftMs === null ? null : `${duration(leftMs)} left`;
  const more = [done > 0 ? `${done} done` : null, part, left].filter((words) => words !== null).join(', ');
  return `evaluating ${total} ${total === 1 ? 'question' : 'questions'}${more && `: ${more}`}`;
}

/** `paused at before-update, step 34: the loss rose`, `running: loading the model`, `completed`. */
export function standingWords(run: RunSummary): string {
  const detail = standingDetail(run);
  if (detail === null) return run.state;
  const readsOn = run.state === 'pausing' || run.state === 'paused' || run.state === 'stopping';
  return `${run.state}${readsOn ? ' ' : ': '}${detail}`;
}

/** `2026-11-28 16:05`, in the reader's time zone. */
export function dateWords(at: number): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/**
 * What tells a run from others in a list: `sft-3 · 2026-11-28 16:05 · completed`. Runs of one run file share their name, so a run
 * is called by its id, which begins with the name, wherever a person is to know which one is meant.
 */
export function runLine(run: RunSummary): string {
  return `${run.id} · ${dateWords(run.createdAt)} · ${run.state}`;
}

/** The same as a clause, with how far it is: `made 2026-11-28 16:05, completed, step 450 of 450`. */
export function whichRun(run: RunSummary): string {
  return `made ${dateWords(run.createdAt)}, ${run.state}, step ${run.step} of ${run.steps}`;
}

/** `1h 05m`, `3m 20s`, `8s`. */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const pad = (value: number) => String(value).padStart(2, '0');
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)}h ${pad(Math.floor((seconds % 3600) / 60))}m`;
  if (seconds >= 60) return `${Math.floor(seconds / 60)}m ${pad(seconds % 60)}s`;
  return `${seconds}s`;
}
