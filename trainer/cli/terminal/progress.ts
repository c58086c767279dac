/** What a terminal shows of a run: one line that a person can read, rewritten in place, or now and then a line in a log. */
import { isMuted } from '../../protocol/advisories.ts';
import { advisoryLines, overWords } from '../../protocol/advisory-words.ts';
import { StudioError } from '../../protocol/errors.ts';
import { maskedSentence } from '../../protocol/masked-answers.ts';
import { labelsSentence } from '../../protocol/obeyed-labels.ts';
import { questionsOf, type RunEvent, type StepMetrics } from '../../protocol/records.ts';
import { isComputing, type RunSummary, remainingMs } from '../../protocol/run-state.ts';
import { standingDetail, standingWords } from '../../protocol/run-words.ts';
import { callable } from './callable.ts';

/** `1 h 05 min`, `3 min 20 s`, `8 s`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

const two = (value: number | null) => (value === null ? '-' : value.toFixed(2));

/** Means over the last steps, so that the line does not flicker with every batch. */
class RecentMeans {
  private readonly size: number;
  private readonly steps: StepMetrics[] = [];

  constructor(size = 10) {
    this.size = size;
  }

  add(metrics: StepMetrics): void {
    this.steps.push(metrics);
    if (this.steps.length > this.size) this.steps.shift();
  }

  /** Null when none of the steps has the number. */
  of(pick: (metrics: StepMetrics) => number | null): number | null {
    const values = this.steps.map(pick).filter((value) => value !== null);
    return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
  }

  tokensPerSecond(): number {
    const tokens = this.steps.reduce((sum, step) => sum + step.trainedTokens + step.sampledTokens, 0);
    const ms = this.steps.reduce((sum, step) => sum + step.durations.total, 0);
    return ms === 0 ? 0 : (1000 * tokens) / ms;
  }
}

/** `tgrpo  step 40/100 | loss 0.012 | accuracy 0.61 ordered, 0.35 shuffled | temporal 0.70 | 31 tokens | 5,120 tok/s | 1 min 40 s left` */
export function progressLine(run: RunSummary, step: number, recent: RecentMeans): string {
  const loss = recent.of((m) => m.loss);
  const kl = recent.of((m) => m.kl);
  const accuracy = recent.of((m) => m.accuracy);
  const shuffled = recent.of((m) => m.accuracyShuffled);
  const temporal = recent.of((m) => m.temporal);
  const length = recent.of((m) => m.length);
  const leftMs = remainingMs(run);
  const parts = [
    `${run.method.padEnd(5)} step ${String(step).padStart(String(run.steps).length)}/${run.steps}`,
    `loss ${loss === null ? '-' : run.method === 'sft' ? loss.toFixed(3) : loss.toExponential(1)}`,
    ...(kl === null ? [] : [`KL ${kl.toFixed(3)}`]),
    ...(accuracy === null
      ? []
      : [`accuracy ${two(accuracy)} ordered${shuffled === null ? '' : `, ${two(shuffled)} shuffled`}`]),
    ...(temporal === null || run.method !== 'tgrpo' ? [] : [`temporal ${two(temporal)}`]),
    ...(length === null ? [] : [`${Math.round(length)} tokens`]),
    `${Math.round(recent.tokensPerSecond()).toLocaleString('en-US')} tok/s`,
    ...(leftMs === null ? [] : [`${duration(leftMs)} left`]),
  ];
  return parts.join(' | ');
}

/**
 * Where a long work of pieces stands, and the time that is left: each piece that is left takes as long as the last one of its
 * kind took in this sitting. Before one was timed, it takes what was guessed, times what the timed ones took of their guesses.
 */
export class Pace {
  private readonly left = new Map<string, number>();
  private readonly lastMs = new Map<string, number>();
  private readonly guesses = new Map<string, number>();
  private total = 0;

  expect(kind: string, pieces = 1, guessMs?: number): void {
    if (guessMs !== undefined) this.guesses.set(kind, guessMs);
    this.left.set(kind, (this.left.get(kind) ?? 0) + pieces);
    this.total += pieces;
  }

  /** A piece that was done in an earlier sitting. */
  passOver(kind: string): void {
    this.left.set(kind, (this.left.get(kind) ?? 0) - 1);
  }

  /** @param tells whether the time says how long the others take: not where all was there already */
  async timed<T>(kind: string, work: () => Promise<T>, tells: () => boolean = () => true): Promise<T> {
    const started = performance.now();
    const result = await work();
    if (tells()) this.lastMs.set(kind, performance.now() - started);
    this.passOver(kind);
    return result;
  }

  /** `3/25`: the piece that is done now or comes next. */
  get place(): string {
    const left = [...this.left.values()].reduce((sum, pieces) => sum + pieces, 0);
    return `${Math.min(this.total, this.total - left + 1)}/${this.total}`;
  }

  /** Null until a piece of every kind that is left was timed or guessed. */
  get leftMs(): number | null {
    const timed = [...this.guesses.keys()].filter((kind) => this.lastMs.has(kind));
    const sumOf = (times: ReadonlyMap<string, number>) => timed.reduce((sum, kind) => sum + (times.get(kind) ?? 0), 0);
    const slowness = timed.length === 0 ? 1 : sumOf(this.lastMs) / sumOf(this.guesses);
    let sum = 0;
    for (const [kind, pieces] of this.left) {
      if (pieces === 0) continue;
      const guess = this.guesses.get(kind);
      const ms = this.lastMs.get(kind) ?? (guess === undefined ? undefined : guess * slowness);
      if (ms === undefined) return null;
      sum += pieces * ms;
    }
    return sum;
  }
}

/** Writes to a terminal in place, or to a file every `everyMs`. */
export class LiveLine {
  private readonly out: NodeJS.WriteStream;
  private readonly everyMs: number;
  private open = false;
  private last = Number.NEGATIVE_INFINITY;

  constructor(out: NodeJS.WriteStream = process.stdout, everyMs = 5000) {
    this.out = out;
    this.everyMs = everyMs;
  }

  /** `always` writes also where lines can't be rewritten and one was written just now. */
  show(text: string, always = false): void {
    if (this.out.isTTY) {
      const width = Math.max(20, (this.out.columns ?? 80) - 1);
      this.out.write(`\r\x1b[2K${text.slice(0, width)}`);
      this.open = true;
      return;
    }
    if (!always && performance.now() - this.last < this.everyMs) return;
    this.last = performance.now();
    this.out.write(`${text}\n`);
  }

  /** A line that stays. */
  say(text: string): void {
    if (this.open) this.out.write('\r\x1b[2K');
    this.open = false;
    this.out.write(`${text}\n`);
  }

  /** Takes away the line that is being rewritten. */
  clear(): void {
    if (this.open) this.out.write('\r\x1b[2K');
    this.open = false;
  }

  /** Ends the line that is being rewritten. */
  end(): void {
    if (this.open) this.out.write('\n');
    this.open = false;
  }
}

/** Follows one run in a terminal until it ends or comes to rest. */
export class RunWatch {
  private readonly line: LiveLine;
  private readonly recent = new RecentMeans();
  private readonly runId: string;
  private readonly folder: string;
  private readonly summaryOf: () => RunSummary;
  private readonly rests = Promise.withResolvers<RunSummary>();
  private skipped = 0;
  /** Until then it rests as before. */
  private begun: boolean;
  /** The run as it came to rest: completed, paused, stopped or failed; taken off the queue, as it was before. */
  readonly ended = this.rests.promise;

  /**
   * @param folder of the project, as it is named from where this is printed
   * @param begun whether it is under way already, and not yet to be started
   */
  constructor(runId: string, folder: string, summaryOf: () => RunSummary, line: LiveLine, begun: boolean) {
    this.begun = begun;
    this.runId = runId;
    this.folder = folder;
    this.summaryOf = summaryOf;
    this.line = line;
  }

  onEvent(event: RunEvent): void {
    if (event.runId !== this.runId) return;
    const { body } = event;
    if (body.type === 'step') {
      this.recent.add(body.metrics);
      this.line.show(
        progressLine(this.summaryOf(), body.metrics.step, this.recent),
        body.metrics.step === this.summaryOf().steps,
      );
    } else if (body.type === 'evaluation') {
      const { needsOrder, all } = body.evaluation;
      const order = needsOrder
        ? `order questions ${two(needsOrder.ordered)} ordered, ${two(needsOrder.shuffled)} shuffled; `
        : '';
      this.line.say(
        `      evaluation after step ${body.evaluation.step}: ${order}all ${two(all.ordered)} (${all.count} ${questionsOf(body.evaluation)}, ${duration(body.evaluation.durationMs)})`,
      );
    } else if (body.type === 'skipped') {
      this.skipped += 1;
      const advice =
        this.skipped === 1
          ? callable(`; the run goes on without it (video-r1 check ${body.question.dataset} looks all of them over)`)
          : '';
      this.line.say(`      left out: ${body.question.path}: ${body.message.replace(/[.]$/, '')}${advice}`);
    } else if (body.type === 'warning') this.line.say(`      ${callable(body.message)}`);
    else if (body.type === 'advisory') {
      if (!isMuted(body.advisory.key, this.summaryOf().muted))
        for (const line of advisoryLines(body.advisory, this.runId, this.folder))
          this.line.say(`      ${callable(line)}`);
    } else if (body.type === 'advisory-ended') {
      if (!isMuted(body.key, this.summaryOf().muted)) this.line.say(`      ${overWords(body)}`);
    } else if (body.type === 'masked') this.line.say(`      ${callable(maskedSentence(body.masked))}`);
    else if (body.type === 'labels') this.line.say(`      ${callable(labelsSentence(body.labels))}`);
    else if (body.type === 'checkpoint' && body.checkpoint.reason === 'command')
      this.line.say(`      saved after step ${body.checkpoint.step}: ${body.checkpoint.folder}`);
  }

  /** Called on every change; the run is at rest once nothing of it is in memory. */
  onChanged(run: RunSummary | null): void {
    if (run?.id !== this.runId) return;
    if (run.state === 'starting' || ('doing' in run && run.doing))
      this.line.show(`${run.method.padEnd(5)} ${run.state === 'running' ? standingDetail(run) : standingWords(run)}`);
    const standsStill = run.state === 'queued' || (run.state === 'paused' && run.memory === 'held');
    const isUnderWay = isComputing(run.state) || standsStill;
    this.begun ||= isUnderWay;
    if (!this.begun || isUnderWay) return;
    this.line.end();
    this.rests.resolve(run);
  }

  /** It is followed no further, as it stands. */
  leave(run: RunSummary): void {
    this.line.end();
    this.rests.resolve(run);
  }

  /** The run was deleted. */
  gone(): void {
    this.line.end();
    this.rests.reject(new StudioError('not-found', `The run ${this.runId} was deleted.`));
  }
}
