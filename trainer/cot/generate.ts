/**
 * Asks the teacher every sample that the journal lacks, some at a time, and writes down each answer before it counts. Which
 * answers are kept is for the filter, later; here it only gives an estimate.
 */
import { realpathSync } from 'node:fs';
import type { Dataset } from '../data/dataset.ts';
import { hash32 } from '../data/random.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import type { Question } from '../protocol/records.ts';
import type { FrameLimits, MediaLoader } from '../video/load.ts';
import { type FilterRules, judge } from './filter.ts';
import type { Journal } from './journal.ts';
import { type Medium, type Teacher, type TeacherAnswer, type TeacherRequest, TeacherUnavailable } from './teacher.ts';

/** How a question's medium is handed over. */
export type MediaSource =
  | { readonly kind: 'frames'; readonly loader: MediaLoader; readonly limits: FrameLimits }
  | { readonly kind: 'file' };

export interface Generating {
  readonly dataset: Dataset;
  readonly journal: Journal;
  readonly teacher: Teacher;
  readonly media: MediaSource;
  /** Rows from the first on. */
  readonly rows: number;
  /** Samples a question. */
  readonly samples: number;
  readonly seed: number;
  /** For the estimate. */
  readonly rules: FilterRules;
  /** Ask again what the server found wrong. */
  readonly retryFailed: boolean;
  /** So many failures in a row end the generation. */
  readonly mostFailures: number;
  /** Begins nothing new, and waits for what is under way. */
  readonly stop: AbortSignal;
  onProgress(progress: Progress): void;
  onNotice(message: string): void;
}

export interface Progress {
  /** Samples of readable rows, and how many of them are finished, earlier sittings included. */
  readonly total: number;
  readonly done: number;
  /** Of this sitting. */
  readonly answers: number;
  readonly passing: number;
  readonly unanswered: number;
  /** What was said of the last request that failed, this time. */
  readonly lastFailure: string | null;
  readonly retries: number;
  readonly elapsedMs: number;
  /** Over the whole journal. */
  readonly tokensIn: number;
  readonly tokensOut: number;
}

/** Seed of one sample: a function of its row and number, whatever else is asked. 31 bits, which every server takes. */
export function sampleSeed(seed: number, row: number, sample: number): number {
  return hash32(seed, 'cot', row, sample) >>> 1;
}

interface Open {
  readonly row: number;
  readonly sample: number;
}

interface Wanted {
  readonly open: Open;
  readonly request: TeacherRequest;
}

/**
 * @returns the last progress. It is not complete when `stop` was given, or where samples stay unanswered
 * @throws StudioError `engine-failed` when the teacher is out of reach for all questions; `disk-full`
 */
export async function generate(g: Generating): Promise<Progress> {
  const generation = new Generation(g);
  await generation.run();
  return generation.progress();
}

class Generation {
  private readonly g: Generating;
  private readonly started = performance.now();
  private readonly folder: string;
  private readonly unreadable = new Set<number>();
  /** Samples of unreadable rows that are not finished. */
  private lost = 0;
  /** Place in the order of all samples up to which they were begun or are finished. */
  private next = 0;
  private doneBefore = 0;
  private answers = 0;
  private passing = 0;
  private unanswered = 0;
  private failuresInARow = 0;
  private lastFailure: string | null = null;
  private fault: StudioError | null = null;
  private readonly halt = new AbortController();
  private readonly ending: AbortSignal;

  constructor(g: Generating) {
    this.g = g;
    this.ending = AbortSignal.any([g.stop, this.halt.signal]);
    this.folder = realpathSync(g.dataset.folder);
    for (let at = 0; at < g.rows * g.samples; at++) if (this.isFinished(this.sampleAt(at))) this.doneBefore++;
  }

  async run(): Promise<void> {
    this.g.onProgress(this.progress());
    await Promise.all(Array.from({ length: this.g.teacher.callsAtOnce }, () => this.work()));
    if (this.fault) throw this.fault;
  }

  progress(): Progress {
    const { journal, teacher, rows, samples } = this.g;
    return {
      total: rows * samples - this.lost,
      done: this.doneBefore + this.answers,
      answers: this.answers,
      passing: this.passing,
      unanswered: this.unanswered,
      lastFailure: this.lastFailure,
      retries: teacher.retries,
      elapsedMs: performance.now() - this.started,
      tokensIn: journal.tokensIn,
      tokensOut: journal.tokensOut,
    };
  }

  private sampleAt(at: number): Open {
    const { samples } = this.g;
    return { row: Math.floor(at / samples), sample: at % samples };
  }

  private isFinished({ row, sample }: Open): boolean {
    return this.g.journal.isFinished(row, sample, this.g.retryFailed);
  }

  /** One of the calls that run side by side: takes samples until none is left, or it is to stop. */
  private async work(): Promise<void> {
    for (;;) {
      const taken = this.take();
      if (taken.length === 0) return;
      try {
        const wanted = await this.withMedia(taken);
        if (this.ending.aborted) return;
        if (wanted.length > 0) await this.sample(wanted);
      } catch (thrown) {
        const interrupted = this.ending.aborted && thrown instanceof Error && thrown.name === 'AbortError';
        if (!interrupted) this.end(asStudioError(thrown));
        return;
      }
      this.g.onProgress(this.progress());
    }
  }

  private take(): Open[] {
    const { teacher, rows, samples } = this.g;
    const taken: Open[] = [];
    while (taken.length < teacher.samplesPerCall && this.next < rows * samples) {
      if (this.ending.aborted) return [];
      const open = this.sampleAt(this.next++);
      if (!this.isFinished(open) && !this.unreadable.has(open.row)) taken.push(open);
    }
    return taken;
  }

  private async withMedia(open: readonly Open[]): Promise<Wanted[]> {
    const loaded = await Promise.all(
      open.map(async (one) => {
        const question = this.g.dataset.question(one.row);
        const medium = await this.medium(question);
        if (!medium) return [];
        const seed = sampleSeed(this.g.seed, one.row, one.sample);
        return [{ open: one, request: { question, medium, sample: one.sample, seed } }];
      }),
    );
    return loaded.flat();
  }

  private async medium(question: Question): Promise<Medium | null> {
    const { dataset, media } = this.g;
    try {
      const file = await dataset.medium(question.row);
      if (media.kind === 'file') return { kind: 'file', file, folder: this.folder };
      return { kind: 'frames', frames: (await media.loader.load(file, question.dataType, media.limits)).frames };
    } catch (thrown) {
      this.leaveOut(question.row, thrown);
      return null;
    }
  }

  /** Notes a row whose medium can't be read; nothing is put in its place. @throws what is no fault of the medium */
  private leaveOut(row: number, thrown: unknown): void {
    const fault = asStudioError(thrown);
    if (fault.kind !== 'bad-media') throw fault;
    if (this.unreadable.has(row)) return;
    this.unreadable.add(row);
    for (let sample = 0; sample < this.g.samples; sample++) if (!this.isFinished({ row, sample })) this.lost++;
    this.g.journal.appendUnreadable(row, fault.message);
    this.g.onNotice(`left out: ${this.g.dataset.place(row)}: ${this.g.dataset.row(row).path}: ${fault.message}`);
  }

  private async sample(samples: readonly Wanted[]): Promise<void> {
    const { teacher } = this.g;
    try {
      const answers = await teacher.sample(
        samples.map(({ request }) => request),
        this.ending,
      );
      answers.forEach((answer, i) => {
        const sample = samples[i];
        if (sample) this.record(sample.open, sample.request, answer);
      });
    } catch (thrown) {
      if (thrown instanceof TeacherUnavailable) this.fail(samples.length, thrown.message, thrown.forAll);
      else if (thrown instanceof StudioError && thrown.kind === 'bad-media' && samples[0])
        this.leaveOut(samples[0].open.row, thrown);
      else throw thrown;
    }
  }

  private record({ row, sample }: Open, { question, seed }: TeacherRequest, answer: TeacherAnswer): void {
    this.g.journal.append({ row, sample, seed, ...answer });
    this.answers++;
    if (judge(answer, question, this.g.rules).kind === 'kept') this.passing++;
    if (answer.outcome === 'failed') this.fail(0, answer.message, false);
    else this.failuresInARow = 0;
  }

  private fail(unanswered: number, why: string, forAll: boolean): void {
    this.unanswered += unanswered;
    this.lastFailure = why;
    this.failuresInARow++;
    if (!forAll && this.failuresInARow < this.g.mostFailures) return;
    const often = forAll ? '' : `${this.failuresInARow} requests in a row failed. The last one: `;
    this.end(
      new StudioError('engine-failed', `The teacher can't be asked. ${often}${why}.`, {
        remedy:
          'Put that right, then give the same command again: it goes on from the journal. ' +
          '--retry-failed also asks again what was answered with an error.',
      }),
    );
  }

  /** The first fault ends the generation; calls under way may finish. */
  private end(fault: StudioError): void {
    this.fault ??= fault;
    this.halt.abort();
  }
}
