/**
 * Does a run again from its start, by the log of its commands, and holds what comes of it against what was recorded. The replay
 * is a run of its own in a folder of its own; one that was stopped goes on there.
 */
import { existsSync, statSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { SeedsKind } from '../../protocol/engine.ts';
import { computesOn } from '../../protocol/engine-words.ts';
import { StudioError } from '../../protocol/errors.ts';
import { parseJson } from '../../protocol/json.ts';
import type { RunSummary } from '../../protocol/run-state.ts';
import { placeWords } from '../../protocol/run-words.ts';
import { seedsOf } from '../../protocol/seed-words.ts';
import { checkpointFolder, readWhole } from '../checkpoints.ts';
import { runsFolder } from '../project-paths.ts';
import { type Compared, Comparison, type Freedom } from './comparison.ts';
import { type Difference, firstPart } from './difference.ts';
import { makeReplayed, type OriginalRun, ReplayedRun, type ReplaySurroundings } from './replayed-run.ts';
import { type ReplayAction, type Timeline, timelineOf, upTo } from './timeline.ts';

export interface ReplayOrder extends Pick<ReplaySurroundings, 'media' | 'createEngine' | 'allowedRoots' | 'log'> {
  readonly original: OriginalRun;
  /** Where the replay is kept while it is under way; a project of its own. */
  readonly project: string;
  /** The last step that is done again; undefined for all. */
  readonly to?: number | undefined;
  /** Stops it where it is, so that the same order goes on. */
  readonly signal: AbortSignal;
  /** In what the replay is not what the run was, before anything is compared: for people. */
  onNote(note: string): void;
  onProgress(run: RunSummary, compared: Compared): void;
}

export interface Replayed {
  /** The first; null where there is none. */
  readonly difference: Difference | null;
  readonly compared: Compared;
  readonly commands: number;
  /** What a seed gives on the run's engine, and from which step on answers may be others by it; null where they may not. */
  readonly seeds: SeedsKind;
  readonly freeFrom: number | null;
}

/** How far a replay has come that was stopped: written when all that is done is saved. */
const progressFile = 'replay.json';
const progressForm = z.strictObject({
  version: z.literal(1),
  run: z.string(),
  /** Number of the original's last event, by which a log that has grown is told. */
  seq: z.number().int(),
  to: z.number().int().nullable(),
  actions: z.number().int(),
  wentBack: z.number().int(),
  compared: z.record(z.enum(['steps', 'groups', 'evaluations', 'checkpoints', 'free', 'otherwise']), z.number()),
});
type Progress = z.infer<typeof progressForm>;

/** Ends the work where it is. */
class Ended extends Error {}

/**
 * @throws StudioError `conflict` where there is nothing to do again; `cancelled` when it was stopped; as making and running a run does
 */
export async function replay(order: ReplayOrder): Promise<Replayed> {
  const { original, project, to, signal } = order;
  const of = original.store.summary();
  const whole = timelineOf(original.store.life(), of);
  const timeline = to === undefined ? whole : upTo(whole, to);
  if (!timeline.actions.some(({ kind }) => kind === 'stay'))
    throw new StudioError('conflict', `${of.id} was never begun: there is nothing to do again.`);
  const key = { run: of.id, seq: original.store.lastSeq(), to: to ?? null };
  const begun = await begunBefore(project, key);
  if (!begun) await rm(runsFolder(project), { recursive: true, force: true });
  const folder = begun ? path.join(runsFolder(project), of.id) : await makeReplayed(original, timeline, project);
  await rm(path.join(project, progressFile), { force: true });
  noteChangedFiles(order, of);
  const seeds = seedsOf(of);
  const freedom = { from: freeFrom(seeds, timeline), ofQuestions: of.parameters.fillFlatGroups };
  const result = { seeds, freeFrom: freedom.from };
  const replaying = new Replaying(order, timeline, folder, freedom, begun);
  let actions = begun?.actions ?? 0;
  try {
    for (; actions < timeline.actions.length; actions++) await replaying.act(timeline.actions[actions] as ReplayAction);
    const difference = await replaying.finish(to === undefined);
    await replaying.end();
    return { difference, compared: replaying.comparison.compared, commands: replaying.commands, ...result };
  } catch (thrown) {
    const wentBack = replaying.goneBack;
    await replaying.end();
    const { difference, compared } = replaying.comparison;
    if (difference) return { difference, compared, commands: replaying.commands, ...result };
    if (!signal.aborted) throw thrown;
    const progress: Progress = { version: 1, ...key, actions, wentBack, compared };
    await writeFile(path.join(project, progressFile), `${JSON.stringify(progress)}\n`, { flush: true });
    throw new StudioError('cancelled', 'The replay was stopped.');
  }
}

/** The first step whose answers may be others without a fault. */
function freeFrom(seeds: SeedsKind, { heldSampling }: Timeline): number | null {
  switch (seeds) {
    case 'exact':
      return null;
    case 'same batch':
      // A replay does not stand still where the run did.
      return heldSampling;
    case 'best effort':
      return 0;
  }
}

/** What was left of the same replay, whole; null where it begins anew. */
async function begunBefore(project: string, key: Pick<Progress, 'run' | 'seq' | 'to'>): Promise<Progress | null> {
  const text = await readFile(path.join(project, progressFile), 'utf8').catch(() => '');
  const read = progressForm.safeParse(parseJson(text));
  if (!read.success || !existsSync(runsFolder(project))) return null;
  const { run, seq, to } = read.data;
  return run === key.run && seq === key.seq && to === key.to ? read.data : null;
}

function noteChangedFiles({ original: { plan, store }, onNote }: ReplayOrder, { createdAt }: RunSummary): void {
  const begunAt = store.metrics()[0]?.at ?? createdAt;
  for (const file of [plan.dataset, plan.evaluationDataset, plan.promptTemplate]) {
    const found = file === null ? null : statSync(file, { throwIfNoEntry: false });
    if (file !== null && found && found.mtimeMs > begunAt)
      onNote(`${plan.paths.record(file)} was written after the run began: what it holds may be other by now.`);
  }
}

/** The checkpoint that the run took its weights from when it was created, whatever run of that name is the newest by now. */
async function weightsBegunFrom({ folder, store }: OriginalRun): Promise<string> {
  const { from } = store.summary();
  const [, id, step] = /^(.+), step (\d+)$/.exec(from) ?? [];
  const place = id === undefined ? null : checkpointFolder(path.join(folder, '..', path.basename(id)), Number(step));
  const whole = place === null ? 'it is not known where it lies' : await readWhole(place, Number(step));
  if (typeof whole !== 'string') return whole.folder;
  throw new StudioError('not-found', `The weights that the run began from (${from}) can't be used: ${whole}.`, {
    place: place ?? folder,
    remedy: 'Put the checkpoint back.',
  });
}

class Replaying {
  readonly comparison: Comparison;
  /** Commands that were carried out again. */
  commands = 0;
  goneBack: number;
  private readonly order: ReplayOrder;
  private readonly run: ReplayedRun;
  private readonly onAbort: () => void;
  private hasNoted = false;

  constructor(order: ReplayOrder, timeline: Timeline, folder: string, freedom: Freedom, begun: Progress | null) {
    this.order = order;
    this.goneBack = begun?.wentBack ?? 0;
    this.run = new ReplayedRun(folder, order.original.plan, {
      ...order,
      checkpointOf: async (source) => ('checkpoint' in source ? source.checkpoint : weightsBegunFrom(order.original)),
      onEvent: ({ body }) => {
        if (body.type === 'rewound') this.goneBack++;
        this.comparison.take(body);
        if (body.type === 'step') order.onProgress(this.run.summary, this.comparison.compared);
      },
      onChanged: (summary) => {
        this.noteEngine(summary);
        order.onProgress(summary, this.comparison.compared);
      },
      check: () => {
        if (order.signal.aborted || this.comparison.difference !== null) throw new Ended('The replay has ended.');
      },
    });
    const replayed = { folder, store: this.run.store };
    this.comparison = new Comparison(order.original, replayed, timeline.wentBackTo, freedom, this.goneBack);
    if (begun) Object.assign(this.comparison.compared, begun.compared);
    this.onAbort = () => this.run.look();
    order.signal.addEventListener('abort', this.onAbort);
  }

  async act(action: ReplayAction): Promise<void> {
    switch (action.kind) {
      case 'stay':
        return this.run.begin(action.from);
      case 'rest':
        if (await this.run.rest(action.step, action.isCompleted)) return this.comparison.saved();
        return this.differ(action.step, 'where the run rests', `after step ${action.step}`);
      case 'command': {
        const { at, command } = action;
        const { request, number } = command;
        const step = at?.step ?? this.run.summary.step;
        const what = `command ${number}, ${request.kind}`;
        if (at !== null && !(await this.run.to(at))) return this.differ(step, what, `applied ${placeWords(at)}`);
        await this.comparison.saved();
        const ended = await this.run.command(command);
        this.commands++;
        if (ended.state === 'applied') return;
        this.comparison.difference ??= { step, what, original: 'applied', replayed: `${ended.state}: ${ended.why}` };
        throw new Ended();
      }
    }
  }

  /** @param isWhole the run was done again to its end. @returns the first difference */
  async finish(isWhole: boolean): Promise<Difference | null> {
    await this.comparison.saved();
    const [own, other] = [this.order.original.store.summary(), this.run.summary];
    const part = isWhole ? firstPart(own.parameters, other.parameters, 'parameters') : null;
    if (part)
      this.comparison.difference ??= {
        step: other.step,
        what: part.name,
        original: part.original,
        replayed: part.replayed,
      };
    return this.comparison.difference;
  }

  async end(): Promise<void> {
    this.order.signal.removeEventListener('abort', this.onAbort);
    await this.run.end();
  }

  private differ(step: number, what: string, original: string): void {
    const { state, step: reached } = this.run.summary;
    this.comparison.difference ??= { step, what, original, replayed: `${state} after step ${reached}` };
    throw new Ended();
  }

  private noteEngine({ engine, questions }: RunSummary): void {
    if (this.hasNoted || engine === null) return;
    this.hasNoted = true;
    const own = this.order.original.store.summary();
    const words = (of: NonNullable<RunSummary['engine']>) =>
      `${of.name} on ${of.backend}, ${computesOn(of)}, ${of.parameters.toLocaleString('en-US')} parameters`;
    if (own.engine && words(own.engine) !== words(engine))
      this.order.onNote(
        `The run was made by ${words(own.engine)}; the replay is made by ${words(engine)}. Only the same engine, backend and threads give the same numbers in every bit.`,
      );
    if (own.questions !== questions)
      this.order.onNote(`The run trained on ${own.questions} questions; its dataset has ${questions} now.`);
  }
}
