/** What is known of a run: events go into its store, the summary follows from them, and whoever listens is told. */
import { setImmediate } from 'node:timers/promises';
import { meanKl, type ScoredGroup, type UpdatedAnswer } from '../learning/groups.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import { answeredBy, type Weighing } from '../protocol/evidence.ts';
import { type Hindrance, hindrances } from '../protocol/hindrances.ts';
import { isParameterName, type ParameterValues, rangeFault } from '../protocol/parameters.ts';
import type { Receipt } from '../protocol/receipts.ts';
import type { RunEvent, RunEventBody, StepMetrics } from '../protocol/records.ts';
import { reduceRun } from '../protocol/reduce-run.ts';
import {
  isComputing,
  type RunFacts,
  type RunSummary,
  type Standing,
  standingOf,
  withStanding,
} from '../protocol/run-state.ts';
import type { RunStore } from '../store/run-store.ts';
import type { EventDetails } from '../store/run-tables.ts';
import type { UpdateScores } from '../store/token-table.ts';
import { settingsChanges } from './advisories/of-settings.ts';

export interface JournalListener {
  /** After the event is in the store. */
  onEvent(event: RunEvent): void;
  /** The summary is another one, or its text about what is under way. */
  onChanged(summary: RunSummary): void;
  log(line: string): void;
}

/** Between two tellings of how far some work is. */
const progressEveryMs = 250;

export class RunJournal {
  private readonly store: RunStore;
  private readonly listener: JournalListener;
  private run: RunSummary;
  /** What was told last of work under way, for who asks meanwhile. */
  private doing: string | null = null;
  private readonly watchers = new Set<(body: RunEventBody) => void>();
  private toldMs = Number.NEGATIVE_INFINITY;

  constructor(store: RunStore, listener: JournalListener) {
    this.store = store;
    this.listener = listener;
    this.run = store.summary();
  }

  get summary(): RunSummary {
    return this.run;
  }

  /** With what is under way, which is never stored. */
  get shown(): RunSummary {
    return this.doing === null ? this.run : ({ ...this.run, doing: this.doing } as RunSummary);
  }

  /** @throws StudioError `disk-full` */
  record(body: RunEventBody, details?: EventDetails): RunEvent {
    const [event] = this.recordAll([body], details);
    return event as RunEvent;
  }

  /** Several events, all or none. @throws StudioError `disk-full` */
  private recordAll(bodies: readonly RunEventBody[], details?: EventDetails): RunEvent[] {
    const events = this.store.appendAll(bodies, details);
    this.run = events.reduce(reduceRun, this.run);
    for (const event of events) {
      for (const watch of this.watchers) watch(event.body);
      this.listener.onEvent(event);
    }
    return events;
  }

  /** Tells of each event that is recorded from now on. @returns what ends it */
  watch(watch: (body: RunEventBody) => void): () => void {
    this.watchers.add(watch);
    return () => void this.watchers.delete(watch);
  }

  /** The run stands so from now on. A state that can't be stored, because the disk is full, is still told. */
  stand(standing: Standing, known: Partial<RunFacts> = {}): void {
    this.doing = null;
    const run = withStanding({ ...this.run, ...known }, standing, Date.now());
    try {
      this.record({ type: 'state', run });
    } catch (thrown) {
      this.run = run;
      this.listener.log(`run ${run.id}: the state ${run.state} is not stored: ${asStudioError(thrown)}`);
    }
    this.listener.onChanged(this.run);
  }

  /** What is known of the run besides how it stands. */
  know(known: Partial<RunFacts>): void {
    this.stand(standingOf(this.run), known);
  }

  /**
   * Says what of learning the new value hinders, or hinders no longer.
   * @returns the value before. @throws StudioError `bad-request` for a name that no parameter has, and for a value beyond the other end of a range
   */
  setParameter(name: string, value: unknown): unknown {
    if (!isParameterName(name)) throw new StudioError('bad-request', `There is no parameter ${name}.`);
    const from = this.run.parameters[name];
    const parameters = { ...this.run.parameters, [name]: value } as ParameterValues;
    const fault = rangeFault(parameters, name);
    if (fault !== null)
      throw new StudioError('bad-request', `${fault}.`, { remedy: 'Set the other end of the range first.' });
    this.know({ parameters, steps: parameters.steps });
    this.adviseOfSettings(null, this.run.step);
    return from;
  }

  /**
   * Says what of the settings keeps the run from learning, and what of that is over.
   * @param found with what its files hold; null judges the settings alone
   * @param step that is kept whatever comes
   * @throws StudioError `disk-full`
   */
  adviseOfSettings(found: readonly Hindrance[] | null, step: number): void {
    const { method, parameters } = this.run;
    const now = found ?? hindrances(method, parameters, null);
    for (const change of settingsChanges(this.run, now, found !== null, step)) this.record(change);
  }

  /** @param by who wants to hear no more of it, or again. @throws StudioError `disk-full` */
  mute(key: string, muted: boolean, by: string): void {
    this.record({ type: 'advisory-muted', key, muted, by });
    this.listener.onChanged(this.shown);
  }

  /** Each group is written to the disk before the next; between them the trainer answers. @throws StudioError `disk-full` */
  async recordGroups(groups: readonly ScoredGroup[]): Promise<void> {
    for (const { group, tokens, promptTokens, weighed } of groups) {
      const by = { run: this.run.id, step: answeredBy(group), same: true };
      const weighings = weighed.map((found): Weighing => ({ ...found, at: group.at, by }));
      this.record({ type: 'group', group }, { tokens, prompts: new Map([[group.id, promptTokens]]), weighings });
      await setImmediate();
    }
  }

  /** A step with what its update computed of its ordered answers, where it has any. @throws StudioError `disk-full` */
  recordStep(metrics: StepMetrics, update: readonly UpdatedAnswer[] | null): void {
    const step: RunEventBody = { type: 'step', metrics };
    if (update === null) {
      this.record(step);
      return;
    }
    const kl = Object.fromEntries(update.map((answer) => [answer.rolloutId, meanKl(answer)]));
    const scores = update.map(({ rolloutId, logprobs, refLogprobs }): [string, UpdateScores] => [
      rolloutId,
      { isLeftOut: logprobs === null, reference: refLogprobs },
    ]);
    this.recordAll([{ type: 'references', step: metrics.step, kl }, step], { scores: new Map(scores) });
  }

  /** @throws StudioError `disk-full` */
  recordReceipt(receipt: Receipt): void {
    this.record({ type: 'receipt', step: receipt.step }, { receipt });
  }

  /** What has begun, for people: told at once, never stored. */
  tellPart(doing: string): void {
    this.toldMs = Number.NEGATIVE_INFINITY;
    this.tellProgress(doing);
  }

  /** How far some work is, for people: told now and then, never stored. */
  tellProgress(doing: string): void {
    const now = performance.now();
    if (!isComputing(this.run.state) || now - this.toldMs < progressEveryMs) return;
    this.toldMs = now;
    this.doing = doing;
    this.listener.onChanged(this.shown);
  }

  /** The work is over, and the text of `tellProgress` with it. */
  endProgress(): void {
    this.doing = null;
    this.toldMs = Number.NEGATIVE_INFINITY;
    this.listener.onChanged(this.run);
  }
}
