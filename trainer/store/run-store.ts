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
import { analysisVersion } from '../protocol/analysis.ts';
import type { CommandRecord } from '../protocol/commands.ts';
import { StudioError } from '../protocol/errors.ts';
import { faultLine } from '../protocol/issues.ts';
import type { Place } from '../protocol/place.ts';
import type {
  Annotation,
  Checkpoint,
  Evaluation,
  Group,
  GroupWithRollouts,
  MediaView,
  PromptTokens,
  Question,
  Rollout,
  RolloutTokens,
  RunEvent,
  RunEventBody,
  StepMetrics,
  SupersededSteps,
} from '../protocol/records.ts';
import { reduceRun } from '../protocol/reduce-run.ts';
import { isInMemory, type RunSummary, runSummary } from '../protocol/run-state.ts';
import type { StepCounts } from '../protocol/step-counts.ts';
import { AnnotationTable, type ExportedAnnotation } from './annotation-table.ts';
import { writeRelative } from './born-at.ts';
import { DamagedDatabase, type Database, sqliteCode, sqliteErrorCode } from './database.ts';
import { checkBody, EventTable } from './event-table.ts';
import { filledShare, fillPortion } from './filling.ts';
import { type FoundPlace, findPlace } from './find-place.ts';
import { createRunDatabase, openRunDatabase } from './open-database.ts';
import { RecordTables } from './record-tables.ts';
import { RolloutTables } from './rollout-tables.ts';
import { SameTexts } from './same-texts.ts';
import { countedShare, countPortion, StepCountTables } from './step-counts.ts';
import { TokenTable, type UpdateScores } from './token-table.ts';

/** Inside a run's folder. */
export const storeFile = 'run.db';

/** What belongs to events and is too long to be sent with them: it is read token by token. */
export interface EventDetails {
  /** By rollout id, for the rollouts of a `group` event. */
  readonly tokens?: ReadonlyMap<string, RolloutTokens>;
  /** By group id, for a `group` event. */
  readonly prompts?: ReadonlyMap<string, { readonly ids: readonly number[]; readonly pieces: readonly string[] }>;
  /** By rollout id, for a `references` event. */
  readonly scores?: ReadonlyMap<string, UpdateScores>;
}

/** How rollouts are analysed anew. */
export interface NewAnalysis {
  readonly version: number;
  of(group: Group, rollout: Rollout): Partial<Rollout>;
}

export class RunStore {
  readonly folder: string;
  private readonly database: Database;
  private readonly eventTable: EventTable;
  private readonly recordTables: RecordTables;
  private readonly tokenTable: TokenTable;
  private readonly rolloutTables: RolloutTables;
  private readonly annotationTable: AnnotationTable;
  private readonly stepCounts: StepCountTables;
  private readonly sameTexts: SameTexts;
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
    this.eventTable = new EventTable(database);
    this.recordTables = new RecordTables(database);
    this.annotationTable = new AnnotationTable(database);
    this.stepCounts = new StepCountTables(database);
    this.sameTexts = new SameTexts(database);
    this.tokenTable = new TokenTable(database);
    this.rolloutTables = new RolloutTables(database, this.tokenTable, (id, text) =>
      this.annotationTable.countOf(id, text),
    );
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
    const body = this.completed(given, seq);
    // A rewind goes first, so that it can't void its own event.
    const groupKey = this.project(body, details);
    this.eventTable.write({ seq, at, body }, groupKey);
    return { runId: this.run.id, seq, at, body };
  }

  /** An event with what only the store knows. */
  private completed(body: RunEventBody, seq: number): RunEventBody {
    switch (body.type) {
      case 'state':
        return { ...body, run: { ...body.run, seq } };
      case 'group':
        return { ...body, group: this.sameTexts.mark(body.group) };
      default:
        return body;
    }
  }

  /** Keeps the summary as events leave it: a run that is killed before its next `state` is found at the step that it had reached. */
  private follow(events: readonly RunEvent[]): RunSummary {
    const run = events.reduce(reduceRun, this.run);
    const facts = Object.keys(run) as (keyof RunSummary)[];
    if (facts.some((fact) => fact !== 'seq' && run[fact] !== this.run[fact]))
      this.database.run('UPDATE run SET summary = ?', JSON.stringify(run));
    return run;
  }

  /** Brings the tables up to date; gives the key of the group that an event is about. */
  private project(body: RunEventBody, details: EventDetails): number | null {
    switch (body.type) {
      case 'group': {
        const key = this.rolloutTables.write(body.group, details.tokens ?? new Map());
        this.stepCounts.write(key, body.group);
        const prompt = details.prompts?.get(body.group.id);
        if (prompt) this.tokenTable.writePrompt(key, prompt);
        return key;
      }
      case 'references':
        for (const [rolloutId, kl] of Object.entries(body.kl))
          this.rolloutTables.writeUpdate(rolloutId, kl, details.scores?.get(rolloutId));
        return null;
      case 'step':
        this.recordTables.writeStep(body.metrics);
        return null;
      case 'command':
        this.recordTables.writeCommand(body.command);
        return null;
      case 'checkpoint':
        this.recordTables.writeCheckpoint(body.checkpoint);
        return null;
      case 'checkpoint-removed':
        this.recordTables.removeCheckpoint(body.id);
        return null;
      case 'evaluation':
        this.recordTables.writeEvaluation(body.evaluation);
        return null;
      case 'rewound':
        this.rewind(body.toStep);
        return null;
      case 'annotation':
        this.annotate(body.annotation);
        return null;
      case 'annotation-removed':
        this.rolloutTables.recountFlags(this.annotationTable.remove(body.id));
        return null;
      case 'state':
      case 'analysed':
      case 'skipped':
      case 'warning':
        return null;
    }
  }

  private annotate(annotation: Annotation): void {
    const rollout = this.rolloutTables.rollout(annotation.rolloutId);
    if (!rollout) throw this.notFound('rollout', annotation.rolloutId);
    this.annotationTable.write(annotation, rollout, this.group(rollout.groupId));
    this.rolloutTables.recountFlags(annotation.rolloutId);
  }

  private rewind(toStep: number): void {
    const attempt = this.eventTable.supersedeAfter(toStep);
    this.rolloutTables.supersedeAfter(toStep, attempt);
    this.recordTables.deleteAfter(toStep);
    this.stepCounts.deleteAfter(toStep);
    this.sameTexts.forgetAfter(toStep);
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
    return this.makeAnew(() => countPortion(this.database, budgetMs, (key) => this.rolloutTables.groupByKey(key)));
  }

  /** Rollouts that were analysed by other rules than those of `version`, what the run went back over included. */
  outdated(version: number): number {
    return this.rolloutTables.outdated(version);
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
          const next = this.rolloutTables.nextOutdated(analysis.version);
          if (next === null) break;
          const group = this.rolloutTables.rewriteAnalysis(next, (held) => {
            const { rollouts, ...rest } = held;
            const renewed = { ...held, rollouts: rollouts.map((old) => ({ ...old, ...analysis.of(rest, old) })) };
            return held.superseded === undefined ? this.sameTexts.mark(renewed) : renewed;
          });
          if (group.superseded === undefined) this.stepCounts.write(next, group);
          done += group.rollouts.length;
        } while (performance.now() - started < budgetMs);
        return done;
      }),
    );
  }

  private makeAnew(portion: () => number): number {
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
    return this.eventTable.since(since, limit).map(({ seq, at, groupKey, body }) => ({
      runId: this.run.id,
      seq,
      at,
      body: body ?? { type: 'group', group: this.rolloutTables.groupByKey(groupKey as number) },
    }));
  }

  /** The newest `limit` events about questions left out and as many about warnings, in order. */
  notices(limit = 200): RunEvent[] {
    return [...this.eventTable.newest('skipped', limit), ...this.eventTable.newest('warning', limit)]
      .sort((a, b) => a.seq - b.seq)
      .map(({ seq, at, body }) => ({ runId: this.run.id, seq, at, body: body as RunEventBody }));
  }

  metrics(fromStep = 0): StepMetrics[] {
    return this.recordTables.steps(fromStep);
  }

  /** What going back to a step would supersede. */
  countAfter(step: number): { steps: number; rollouts: number; evaluations: number } {
    const later = (records: readonly { step: number }[]) => records.filter((record) => record.step > step).length;
    return {
      steps: later(this.metrics()),
      rollouts: this.rolloutTables.countAfter(step),
      evaluations: later(this.evaluations()),
    };
  }

  /** Steps that the run went back over, by the number of that going back; in each of them the oldest first. */
  supersededMetrics(): SupersededSteps[] {
    const attempts = new Map<number, StepMetrics[]>();
    for (const { attempt, body } of this.eventTable.superseded('step')) {
      const steps = attempts.get(attempt) ?? [];
      attempts.set(attempt, steps);
      steps.push(body.metrics);
    }
    return [...attempts].map(([attempt, steps]) => ({ attempt, steps }));
  }

  /** Evaluations that the run went back over, each with the number of that going back. */
  supersededEvaluations(): { attempt: number; evaluation: Evaluation }[] {
    const of = this.eventTable.superseded('evaluation');
    return of.map(({ attempt, body }) => ({ attempt, evaluation: body.evaluation }));
  }

  /**
   * Sums by step and purpose over the groups that stand, those of events up to `seq`. `counted`: share of the groups that are
   * in them, less than 1 while they are counted anew. `outdated`: rollouts that older rules analysed.
   */
  counts(): { counts: StepCounts[]; seq: number; counted: number; outdated: number } {
    return {
      counts: this.stepCounts.list(),
      seq: this.run.seq,
      counted: countedShare(this.database),
      outdated: this.rolloutTables.outdated(analysisVersion),
    };
  }

  /** Oldest first. */
  commands(): CommandRecord[] {
    return this.recordTables.commands();
  }

  /** Null when none came under this id. */
  command(id: string): CommandRecord | null {
    return this.recordTables.command(id);
  }

  nextCommandNumber(): number {
    return this.recordTables.nextCommandNumber();
  }

  /** Oldest first. */
  checkpoints(): Checkpoint[] {
    return this.recordTables.checkpoints();
  }

  /** Oldest first. */
  evaluations(): Evaluation[] {
    return this.recordTables.evaluations();
  }

  rolloutCount({ superseded = false } = {}): number {
    return this.rolloutTables.count(superseded);
  }

  /** Groups that stand. */
  groupCount(): number {
    return this.rolloutTables.groupCount();
  }

  /** Groups with their rollouts, oldest first, read as they are taken: those that stand, or what the run went back over. */
  groups({ superseded = false } = {}): Generator<GroupWithRollouts, void> {
    return this.rolloutTables.groups(superseded);
  }

  /** @throws StudioError `not-found` */
  group(id: string): GroupWithRollouts {
    const group = this.rolloutTables.group(id);
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
    return { text, ...this.tokenTable.prompt(groupId) };
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
    return this.tokenTable.tokens(rolloutId, isUnderWay) ?? null;
  }

  /** The frames of a media key and a question that shows them. @throws StudioError `not-found` */
  media(key: string): { media: MediaView; question: Question } {
    const media = this.rolloutTables.media(key);
    if (!media) throw this.notFound('media', key);
    return media;
  }

  /** Annotations whose rollout is there with the text that was flagged, oldest first. `exportAnnotations` has the others too. */
  annotations(rolloutId?: string): Annotation[] {
    return this.annotationTable.list(rolloutId);
  }

  /** Numbers are never given twice, not even after a removal. */
  nextAnnotationId(): number {
    return this.annotationTable.nextId();
  }

  /** All annotations with what they are about, those whose rollout was voided or made anew included. */
  exportedAnnotations(): ExportedAnnotation[] {
    return this.annotationTable.export(this.run);
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

/** What tells of damage and has no name of its own: a table that is not there, a record that is no JSON or lacks a part. */
function damage(thrown: unknown, place: string): DamagedDatabase | null {
  const cause = thrown instanceof StudioError ? thrown.cause : thrown;
  const isRecord = thrown instanceof SyntaxError || thrown instanceof TypeError;
  if (sqliteErrorCode(cause) !== sqliteCode.error && !isRecord) return null;
  return new DamagedDatabase(`The database is damaged: ${(cause as Error).message}.`, place, cause);
}

/** @throws StudioError `bad-store` when there is none that fits the contract: one such run would spoil the list of all */
function readSummary(database: Database): RunSummary {
  const place = database.path;
  const row = database.get<{ summary: string; seq: number }>(
    'SELECT summary, (SELECT coalesce(max(seq), 0) FROM events) AS seq FROM run',
  );
  if (!row) throw new DamagedDatabase('The database has no summary of its run.', place);
  const unreadable = (why: string, cause: unknown) =>
    new DamagedDatabase(`The summary of the run can't be read: ${why}`, place, cause);
  let held: unknown;
  try {
    held = { ...(JSON.parse(row.summary) as object), seq: row.seq };
  } catch (cause) {
    throw unreadable((cause as Error).message, cause);
  }
  const checked = runSummary.safeParse(held);
  if (checked.success) return checked.data;
  throw unreadable(`${faultLine(runSummary, held, checked.error, 'it')}.`, checked.error);
}
