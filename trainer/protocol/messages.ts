/**
 * Requests and notifications between a trainer and its clients (JSON-RPC 2.0 over WebSocket): one table from which both
 * sides take their types and their validation. Client to trainer unless said otherwise.
 */
import { z } from 'zod';
import { agreementShown, itemHistory } from './annotations/agreement.ts';
import { sentCategory } from './annotations/categories.ts';
import { ask, askAbout, askAnswered, askCost, askProgress, experiment, experimentTokens, rightWith } from './ask.ts';
import {
  auditCost,
  auditEntry,
  auditName,
  auditQuestion,
  auditQuestionAsked,
  auditResults,
  auditRows,
  auditRowsAsked,
} from './audit.ts';
import { checkpointRemoval, comparedCheckpoints, shelfState } from './checkpoint-shelf.ts';
import { commandId, commandRecord, commandRequest } from './commands.ts';
import { curves, curvesAsked } from './curves.ts';
import { interventionKinds, weighedOf, weighing, weighingCost } from './evidence.ts';
import { flatReasons } from './flat-reason.ts';
import { place } from './place.ts';
import { queryLimits } from './query/lexemes.ts';
import { listSort } from './query/sort.ts';
import {
  askedQuestion,
  comparedEvaluations,
  pairMeasure,
  questionHistory,
  questionKey,
  runDifference,
  sharedQuestions,
} from './questions.ts';
import { receipt, receiptState, triedParameters, triedUpdate } from './receipts.ts';
import {
  annotation,
  annotationInput,
  checkpoint,
  evaluation,
  groupPurpose,
  groupWithRollouts,
  promptTokens,
  rollout,
  rolloutTokens,
  runEvent,
  stepMetrics,
  supersededSteps,
} from './records.ts';
import { resumption } from './resumption.ts';
import {
  dealing,
  dealt,
  dealtOut,
  drawnQueue,
  mostDrawn,
  queueOrder,
  settlementInput,
  suggestion,
  suggestionAnswer,
} from './review-queue.ts';
import { runSummary } from './run-state.ts';
import { modelSource, runName } from './runfile.ts';
import { stepCounts } from './step-counts.ts';

interface Call<P extends z.ZodType, R extends z.ZodType> {
  readonly params: P;
  readonly result: R;
}
const call = <P extends z.ZodType, R extends z.ZodType>(params: P, result: R): Call<P, R> => ({ params, result });
const nothing = z.object({});
const runId = z.object({ runId: z.string() });
/** How answers are weighed: the usual interventions by the weights at hand where nothing is said. */
const weighingAsked = {
  kinds: z.array(z.enum(interventionKinds)).min(1).optional(),
  checkpoint: z.number().int().min(0).optional(),
};
/** In the query language. */
const queryLine = z.string().max(queryLimits.length).default('');

export const trainerInfo = z.object({
  version: z.string(),
  pid: z.number().int(),
  /** The project folder that this trainer owns. */
  folder: z.string(),
  startedAt: z.number(),
  ffmpeg: z.string(),
  node: z.string(),
});
export type TrainerInfo = z.infer<typeof trainerInfo>;

/** What a run file in the project says, or why it can't be used. */
export const runFileEntry = z.object({
  path: z.string(),
  name: z.string(),
  method: z.string(),
  description: z.string(),
  problem: z.string().nullable(),
});
export type RunFileEntry = z.infer<typeof runFileEntry>;

/** A run that is there and can't be opened. Its `id` can be deleted as that of any run. */
export const unreadableRun = z.object({
  id: z.string(),
  message: z.string(),
  place: z.string().nullable(),
  remedy: z.string().nullable(),
});
export type UnreadableRun = z.infer<typeof unreadableRun>;

/** A row of the rollout list: the rollout without its text, with what the row shows of its question. */
export const rolloutRow = rollout.omit({ text: true, parsed: true }).extend({
  /** Number in the store: a later rollout has a higher one. */
  key: z.number().int(),
  /** When its group was made; null where the record of that can't be read. */
  at: z.number().nullable(),
  /** Null also where it was not kept yet. */
  kl: z.number().nullable(),
  problem: z.string(),
  problemType: z.string(),
  dataType: z.string(),
  purpose: groupPurpose,
  /** Of the temporal test of its group; null where there was none, and while a run of an older version is indexed anew. */
  p: z.number().nullable(),
  pShuffled: z.number().nullable(),
  flags: z.number().int(),
  /** Why its group is flat; absent where rewards differ, and where that is not indexed yet. */
  flatBecause: z.enum(flatReasons).optional(),
  /** Whether the temporal reward changed its advantage; absent where there is nothing to say, and where that is not indexed yet. */
  felt: z.boolean().optional(),
});
export type RolloutRow = z.infer<typeof rolloutRow>;

/** What of a run's rollouts is meant: those that a query keeps, in an order, the first so many of them. */
export const selection = z.object({
  query: queryLine,
  sort: listSort.optional(),
  limit: z.number().int().min(1).optional(),
});
export type Selection = z.infer<typeof selection>;

export const exportForms = ['html', 'jsonl', 'parquet'] as const;
export const exportForm = z.enum(exportForms);
export type ExportForm = z.infer<typeof exportForm>;

/** How pages call themselves when they say hello; whoever is called so is shown places. */
export const pageClients = ['editor', 'browser'] as const;

/** The author of a page in a browser in which nobody has said who judges. Commands are theirs; labels are not. */
export const unsigned = 'browser';
/**
 * Where a page of the list begins: behind or before a row already held (by its cursor), at a number from 0, at the first row
 * of a step (of the nearest that has one where it has none, the earlier of two), or at a rollout: where it would stand if the
 * query does not keep it.
 */
export const listPlace = z.union([
  z.strictObject({ after: z.string() }),
  z.strictObject({ before: z.string() }),
  z.strictObject({ index: z.number().int().min(0) }),
  z.strictObject({ step: z.number().int() }),
  z.strictObject({ rollout: z.string() }),
]);
export type ListPlace = z.infer<typeof listPlace>;

export const requests = {
  /** First message on every connection. Fails with `protocol-version` when the major versions differ. */
  initialize: call(
    z.object({
      protocol: z.object({ major: z.number().int(), minor: z.number().int() }),
      client: z.string(),
      author: z.string(),
    }),
    z.object({ protocol: z.object({ major: z.number().int(), minor: z.number().int() }), trainer: trainerInfo }),
  ),
  /** Who signs what this connection says from now on: a name, or a name and an e-mail address; answered as labels have it. */
  'author/set': call(z.object({ author: z.string() }), z.object({ author: z.string() })),
  'runfiles/list': call(nothing, z.object({ runFiles: z.array(runFileEntry) })),
  /** `unreadable`: folders of runs that can't be opened, with what is in the way. */
  'runs/list': call(nothing, z.object({ runs: z.array(runSummary), unreadable: z.array(unreadableRun) })),
  /**
   * Creates a run from a run file (path relative to the project folder). `start`: at once, which is refused with `conflict` while
   * another run computes, and then no run is created; `queue` when its turn comes; or not at all.
   */
  'runs/create': call(
    z.object({
      runFile: z.string(),
      model: modelSource.optional(),
      parameters: z.record(z.string(), z.unknown()).optional(),
      /** In place of what the file says of the engine, setting by setting. */
      engine: z.record(z.string(), z.unknown()).optional(),
      start: z.union([z.boolean(), z.literal('queue')]).default(true),
    }),
    z.object({ run: runSummary }),
  ),
  /**
   * The answer says that the command was taken down; its life goes on as `command` events. A command that comes again under
   * its id is answered with what became of it, and acts once.
   */
  'runs/command': call(runId.extend({ id: commandId, command: commandRequest }), z.object({ command: commandRecord })),
  /** Events with a `seq` above `since` follow as `run/event`, in order, those of the past first. */
  'runs/subscribe': call(runId.extend({ since: z.number().int().min(0).default(0) }), z.object({ run: runSummary })),
  'runs/unsubscribe': call(runId, nothing),
  /** From where a resume would go on, and what that leaves out of the curves; `from` names the step of a checkpoint. */
  'runs/resumption': call(runId.extend({ from: z.number().int().min(0).optional() }), resumption),
  /** Creates a run that goes on from a checkpoint of another one, which it leaves as it is. */
  'runs/fork': call(
    runId.extend({
      from: z.number().int().min(0),
      name: runName.optional(),
      parameters: z.record(z.string(), z.unknown()).optional(),
      start: z.boolean().default(true),
    }),
    z.object({ run: runSummary }),
  ),
  'runs/delete': call(runId, nothing),
  'metrics/get': call(
    runId.extend({ fromStep: z.number().int().default(0) }),
    z.object({ steps: z.array(stepMetrics) }),
  ),
  /** Numbers of a range of steps as curves are drawn from them, never more points than there is room for. */
  'metrics/curves': call(runId.extend(curvesAsked), curves),
  'metrics/superseded': call(runId, z.object({ superseded: z.array(supersededSteps) })),
  /** Sums by step; groups of events with a number above `seq` are not in them. */
  'counts/list': call(
    runId,
    z.object({
      counts: z.array(stepCounts),
      seq: z.number().int(),
      /** Share of the groups that are in the sums: less than 1 while a run of an older version is counted anew. */
      counted: z.number().min(0).max(1),
      /** Rollouts that rules of an older version read; they wait for `runs/analyse`. */
      outdated: z.number().int(),
    }),
  ),
  'commands/list': call(runId, z.object({ commands: z.array(commandRecord) })),
  'checkpoints/list': call(runId, z.object({ checkpoints: z.array(checkpoint) })),
  /** How they lie on the disk, and what room there is. */
  'checkpoints/state': call(runId, shelfState),
  /** What a person should know before the one of a step is deleted; the command `remove-checkpoint` deletes it. */
  'checkpoints/removal': call(runId.extend({ step: z.number().int().min(0) }), checkpointRemoval),
  /** Two of a run by their steps. */
  'checkpoints/compare': call(
    runId.extend({ steps: z.tuple([z.number().int().min(0), z.number().int().min(0)]) }),
    comparedCheckpoints,
  ),
  'evaluations/list': call(runId, z.object({ evaluations: z.array(evaluation) })),
  /** Audits of datasets that lie in the project, the newest first: `video-r1 audit` makes them. */
  'audits/list': call(nothing, z.object({ audits: z.array(auditEntry) })),
  'audits/get': call(auditName, z.object({ results: auditResults })),
  'audits/rows': call(auditRowsAsked, auditRows),
  /** Frames are chosen as the run would, as many as the audit showed; they come by `frames/get`. */
  'audits/question': call(runId.extend(auditQuestionAsked.shape), auditQuestion),
  'audits/cost': call(runId, auditCost),
  /**
   * Who asks wants to hear no more of an advisory in this run, by its key, or of all of a rule by that; or again. `bad-request` for
   * what no rule is called.
   */
  'advisories/mute': call(runId.extend({ key: z.string().max(500), muted: z.boolean().default(true) }), nothing),
  /** The newest events about questions left out, warnings and advisories, at most 200 of each, oldest first. */
  'notices/list': call(runId, z.object({ events: z.array(runEvent) })),
  /**
   * A page of the rollouts that a query keeps: newest first, or as `sort` says. A `query` with a fault is refused: `place` is
   * where in the line (`3..7`, end exclusive), `remedy` what to put there. `not-found` for a rollout that is not there.
   */
  'rollouts/list': call(
    runId.extend({
      query: z.string().default(''),
      sort: listSort.optional(),
      /** The first page without it. */
      at: listPlace.optional(),
      limit: z.number().int().min(1).max(500).default(200),
    }),
    z.object({
      rows: z.array(rolloutRow),
      /** Place of the first row in the whole result, from 0; only about right while it is not `exact`. */
      index: z.number().int(),
      exact: z.boolean(),
      /** Of the run, matching or not. */
      total: z.number().int(),
      /** Cursors of the first and the last row. */
      first: z.string().nullable(),
      last: z.string().nullable(),
      /** There are rows behind the last one. */
      more: z.boolean(),
    }),
  ),
  /**
   * How many rollouts a query keeps, and with `facets` how many it would keep with each of `facetTerms`. Once it is answered,
   * places in the list of this query and `sort` are exact. One at a time for a client and run: a newer one, `rollouts/cancel`,
   * unsubscribing and closing end the one before with `cancelled`.
   */
  'rollouts/count': call(
    runId.extend({ query: z.string().default(''), sort: listSort.optional(), facets: z.boolean().default(false) }),
    z.object({
      matching: z.number().int(),
      total: z.number().int(),
      facets: z.record(z.string(), z.number().int()),
      /** Of the rollouts that are kept but for what is asked of findings, those that older rules read: not looked for in them. */
      outdated: z.number().int().default(0),
      /**
       * Of the rollouts that are kept but for what is asked of evidence, those that have some: only they can match. Null where the run
       * has none and the query asks for none.
       */
      weighed: z.object({ weighed: z.number().int(), of: z.number().int() }).nullable().default(null),
      /** Share of the rollouts that a query sees: less than 1 while a run of an older version is indexed anew. */
      filled: z.number().min(0).max(1).default(1),
    }),
  ),
  /** Questions that came up in groups that stand, the most frequent first; `after` is what the page before gave as `next`. */
  'questions/list': call(
    runId.extend({
      search: z.string().default(''),
      after: z.string().optional(),
      limit: z.number().int().min(1).max(500).default(200),
    }),
    z.object({
      questions: z.array(askedQuestion),
      next: z.string().nullable(),
      total: z.number().int(),
      filled: z.number().min(0).max(1),
    }),
  ),
  /** Every group of one question, by its key or by a group that asks it. */
  'questions/history': call(
    runId.extend({ of: z.union([z.object({ question: questionKey }), z.object({ groupId: z.string() })]) }),
    questionHistory,
  ),
  /** Questions that both runs were asked for this purpose, those first that differ most `by`. `from` passes over as many. */
  'questions/shared': call(
    z.object({
      runIds: z.tuple([z.string(), z.string()]),
      purpose: groupPurpose.default('train'),
      by: pairMeasure.default('right'),
      from: z.number().int().min(0).default(0),
      limit: z.number().int().min(1).max(500).default(200),
    }),
    sharedQuestions,
  ),
  /** Settings of the run files, and parameters as they are now, in which two runs differ. */
  'runs/differences': call(
    z.object({ runIds: z.tuple([z.string(), z.string()]) }),
    z.object({ differences: z.array(runDifference), equal: z.number().int() }),
  ),
  /** Two evaluations, of one run or of two, on the questions that both answered. */
  'evaluations/compare': call(
    z.object({
      first: runId.extend({ evaluationId: z.string() }),
      second: runId.extend({ evaluationId: z.string() }),
    }),
    comparedEvaluations,
  ),
  /** Ends this client's lists and counts of a run that are under way, with `cancelled`. */
  'rollouts/cancel': call(runId, nothing),
  /**
   * Analyses the rollouts anew that rules of an older version read: `done` of `total`, fewer where it was ended. One at a time
   * for a run: who asks meanwhile waits for the same one. What ends it keeps what is done, and the next one goes on.
   */
  'runs/analyse': call(runId, z.object({ done: z.number().int(), total: z.number().int(), cancelled: z.boolean() })),
  /** Ends the one that is under way, for all who wait for it. */
  'runs/cancel-analysis': call(runId, nothing),
  'groups/get': call(runId.extend({ groupId: z.string() }), z.object({ group: groupWithRollouts })),
  /** The exact prompt as the engine was given it, on ordered frames. */
  'groups/prompt': call(runId.extend({ groupId: z.string() }), promptTokens),
  'rollouts/tokens': call(runId.extend({ rolloutId: z.string() }), rolloutTokens),
  /** What an answer stood on: by the weights of `checkpoint`, or by those that answered where they have weighed it, else by those that did last. */
  'evidence/get': call(
    runId.extend({ rolloutId: z.string(), checkpoint: z.number().int().min(0).optional() }),
    z.object({ weighing: weighing.nullable() }),
  ),
  /** What it would take to weigh answers, and by whose weights; `checkpoint` names the step of one. */
  'evidence/cost': call(runId.extend({ of: weighedOf, ...weighingAsked }), weighingCost),
  /**
   * Weighs answers. Those that the same weights have weighed are left as they are, unless `kinds` asks for more of one. Each that is
   * done is told as an event; `evidence/cancel` keeps what is done. `id` is made by who asks.
   */
  'evidence/compute': call(
    runId.extend({ id: z.uuid(), of: weighedOf, ...weighingAsked }),
    z.object({
      weighed: z.number().int(),
      /** That these weights had weighed before. */
      before: z.number().int(),
      refused: z.array(z.object({ rolloutId: z.string(), why: z.string() })),
      cancelled: z.boolean(),
    }),
  ),
  /** What the update of a step did to its answers, and what can be found out about it now. */
  'receipts/get': call(runId.extend({ step: z.number().int() }), receiptState),
  /** Scores the answers of the step that was made last again, while the run stands still. @throws `conflict` */
  'receipts/make': call(runId.extend({ step: z.number().int() }), z.object({ receipt })),
  /**
   * Makes the update that is to come, or that of the last step once more, as it is and with something changed, and takes both back.
   * `masked`: ordered answers that are left out, as if they had not been sampled. `id` is made by who asks. @throws `conflict` where
   * the run does not stand still, its engine can't put weights back, or a command goes first; `cancelled`
   */
  'updates/try': call(
    runId.extend({
      id: z.uuid(),
      step: z.number().int(),
      masked: z.array(z.string()),
      parameters: triedParameters,
    }),
    triedUpdate,
  ),
  /** Ends one of this connection: the weights are put back at once. */
  'updates/cancel': call(z.object({ id: z.uuid() }), nothing),
  'evidence/cancel': call(z.object({ id: z.uuid() }), nothing),
  /**
   * Puts a question to a model again with something changed, and keeps what comes of it beside the run. `id` is made by who asks;
   * `ask/progress` and `ask/answered` tell how far it is. What ends it keeps the answers that are whole. @throws `conflict` where no
   * weights can be had now; `bad-request` for what does not fit the question or the engine; `cancelled` before any answer was whole
   */
  'ask/start': call(runId.extend({ id: z.uuid(), about: askAbout, ask }), z.object({ experiment })),
  /** Ends one of this connection. */
  'ask/cancel': call(z.object({ id: z.uuid() }), nothing),
  'ask/cost': call(runId.extend({ about: askAbout, ask }), askCost),
  /** Beside a rollout, or those that were asked for a group as a whole; oldest first. */
  'ask/list': call(runId.extend({ about: askAbout }), z.object({ experiments: z.array(experiment) })),
  'ask/get': call(runId.extend({ id: z.uuid() }), z.object({ experiment, tokens: experimentTokens })),
  /** Weighs an experiment's answers by the weights that gave them: what the order of the frames is worth to each. `ask/cancel` ends it. */
  'ask/weigh': call(runId.extend({ id: z.uuid() }), z.object({ experiment })),
  'ask/remove': call(runId.extend({ id: z.uuid() }), nothing),
  /** How often a group's question is answered right as it was seen, and with less of the video as far as that was asked. */
  'ask/right-with': call(runId.extend({ groupId: z.string() }), rightWith),
  /** Asks the three, those that make sense: one after the other, under one `id`, and counts as `ask/right-with` does. */
  'ask/right-with-start': call(runId.extend({ id: z.uuid(), groupId: z.string() }), rightWith),
  /** The pixels travel as one binary message whose header carries `transfer`; it is sent before this answer. */
  'frames/get': call(
    runId.extend({ key: z.string() }),
    z.object({
      transfer: z.number().int(),
      width: z.number().int(),
      height: z.number().int(),
      count: z.number().int(),
    }),
  ),
  /**
   * What stands at a place of a run now: a rollout and its group, found by either or by the step. `note` says in a sentence
   * what of the place is no longer there, or is not what it was; then the nearest is given. Null where there is nothing.
   */
  'places/find': call(
    runId.extend(place.pick({ step: true, groupId: true, rolloutId: true }).shape),
    z.object({ groupId: z.string().nullable(), rolloutId: z.string().nullable(), note: z.string().nullable() }),
  ),
  /** Has every page that is open for this project go to a place; `pages` is how many there are, `note` as of `places/find`. */
  'place/show': call(z.object({ place }), z.object({ pages: z.number().int(), note: z.string().nullable() })),
  /**
   * Makes a file of rollouts, which is fetched once from `path`, below the address of the pages; it is gone when it was
   * fetched, or with this connection. `exports/progress` tells how far it is; `id` is made by who asks.
   */
  'rollouts/export': call(
    runId.extend({ id: z.uuid(), selection, form: exportForm }),
    z.object({ path: z.string(), count: z.number().int() }),
  ),
  /** Ends an export of this connection, which is answered with `cancelled`; nothing of it is left. */
  'exports/cancel': call(z.object({ id: z.uuid() }), nothing),
  'annotations/list': call(
    runId.extend({ rolloutId: z.string().optional() }),
    z.object({ annotations: z.array(annotation) }),
  ),
  /** Writes into the author's label file; `ids` are those of the new entries. What a run's pages show follows as events. */
  'annotations/add': call(runId.extend({ annotation: annotationInput }), z.object({ ids: z.array(z.string()) })),
  /** Takes an own entry back, or what took one back: `id` is that of the entry that does so. */
  'annotations/retract': call(runId.extend({ id: z.string() }), z.object({ id: z.string() })),
  /** Those of the project in their order, with those that are no longer offered, which have no key. @throws `bad-input` while the file of categories has a fault */
  'annotations/categories': call(runId, z.object({ categories: z.array(sentCategory) })),
  /** All annotations of a run as JSONL, one line each with its question, text and quote; spans count code points there. */
  'annotations/export': call(runId, z.object({ jsonl: z.string(), count: z.number().int() })),
  /**
   * Answers for a person to review, of those that a query keeps. What the author of this connection gave a verdict on that stands,
   * for this text of the answer, is left out. The same `seed` gives the same random order while the query keeps the same. A fault
   * of the query is told as by `rollouts/list`; `rollouts/cancel` ends it with `cancelled`.
   */
  'queue/draw': call(
    runId.extend({
      order: queueOrder,
      query: queryLine,
      seed: z.number().int(),
      limit: z.number().int().min(1).max(mostDrawn),
    }),
    drawnQueue,
  ),
  /**
   * Gives items of the queue to people, a share of them to two, so that their agreement can be measured. What was given out before
   * stays where it is; a newcomer gets of what is new, and the second place of shared items that had nobody for it.
   */
  'queue/deal': call(runId.extend({ query: queryLine, ...dealing.shape }), dealt),
  'queue/dealt': call(runId, dealtOut),
  /** Takes back what who asks dealt out and nobody has judged. `ids` are those of the new entries. */
  'queue/take-back': call(runId, z.object({ items: z.number().int(), ids: z.array(z.string()) })),
  /** Settles what people differ in: training obeys it. `ids` are those of the new entries. */
  'annotations/settle': call(runId.extend(settlementInput.shape), z.object({ ids: z.array(z.string()) })),
  /**
   * All that was said of an answer, without what others said while who asks is still to judge it. Who settles what others differ in
   * is to judge only what was dealt out to them.
   */
  'annotations/history': call(
    runId.extend({ rolloutId: z.string(), settling: z.boolean().default(false) }),
    itemHistory,
  ),
  /** How far people agree in what they say of this run's answers. @throws `bad-input` while the file of categories has a fault */
  'annotations/agreement': call(runId, agreementShown),
  /** What detectors would flag in an answer. @throws `bad-input` while the file of categories has a fault */
  'suggestions/list': call(runId.extend({ rolloutId: z.string() }), z.object({ suggestions: z.array(suggestion) })),
  /**
   * Accepts or rejects a suggestion; accepted, it is also a flag of the author, and rejected, a flag that came of accepting it is
   * taken back. `ids` are those of the new entries. `not-found` where the detector does not suggest that.
   */
  'suggestions/answer': call(runId.extend(suggestionAnswer.shape), z.object({ ids: z.array(z.string()) })),
  'trainer/shutdown': call(nothing, nothing),
} as const satisfies Record<string, Call<z.ZodType, z.ZodType>>;

export type RequestName = keyof typeof requests;
export type RequestParams<M extends RequestName> = z.input<(typeof requests)[M]['params']>;
export type RequestInput<M extends RequestName> = z.output<(typeof requests)[M]['params']>;
export type RequestResult<M extends RequestName> = z.output<(typeof requests)[M]['result']>;

/** Trainer to client. */
export const notifications = {
  'run/event': runEvent,
  /** A hint, not an event: text of answers under way; may be coalesced or left out. */
  'run/sampling': z.object({
    runId: z.string(),
    step: z.number().int(),
    done: z.number().int(),
    total: z.number().int(),
    /** Tail of one answer that is being written. */
    text: z.string(),
    problem: z.string(),
  }),
  /** Someone points at a place: the page goes there, and says who. */
  'place/show': z.object({ place, by: z.string() }),
  /** How far a weighing of this client is. `doing`: what is under way besides, such as loading a checkpoint. */
  'evidence/progress': z.object({
    id: z.uuid(),
    done: z.number().int(),
    total: z.number().int(),
    doing: z.string().nullable(),
    leftMs: z.number().nullable(),
  }),
  /** What is under way of an update that this client has tried. */
  'updates/progress': z.object({ id: z.uuid(), doing: z.string() }),
  'ask/progress': askProgress,
  'ask/answered': askAnswered,
  'exports/progress': z.object({ id: z.uuid(), done: z.number().int(), total: z.number().int() }),
  /** How far a list or count of this client is that has to look at all rollouts: so many of `total`. */
  'rollouts/progress': z.object({ runId: z.string(), done: z.number().int(), total: z.number().int() }),
  /** How far an analysis is that this client asked for. */
  'runs/analysing': z.object({ runId: z.string(), done: z.number().int(), total: z.number().int() }),
  /** A run was created, deleted or changed state: lists are to be read again. */
  'runs/changed': z.object({ run: runSummary.nullable() }),
} as const;

export type NotificationName = keyof typeof notifications;
export type NotificationParams<N extends NotificationName> = z.output<(typeof notifications)[N]>;
