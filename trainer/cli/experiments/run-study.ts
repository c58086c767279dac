/**
 * A study from its scope to its files: a sample project for each world and data seed, an ablation in each, and one table a world over
 * all of them. What is finished is not done again.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { StageRun } from '../../evaluation/ablation.ts';
import { benchmarkFiles } from '../../evaluation/benchmark-files.ts';
import { foundIn, studyReport } from '../../evaluation/study.ts';
import { type Report, reportMarkdown } from '../../evaluation/table.ts';
import { duration, type LiveLine, Pace } from '../terminal/progress.ts';
import { planAblation } from './ablation-plan.ts';
import { replaceFile } from './kept-work.ts';
import { type AblationResult, expectAblation, runAblation } from './run-ablation.ts';
import {
  changedFrom,
  guessMs,
  leftOutOf,
  type StudyScope,
  type StudyWorld,
  wholeStudy,
  worldData,
} from './study-plan.ts';

export interface StudyWanted {
  /** That the projects lie in. */
  readonly folder: string;
  /** Begins the names of runs. */
  readonly name: string;
  /** Of the tables' files, without ending. */
  readonly tables: string;
  readonly scope: StudyScope;
  readonly sftSteps: number | undefined;
  /** Override parameters of all arms. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly port: number | undefined;
  readonly ffmpeg: string | undefined;
  /** Makes a sample project, or takes the one that is there. @returns the exit code */
  makeProject(folder: string, world: StudyWorld, dataSeed: number): Promise<number>;
}

export interface StudyResult {
  readonly result: object;
  readonly report: Report;
  /** Of its files, `BASE.md` and `BASE.json`. */
  readonly base: string;
}

/**
 * What a run asks by itself to be looked at is asked of every checkpoint afterwards, and of more questions. Of some hundred runs little
 * is kept: the last checkpoint, and no alternatives of tokens.
 */
const seldomAsked = { evaluationQuestions: 8, probeEvery: 0, checkpointsKept: 1, alternatives: 0 };

/** RL in few steps, at one rate in all worlds: as many choose between ways of answering that the start knows. */
const reinforced = { learningRate: 2e-4 };

interface Project {
  readonly world: StudyWorld;
  readonly dataSeed: number;
}

type Done = ReadonlyMap<Project, AblationResult>;

/** @returns the exit code when it was stopped: the same call goes on. @throws StudioError as `planAblation`, `createSampleProject` */
export async function runStudy(w: StudyWanted, line: LiveLine): Promise<StudyResult | { stopped: number }> {
  const { scope, folder } = w;
  const projects = scope.worlds.flatMap((world) => scope.dataSeeds.map((dataSeed) => ({ world, dataSeed })));
  const pace = new Pace();
  for (const project of projects)
    expectAblation(pace, { ...scope, project, hasSft: true }, (piece) =>
      guessMs(piece, project.world, scope, w.sftSteps),
    );
  line.say(scopeSentence(scope, projects.length, pace));
  await mkdir(folder, { recursive: true });
  const done = new Map<Project, AblationResult>();
  let written: StudyResult | null = null;
  for (const project of projects) {
    const found = await inProject(w, project, line, pace);
    if ('stopped' in found) return found;
    done.set(project, found);
    written = await write(w, done);
  }
  return written as StudyResult;
}

function scopeSentence({ arms, seeds }: StudyScope, projects: number, pace: Pace): string {
  const starts = projects * seeds.length;
  const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
  return `${counted(projects, 'project')}, ${counted(starts, 'start')}, ${counted(starts * arms.length, 'arm')}: about ${duration(pace.leftMs ?? 0)} on 2 cores with nothing else to do, less what is finished. The time that is left is then told by what this machine takes.`;
}

async function inProject(
  w: StudyWanted,
  project: Project,
  line: LiveLine,
  pace: Pace,
): Promise<AblationResult | { stopped: number }> {
  const { scope, name, port, ffmpeg, settings, sftSteps } = w;
  const folder = path.join(w.folder, `${project.world}-${project.dataSeed}`);
  const made = await w.makeProject(folder, project.world, project.dataSeed);
  if (made !== 0) return { stopped: made };
  const sft = { ...seldomAsked, ...(sftSteps !== undefined && { steps: sftSteps }) };
  const source = {
    file: path.join(folder, 'tgrpo.run.json'),
    settings: { ...seldomAsked, ...reinforced, steps: scope.steps, ...settings },
    sft: { file: path.join(folder, 'sft.run.json'), settings: sft },
  };
  const plan = await planAblation(source, folder, name);
  const files = benchmarkFiles([path.join(folder, 'data', 'eval.json')]);
  const { arms, seeds, limit, groups } = scope;
  return runAblation({ plan, folder, name, arms, seeds, files, limit, groups, project, port, ffmpeg }, line, pace);
}

async function write(w: StudyWanted, done: Done): Promise<StudyResult> {
  const worlds = w.scope.worlds.flatMap((world) => {
    const own = [...done].flatMap(([project, found]) => (project.world === world ? [{ ...project, ...found }] : []));
    const [first] = own;
    if (first === undefined) return [];
    const notes = own.flatMap(({ note, dataSeed }) => (note === null ? [] : [`Data seed ${dataSeed}: ${note}`]));
    return [
      {
        ...{ world, title: worldData(world).title, settings: first.settings },
        note: notes.length === 0 ? null : notes.join(' '),
        runs: own.flatMap(({ runs }) => runs),
      },
    ];
  });
  const found = worlds.map(foundIn);
  const leftOut = leftOutOf(wholeStudy, w.scope);
  const changed = changedFrom(wholeStudy, w.scope, w.settings, w.sftSteps);
  const report = studyReport('T-GRPO, GRPO and credit by answer', found);
  const projects = w.scope.worlds.length * w.scope.dataSeeds.length;
  const lines = [
    ...(leftOut.length === 0 ? [] : [`Left out of the whole study: ${leftOut.join('; ')}.`]),
    ...(changed.length === 0 ? [] : [`Other than in the whole study: ${changed.join('; ')}.`]),
    ...(done.size === projects ? [] : [`So far ${done.size} of ${projects} projects; the same command goes on.`]),
  ];
  const told = { ...report, lines: [...lines, ...report.lines] };
  const withoutAnswers = ({ answers: _answers, ...run }: StageRun) => run;
  const result = {
    version: 1,
    ...{ leftOut, changed },
    projects: { done: done.size, of: projects },
    worlds: found.map((one, i) => ({ ...one, runs: worlds[i]?.runs.map(withoutAnswers) })),
  };
  const base = path.join(w.folder, w.tables);
  await replaceFile(`${base}.json`, `${JSON.stringify(result, null, 1)}\n`);
  await replaceFile(`${base}.md`, reportMarkdown(told));
  return { result, report: told, base };
}
