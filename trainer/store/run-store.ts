/**
 * One run's records: the log of its events, and the tables that lists and pages are read from, in one SQLite file.
 * `runs` writes it; the server reads it.
 *
 * Going back: a `rewound {toStep}` event supersedes what was recorded of later steps. It is kept, marked, and left out of every
 * list and count that does not ask for it; each of its events is read from then on as `rewound {toStep}`, under its old number,
 * and stands in `superseded_events` as it was. So numbers keep no gaps, and a reader who starts anywhere, even with superseded
 * steps in hand, ends in the same state as one who listened all along: applying `rewound` twice changes nothing. Keys of
 * rollouts only grow and are never given twice.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Advisory } from '../protocol/advisories.ts';
import { analysisVersion } from '../protocol/analysis.ts';
import type { AskAbout, Experiment, ExperimentTokens } from '../protocol/ask.ts';
import type { CommandRecord } from '../protocol/commands.ts';
import { StudioError } from '../protocol/errors.ts';
import { answeredBy, evidenceVersion, type Weighing } from '../protocol/evidence.ts';
import { faultLine } from '../protocol/issues.ts';
import type { Place } from '../protocol/place.ts';
import type { Receipt } from '../protocol/receipts.ts';
import type {
  Annotation,
  Checkpoint,
  Evaluation,
  EventText,
  GroupWithRollouts,
  MediaView,
  PromptTokens,
  Question,
  RolloutTokens,
  RunEvent,
  RunEventBody,
  StepMetrics,
  SupersededSteps,
} from '../protocol/records.ts';
import { reduceRun } from '../protocol/reduce-run.ts';
import { isInMemory, type RunSummary, runSummary } from '../protocol/run-state.ts';
import { countsInPoints, type StepCounts } from '../protocol/step-counts.ts';
import type { ExportedAnnotation, HeldAnnotation } from './annotation-table.ts';
import { writeRelative } from './born-at.ts';
import type { Database } from './database.ts';
import { checkBody } from './event-table.ts';
import type { WeighedWith } from './evidence-table.ts';
import { filledShare, fillPortion } from './filling.ts';
import { type FoundPlace, findPlace } from './find-place.ts';
import { type KindCount, kindCounts } from './kind-counts.ts';
import { createRunDatabase, openRunDatabase } from './open-database.ts';
import { type EventDetails, type NewAnalysis, RunTables } from './run-tables.ts';
import { countedShare, countPortion } from './step-counts.ts';
import { damage, readSummary } from './stored-summary.ts';

/** Inside a run's folder. */
export const storeFile = 'run.db';
/** Points that sums by step have at most, where steps are put together. */
const countPoints = 1024;

/** What a run's life is told by: how it stood, and what was asked of it. */
export type LifeEvent = Extract<RunEventBody, { type: 'state' | 'command' | 'rewound' | 'labels' }>;

export class RunStore {
  readonly folder: string;
  private readonly database: Database;
  private readonly tables: RunTables;
  private run: RunSummary;

  /**
   * Makes the database of a new run.
   * @throws StudioError `conflict` when the folder holds one already; `internal` when the summary does not fit the contract
   */
  static create(folder: string, summary: RunSummary): RunStore {
    const text = JSON.stringify({ ...summary, seq: 0 });
    const made: unknown = JSON.parse(text);
    const checked = runSummary.safeParse(made);
    if (!checked.success)
      throw new StudioError(
        'internal',
        `A summary does not fit the contract: ${faultLine(runSummary, made, checked.error, 'it')}.`,
      );
    mkdirSync(folder, { recursive: true });
    const database = createRunDatabase(join(folder, storeFile), (made) => {
      made.run('INSERT INTO run (only_row, summary) VALUES (1, ?)', text);
    });
    return new RunStore(folder, database);
  }

  /**
   * Opens the database of a run; one that an older version wrote is brought up to date first.
   * @throws StudioError `not-found` without a database; `bad-store` when it is damaged, locked, was left unfinished, is not
   *   ours, may not be written, or was written by a newer version; `disk-full` when bringing it up to date takes more room
   */
  static open(folder: string): RunStore {
    const path = join(folder, storeFile);
    let database: Database | null = null;
    try {
      database = openRunDatabase(path);
      return new RunStore(folder, database);
    } catch (thrown) {
      database?.dispose();
      throw damage(thrown, path) ?? thrown;
    }
  }

  private constructor(folder: string, database: Database) {
    this.folder = folder;
    this.database = database;
    this.tables = new RunTables(database);
    this.run = readSummary(database);
  }

  /** Writes every path below the folder in which the project stood from that folder on; see `born-at.ts`. */
  writeRelative(formerProject: string): void {
    writeRelative(this.database, formerProject);
    this.run = readSummary(this.database);
  }

  dispose(): void {
    this.database.dispose();
  }

  // ---- writing ------------------------------------------------------------------------------------------------------

  /**
   * Stores one event and what follows from it, whole or not at all.
   * @throws StudioError `disk-full`, `bad-store`, `not-found` (an annotation of an unknown rollout), or `internal` when the
   *   body does not fit the contract (a number that is not finite, for one)
   */
  append(body: RunEventBody, details?: EventDetails): RunEvent {
    const [event] = this.appendAll([body], details);
    return event as RunEvent;
  }

  /** Stores events in the order given, all or none. */
  appendAll(bodies: readonly RunEventBody[], details: EventDetails = {}): RunEvent[] {
    const checked = bodies.map(checkBody);
    const { events, run } = this.database.transaction(() => {
      const events = checked.map((body, index) => this.write(this.run.seq + 1 + index, Date.now(), body, details));
      return { events, run: this.follow(events) };
    });
    this.run = run;
    return events;
  }

  private write(seq: number, at: number, given: RunEventBody, details: EventDetails): RunEvent {
    const body = this.tables.completed(given, seq);
    // A rewind goes first, so that it can't void its own event.
    const groupKey = this.tables.project(body, details);
    this.tables.events.write({ seq, at, body }, groupKey);
    return { runId: this.run.id, seq, at, body };
  }

  /** Keeps the summary as events leave it: a run that is killed before its next `state` is found at the step that it had reached. */
  private follow(events: readonly RunEvent[]): RunSummary {
    const run = events.reduce(reduceRun, this.run);
    const facts = Object.keys(run) as (keyof RunSummary)[];
    if (facts.some((fact) => fact !== 'seq' && run[fact] !== this.run[fact]))
      this.database.run('UPDATE run SET summary = ?', JSON.stringify(run));
    return run;
  }

  /** Share of the rollouts that queries see: less than 1 after a change of the schema, until `fill` is through. */
  filledShare(): number {
    return filledShare(this.database);
  }

  /**
   * Fills what queries need for about `budgetMs`, and gives the share that is filled then.
   * @throws StudioError `disk-full`, or `bad-store` for what is damaged
   */
  fill(budgetMs: number): number {
    return this.makeAnew(() => fillPortion(this.database, budgetMs));
  }

  /** Share of the groups that are in `counts`: less than 1 after a change of the rules, until `count` is through. */
  countedShare(): number {
    return countedShare(this.database);
  }

  /** Counts groups by step for about `budgetMs`, and gives the share that is counted then. @throws StudioError as `fill` */
  count(budgetMs: number): number {
    return this.makeAnew(() => countPortion(this.database, budgetMs, (key) => this.tables.rollouts.groupByKey(key)));
  }

  /** Rollouts that were analysed by other rules than those of `version`, what the run went back over included. */
  outdated(version: number): number {
    return this.tables.rollouts.outdated(version);
  }

  /**
   * Analyses rollouts of older versions anew for about `budgetMs`, at least one group, the oldest first. Gives how many it did;
   * 0 when none are left. Each portion is whole or not at all, so that what ends it goes on where it was.
   * @throws StudioError `disk-full`, or `bad-store` for what is damaged
   */
  analyse(budgetMs: number, analysis: NewAnalysis): number {
    return this.makeAnew(() =>
      this.database.transaction(() => {
        const started = performance.now();
        let done = 0;
        do {
          const rollouts = this.tables.analyseNext(analysis);
          if (rollouts === 0) break;
          done += rollouts;
        } while (performance.now() - started < budgetMs);
        return done;
      }),
    );
  }

  /**
   * Keeps an experiment, which is no event: nothing that follows from events changes by it.
   * @returns it with its number
   * @throws StudioError `disk-full`; `bad-store` for what is damaged
   */
  keepExperiment(made: Omit<Experiment, 'number'>, tokens: ExperimentTokens): Experiment {
    return this.makeAnew(() => this.database.transaction(() => this.tables.experiments.write(made, tokens)));
  }

  /** Keeps what is known of an experiment besides. @throws StudioError `not-found` */
  replaceExperiment(known: Experiment): void {
    if (!this.tables.experiments.replace(known)) throw this.notFound('experiment', known.id);
  }

  /** @throws StudioError `not-found` */
  removeExperiment(id: string): void {
    if (!this.tables.experiments.remove(id)) throw this.notFound('experiment', id);
  }

  private makeAnew<T>(portion: () => T): T {
    try {
      return portion();
    } catch (thrown) {
      throw damage(thrown, this.database.path) ?? thrown;
    }
  }

  // ---- reading ------------------------------------------------------------------------------------------------------

  /** The last `state` that was stored, with what later events say, and the number of the last event. */
  summary(): RunSummary {
    return this.run;
  }

  /** Number of the last event; 0 when there is none. */
  lastSeq(): number {
    return this.run.seq;
  }

  /** At most `limit` events with a number above `since`, in order, without gaps. Void ones read as `rewound` (see above). */
  events(since: number, limit: number): RunEvent[] {
    return this.tables.events.since(since, limit).map(({ seq, at, groupKey, body }) => ({
      runId: this.run.id,
      seq,
      at,
      body: body ?? this.groupBody(groupKey as number),
    }));
  }

  /** The same as they are sent. Each is made as it is taken; bodies that lie there as texts are not read for that. */
  *eventTexts(since: number, limit: number): Generator<EventText, void> {
    const runId = JSON.stringify(this.run.id);
    for (const { seq, at, group_key: groupKey, body } of this.tables.events.rowsSince(since, limit)) {
      const text = body ?? JSON.stringify(this.groupBody(groupKey as number));
      yield { seq, json: `{"runId":${runId},"seq":${seq},"at":${at},"body":${text}}` };
    }
  }

  private groupBody(key: number): RunEventBody {
    return { type: 'group', group: this.tables.rollouts.groupByKey(key) };
  }

  /**
   * States, commands, goings back and obeyed labels in the order in which they came, read as they are taken. What the run went
   * back over of others reads as `rewound` (see above).
   */
  life(): Generator<LifeEvent, void> {
    return this.tables.events.ofTypes(['state', 'command', 'rewound', 'labels']);
  }

  /**
   * The newest `limit` events of each kind that tells a person something: what was left out, warnings, labels, advisories, hits
   * of breakpoints; in order.
   */
  notices(limit = 200): RunEvent[] {
    const hits = this.run.breakpoints ? (['breakpoint-hit'] as const) : [];
    return (['skipped', 'warning', 'labels', 'advisory', 'advisory-ended', ...hits] as const)
      .flatMap((type) => this.tables.events.newest(type, limit))
      .sort((a, b) => a.seq - b.seq)
      .map(({ seq, at, body }) => ({ runId: this.run.id, seq, at, body: body as RunEventBody }));
  }

  /** Advisories that stand by what was said of steps that stand. */
  advisories(): Advisory[] {
    return this.tables.events.advisories();
  }

  /** How kinds of questions fared in the steps after one, by step. */
  kindCounts(afterStep: number): ReadonlyMap<number, readonly KindCount[]> {
    return kindCounts(this.database, afterStep);
  }

  metrics(fromStep = 0): StepMetrics[] {
    return this.tables.records.steps(fromStep);
  }

  /** What going back to a step would supersede. */
  countAfter(step: number): { steps: number; rollouts: number; evaluations: number } {
    const later = (records: readonly { step: number }[]) => records.filter((record) => record.step > step).length;
    return {
      steps: later(this.metrics()),
      rollouts: this.tables.rollouts.countAfter(step),
      evaluations: later(this.evaluations()),
    };
  }

  /** Steps that the run went back over, by the number of that going back; in each of them the oldest first. */
  supersededMetrics(): SupersededSteps[] {
    const attempts = new Map<number, StepMetrics[]>();
    for (const { attempt, body } of this.tables.events.superseded('step')) {
      const steps = attempts.get(attempt) ?? [];
      attempts.set(attempt, steps);
      steps.push(body.metrics);
    }
    return [...attempts].map(([attempt, steps]) => ({ attempt, steps }));
  }

  /** Evaluations that the run went back over, each with the number of that going back. */
  supersededEvaluations(): { attempt: number; evaluation: Evaluation }[] {
    const of = this.tables.events.superseded('evaluation');
    return of.map(({ attempt, body }) => ({ attempt, evaluation: body.evaluation }));
  }

  /**
   * Sums by step and purpose over the groups that stand, those of events up to `seq`; of very many steps by several together. `counted`: share of the groups that are
   * in them, less than 1 while they are counted anew. `outdated`: rollouts that older rules analysed.
   */
  counts(): { counts: StepCounts[]; seq: number; counted: number; outdated: number } {
    return {
      counts: this.tables.stepCounts.list().map((counts) => countsInPoints(counts, countPoints)),
      seq: this.run.seq,
      counted: countedShare(this.database),
      outdated: this.tables.rollouts.outdated(analysisVersion),
    };
  }

  /** As `counts` has them, of the groups that were trained on in the steps after one. */
  trainCounts(afterStep: number): StepCounts | null {
    return this.tables.stepCounts.list(afterStep).find(({ purpose }) => purpose === 'train') ?? null;
  }

  /** Oldest first. */
  commands(): CommandRecord[] {
    return this.tables.records.commands();
  }

  /** Null when none came under this id. */
  command(id: string): CommandRecord | null {
    return this.tables.records.command(id);
  }

  nextCommandNumber(): number {
    return this.tables.records.nextCommandNumber();
  }

  /** Oldest first. */
  checkpoints(): Checkpoint[] {
    return this.tables.records.checkpoints();
  }

  /** Oldest first. */
  evaluations(): Evaluation[] {
    return this.tables.records.evaluations();
  }

  rolloutCount({ superseded = false } = {}): number {
    return this.tables.rollouts.count(superseded);
  }

  /** Groups that stand. */
  groupCount(): number {
    return this.tables.rollouts.groupCount();
  }

  /** Groups with their rollouts, oldest first, read as they are taken: those that stand, or what the run went back over. */
  groups({ superseded = false } = {}): Generator<GroupWithRollouts, void> {
    return this.tables.rollouts.groups(superseded);
  }

  /** Those of a step that stand, oldest first. */
  groupsOfStep(step: number): Generator<GroupWithRollouts, void> {
    return this.tables.rollouts.groupsOfStep(step);
  }

  /** @throws StudioError `not-found` */
  group(id: string): GroupWithRollouts {
    const group = this.tables.rollouts.group(id);
    if (!group) throw this.notFound('group', id);
    return group;
  }

  /** What stands at a place now, or the nearest to it. */
  findPlace(sought: Pick<Place, 'step' | 'groupId' | 'rolloutId'>): FoundPlace {
    return findPlace(this.database, sought);
  }

  /** @throws StudioError `not-found` */
  prompt(groupId: string): PromptTokens {
    const { prompt: text } = this.group(groupId);
    return { text, ...this.tables.tokens.prompt(groupId) };
  }

  /** @throws StudioError `not-found` when there is no such rollout, or its tokens were not recorded */
  tokens(rolloutId: string): RolloutTokens {
    const tokens = this.heldTokens(rolloutId);
    if (!tokens) throw new StudioError('not-found', 'No tokens were recorded for this rollout.', { place: rolloutId });
    return tokens;
  }

  /** As `tokens`; null where there are none. */
  heldTokens(rolloutId: string): RolloutTokens | null {
    // Once it is made, the step stands in the summary with it.
    const isUnderWay = (step: number) => isInMemory(this.run) && step > this.run.step;
    return this.tables.tokens.tokens(rolloutId, isUnderWay) ?? null;
  }

  /**
   * Whether weights of the run that hold so many updates are those that gave the answers of a group. After a going back other weights
   * have the number of those that were given up.
   */
  hasAnswered(group: Pick<GroupWithRollouts, 'purpose' | 'step' | 'superseded'>, step: number): boolean {
    if (step !== answeredBy(group)) return false;
    return group.superseded === undefined || step <= this.tables.events.keptSince(group.superseded);
  }

  /** What an answer stood on, as `EvidenceTable.read` says. */
  weighing(rolloutId: string, step: number | null = null): Weighing | null {
    return this.tables.evidence.read(rolloutId, evidenceVersion, step);
  }

  /** Of all rollouts that stand and were weighed, oldest first. */
  *weighings(): Generator<Weighing> {
    for (const id of this.tables.evidence.weighed(evidenceVersion)) {
      const weighing = this.weighing(id);
      if (weighing) yield weighing;
    }
  }

  /** Interventions on rollouts that stand, by whatever weights. */
  weighedCount(): number {
    return this.tables.evidence.count(evidenceVersion);
  }

  /** Those of some rollouts that these weights have weighed, by the present rules. */
  weighedOf(rolloutIds: readonly string[], weights: Pick<WeighedWith, 'run' | 'step'>): ReadonlySet<string> {
    return this.tables.evidence.weighedOf(rolloutIds, { ...weights, version: evidenceVersion });
  }

  /** What the update of a step did to its answers; null where it was not looked at. */
  receipt(step: number): Receipt | null {
    return this.tables.receipts.read(step);
  }

  /** Experiments beside a rollout, or for a group as a whole, oldest first. */
  experimentsAbout(about: AskAbout): Experiment[] {
    return this.tables.experiments.list(about);
  }

  /** All of the run, oldest first, read as they are taken. */
  experiments(): Generator<{ experiment: Experiment; tokens: ExperimentTokens }, void> {
    return this.tables.experiments.all();
  }

  /** Null where there is none. */
  heldExperiment(id: string): Experiment | null {
    return this.tables.experiments.read(id)?.experiment ?? null;
  }

  /** @throws StudioError `not-found` */
  experiment(id: string): { experiment: Experiment; tokens: ExperimentTokens } {
    const held = this.tables.experiments.read(id);
    if (!held) throw this.notFound('experiment', id);
    return held;
  }

  /** The frames of a media key and a question that shows them. @throws StudioError `not-found` */
  media(key: string): { media: MediaView; question: Question } {
    const media = this.tables.rollouts.media(key);
    if (!media) throw this.notFound('media', key);
    return media;
  }

  /** Annotations whose rollout is there with the text that was flagged, oldest first. `exportAnnotations` has the others too. */
  annotations(rolloutId?: string): Annotation[] {
    return this.tables.annotations.list(rolloutId);
  }

  /** All that stand, whether or not their rollout is there as it was. */
  heldAnnotations(): HeldAnnotation[] {
    return this.tables.annotations.held();
  }

  /** All annotations with what they are about, those whose rollout was voided or made anew included. */
  exportedAnnotations(): ExportedAnnotation[] {
    return this.tables.annotations.export(this.run);
  }

  /** The same as JSONL. */
  exportAnnotations(): { jsonl: string; count: number } {
    const lines = this.exportedAnnotations().map((line) => `${JSON.stringify(line)}\n`);
    return { jsonl: lines.join(''), count: lines.length };
  }

  private notFound(what: string, id: string): StudioError {
    return new StudioError('not-found', `There is no ${what} ${id} in this run.`, { place: this.run.id });
  }
}
