/**
 * One ablation from its settings to its files: trains the arms of each seed as ordinary runs of the project, evaluates them, and
 * writes the tables after every seed. Whatever is finished is not done again.
 */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  type Ablation,
  type AblationSettings,
  ablationContrasts,
  ablationReport,
  ablationRows,
  ablationSettings,
  type StageRun,
} from '../../evaluation/ablation.ts';
import { readAnswers } from '../../evaluation/answers-file.ts';
import { type Arm, armOf, type Stage } from '../../evaluation/arms.ts';
import type { BenchmarkFile } from '../../evaluation/benchmark-files.ts';
import { paperAblation } from '../../evaluation/paper-results.ts';
import { orderAnswers } from '../../evaluation/results.ts';
import { onSameQuestions } from '../../evaluation/same-questions.ts';
import { type Report, reportMarkdown } from '../../evaluation/table.ts';
import { benchmarkParameters } from '../../learning/presets.ts';
import { Interrupted } from '../../learning/training.ts';
import { trainerFolder } from '../../protocol/discovery.ts';
import { StudioError } from '../../protocol/errors.ts';
import type { ParameterValues } from '../../protocol/parameters.ts';
import type { RunFile } from '../../protocol/runfile.ts';
import { readTemplate } from '../../reasoning/template.ts';
import { findCheckpoint } from '../../runs/find-checkpoint.ts';
import { parametersOfRun } from '../../runs/run-files.ts';
import { duration, type LiveLine, Pace } from '../terminal/progress.ts';
import { type AblationPlan, ablationFolder } from './ablation-plan.ts';
import { evaluateCheckpoint, evaluationName, evaluationsFolder } from './evaluate-checkpoint.ts';
import type { Hosting } from './hosting.ts';
import { answersName, replaceFile } from './kept-work.ts';
import { sampleCheckpointGroups } from './sample-checkpoint-groups.ts';
import { readCosts, StepMeter } from './step-meter.ts';
import { hostInTerminal, type TerminalSession } from './train-in-terminal.ts';

/** Of evaluations: the same questions, shuffles and groups for every checkpoint. */
const evaluationSeed = 1;

export interface AblationWanted {
  readonly plan: AblationPlan;
  /** The project. */
  readonly folder: string;
  readonly name: string;
  readonly arms: readonly Arm[];
  readonly seeds: readonly number[];
  readonly files: readonly BenchmarkFile[];
  /** Questions of each dataset; null for all. */
  readonly limit: number | null;
  /** Videos of which groups are sampled, of the first dataset. */
  readonly groups: number;
  /** Which of a study's projects it is of; null where it is the only one. */
  readonly project: { readonly world: string; readonly dataSeed: number } | null;
  readonly port: number | undefined;
  readonly ffmpeg: string | undefined;
}

export interface AblationResult {
  /** Over the same questions. */
  readonly runs: readonly StageRun[];
  readonly settings: AblationSettings;
  /** What was left out so that they are; null when nothing was. */
  readonly note: string | null;
  readonly result: object;
  readonly report: Report;
  /** The JSON; the Markdown lies beside it. */
  readonly file: string;
}

type Piece = 'SFT' | 'evaluation' | Arm;

/** What a piece of an ablation is called by a pace: pieces of one kind take about as long as each other. */
const kindOf = (piece: Piece, project: AblationWanted['project']): string =>
  project === null ? piece : `${project.world}: ${piece}`;

/**
 * Lets a pace expect all pieces of an ablation.
 * @param guessMs how long a piece takes, where nothing of its kind was timed yet
 */
export function expectAblation(
  pace: Pace,
  { arms, seeds, project, hasSft }: Pick<AblationWanted, 'arms' | 'seeds' | 'project'> & { readonly hasSft: boolean },
  guessMs?: (piece: Piece) => number,
): void {
  const expect = (piece: Piece, pieces = 1) => pace.expect(kindOf(piece, project), pieces, guessMs?.(piece));
  for (const _ of seeds) {
    if (hasSft) expect('SFT');
    for (const arm of arms) expect(arm);
    expect('evaluation', arms.length + (hasSft ? 1 : 0));
  }
  if (!hasSft) expect('evaluation');
}

/**
 * Trains, evaluates and writes what is not there.
 * @param pace expects the pieces of this ablation, with those of what it is a part of; its own when absent
 * @returns the exit code when it was stopped: the same call goes on
 */
export async function runAblation(
  w: AblationWanted,
  line: LiveLine,
  pace?: Pace,
): Promise<AblationResult | { stopped: number }> {
  return hostInTerminal(w, line, async (session, hosting) => {
    try {
      return await new AblationWork(w, hosting, session, pace).all();
    } catch (thrown) {
      if (!session.stopped.aborted && !(thrown instanceof Interrupted)) throw thrown;
      line.say('Stopped. Runs and finished answers are kept; the same command goes on.');
      return { stopped: session.exitCode };
    }
  });
}

/** A run that is complete. */
interface Trained {
  readonly stage: Stage;
  readonly seed: number | null;
  readonly run: string;
}

class AblationWork {
  private readonly w: AblationWanted;
  private readonly hosting: Hosting;
  private readonly session: TerminalSession;
  private readonly pace: Pace;
  private readonly values: ParameterValues;

  constructor(w: AblationWanted, hosting: Hosting, session: TerminalSession, pace: Pace | undefined) {
    this.w = w;
    this.hosting = hosting;
    this.session = session;
    this.values = parametersOfRun(w.plan.base).values;
    this.pace = pace ?? new Pace();
    if (pace === undefined) expectAblation(this.pace, { ...w, hasSft: w.plan.sft !== null });
  }

  async all(): Promise<AblationResult> {
    const { seeds, arms } = this.w;
    const done: StageRun[] = [];
    let written: AblationResult | null = null;
    for (const seed of seeds) {
      const start = await this.start(seed);
      const trained: Trained[] = [start];
      for (const arm of arms) trained.push({ stage: arm, seed, run: await this.trainArm(arm, seed, start.run) });
      for (const one of trained) {
        const shared = one.seed === null && done.some(({ stage }) => stage === 'start');
        if (!shared) done.push(await this.evaluated(one));
      }
      written = await this.write(done);
    }
    return written as AblationResult;
  }

  /** The checkpoint that a seed's arms start from: one for all, or one that is trained with the seed. */
  private async start(seed: number): Promise<Trained> {
    const { plan, name, folder } = this.w;
    if (plan.sft === null) {
      const checkpoint = 'checkpoint' in plan.base.model ? plan.base.model.checkpoint : '';
      return { stage: 'start', seed: null, run: path.resolve(folder, ablationFolder, checkpoint) };
    }
    const run = await this.train('SFT', { ...plan.sft, name: `${name}-sft-s${seed}`, seed }, `start, seed ${seed}`);
    return { stage: 'start', seed, run };
  }

  private async trainArm(arm: Arm, seed: number, start: string): Promise<string> {
    const { plan, name, folder } = this.w;
    const checkpoint = (await findCheckpoint(start, folder)).folder;
    const model = { checkpoint: path.relative(path.join(folder, ablationFolder), checkpoint) };
    const file = armOf({ ...plan.base, model, name: `${name}-${arm}-s${seed}`, seed }, arm);
    return this.train(arm, file, `${arm}, seed ${seed}`);
  }

  /** Trains a run to its end, or takes the one that is complete. @returns its id. @throws Interrupted when it rests before its end */
  private async train(piece: 'SFT' | Arm, content: RunFile, what: string): Promise<string> {
    const { session } = this;
    const { folder, plan, project } = this.w;
    const kind = kindOf(piece, project);
    session.stopped.throwIfAborted();
    const { name } = content;
    const file = path.join(ablationFolder, `${name}.run.json`);
    const description = `Ablation of ${plan.runFile}: ${what}.`;
    const text = `${JSON.stringify({ ...content, description }, null, 1)}\n`;
    const found = this.hosting.trainer.runs().find((run) => run.name === name);
    if (found) await checkOurs(found.id, path.join(folder, file), text);
    else await writeFile(path.join(folder, file), text);
    if (found?.state === 'completed') {
      this.pace.passOver(kind);
      return found.id;
    }
    this.tell(`${name}: ${found ? `going on after step ${found.step}` : 'training'}`);
    // The numbers are those of a run that never stopped, from wherever it goes on; what it goes back over is said and kept.
    const work = found ? { resume: found.id, yes: true } : { file };
    const { groupSize } = parametersOfRun(content).values;
    const meter = new StepMeter(this.hosting.trainer, this.costsFile(name), name, groupSize);
    const ended = await this.pace.timed(kind, () => session.train(work)).finally(() => meter.keep());
    if (ended.state === 'completed') return ended.id;
    session.line.say(`${ended.id} is ${ended.state} after step ${ended.step} of ${ended.steps}.`);
    throw new Interrupted();
  }

  private costsFile(name: string): string {
    return path.join(this.w.folder, ablationFolder, `${name}.costs.json`);
  }

  private async evaluated({ stage, seed, run }: Trained): Promise<StageRun> {
    const { files, limit, folder, ffmpeg, groups, plan, name, project } = this.w;
    const { session } = this;
    session.stopped.throwIfAborted();
    const model = await findCheckpoint(run, folder);
    const parameters = benchmarkParameters(plan.base.preset, this.values);
    const template = await readTemplate(
      plan.base.promptTemplate && path.resolve(folder, ablationFolder, plan.base.promptTemplate),
    );
    const out = path.join(evaluationsFolder(folder), evaluationName(model, files, parameters.maxFrames, true));
    const allowedRoots = (plan.base.allowedRoots ?? []).map((root) => path.resolve(folder, ablationFolder, root));
    const place = { model, cacheFolder: path.join(folder, trainerFolder, 'cache'), ffmpeg, allowedRoots };
    this.tell(`${model.state?.run ?? stage}: evaluating`);
    let isAsked = false;
    const onProgress = () => {
      isAsked = true;
    };
    const work = async () => {
      const settings = { ...place, template, out, seed: evaluationSeed, onProgress };
      const results = await evaluateCheckpoint(
        { ...settings, files, parameters, limit, shuffled: true, fresh: false },
        session.stopped,
        session.line,
      );
      const dataset = files[0]?.file ?? '';
      const sampled = await sampleCheckpointGroups(
        { ...settings, dataset, parameters: this.values, videos: groups },
        session.stopped,
        session.line,
      );
      const { lines: answers } = readAnswers(path.join(out, answersName));
      const costs = stage === 'start' ? null : await readCosts(this.costsFile(`${name}-${stage}-s${seed}`));
      const who = { stage, seed, dataSeed: project?.dataSeed ?? null, run: model.state?.run ?? run };
      return { ...who, results, answers, groups: sampled, costs };
    };
    return this.pace.timed(kindOf('evaluation', project), work, () => isAsked);
  }

  private tell(what: string): void {
    const { place, leftMs } = this.pace;
    const { project } = this.w;
    const where = project === null ? '' : `${project.world}, data seed ${project.dataSeed}: `;
    this.session.line.say(
      `[${place}] ${where}${what}${leftMs === null ? '' : `; about ${duration(leftMs)} left in all`}`,
    );
  }

  private async write(done: readonly StageRun[]): Promise<AblationResult> {
    const { plan, folder, name, groups } = this.w;
    const { runs, note } = onSameQuestions(done);
    const { answers } = runs[0] as StageRun;
    const settings = ablationSettings(this.values, plan.sft && parametersOfRun(plan.sft).values, {
      questions: answers.length,
      ofOrder: orderAnswers(answers).length,
      groups: runs[0]?.groups?.groups ?? groups,
    });
    const ablation: Ablation = { settings, rows: ablationRows(runs), contrasts: ablationContrasts(runs) };
    const title = `Ablation of ${path.basename(plan.runFile)}, arms from ${plan.from}`;
    const report = ablationReport(title, ablation, note);
    const result = {
      version: 3,
      runFile: plan.runFile,
      from: plan.from,
      ...ablation,
      ...(note !== null && { note }),
      runs: runs.map(({ answers: _answers, ...run }) => run),
      paper: paperAblation,
    };
    const base = path.join(folder, ablationFolder, name);
    await replaceFile(`${base}.json`, `${JSON.stringify(result, null, 1)}\n`);
    await replaceFile(`${base}.md`, reportMarkdown(report));
    return { runs, settings, note, result, report, file: `${base}.json` };
  }
}

/** A run of that name which this ablation did not make says nothing about it. @throws StudioError `conflict` */
async function checkOurs(run: string, file: string, text: string): Promise<void> {
  if (existsSync(file) && (await readFile(file, 'utf8')) === text) return;
  throw new StudioError('conflict', `The run ${run} was made by another ablation, or its run file was changed.`, {
    place: file,
    remedy: 'Delete the run, or give the ablation another --name.',
  });
}
