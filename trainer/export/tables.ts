/**
 * What a run can be exported as: tables, each with its records as the run has them and the columns that CSV and Parquet write
 * of a record. A column is added here and nowhere else.
 */
import { analysisOf, changeOf } from '../protocol/analysis.ts';
import type { Experiment, ExperimentAnswer, ExperimentPart } from '../protocol/ask.ts';
import type { CommandRecord } from '../protocol/commands.ts';
import { feltOf } from '../protocol/paid-and-felt.ts';
import type {
  Checkpoint,
  Evaluation,
  EvaluationSlice,
  Group,
  GroupWithRollouts,
  PromptTokens,
  Question,
  Rollout,
  RolloutTokens,
  RunEvent,
  StepMetrics,
} from '../protocol/records.ts';
import type { RunStore } from '../store/run-store.ts';
import { type ArmRecord, armColumns, armRecords } from './arm-records.ts';
import { type Column, columns } from './columns.ts';
import { type EvidenceRecord, evidenceColumns, evidenceRecords } from './evidence-records.ts';

export interface Table<R = unknown> {
  readonly name: TableName;
  /** Oldest first, read as they are taken. */
  records(store: RunStore): Iterable<R>;
  /** How many records that will be, as far as it is known before. */
  count(store: RunStore): number;
  readonly columns: readonly Column<R>[];
}

export const tableNames = [
  'annotations',
  'rollouts',
  'tokens',
  'prompts',
  'evidence',
  'superseded',
  'steps',
  'superseded-steps',
  'evaluations',
  'superseded-evaluations',
  'evaluation-arms',
  'checkpoints',
  'commands',
  'events',
  'experiments',
] as const;
export type TableName = (typeof tableNames)[number];

/** What the run itself has: of experiments, which are beside it, nothing is written that is not asked for by name. */
export const tablesOfRun = tableNames.filter((name) => name !== 'experiments');

/** The questions' part of a row, wherever there is one. */
function questionColumns<R>(question: (record: R) => Question | Omit<Question, 'solution'>): Column<R>[] {
  return columns<R>(
    ['dataset', 'string', (r) => question(r).dataset],
    ['row', 'integer', (r) => question(r).row],
    ['problem_id', 'string', (r) => question(r).problemId],
    ['problem', 'string', (r) => question(r).problem],
    ['problem_type', 'string', (r) => question(r).problemType],
    ['data_type', 'string', (r) => question(r).dataType],
    ['options', 'strings', (r) => question(r).options],
    ['path', 'string', (r) => question(r).path],
    ['source', 'string', (r) => question(r).source],
    ['family', 'string', (r) => question(r).family],
    ['needs_order', 'boolean', (r) => question(r).needsOrder],
  );
}

/** A rollout with what its group says of all its answers, and of this one beside the others. */
export type RolloutRecord = Rollout & {
  readonly group: Group;
  /** Its advantage would be another one without the temporal reward; null where there is nothing to say. */
  readonly felt: boolean | null;
};

export function rolloutRecord(rollout: Rollout, of: GroupWithRollouts): RolloutRecord {
  const { rollouts: _, ...group } = of;
  return { ...rollout, felt: feltOf(of, rollout), group };
}

const part = (name: Rollout['reward']['parts'][number]['name']) => (r: RolloutRecord) =>
  r.reward.parts.find((one) => one.name === name)?.value;

const rollouts: Table<RolloutRecord> = {
  name: 'rollouts',
  count: (store) => store.rolloutCount(),
  *records(store) {
    for (const group of store.groups()) for (const rollout of group.rollouts) yield rolloutRecord(rollout, group);
  },
  columns: [
    ...columns<RolloutRecord>(
      ['id', 'string', (r) => r.id],
      ['group_id', 'string', (r) => r.groupId],
      ['step', 'integer', (r) => r.step],
      ['at', 'time', (r) => r.group.at],
      ['purpose', 'string', (r) => r.group.purpose],
      ['order', 'string', (r) => r.order],
      ['index', 'integer', (r) => r.index],
      ['text', 'string', (r) => r.text],
      ['answer', 'string', (r) => r.answer],
      ['solution', 'string', (r) => r.group.question.solution],
      ['accuracy', 'number', (r) => r.accuracy],
      ['correct', 'boolean', (r) => r.correct],
      ['reward', 'number', (r) => r.reward.total],
      ['reward_accuracy', 'number', part('accuracy')],
      ['reward_format', 'number', part('format')],
      ['reward_temporal', 'number', part('temporal')],
      ['reward_credit', 'number', part('credit')],
      ['reward_length', 'number', part('length')],
      ['reward_overlong', 'number', part('overlong')],
      ['reward_flagged', 'number', part('flagged')],
      ['advantage', 'number', (r) => r.advantage],
      ['temporal_felt', 'boolean', (r) => r.felt],
      ['tokens', 'integer', (r) => r.tokenCount],
      ['stop_reason', 'string', (r) => r.stopReason],
      ['mean_logprob', 'number', (r) => r.meanLogprob],
      ['mean_entropy', 'number', (r) => r.meanEntropy],
      ['mean_kl', 'number', (r) => r.kl],
      ['mean_trainer_logprob', 'number', (r) => r.trainerLogprob],
      ['mismatch', 'number', (r) => r.mismatch?.difference],
      ['mismatch_k3', 'number', (r) => r.mismatch?.k3],
      ['importance_weight', 'number', (r) => r.mismatch?.weight],
      ['order_worth', 'number', (r) => r.orderWorth?.worth],
      ['order_error', 'number', (r) => r.orderWorth?.error],
      ['uses_order', 'boolean', (r) => r.orderWorth?.uses],
      ['credit_worth', 'number', (r) => r.credit],
      ['format_problems', 'strings', (r) => r.parsed.problems],
      ['aha_tiers', 'integers', (r) => r.aha.map(({ tier }) => tier)],
      ['change', 'string', (r) => changeOf(r)],
      ['names_time', 'boolean', (r) => r.namesTime],
      ['analysis', 'integer', (r) => analysisOf(r)],
      ['group_mean', 'number', (r) => r.group.stats.mean],
      ['group_std', 'number', (r) => r.group.stats.std],
      ['p', 'number', (r) => r.group.temporal?.p],
      ['p_shuffled', 'number', (r) => r.group.temporal?.pShuffled],
      ['temporal_passed', 'boolean', (r) => r.group.temporal?.passed],
    ),
    ...questionColumns<RolloutRecord>((r) => r.group.question),
    ...columns<RolloutRecord>(
      ['prompt', 'string', (r) => r.group.prompt],
      ['frame_indices', 'integers', (r) => r.group.media.indices],
      ['frame_times', 'numbers', (r) => r.group.media.times],
      ['shuffled_order', 'integers', (r) => r.group.media.shuffledOrder],
    ),
  ],
};

type TokensRecord = Pick<Rollout, 'id' | 'groupId' | 'step' | 'order' | 'index'> & RolloutTokens;

/** Rollouts token by token: lists with one entry per token, the end token included. */
const tokens: Table<TokensRecord> = {
  name: 'tokens',
  count: (store) => store.rolloutCount(),
  *records(store) {
    for (const { rollouts: own } of store.groups())
      for (const { id, groupId, step, order, index } of own) {
        const held = store.heldTokens(id);
        if (held) yield { id, groupId, step, order, index, ...held };
      }
  },
  columns: columns<TokensRecord>(
    ['id', 'string', (t) => t.id],
    ['group_id', 'string', (t) => t.groupId],
    ['step', 'integer', (t) => t.step],
    ['order', 'string', (t) => t.order],
    ['index', 'integer', (t) => t.index],
    ['ids', 'integers', (t) => t.ids],
    ['pieces', 'strings', (t) => t.pieces],
    ['logprobs', 'numbers', (t) => t.logprobs],
    ['entropy', 'numbers', (t) => t.entropy],
    ['trainer_logprobs', 'numbers', (t) => t.trainerLogprobs],
    ['reference_logprobs', 'numbers', (t) => t.referenceLogprobs],
    ['alternatives', 'json', (t) => t.alternatives],
    ['missing', 'json', (t) => t.missing],
  ),
};

type PromptRecord = { readonly groupId: string; readonly step: number } & PromptTokens;

/** Prompts on ordered frames, token by token. */
const prompts: Table<PromptRecord> = {
  name: 'prompts',
  count: (store) => store.groupCount(),
  *records(store) {
    for (const { id, step } of store.groups()) yield { groupId: id, step, ...store.prompt(id) };
  },
  columns: columns<PromptRecord>(
    ['group_id', 'string', (p) => p.groupId],
    ['step', 'integer', (p) => p.step],
    ['prompt', 'string', (p) => p.text],
    ['ids', 'integers', (p) => p.ids],
    ['pieces', 'strings', (p) => p.pieces],
    ['missing', 'string', (p) => p.missing],
  ),
};

/** Rollouts that the run went back over, with the number of that going back. */
const superseded: Table<RolloutRecord> = {
  name: 'superseded',
  count: (store) => store.rolloutCount({ superseded: true }),
  *records(store) {
    for (const group of store.groups({ superseded: true }))
      for (const rollout of group.rollouts) yield rolloutRecord(rollout, group);
  },
  columns: [...columns<RolloutRecord>(['superseded', 'integer', (r) => r.group.superseded]), ...rollouts.columns],
};

const steps: Table<StepMetrics> = {
  name: 'steps',
  records: (store) => store.metrics(),
  count: (store) => store.metrics().length,
  columns: columns<StepMetrics>(
    ['step', 'integer', (m) => m.step],
    ['at', 'time', (m) => m.at],
    ['loss', 'number', (m) => m.loss],
    ['grad_norm', 'number', (m) => m.gradNorm],
    ['learning_rate', 'number', (m) => m.learningRate],
    ['kl', 'number', (m) => m.kl],
    ['entropy', 'number', (m) => m.entropy],
    ['accuracy', 'number', (m) => m.accuracy],
    ['accuracy_shuffled', 'number', (m) => m.accuracyShuffled],
    ['format', 'number', (m) => m.format],
    ['temporal', 'number', (m) => m.temporal],
    ['reward', 'number', (m) => m.reward],
    ['length', 'number', (m) => m.length],
    ['flat_groups', 'number', (m) => m.flatGroups],
    ['clipped', 'number', (m) => m.clipped],
    ['mismatch', 'number', (m) => m.mismatch?.difference],
    ['mismatch_k3', 'number', (m) => m.mismatch?.k3],
    ['importance_weight', 'number', (m) => m.mismatch?.weight],
    ['questions', 'integer', (m) => m.questions],
    ['skipped', 'integer', (m) => m.skipped],
    ['trained_tokens', 'integer', (m) => m.trainedTokens],
    ['sampled_tokens', 'integer', (m) => m.sampledTokens],
    ['decode_ms', 'number', (m) => m.durations.decode],
    ['sample_ms', 'number', (m) => m.durations.sample],
    ['score_ms', 'number', (m) => m.durations.score],
    ['credit_ms', 'number', (m) => m.durations.credit],
    ['old_logprobs_ms', 'number', (m) => m.durations.oldLogprobs],
    ['update_ms', 'number', (m) => m.durations.update],
    ['store_ms', 'number', (m) => m.durations.store],
    ['held_ms', 'number', (m) => m.durations.held],
    ['total_ms', 'number', (m) => m.durations.total],
  ),
};

type SupersededStep = StepMetrics & { readonly superseded: number };

const supersededSteps: Table<SupersededStep> = {
  name: 'superseded-steps',
  *records(store) {
    for (const { attempt, steps: own } of store.supersededMetrics())
      for (const metrics of own) yield { superseded: attempt, ...metrics };
  },
  count: (store) => store.supersededMetrics().reduce((sum, { steps: own }) => sum + own.length, 0),
  columns: [...columns<SupersededStep>(['superseded', 'integer', (m) => m.superseded]), ...steps.columns],
};

/** One slice of an evaluation; `slice` says of what kind it is. */
interface SliceRecord
  extends Omit<Evaluation, 'all' | 'needsOrder' | 'byType' | 'byFamily' | 'direct' | 'reversed'>,
    EvaluationSlice {
  readonly slice: 'all' | 'needs order' | 'problem type' | 'family';
}

/** The slices of an evaluation, the one over all its questions first. */
export function slicesOf({
  all,
  needsOrder,
  byType,
  byFamily,
  direct: _direct,
  reversed: _reversed,
  ...evaluation
}: Evaluation): SliceRecord[] {
  const of = (slice: SliceRecord['slice'], one: EvaluationSlice): SliceRecord => ({ ...evaluation, slice, ...one });
  return [
    of('all', all),
    ...(needsOrder ? [of('needs order', needsOrder)] : []),
    ...byType.map((one) => of('problem type', one)),
    ...byFamily.map((one) => of('family', one)),
  ];
}

const evaluations: Table<SliceRecord> = {
  name: 'evaluations',
  records: (store) => store.evaluations().flatMap(slicesOf),
  count: (store) => store.evaluations().length,
  columns: columns<SliceRecord>(
    ['id', 'string', (s) => s.id],
    ['step', 'integer', (s) => s.step],
    ['at', 'time', (s) => s.at],
    ['dataset', 'string', (s) => s.dataset],
    ['slice', 'string', (s) => s.slice],
    ['name', 'string', (s) => s.name],
    ['count', 'integer', (s) => s.count],
    ['ordered', 'number', (s) => s.ordered],
    ['shuffled', 'number', (s) => s.shuffled],
    ['shuffled_count', 'integer', (s) => s.alsoShuffled?.count ?? null],
    ['ordered_of_shuffled', 'number', (s) => s.alsoShuffled?.ordered ?? null],
    ['skipped', 'integer', (s) => s.skipped],
    ['duration_ms', 'number', (s) => s.durationMs],
  ),
};

type SupersededSlice = SliceRecord & { readonly superseded: number };

const supersededEvaluations: Table<SupersededSlice> = {
  name: 'superseded-evaluations',
  records: (store) =>
    store
      .supersededEvaluations()
      .flatMap(({ attempt, evaluation }) => slicesOf(evaluation).map((slice) => ({ superseded: attempt, ...slice }))),
  count: (store) => store.supersededEvaluations().length,
  columns: [...columns<SupersededSlice>(['superseded', 'integer', (s) => s.superseded]), ...evaluations.columns],
};

/** What evaluations asked besides; empty where they asked nothing else. */
const evaluationArmsTable: Table<ArmRecord> = {
  name: 'evaluation-arms',
  records: (store) => store.evaluations().flatMap(armRecords),
  count: (store) => store.evaluations().flatMap(armRecords).length,
  columns: armColumns,
};

const checkpoints: Table<Checkpoint> = {
  name: 'checkpoints',
  records: (store) => store.checkpoints(),
  count: (store) => store.checkpoints().length,
  columns: columns<Checkpoint>(
    ['id', 'string', (c) => c.id],
    ['step', 'integer', (c) => c.step],
    ['at', 'time', (c) => c.at],
    ['folder', 'string', (c) => c.folder],
    ['size_bytes', 'integer', (c) => c.sizeBytes],
    ['reason', 'string', (c) => c.reason],
  ),
};

const commands: Table<CommandRecord> = {
  name: 'commands',
  records: (store) => store.commands(),
  count: (store) => store.commands().length,
  columns: columns<CommandRecord>(
    ['number', 'integer', (c) => c.number],
    ['id', 'string', (c) => c.id],
    ['kind', 'string', (c) => c.request.kind],
    ['request', 'json', (c) => c.request],
    ['by', 'string', (c) => c.by],
    ['requested_at', 'time', (c) => c.requestedAt],
    ['state', 'string', (c) => c.state],
    ['ended_at', 'time', (c) => ('endedAt' in c ? c.endedAt : null)],
    ['at_point', 'string', (c) => ('at' in c ? c.at?.point : null)],
    ['at_step', 'integer', (c) => ('at' in c ? c.at?.step : null)],
    ['change', 'json', (c) => ('change' in c ? c.change : null)],
    ['why', 'string', (c) => ('why' in c ? c.why : null)],
    ['note', 'string', (c) => ('note' in c ? c.note : null)],
  ),
};

/** One row for each intervention on an answer that was weighed. */
const evidence: Table<EvidenceRecord> = {
  name: 'evidence',
  records: (store) => evidenceRecords(store),
  count: (store) => store.weighedCount(),
  columns: evidenceColumns,
};

/** Events that are read at a time: one can hold a whole group. */
const eventsPage = 50;

const events: Table<RunEvent> = {
  name: 'events',
  count: (store) => store.lastSeq(),
  *records(store) {
    for (let since = 0; ; ) {
      const page = store.events(since, eventsPage);
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return;
      since = last.seq;
    }
  },
  columns: columns<RunEvent>(
    ['seq', 'integer', (e) => e.seq],
    ['at', 'time', (e) => e.at],
    ['type', 'string', (e) => e.body.type],
    ['body', 'json', (e) => e.body],
  ),
};

type AnnotationRecord = ReturnType<RunStore['exportedAnnotations']>[number];

const annotations: Table<AnnotationRecord> = {
  name: 'annotations',
  records: (store) => store.exportedAnnotations(),
  count: (store) => store.annotations().length,
  columns: [
    ...columns<AnnotationRecord>(
      ['run', 'string', (a) => a.run],
      ['id', 'string', (a) => a.id],
      ['rollout_id', 'string', (a) => a.rolloutId],
      ['author', 'string', (a) => a.author],
      ['at', 'time', (a) => Date.parse(a.at)],
      ['category', 'string', (a) => a.category],
      ['severity', 'string', (a) => a.severity],
      ['verdict', 'string', (a) => a.verdict],
      ['note', 'string', (a) => a.note],
      ['quote', 'string', (a) => a.quote],
      ['span_start', 'integer', (a) => a.span?.start],
      ['span_end', 'integer', (a) => a.span?.end],
      ['span_unit', 'string', (a) => a.span?.unit],
      ['current', 'boolean', (a) => a.current],
      ['step', 'integer', (a) => a.step],
      ['order', 'string', (a) => a.order],
      ['text', 'string', (a) => a.text],
      ['answer', 'string', (a) => a.answer],
      ['solution', 'string', (a) => a.solution],
      ['accuracy', 'number', (a) => a.accuracy],
      ['reward', 'number', (a) => a.reward],
      ['advantage', 'number', (a) => a.advantage],
    ),
    ...questionColumns<AnnotationRecord>((a) => a.question),
    ...columns<AnnotationRecord>(['prompt', 'string', (a) => a.prompt]),
  ],
};

/** One answer of an experiment, with what was asked. */
type ExperimentRecord = Omit<Experiment, 'parts'> & Pick<ExperimentPart, 'weights'> & ExperimentAnswer;

const experiments: Table<ExperimentRecord> = {
  name: 'experiments',
  *records(store) {
    for (const { experiment } of store.experiments()) {
      const { parts, ...asked } = experiment;
      for (const { weights, answers } of parts) for (const answer of answers) yield { ...asked, weights, ...answer };
    }
  },
  count: (store) => {
    let answers = 0;
    for (const { experiment } of store.experiments())
      for (const part of experiment.parts) answers += part.answers.length;
    return answers;
  },
  columns: [
    ...columns<ExperimentRecord>(
      ['id', 'string', (e) => e.id],
      ['ask', 'integer', (e) => e.number],
      ['at', 'time', (e) => e.at],
      ['group_id', 'string', (e) => e.groupId],
      ['rollout_id', 'string', (e) => e.rolloutId],
      ['weights_run', 'string', (e) => e.weights.run],
      ['weights_step', 'integer', (e) => e.weights.step],
      ['weights_same', 'boolean', (e) => e.weights.same],
      ['index', 'integer', (e) => e.index],
      ['given', 'string', (e) => e.given],
      ['text', 'string', (e) => e.text],
      ['answer', 'string', (e) => e.answer],
      ['solution', 'string', (e) => e.question.solution],
      ['accuracy', 'number', (e) => e.accuracy],
      ['correct', 'boolean', (e) => e.correct],
      ['stop_reason', 'string', (e) => e.stopReason],
      ['new_tokens', 'integer', (e) => e.newTokens],
      ['mean_logprob', 'number', (e) => e.meanLogprob],
      ['seed', 'integer', (e) => e.seed],
      ['changed', 'json', (e) => e.ask],
      ['frames', 'integers', (e) => e.shown?.order],
      ['original_answer', 'string', (e) => e.original?.answer],
      ['original_correct', 'boolean', (e) => e.original?.correct],
    ),
    ...questionColumns<ExperimentRecord>((e) => e.question),
  ],
};

export const tables = {
  annotations,
  rollouts,
  tokens,
  prompts,
  evidence,
  superseded,
  steps,
  'superseded-steps': supersededSteps,
  evaluations,
  'superseded-evaluations': supersededEvaluations,
  'evaluation-arms': evaluationArmsTable,
  checkpoints,
  commands,
  events,
  experiments,
} as unknown as Readonly<Record<TableName, Table>>;
