/**
 * What a page knows of one run, and how events change it. Bounded: numbers of steps, commands, checkpoints, evaluations
 * and flags are kept; texts of rollouts are not, they are fetched where they are read.
 */
import type { BreakpointHit } from '../../trainer/protocol/breakpoints/breakpoint.ts';
import type { CommandRecord } from '../../trainer/protocol/commands.ts';
import type { CurvesAnswer } from '../../trainer/protocol/curves.ts';
import { labelsSentence } from '../../trainer/protocol/obeyed-labels.ts';
import {
  type Annotation,
  type Checkpoint,
  type Evaluation,
  type GroupWithRollouts,
  pinned,
  type Question,
  type RunEvent,
  type StepMetrics,
} from '../../trainer/protocol/records.ts';
import { reduceRun } from '../../trainer/protocol/reduce-run.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { countsUpTo, type StepCounts, withGroups } from '../../trainer/protocol/step-counts.ts';
import { fromAnswer, type MetricColumns, noMetrics, rewoundTo, withSteps } from './metric-columns.ts';
import { type ToldAdvisory, withTold } from './told-advisories.ts';

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

/** Sums by step over the groups of all events up to `seq`; `counted` as the trainer told it. */
export interface CountedSteps {
  readonly counts: readonly StepCounts[];
  readonly seq: number;
  readonly counted: number;
  /** Rollouts that rules of an older version read. */
  readonly outdated: number;
}

export interface RunView {
  readonly run: RunSummary;
  /** Number of the newest event that is in here; a new connection asks for what follows it. */
  readonly seq: number;
  readonly metrics: MetricColumns;
  readonly counted: CountedSteps;
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
  /** Oldest first, those that are over too. */
  readonly told: readonly ToldAdvisory[];
  /** Times that a breakpoint was hit, oldest first. */
  readonly hits: readonly HitEvent[];
}

export interface HitEvent {
  readonly seq: number;
  readonly hit: BreakpointHit;
}

/** What the trainer lists of a run, each part asked for by who shows it. */
export interface RunLists {
  readonly curves: CurvesAnswer;
  readonly counted: CountedSteps;
  readonly commands: readonly CommandRecord[];
  readonly checkpoints: readonly Checkpoint[];
  readonly evaluations: readonly Evaluation[];
  readonly annotations: readonly Annotation[];
  /** Events about questions left out, warnings, advisories and hits of breakpoints. */
  readonly notices: readonly RunEvent[];
}
export type RunPart = keyof RunLists;

/** A run before its lists were read; events from `since` on will follow. */
export function emptyView(run: RunSummary, since: number): RunView {
  return {
    run,
    seq: since,
    metrics: noMetrics,
    /* Until the sums are read, as no page need do, nothing is added to them. */
    counted: { counts: [], seq: Number.POSITIVE_INFINITY, counted: 1, outdated: 0 },
    commands: [],
    checkpoints: [],
    evaluations: [],
    annotations: [],
    skipped: [],
    warnings: [],
    told: [],
    hits: [],
  };
}

/**
 * The view with lists that were read. `meanwhile` are the events that came since they were asked for: the trainer may have
 * read a list before any of them, or after, so that all are applied to it once more.
 */
export function withLists(view: RunView, lists: Partial<RunLists>, meanwhile: readonly RunEvent[]): RunView {
  const none = { skipped: [], warnings: [], told: [], hits: [] };
  const read = applied(
    {
      ...view,
      ...(lists.curves && { metrics: fromAnswer(lists.curves) }),
      ...(lists.counted && { counted: lists.counted }),
      ...(lists.commands && { commands: newestFirst([...lists.commands], ({ number }) => number) }),
      ...(lists.checkpoints && { checkpoints: newestFirst([...lists.checkpoints], ({ at }) => at) }),
      ...(lists.evaluations && { evaluations: newestFirst([...lists.evaluations], ({ at }) => at) }),
      ...(lists.annotations && { annotations: lists.annotations }),
      ...(lists.notices && withNotices(none, lists.notices)),
    },
    meanwhile,
  );
  return { ...read, run: view.run, seq: view.seq };
}

type Notices = Pick<RunView, 'skipped' | 'warnings' | 'told' | 'hits'>;

/** Takes in what was left out, warnings, what labels change, advisories and hits of breakpoints; other events are no notices. */
function withNotices(view: Notices, events: readonly RunEvent[]): Notices {
  let { skipped, warnings, told, hits } = view;
  for (const event of events) {
    const { body, seq, at } = event;
    told = withTold(told, event);
    if (body.type === 'skipped') {
      const { step, question, kind, message } = body;
      skipped = bySeq(skipped, { seq, step, question, kind, message });
    } else if (body.type === 'warning') warnings = bySeq(warnings, { seq, at, message: body.message });
    else if (body.type === 'labels') warnings = bySeq(warnings, { seq, at, message: labelsSentence(body.labels) });
    else if (body.type === 'breakpoint-hit') hits = bySeq(hits, { seq, hit: body.hit });
  }
  return { skipped, warnings, told, hits };
}

/** Applies events in order. An event that is already in the view changes nothing. */
export function withEvents(view: RunView, events: readonly RunEvent[]): RunView {
  const fresh = freshOf(view.seq, events);
  return fresh.length === 0 ? view : applied(view, fresh);
}

/** The events above a number, each once. */
export function freshOf(seq: number, events: readonly RunEvent[]): RunEvent[] {
  let held = seq;
  return events.filter((event) => {
    if (event.seq <= held) return false;
    held = event.seq;
    return true;
  });
}

/** Applies events whatever the view holds already. */
function applied(view: RunView, events: readonly RunEvent[]): RunView {
  const next: { -readonly [K in keyof RunView]: RunView[K] } = { ...view };
  const steps: StepMetrics[] = [];
  const takeSteps = () => {
    next.metrics = withSteps(next.metrics, steps.splice(0));
  };
  const groups: GroupWithRollouts[] = [];
  const takeGroups = () => {
    if (groups.length > 0)
      next.counted = { ...next.counted, counts: withGroups(next.counted.counts, groups.splice(0)), seq: next.seq };
  };
  /* The sums may have been read later than the rest that is held. */
  const isInSums = (seq: number) => seq <= next.counted.seq;
  for (const event of events) {
    const { body, seq } = event;
    next.seq = seq;
    next.run = reduceRun(next.run, event);
    switch (body.type) {
      case 'step':
        steps.push(body.metrics);
        break;
      case 'command':
        next.commands = newestFirst(mergeById(next.commands, [body.command]), ({ number }) => number);
        break;
      case 'checkpoint':
        next.checkpoints = newestFirst(mergeById(next.checkpoints, [body.checkpoint]), (checkpoint) => checkpoint.at);
        break;
      case 'checkpoint-removed':
        next.checkpoints = next.checkpoints.filter((checkpoint) => checkpoint.id !== body.id);
        break;
      case 'checkpoint-pinned':
        next.checkpoints = next.checkpoints.map((held) => (held.id === body.id ? pinned(held, body.pin) : held));
        break;
      case 'evaluation':
        next.evaluations = newestFirst(mergeById(next.evaluations, [body.evaluation]), (evaluation) => evaluation.at);
        break;
      case 'rewound':
        takeSteps();
        if (!isInSums(seq)) {
          takeGroups();
          next.counted = { ...next.counted, counts: countsUpTo(next.counted.counts, body.toStep), seq };
        }
        next.metrics = rewoundTo(next.metrics, body.toStep);
        next.checkpoints = next.checkpoints.filter((checkpoint) => checkpoint.step <= body.toStep);
        next.evaluations = next.evaluations.filter((evaluation) => evaluation.step <= body.toStep);
        next.skipped = next.skipped.filter((skipped) => skipped.step <= body.toStep);
        next.told = withTold(next.told, event);
        break;
      case 'annotation':
        next.annotations = mergeById(next.annotations, [body.annotation]);
        break;
      case 'annotation-removed':
        next.annotations = next.annotations.filter((annotation) => annotation.id !== body.id);
        break;
      case 'skipped':
      case 'warning':
      case 'labels':
      case 'advisory':
      case 'advisory-ended':
      case 'breakpoint-hit':
        Object.assign(next, withNotices(next, [event]));
        break;
      case 'group':
        if (!isInSums(seq)) groups.push(body.group);
        break;
      case 'state':
      case 'references':
      case 'masked':
      case 'corrected':
      case 'analysed':
      case 'breakpoints':
      case 'advisory-muted':
        break;
    }
  }
  takeSteps();
  takeGroups();
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
