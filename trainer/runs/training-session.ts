/**
 * One stay of a run in memory, from loading its model to how it rests afterwards. Owns the workbench and the run's place in its
 * questions; the loops do the steps, `steering` the commands, the journal remembers.
 */
import { randomUUID } from 'node:crypto';
import { requireReversedOf } from '../evaluation/sample-arms.ts';
import type { UpdatedAnswer } from '../learning/groups.ts';
import type { OpenGroups } from '../learning/open-groups.ts';
import { sftStep } from '../learning/sft.ts';
import { tgrpoStep } from '../learning/tgrpo.ts';
import { Interrupted } from '../learning/training.ts';
import {
  type CommandRecord,
  type CommandRequest,
  refusal,
  stepsRefusal,
  type TakenCommand,
} from '../protocol/commands.ts';
import { asStudioError, type ErrorKind, StudioError } from '../protocol/errors.ts';
import type { EvaluationArm } from '../protocol/evaluation-arms.ts';
import { fileFault } from '../protocol/file-faults.ts';
import { isParameterName, type ParameterValues } from '../protocol/parameters.ts';
import type { CheckpointReason, Rollout, StepMetrics } from '../protocol/records.ts';
import { resumptionWords } from '../protocol/resumption.ts';
import {
  faultOf,
  type RunFacts,
  type RunPlace,
  type RunSummary,
  runFault,
  type SafePoint,
  type Standing,
  standingBeforeQueue,
  standingOf,
} from '../protocol/run-state.ts';
import type { RunStore } from '../store/run-store.ts';
import { Advisor, type AdvisorOf } from './advisories/advisor.ts';
import { judgeBeforeStart, type OpenedFiles } from './before-start.ts';
import { changeQuestions, demandPossible } from './changed-questions.ts';
import type { CheckpointShelf } from './checkpoint-shelf.ts';
import { setAsideAfter } from './checkpoints.ts';
import type { CommandLog } from './command-log.ts';
import { HeededLabels } from './heeded-labels.ts';
import { demandConsent, type PlannedResumption, planResumption } from './resumption.ts';
import { freeGb, RunBreakpoints } from './run-breakpoints.ts';
import { evaluationStopped, RunEvaluation } from './run-evaluation.ts';
import type { RunJournal } from './run-journal.ts';
import type { SamplingHint } from './service.ts';
import { SessionCorrections } from './session-corrections.ts';
import { SessionUpdates } from './session-updates.ts';
import { Steering } from './steering.ts';
import { type QuestionPlace, trainingOf } from './training-of.ts';
import { Turns } from './turns.ts';
import type { LentWeights } from './weights-at-hand.ts';
import { openWorkbench, type Workbench, type WorkbenchOrder } from './workbench.ts';

export interface SessionSurroundings
  extends Pick<WorkbenchOrder, 'media' | 'createEngine' | 'checkpointOf' | 'allowedRoots'> {
  /** Saves and frees other runs that are paused in memory. */
  makeRoom(besides: string): Promise<void>;
  onSampling(hint: SamplingHint): void;
  log(line: string): void;
  /** Its last lines, the newest last. */
  recentLog(): readonly string[];
}

export interface SessionOf extends Pick<WorkbenchOrder, 'plan' | 'folder'> {
  readonly store: Pick<RunStore, 'advisories' | 'countAfter' | 'metrics' | 'receipt'> & AdvisorOf['store'];
  readonly journal: RunJournal;
  readonly commands: CommandLog;
  readonly shelf: CheckpointShelf;
  readonly around: SessionSurroundings;
}

/** Bytes from which on the reading of a checkpoint is told of: less is read in a moment. */
const toldFrom = 500e6;

/** No space, numbers that are not finite, and programs that were ended from outside, as for want of memory. */
const mendable: ReadonlySet<ErrorKind> = new Set(['disk-full', 'not-finite', 'cancelled']);

export class TrainingSession {
  private readonly of: SessionOf;
  /** What brought the run into memory. */
  private readonly command: TakenCommand;
  private readonly steering: Steering;
  private readonly interrupt = new AbortController();
  private readonly evaluation: RunEvaluation;
  private readonly labels: HeededLabels;
  private bench: Workbench | null = null;
  /** Of others who use the engine meanwhile. */
  private readonly turns = new Turns();
  private readonly updates: SessionUpdates;
  private readonly corrections: SessionCorrections;
  private readonly breakpoints: RunBreakpoints;
  private readonly unwatch: () => void;
  private isLoaded = false;
  /** It is known from where the run goes on; nothing has been changed before. */
  private isPlanned = false;
  /** Faults of files that a save met. */
  private readonly unsaved = new WeakSet<StudioError>();
  /** Commands that waited when the session was over, for the run at rest. */
  private readonly forRest: TakenCommand[] = [];
  /** Why the command was not carried out, said when the run rests as before. */
  private refusedBecause: string | null = null;
  /** Updates that the weights hold, and the position in the order of questions after the last of them. */
  private reached = { step: 0, position: 0 };
  /** The position while a step is under way. */
  private readonly place: QuestionPlace = { next: 0 };
  /** What the update of the step under way computed of its answers; null for SFT. */
  private updated: readonly UpdatedAnswer[] | null = null;
  private readonly advisor: Advisor;
  /** Why the memory was freed, where no person asked for it. */
  private releasedBecause: string | null = null;

  constructor(of: SessionOf, command: TakenCommand) {
    this.of = of;
    this.command = command;
    const { journal } = of;
    this.advisor = new Advisor({
      ...{ store: of.store, journal, folder: of.folder, shownFolder: of.plan.paths.record(of.folder) },
      log: (line) => of.around.log(line),
    });
    this.evaluation = new RunEvaluation(of, this.interrupt.signal, () =>
      this.steering.between({ point: 'after-update', step: this.run.step }),
    );
    this.labels = new HeededLabels(of);
    this.steering = new Steering(of.commands, {
      stand: (standing) => {
        journal.stand(standing);
        if (standing.state === 'paused') this.turns.open();
      },
      goOn: (doing) => this.goOn(doing),
      save: () => this.save('command'),
      evaluate: (arms) => this.evaluate(arms),
      readLabels: () => this.readLabels(),
      parameter: (name) => (isParameterName(name) ? this.run.parameters[name] : null),
      setParameter: (name, value) => {
        if (name === 'imageShare') this.demandShare(value as ParameterValues['imageShare']);
        if (name === 'evaluationReversed' && value === true && this.bench?.unseen)
          requireReversedOf(this.bench.unseen.dataset);
        // Steps have been made since it was taken.
        const fewer = stepsRefusal(this.run, name, value);
        if (fewer !== null) throw new StudioError('bad-request', `${fewer}.`);
        return journal.setParameter(name, value);
      },
      correct: (command) => this.corrections.make(command),
      changeQuestions: (request) => changeQuestions(request, this.workbench, journal, this.reached.position),
      interruptSampling: () => this.interrupt.abort(),
    });
    this.corrections = new SessionCorrections(journal);
    this.updates = new SessionUpdates({
      ...{ seed: of.plan.seed, journal, steering: this.steering, turns: this.turns },
      receipt: (step) => of.store.receipt(step),
      models: () => this.workbench,
      flaggedOf: (rollouts) => this.flaggedOf(rollouts),
    });
    this.breakpoints = new RunBreakpoints({
      run: () => this.run,
      diskFree: () => freeGb(of.folder),
      steps: (from) => of.store.metrics(from),
      record: (body) => void journal.record(body),
      log: (line) => of.around.log(`run ${this.run.id}: ${line}`),
    });
    this.unwatch = journal.watch((body) => this.breakpoints.take(body));
  }

  /** @returns how the run is to rest, when its memory is free */
  async done(): Promise<Standing> {
    const rest = await (this.isOfEvaluation ? this.evaluateAtRest() : this.train());
    const over = `the run is ${rest.state}`;
    this.forRest.push(...this.steering.abandon(over));
    const { ending } = this.steering;
    await this.turns.close(`${this.run.id} is no longer in memory.`);
    try {
      await this.bench?.close();
    } catch (thrown) {
      this.of.around.log(`run ${this.run.id}: its memory is not freed: ${asStudioError(thrown)}`);
    }
    this.bench = null;
    this.unwatch();
    // Came while the memory was being freed.
    this.forRest.push(...this.steering.abandon(over));
    const fault = faultOf(rest);
    if (ending && fault) this.of.commands.fail(ending.command, ending.at, fault.message);
    else if (ending) {
      const freed = ending.kind === 'released' ? '; the memory is free' : '';
      this.of.commands.apply(ending.command, ending.at, null, `saved after step ${this.run.step}${freed}`);
    }
    return rest;
  }

  /** The run rests, and is told to: who asks again is not too early. @returns commands that waited, and can be done to it now */
  settle(): readonly TakenCommand[] {
    if (this.refusedBecause !== null) this.of.commands.fail(this.command, null, this.refusedBecause);
    return this.forRest;
  }

  /** What of the run's questions is against a command, as a sentence; null for nothing, and until they are read. */
  refusal(request: CommandRequest): string | null {
    if (!this.bench || (request.kind !== 'skip' && request.kind !== 'mix')) return null;
    try {
      demandPossible(request, this.bench);
      return null;
    } catch (thrown) {
      return asStudioError(thrown).toString();
    }
  }

  /** Takes over a command that `refusal` has nothing against. */
  take(command: TakenCommand): CommandRecord {
    if (this.run.state !== 'evaluating') return this.steering.take(command);
    // Nothing but a stop is taken then, and it ends the evaluation alone.
    if (!this.evaluation.stop()) this.interrupt.abort();
    return this.of.commands.apply(command, this.steering.heldAt, null, 'the evaluation ends');
  }

  /** The weights as they are, for others who keep to turns; null until they are loaded. */
  lend(): LentWeights | null {
    if (!this.bench || !this.isLoaded) return null;
    const { engine, policy: model, template } = this.bench;
    return { engine, model, template, turns: this.turns };
  }

  /** What its updates do; null until the weights are loaded. */
  get lookedAt(): SessionUpdates | null {
    return this.isLoaded ? this.updates : null;
  }

  /** Saves and frees the memory of a run that is paused in it. */
  release(why: string): void {
    const request = { kind: 'pause', release: true } as const;
    if (refusal(request, this.run, []) !== null) return;
    this.releasedBecause = why;
    this.steering.take(this.of.commands.take(randomUUID(), request, 'trainer'));
  }

  /** Ends the session whatever it does: the last finished step is saved, and the run can be resumed. */
  end(why: string): void {
    if (!this.isOfEvaluation && !this.steering.isEnding) {
      this.releasedBecause = why;
      try {
        this.steering.take(this.of.commands.take(randomUUID(), { kind: 'pause', release: true }, 'trainer'));
      } catch (thrown) {
        // A full disk keeps no command; the session ends all the same.
        this.of.around.log(`run ${this.run.id}: its pause is not stored: ${asStudioError(thrown)}`);
      }
    }
    this.steering.close();
    this.interrupt.abort();
  }

  private get isOfEvaluation(): boolean {
    return this.command.request.kind === 'evaluate';
  }

  private get run(): RunSummary {
    return this.of.journal.summary;
  }

  private goOn(doing: string | null): void {
    this.turns.shut(this.run.parameters.evidenceShare > 0 ? null : `${this.run.id} goes on.`);
    this.of.journal.stand(
      this.isLoaded ? { state: 'running', doing } : { state: 'starting', doing: 'loading the model' },
    );
  }

  // ---- from command to rest -----------------------------------------------------------------------------------------

  private async train(): Promise<Standing> {
    const { command } = this;
    const { journal, commands, around } = this.of;
    const { request } = command;
    // Not the place in the queue, which would start it again at once.
    const before = standingBeforeQueue(this.run);
    let begun = false;
    try {
      journal.stand({ state: 'starting', doing: 'loading the model' });
      const { known, left } = await this.open();
      const doing = this.steering.begin(request);
      // A pause or a stop may have come meanwhile.
      const { run } = this;
      journal.stand(run.state === 'starting' ? { state: 'running', doing } : standingOf(run), known);
      commands.apply(
        command,
        null,
        null,
        [`${before.state} → running`, left].filter((part) => part !== null).join('; '),
      );
      begun = true;
      // What was said of settings after that step is given up with it; the settings are not.
      journal.adviseOfSettings(null, this.run.step);
      return await this.loop();
    } catch (thrown) {
      const fault = asStudioError(thrown);
      around.log(`run ${this.run.id}: ${(fault.kind === 'internal' && fault.stack) || fault}`);
      const inText = (text: string) => this.of.plan.paths.inText(text);
      if (!this.isPlanned) {
        this.refusedBecause = fault.toString();
        return before;
      }
      if (!begun) commands.fail(command, null, fault.toString());
      const place = fault.place === undefined ? {} : { place: inText(fault.place) };
      const told = runFault.parse({ ...fault.data, ...place, message: inText(fault.message) });
      if (!begun || fault.kind !== 'engine-failed') return { state: 'failed', fault: told };
      // Nothing is wrong with the run: it goes on in another engine.
      const at = { point: 'after-update', step: this.run.step } as const;
      const log = [...around.recentLog(), ...(this.bench?.engine.recentLog?.() ?? [])].map(inText);
      return { state: 'paused', at, why: told.message, fault: { ...told, log }, memory: 'released' };
    }
  }

  private async evaluateAtRest(): Promise<Standing> {
    const { command } = this;
    const { journal, commands, around } = this.of;
    const before = standingOf(this.run);
    try {
      journal.stand({ state: 'evaluating', doing: 'loading the model' });
      const { known } = await this.open();
      journal.stand({ state: 'evaluating', doing: null }, known);
      const { request } = command;
      const arms = request.kind === 'evaluate' ? request.arms : undefined;
      commands.apply(command, null, null, await this.evaluate(arms));
    } catch (thrown) {
      const fault = asStudioError(thrown);
      if (!(thrown instanceof Interrupted)) around.log(`run ${this.run.id}: ${fault.stack ?? fault.toString()}`);
      commands.fail(command, null, thrown instanceof Interrupted ? evaluationStopped : fault.toString());
    }
    return before.state === 'paused' ? { ...before, at: { point: 'after-update', step: this.run.step } } : before;
  }

  /**
   * Opens the workbench and brings the run to where its weights are.
   * @returns what is known from now on; what was left out of the curves for that, as a sentence
   * @throws StudioError before anything is opened or changed where a person has to agree and has not
   */
  private async open(): Promise<{ known: Partial<RunFacts>; left: string | null }> {
    const { plan, folder, journal, around } = this.of;
    const planned = await this.plan();
    this.isPlanned = true;
    await around.makeRoom(this.run.id);
    const bench = await openWorkbench({
      plan,
      folder,
      parameters: this.run.parameters,
      sourceWeights: this.run.sourceWeights,
      checkpoint: planned.checkpoint,
      media: () => around.media(),
      createEngine: around.createEngine,
      checkpointOf: (source) => around.checkpointOf(source),
      allowedRoots: around.allowedRoots,
      onSkipped: (question, { kind, message }) =>
        journal.record({
          ...{ type: 'skipped', step: this.run.step + 1, question, kind },
          message: plan.paths.inText(message),
        }),
      warn: (message) => journal.record({ type: 'warning', message }),
      tell: (doing, isSame) => (isSame ? journal.tellProgress(doing) : journal.tellPart(doing)),
      ...(this.isOfEvaluation
        ? {}
        : {
            beforeModel: async (files) => {
              await this.judge(files, planned.from);
              await this.openLabels(files, planned.from + 1);
            },
          }),
    });
    this.bench = bench;
    void bench.engine.died.then((fault) => {
      if (this.bench === bench) this.steering.breakOff(fault);
    });
    bench.questions.obey(this.labels.corrections);
    bench.questions.skip(this.run.skippedRows ?? []);
    this.reached = bench.reached ?? this.reached;
    const { step } = this.reached;
    const left = step < this.run.step ? await this.goBack(planned) : null;
    const advisories = this.of.store.advisories();
    if (bench.reached === null && plan.method !== 'sft') await this.save('start');
    this.isLoaded = true;
    return { known: { engine: bench.engine.status(), questions: bench.trained.rows.length, step, advisories }, left };
  }

  /** @throws StudioError `conflict` when more is given up than a person has agreed to; an evaluation gives up nothing */
  private async plan(): Promise<PlannedResumption> {
    const { store, folder, journal } = this.of;
    const { request } = this.command;
    const resume = request.kind === 'resume' ? request : null;
    const planned = await planResumption({ folder, store, run: this.run }, resume?.from, (done, total) => {
      const [read, all] = [done, total].map((bytes) => (bytes / 1e9).toFixed(1));
      if (total >= toldFrom) journal.tellProgress(`checking the files of the checkpoint: ${read} of ${all} GB`);
    });
    demandConsent(planned, resume?.confirmed === true);
    if (this.isOfEvaluation && planned.from < this.run.step)
      throw new StudioError(
        'conflict',
        `The weights of step ${this.run.step} were not saved; the newest checkpoint is of step ${planned.from}.`,
        { remedy: `Resume the run first, or evaluate that checkpoint: video-r1 eval ${this.run.id}.` },
      );
    return planned;
  }

  /** Whether the run can learn anything, said before it costs anything; not of one that is to end. @param from the step that it goes on from. @throws StudioError `bad-run-file` */
  private async judge(files: OpenedFiles, from: number): Promise<void> {
    const { plan, journal } = this.of;
    const { method, parameters, step } = this.run;
    const { signal } = this.interrupt;
    journal.tellPart('looking through the questions');
    try {
      const judged = await judgeBeforeStart({ method, parameters, step, runFile: plan.runFile }, files, signal);
      journal.adviseOfSettings(judged.ofFiles ? judged.found : null, from);
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
    } finally {
      journal.endProgress();
    }
  }

  /** @param step the first that is made. @throws StudioError `bad-dataset` where labels leave no row */
  private async openLabels(files: OpenedFiles, step: number): Promise<void> {
    if (!this.run.parameters.obeyLabels) return;
    const { signal } = this.interrupt;
    try {
      await this.labels.open(files, step, signal);
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
    } finally {
      this.of.journal.endProgress();
    }
  }

  private async flaggedOf(rollouts: readonly Pick<Rollout, 'id' | 'text'>[]): Promise<ReadonlySet<string>> {
    const { parameters, id } = this.run;
    if (!parameters.obeyLabels) return new Set();
    return this.orInterrupted((signal) => this.labels.flaggedOf(id, rollouts, signal));
  }

  /** @throws StudioError `bad-dataset` where no question is left to ask with a share of images */
  private demandShare(imageShare: ParameterValues['imageShare']): void {
    if (!this.bench) return;
    const { order, questions } = this.bench;
    order.check(imageShare);
    questions.demandAny((position) => order.at(position, imageShare), this.reached.position);
  }

  /** @throws Interrupted when a command that ends the loop cuts the work short */
  private async orInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal } = this.interrupt;
    try {
      return await work(signal);
    } catch (thrown) {
      throw signal.aborted ? new Interrupted() : thrown;
    }
  }

  /** @returns what the labels change */
  private async readLabels(): Promise<string> {
    const { questions, trained } = this.workbench;
    const changed = await this.orInterrupted((signal) => this.labels.readAgain(trained, this.reached.step + 1, signal));
    questions.obey(this.labels.corrections);
    return changed;
  }

  /**
   * Supersedes what was recorded after the checkpoint. Later folders are put aside first: what is killed in between finds the
   * same records and asks again.
   */
  private async goBack(planned: PlannedResumption): Promise<string | null> {
    const { folder, journal } = this.of;
    await setAsideAfter(folder, planned.checkpoint ? planned.from : -1);
    journal.record({ type: 'rewound', toStep: planned.from });
    const left = resumptionWords(planned);
    const bad = planned.bad.map(({ step, why }) => `The checkpoint of step ${step} can't be used: ${why}.`);
    const message = [...bad, left].filter((part) => part !== null).join(' ');
    if (message !== '') journal.record({ type: 'warning', message });
    return left;
  }

  /** @returns how the run is to rest */
  private async loop(): Promise<Standing> {
    const { plan, store, journal, around } = this.of;
    const { unseen } = this.workbench;
    // Nothing is decoded ahead of the first step of a session, and nothing else tells yet that it goes on.
    const first = this.run.step + 1;
    const training = trainingOf(this.workbench, {
      seed: plan.seed,
      signal: this.interrupt.signal,
      run: () => this.run,
      at: (point, open) => this.at(point, open),
      sampling: {
        begin: () => this.steering.beginSampling(),
        hold: () => this.steering.holdSampling(this.run.step + 1),
      },
      place: this.place,
      onDecoding: (isUnderWay) => {
        if (this.run.step + 1 !== first) return;
        if (isUnderWay) journal.tellPart(`decoding the videos and images of step ${first}`);
        else journal.endProgress();
      },
      recordGroups: (groups) => journal.recordGroups(groups),
      flaggedOf: (rollouts) => this.flaggedOf(rollouts),
      onMasked: (masked) => journal.record({ type: 'masked', masked }),
      onNotice: (message) => journal.record({ type: 'warning', message }),
      onUpdated: (answers) => {
        this.updated = answers;
        this.updates.updateMade(answers);
      },
      onSampling: (hint) => around.onSampling(hint),
    });
    const afterUpdate = (): RunPlace => ({ point: 'after-update', step: this.run.step });
    try {
      if (unseen && this.run.step === 0 && store.evaluations().length === 0)
        await this.orHold({ point: 'before-step', step: 1 }, () => this.evaluation.run(this.workbench));
      while (this.run.step < this.run.steps) {
        const step = this.run.step + 1;
        const skippedBefore = this.run.skipped;
        const metrics = await this.orHold({ point: 'before-step', step }, () => {
          this.place.next = this.reached.position;
          this.updated = null;
          this.updates.stepBegins();
          this.corrections.close();
          return plan.method === 'sft' ? sftStep(training, step) : tgrpoStep(training, step, plan.method);
        });
        metrics.skipped = this.run.skipped - skippedBefore;
        await this.tellMemory(metrics);
        this.reached = { step, position: this.place.next };
        await this.orHold({ point: 'after-update', step }, async () => journal.recordStep(metrics, this.updated));
        await this.orHold({ point: 'after-update', step }, () => this.updates.afterStep(step));
        // Before a checkpoint of it: a run that goes on from there has heard what there was to say.
        await this.advisor.look();
        await this.orHold({ point: 'after-update', step }, () => this.afterStep(step));
        const place = { point: 'after-update', step } as const;
        await this.steering.at(place.point, step, await this.breakpoints.at(place));
        this.updates.demandWhole();
        await this.turns.use(this.run.parameters.evidenceShare * metrics.durations.total);
      }
      await this.orHold(afterUpdate(), () => this.save('end'));
      if (unseen) await this.orHold(afterUpdate(), () => this.evaluate());
      return { state: 'completed' };
    } catch (thrown) {
      if (!(thrown instanceof Interrupted)) throw thrown;
      const givenUp = this.corrections.givenUp();
      if (givenUp !== null) journal.record({ type: 'warning', message: givenUp });
      const { kind } =
        this.steering.ending ?? (await this.steering.endAt({ point: 'before-step', step: this.run.step + 1 }));
      await this.save(kind === 'stopped' ? 'stop' : 'pause');
      if (kind === 'stopped') return { state: 'stopped' };
      return { state: 'paused', at: afterUpdate(), why: this.releasedBecause, fault: null, memory: 'released' };
    }
  }

  /** Passes a safe point of a step. */
  private async at(point: SafePoint, open?: OpenGroups): Promise<number> {
    const step = this.run.step + 1;
    if (open) {
      this.updates.groupsOpen(step, open);
      this.corrections.groupsOpen(step, open);
    }
    const heldMs = await this.steering.at(point, step, await this.breakpoints.at({ point, step }));
    this.updates.demandWhole();
    if (point === 'before-update') {
      this.updates.updateBegins();
      this.corrections.close();
    }
    return heldMs;
  }

  /** A fault that says nothing against the run and that a person can mend pauses it; on resume the work is tried again. */
  private async orHold<T>(place: RunPlace, work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (thrown) {
        if (thrown instanceof Interrupted) throw thrown;
        const fault = asStudioError(thrown);
        if (!mendable.has(fault.kind) && !this.unsaved.has(fault)) throw fault;
        await this.steering.holdBecause(fault, place, this.breakpoints.atFault(fault, place));
      }
    }
  }

  private async afterStep(step: number): Promise<void> {
    const { parameters: p, steps } = this.run;
    if (step >= steps) return;
    if (p.checkpointEvery > 0 && step % p.checkpointEvery === 0) await this.save('schedule');
    if (p.evaluateEvery > 0 && step % p.evaluateEvery === 0 && this.workbench.unseen) await this.evaluate();
  }

  /** @param arms as `RunEvaluation.run` has them. @returns what to tell. @throws as that does */
  private async evaluate(arms?: readonly EvaluationArm[]): Promise<string> {
    const said = this.steering.heldAt
      ? await this.evaluation.runHeld(this.workbench, arms)
      : await this.evaluation.run(this.workbench, arms);
    await this.advisor.look();
    return said;
  }

  private async save(reason: CheckpointReason): Promise<string> {
    this.updates.demandWhole();
    const { plan, shelf } = this.of;
    const { id: run, name, method, parameters } = this.run;
    const state = { version: 1, run, name, method, ...this.reached, seed: plan.seed, parameters } as const;
    try {
      return await shelf.save(this.workbench, state, reason);
    } catch (thrown) {
      const fault = asStudioError(thrown);
      // The weights are in memory, and whatever the system has against the place can be mended.
      if (fault.cause instanceof Error && fileFault(fault.cause) !== null) this.unsaved.add(fault);
      throw fault;
    }
  }

  /** What an engine of several processes takes: who dies of it is one of them. */
  private async tellMemory(metrics: StepMetrics): Promise<void> {
    const { engine } = this.workbench;
    if (engine.status().ranks === undefined) return;
    // One that has died is met by the next step; this one is made.
    const memory = await engine.memory().catch(() => null);
    if (memory?.byRank) metrics.rankBytes = [...memory.byRank];
  }

  private get workbench(): Workbench {
    if (!this.bench) throw new StudioError('conflict', 'The run is not in memory.', { place: this.run.id });
    return this.bench;
  }
}
