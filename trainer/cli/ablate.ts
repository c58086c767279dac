/** `video-r1 ablate`: the paper's ablation of one T-GRPO run: trains the arms as ordinary runs, evaluates each, prints the table. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { settingsThatDiffer } from '../data/append-only.ts';
import { type Arm, type ArmRun, ablationReport, ablationRows, armOf, arms } from '../evaluation/ablation.ts';
import { benchmarkFiles } from '../evaluation/benchmark-files.ts';
import { paperAblation } from '../evaluation/paper-results.ts';
import { reportMarkdown, reportText } from '../evaluation/table.ts';
import { trainerFolder } from '../protocol/discovery.ts';
import { StudioError } from '../protocol/errors.ts';
import { runFile } from '../protocol/runfile.ts';
import { readTemplate } from '../reasoning/template.ts';
import { findCheckpoint } from '../runs/find-checkpoint.ts';
import { parametersOfRun, readRunFile } from '../runs/run-files.ts';
import { type CliCommand, exitCodes, readOptions, readSettings, usage, wholeNumber } from './command.ts';
import { evaluationParameters } from './eval.ts';
import { evaluateInto, evaluationName, evaluationsFolder } from './evaluating.ts';
import { host } from './hosting.ts';
import { interruptible } from './interrupt.ts';
import { openLog } from './log.ts';
import { LiveLine } from './progress.ts';
import { TerminalSession } from './session.ts';

/** Inside the project. */
const ablationFolder = 'ablation';

export const ablateCommand: CliCommand = {
  name: 'ablate',
  summary: 'the paper’s ablation of a T-GRPO run: without images, without temporal reward',
  help: `
video-r1 ablate RUNFILE [--folder DIR] [--seeds 1,2,3] [--set NAME=VALUE …] [options]

Trains three arms of a T-GRPO run file from the same checkpoint, each with every seed: as it is, without images (imageShare 0), and
without temporal reward (method grpo). Each is an ordinary run of the project, which the screens show; its run file is written to
${ablationFolder}/. Then each is evaluated with frames in order and shuffled, and the table of the paper's ablation is printed for these
data: a mean over seeds with an interval, the paper's own rows beside it. Ctrl-C saves; the same command goes on, and what is
finished is not done again. More seeds may be added later.

  --folder DIR      the project; default: the run file's folder
  --seeds LIST      seeds of the runs (1,2,3)
  --set NAME=VALUE  overrides parameters of all arms
  --dataset FILE    what to evaluate on, instead of the run file's evaluationDataset; may be given more than once
  --limit N         N questions of each dataset
  --name NAME       begins the names of runs and files (ablation); another ablation of a project needs another
  --json            write the result here as JSON
  --port N, --ffmpeg PATH

  video-r1 ablate tgrpo.run.json --folder sample --seeds 1,2 --set steps=100`,
  async run(args) {
    const { values, positionals } = readOptions(args, {
      folder: { type: 'string' },
      seeds: { type: 'string', default: '1,2,3' },
      set: { type: 'string', multiple: true, default: [] },
      dataset: { type: 'string', multiple: true, default: [] },
      limit: { type: 'string' },
      name: { type: 'string', default: 'ablation' },
      json: { type: 'boolean', default: false },
      port: { type: 'string' },
      ffmpeg: { type: 'string' },
    });
    const named = positionals[0];
    if (named === undefined || positionals.length > 1) throw usage('Name one run file.');
    const folder = path.resolve(values.folder ?? path.dirname(path.resolve(named)));
    const file = path.resolve(values.folder === undefined ? '.' : folder, named);
    const seeds = seedsOf(values.seeds);
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/.test(values.name))
      throw usage('--name takes letters, digits, dot, dash and underscore; 40 at most.');
    const limit = values.limit === undefined ? null : wholeNumber('limit', values.limit, 1);
    const plan = await planAblation(file, folder, values.name, readSettings(values.set));
    const own = plan.base.evaluationDataset;
    if (own === undefined && values.dataset.length === 0)
      throw usage('The run file names no evaluationDataset, so name what to evaluate on with --dataset.');
    const files = benchmarkFiles(
      own === undefined || values.dataset.length > 0 ? values.dataset : [path.join(folder, ablationFolder, own)],
    );
    const wanted = seeds.flatMap((seed) => arms.map((arm) => ({ arm, seed, name: `${values.name}-${arm}-s${seed}` })));

    // The table, or the JSON, is all that a pipe gets.
    const line = new LiveLine(process.stderr);
    const runs = await trainAll(plan, folder, wanted, line, {
      port: values.port === undefined ? undefined : wholeNumber('port', values.port, 0, 65535),
      ffmpeg: values.ffmpeg,
    });
    if (runs === null) return exitCodes.interrupted;

    const stopped = 'Stopped. Runs and finished answers are kept; the same command goes on.';
    return interruptible(stopped, async (signal) => {
      const evaluated: ArmRun[] = [];
      for (const { arm, seed, run } of runs) {
        line.say(`${run}: evaluating`);
        const model = await findCheckpoint(run, folder);
        const parameters = evaluationParameters(model, { set: [] });
        const out = path.join(evaluationsFolder(folder), evaluationName(model, files, parameters.maxFrames, true));
        const results = await evaluateInto(
          {
            model,
            files,
            parameters,
            template: await readTemplate(model.plan?.promptTemplate ?? undefined),
            seed: 1,
            limit,
            shuffled: true,
            out,
            fresh: false,
            cacheFolder: path.join(folder, trainerFolder, 'cache'),
            ffmpeg: values.ffmpeg,
          },
          signal,
          line,
        );
        evaluated.push({ arm, seed, run, results });
      }
      const rows = ablationRows(evaluated);
      const report = ablationReport(`Ablation of ${path.basename(file)}, all arms from ${plan.from}`, rows);
      const result = {
        version: 1,
        runFile: plan.runFile,
        from: plan.from,
        rows,
        runs: evaluated,
        paper: paperAblation,
      };
      const base = path.join(folder, ablationFolder, values.name);
      await writeFile(`${base}.json`, `${JSON.stringify(result, null, 1)}\n`);
      await writeFile(`${base}.md`, reportMarkdown(report));
      process.stdout.write(
        values.json ? `${JSON.stringify(result, null, 1)}\n` : `${reportText(report)}\n\n${base}.json\n`,
      );
      return exitCodes.done;
    });
  },
};

function seedsOf(text: string): number[] {
  const seeds = text.split(',').map((seed) => wholeNumber('seeds', seed.trim(), 0, 0xffffffff));
  if (new Set(seeds).size !== seeds.length) throw usage(`--seeds ${text} names a seed twice.`);
  return seeds;
}

/** What all arms and seeds of an ablation have in common; kept in a file, so that a later call goes on with the same. */
const ablationPlan = z.strictObject({
  version: z.literal(1),
  /** Relative to the project. */
  runFile: z.string(),
  /** The checkpoint that all start from, found once: its run may be trained further meanwhile. */
  from: z.string(),
  /** The run file with `--set` in it. Its paths, and that of the checkpoint, are relative to the folder of the arms' run files. */
  base: runFile,
});
type AblationPlan = z.infer<typeof ablationPlan>;

/** @throws StudioError `bad-run-file`; `conflict` where an ablation of that name was begun with other settings */
async function planAblation(
  file: string,
  folder: string,
  name: string,
  settings: Readonly<Record<string, unknown>>,
): Promise<AblationPlan> {
  const read = await readRunFile(file);
  if (read.method !== 'tgrpo')
    throw new StudioError('bad-run-file', `An ablation is of a tgrpo run; this one's method is ${read.method}.`, {
      place: file,
    });
  if ('size' in read.model)
    throw new StudioError('bad-run-file', 'The run starts from new weights; the arms must start from one checkpoint.', {
      place: file,
      remedy: 'Let "model" name a run or a checkpoint: {"run": "sft"}.',
    });
  parametersOfRun(read, settings);
  const arms = path.join(folder, ablationFolder);
  const moved = (place: string) => path.relative(arms, path.resolve(path.dirname(file), place));
  const { evaluationDataset, promptTemplate, model, $schema: _schema, ...rest } = read;
  const asked = {
    ...rest,
    dataset: moved(read.dataset),
    ...(evaluationDataset && { evaluationDataset: moved(evaluationDataset) }),
    ...(promptTemplate && { promptTemplate: moved(promptTemplate) }),
    parameters: { ...read.parameters, ...settings },
  };
  const planFile = path.join(arms, `${name}.plan.json`);
  if (existsSync(planFile)) {
    const before = await readAblationPlan(planFile);
    const { model: _model, ...then } = before.base;
    const differences = settingsThatDiffer(then, asked);
    if (differences.length > 0)
      throw new StudioError(
        'conflict',
        `The ablation called ${name} has other settings (then against now):\n${differences.join('\n')}`,
        {
          place: planFile,
          remedy: 'Give the settings of then, or another --name.',
        },
      );
    return before;
  }
  const source = 'run' in model ? model.run : path.resolve(path.dirname(file), model.checkpoint);
  const found = await findCheckpoint(source, folder);
  const base = runFile.parse({ ...asked, model: { checkpoint: path.relative(arms, found.folder) } });
  const from = found.state ? `${found.state.run}, step ${found.state.step}` : found.folder;
  const plan: AblationPlan = { version: 1, runFile: path.relative(folder, file), from, base };
  await mkdir(arms, { recursive: true });
  await writeFile(planFile, `${JSON.stringify(plan, null, 1)}\n`);
  return plan;
}

/** @throws StudioError `conflict` */
async function readAblationPlan(planFile: string): Promise<AblationPlan> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(planFile, 'utf8'));
  } catch {
    // Told below, as anything else that is no plan.
  }
  const checked = ablationPlan.safeParse(json);
  if (checked.success) return checked.data;
  throw new StudioError('conflict', `This is no plan of an ablation: ${z.prettifyError(checked.error)}`, {
    place: planFile,
    remedy: 'Remove the file, or give the ablation another --name.',
  });
}

interface WantedRun {
  readonly arm: Arm;
  readonly seed: number;
  readonly name: string;
}

/** Trains what is not complete. @returns null when it was interrupted */
async function trainAll(
  plan: AblationPlan,
  folder: string,
  wanted: readonly WantedRun[],
  line: LiveLine,
  options: { readonly port: number | undefined; readonly ffmpeg: string | undefined },
): Promise<(WantedRun & { run: string })[] | null> {
  const hosting = await host({ folder, ...options, log: openLog(folder) });
  const session = new TerminalSession(hosting, line);
  try {
    const runs: (WantedRun & { run: string })[] = [];
    for (const one of wanted) {
      const found = hosting.trainer.runs().find((run) => run.name === one.name);
      const file = path.join(ablationFolder, `${one.name}.run.json`);
      const text = armText(plan, one);
      if (found) await checkOurs(found.id, path.join(folder, file), text);
      else await writeFile(path.join(folder, file), text);
      if (found?.state === 'completed') {
        runs.push({ ...one, run: found.id });
        continue;
      }
      session.line.say(`${one.name}: ${found ? `going on after step ${found.step}` : 'training'}`);
      const ended = await session.train(found ? { resume: found.id } : { file });
      if (ended.state !== 'completed') {
        session.line.say(
          `${ended.id} is ${ended.state} after step ${ended.step} of ${ended.steps}; the same command goes on.`,
        );
        return null;
      }
      runs.push({ ...one, run: ended.id });
    }
    return runs;
  } finally {
    session.dispose();
    await hosting.close();
  }
}

/** An arm's run file. */
function armText(plan: AblationPlan, { arm, seed, name }: WantedRun): string {
  const description = `Ablation of ${plan.runFile}: ${arm}, seed ${seed}.`;
  return `${JSON.stringify(armOf({ ...plan.base, name, description, seed }, arm), null, 1)}\n`;
}

/** A run of that name which this ablation did not make says nothing about it. @throws StudioError `conflict` */
async function checkOurs(run: string, file: string, text: string): Promise<void> {
  if (existsSync(file) && (await readFile(file, 'utf8')) === text) return;
  throw new StudioError('conflict', `The run ${run} was made by another ablation, or its run file was changed.`, {
    place: file,
    remedy: 'Delete the run, or give the ablation another --name.',
  });
}
