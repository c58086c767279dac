/**
 * What a page knows of one run, and how events change it. Bounded: numbers of steps, commands, checkpoints, evaluations
 * and flags are kept; texts of rollouts are not, they are fetched where they are read.
 */
import type { CommandRecord } from '../../trainer/protocol/commands.ts';
import type {
  Annotation,
  Checkpoint,
  Evaluation,
  Question,
  RunEvent,
  StepMetrics,
} from '../../trainer/protocol/records.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { type MetricColumns, noMetrics, rewoundTo, withSteps } from './metric-columns.ts';

export interface SkippedQuestion {
  readonly seq: number;
  readonly step: number;
  readonly question: Question;
  readonly kind: string;
  readonly message: string;
}

export interface Warning {
  readonly seq: number;
  readonly at: number;
  readonly message: string;
}

export interface RunView {
  readonly run: RunSummary;
  /** Number of the newest event that is in here; a new connection asks for what follows it. */
  readonly seq: number;
  readonly metrics: MetricColumns;
  /** Newest first. */
  readonly commands: readonly CommandRecord[];
  /** Newest first. */
  readonly checkpoints: readonly Checkpoint[];
  /** Newest first. */
  readonly evaluations: readonly Evaluation[];
  /** Oldest first. */
  readonly annotations: readonly Annotation[];
  /** By event number, oldest first. */
  readonly skipped: readonly SkippedQuestion[];
  readonly warnings: readonly Warning[];
}

/** What the trainer's lists hold when a page opens. */
export interface RunSnapshot {
  readonly steps: readonly StepMetrics[];
  readonly commands: readonly CommandRecord[];
  readonly checkpoints: readonly Checkpoint[];
  readonly evaluations: readonly Evaluation[];
  readonly annotations: readonly Annotation[];
  /** Events about questions left out, and warnings. */
  readonly notices: readonly RunEvent[];
}

/** A run before its lists were read; events from `since` on will follow. */
export function emptyView(run: RunSummary, since: number): RunView {
  return {
    run,
    seq: since,
    metrics: noMetrics,
    commands: [],
    checkpoints: [],
    evaluations: [],
    annotations: [],
    skipped: [],
    warnings: [],
  };
}

/** Lists that were read while events were already arriving: what an event brought is the newer one and stays. */
export function withSnapshot(view: RunView, snapshot: RunSnapshot): RunView {
  const known = new Set(view.metrics.steps);
  return {
    ...view,
    metrics: withSteps(
      view.metrics,
      snapshot.steps.filter((record) => !known.has(record.step)),
    ),
    commands: newestFirst(mergeById(snapshot.commands, view.commands), (command) => command.id),
    checkpoints: newestFirst(mergeById(snapshot.checkpoints, view.checkpoints), (checkpoint) => checkpoint.at),
    evaluations: newestFirst(mergeById(snapshot.evaluations, view.evaluations), (evaluation) => evaluation.at),
    annotations: mergeById(snapshot.annotations, view.annotations).sort((a, b) => a.id - b.id),
    ...withNotices(view, snapshot.notices),
  };
}

type Notices = Pick<RunView, 'skipped' | 'warnings'>;

/** Takes in what was left out, and warnings; other events are no notices. */
function withNotices(view: Notices, events: readonly RunEvent[]): Notices {
  let { skipped, warnings } = view;
  for (const { body, seq, at } of events) {
    if (body.type === 'skipped') {
      const { step, question, kind, message } = body;
      skipped = bySeq(skipped, { seq, step, question, kind, message });
    } else if (body.type === 'warning') warnings = bySeq(warnings, { seq, at, message: body.message });
  }
  return { skipped, warnings };
}

/** Applies events in order. An event that is already in the view changes nothing. */
export function withEvents(view: RunView, events: readonly RunEvent[]): RunView {
  if (events.length === 0) return view;
  const next: { -readonly [K in keyof RunView]: RunView[K] } = { ...view };
  const steps: StepMetrics[] = [];
  const takeSteps = () => {
    next.metrics = withSteps(next.metrics, steps.splice(0));
  };
  for (const event of events) {
    const { body, seq, at } = event;
    if (seq <= next.seq) continue;
    next.seq = seq;
    switch (body.type) {
      case 'state':
        next.run = body.run;
        break;
      case 'step':
        steps.push(body.metrics);
        next.run = { ...next.run, step: body.metrics.step, updatedAt: Math.max(next.run.updatedAt, at) };
        break;
      case 'command':
        next.commands = newestFirst(mergeById(next.commands, [body.command]), (command) => command.id);
        break;
      case 'checkpoint':
        next.checkpoints = newestFirst(mergeById(next.checkpoints, [body.checkpoint]), (checkpoint) => checkpoint.at);
        break;
      case 'checkpoint-removed':
        next.checkpoints = next.checkpoints.filter((checkpoint) => checkpoint.id !== body.id);
        break;
      case 'evaluation':
        next.evaluations = newestFirst(mergeById(next.evaluations, [body.evaluation]), (evaluation) => evaluation.at);
        break;
      case 'rewound':
        takeSteps();
        next.metrics = rewoundTo(next.metrics, body.toStep);
        next.run = { ...next.run, step: body.toStep, updatedAt: Math.max(next.run.updatedAt, at) };
        next.evaluations = next.evaluations.filter((evaluation) => evaluation.step <= body.toStep);
        next.skipped = next.skipped.filter((skipped) => skipped.step <= body.toStep);
        break;
      case 'annotation':
        next.annotations = mergeById(next.annotations, [body.annotation]);
        break;
      case 'annotation-removed':
        next.annotations = next.annotations.filter((annotation) => annotation.id !== body.id);
        break;
      case 'skipped':
      case 'warning':
        Object.assign(next, withNotices(next, [event]));
        break;
      case 'group':
        break;
    }
  }
  takeSteps();
  return next;
}

/** `b` wins where both hold an id; order is that of `a`, then what only `b` has. */
function mergeById<T extends { readonly id: number | string }>(a: readonly T[], b: readonly T[]): T[] {
  return [...new Map([...a, ...b].map((item) => [item.id, item])).values()];
}

function newestFirst<T>(items: T[], key: (item: T) => number): T[] {
  return items.sort((a, b) => key(b) - key(a));
}

function bySeq<T extends { readonly seq: number }>(items: readonly T[], added: T): readonly T[] {
  if (items.some((item) => item.seq === added.seq)) return items;
  return [...items, added].sort((a, b) => a.seq - b.seq);
}
