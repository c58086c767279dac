/**
 * The tables of a run's database and what an event changes in them: what is projected of the log, group by group, and what is
 * made anew where rules have changed. Whoever calls has a transaction open.
 */
import { StudioError } from '../protocol/errors.ts';
import type { Weighing } from '../protocol/evidence.ts';
import type { Receipt } from '../protocol/receipts.ts';
import type {
  Annotation,
  Group,
  GroupWithRollouts,
  Rollout,
  RolloutTokens,
  RunEventBody,
} from '../protocol/records.ts';
import { AnnotationTable } from './annotation-table.ts';
import type { Database } from './database.ts';
import { EventTable } from './event-table.ts';
import { EvidenceTable } from './evidence-table.ts';
import { ExperimentTable } from './experiment-table.ts';
import { writeCorrection, writeMask } from './masked-answers.ts';
import { ReceiptTable } from './receipt-table.ts';
import { RecordTables } from './record-tables.ts';
import { RolloutTables } from './rollout-tables.ts';
import { SameTexts } from './same-texts.ts';
import { StepCountTables } from './step-counts.ts';
import { TokenTable, type UpdateScores } from './token-table.ts';

/** What belongs to events and is too long to be sent with them: it is read token by token. */
export interface EventDetails {
  /** By rollout id, for the rollouts of a `group` event. */
  readonly tokens?: ReadonlyMap<string, RolloutTokens>;
  /** By group id, for a `group` event. */
  readonly prompts?: ReadonlyMap<string, { readonly ids: readonly number[]; readonly pieces: readonly string[] }>;
  /** By rollout id, for a `references` event. */
  readonly scores?: ReadonlyMap<string, UpdateScores>;
  /** For a `weighed` event, and for a `group` event whose answers were scored for their credit. */
  readonly weighings?: readonly Weighing[];
  /** For a `receipt` event. */
  readonly receipt?: Receipt;
}

/** How rollouts are analysed anew. */
export interface NewAnalysis {
  readonly version: number;
  of(group: Group, rollout: Rollout): Partial<Rollout>;
}

export class RunTables {
  readonly events: EventTable;
  readonly records: RecordTables;
  readonly tokens: TokenTable;
  readonly rollouts: RolloutTables;
  readonly annotations: AnnotationTable;
  readonly stepCounts: StepCountTables;
  readonly evidence: EvidenceTable;
  readonly experiments: ExperimentTable;
  readonly receipts: ReceiptTable;
  private readonly sameTexts: SameTexts;
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
    this.events = new EventTable(database);
    this.records = new RecordTables(database);
    this.annotations = new AnnotationTable(database);
    this.stepCounts = new StepCountTables(database);
    this.sameTexts = new SameTexts(database);
    this.tokens = new TokenTable(database);
    this.evidence = new EvidenceTable(database);
    this.experiments = new ExperimentTable(database);
    this.receipts = new ReceiptTable(database);
    this.rollouts = new RolloutTables(database, this.tokens, (id, text) => this.annotations.countOf(id, text));
  }

  /** An event with what only the store knows. */
  completed(body: RunEventBody, seq: number): RunEventBody {
    switch (body.type) {
      case 'state':
        return { ...body, run: { ...body.run, seq } };
      case 'group':
        return { ...body, group: this.sameTexts.mark(body.group) };
      default:
        return body;
    }
  }

  /** Brings the tables up to date; gives the key of the group that an event is about. */
  project(body: RunEventBody, details: EventDetails): number | null {
    switch (body.type) {
      case 'group': {
        const key = this.rollouts.write(body.group, details.tokens ?? new Map());
        this.stepCounts.write(key, body.group);
        for (const weighing of details.weighings ?? []) this.evidence.write(weighing);
        const prompt = details.prompts?.get(body.group.id);
        if (prompt) this.tokens.writePrompt(key, prompt);
        return key;
      }
      case 'references':
        for (const [rolloutId, kl] of Object.entries(body.kl))
          this.rollouts.writeUpdate(rolloutId, kl, details.scores?.get(rolloutId));
        return null;
      case 'step':
        this.records.writeStep(body.metrics);
        return null;
      case 'command':
        this.records.writeCommand(body.command);
        return null;
      case 'checkpoint':
        this.records.writeCheckpoint(body.checkpoint);
        return null;
      case 'checkpoint-removed':
        this.records.removeCheckpoint(body.id);
        return null;
      case 'checkpoint-pinned':
        this.records.pinCheckpoint(body.id, body.pin);
        return null;
      case 'evaluation':
        this.records.writeEvaluation(body.evaluation);
        return null;
      case 'rewound':
        this.rewind(body.toStep);
        return null;
      case 'annotation':
        this.annotate(body.annotation);
        return null;
      case 'annotation-removed':
        this.rollouts.recountFlags(this.annotations.remove(body.id));
        return null;
      case 'masked':
        writeMask(this.database, body.masked);
        return null;
      case 'corrected':
        writeCorrection(this.database, body.correction);
        return null;
      case 'weighed':
        this.evidence.tell(body.answers);
        for (const weighing of details.weighings ?? []) this.evidence.write(weighing);
        return null;
      case 'receipt':
        if (details.receipt) this.receipts.write(details.receipt);
        return null;
      case 'state':
      case 'analysed':
      case 'breakpoints':
      case 'breakpoint-hit':
      case 'labels':
      case 'skipped':
      case 'warning':
      case 'advisory':
      case 'advisory-ended':
      case 'advisory-muted':
        return null;
    }
  }

  private annotate(annotation: Annotation): void {
    const rollout = this.rollouts.rollout(annotation.rolloutId);
    if (!rollout)
      throw new StudioError('not-found', `There is no rollout ${annotation.rolloutId} in this run.`, {
        place: annotation.rolloutId,
      });
    this.annotations.write(annotation, rollout, this.rollouts.group(rollout.groupId) as GroupWithRollouts);
    this.rollouts.recountFlags(annotation.rolloutId);
  }

  private rewind(toStep: number): void {
    const attempt = this.events.supersedeAfter(toStep);
    this.rollouts.supersedeAfter(toStep, attempt);
    this.records.deleteAfter(toStep);
    this.stepCounts.deleteAfter(toStep);
    this.sameTexts.forgetAfter(toStep);
  }

  /** Analyses the oldest group anew that rules of an older version read. Gives how many rollouts it has; 0 when none is left. */
  analyseNext(analysis: NewAnalysis): number {
    const next = this.rollouts.nextOutdated(analysis.version);
    if (next === null) return 0;
    const group = this.rollouts.rewriteAnalysis(next, (held) => {
      const { rollouts, ...rest } = held;
      const renewed = { ...held, rollouts: rollouts.map((old) => ({ ...old, ...analysis.of(rest, old) })) };
      return held.superseded === undefined ? this.sameTexts.mark(renewed) : renewed;
    });
    if (group.superseded === undefined) this.stepCounts.write(next, group);
    return group.rollouts.length;
  }
}
