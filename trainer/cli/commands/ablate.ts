/** `video-r1 ablate`: the paper's ablation of one T-GRPO run, from the command line to the tables. */
import path from 'node:path';
import { type Arm, arms, paperArms } from '../../evaluation/arms.ts';
import { benchmarkFiles } from '../../evaluation/benchmark-files.ts';
import { reportText } from '../../evaluation/table.ts';
import { nearestClause } from '../../protocol/nearest.ts';
import { type AblationSource, ablationFolder, planAblation } from '../experiments/ablation-plan.ts';
import { runAblation } from '../experiments/run-ablation.ts';
import {
  type CliCommand,
  exitCodes,
  portOption,
  readOptions,
  readSettings,
  usage,
  wholeNumber,
} from '../terminal/command.ts';
import { LiveLine } from '../terminal/progress.ts';

/** Options that a command with its own choice of run files, arms and seeds has as well. */
export const ablationOptions = {
  seeds: { type: 'string' },
  arms: { type: 'string' },
  set: { type: 'string', multiple: true, default: [] as string[] },
  groups: { type: 'string', default: '120' },
  name: { type: 'string' },
  json: { type: 'boolean', default: false },
  port: { type: 'string' },
  ffmpeg: { type: 'string' },
} as const;

export const ablateCommand: CliCommand = {
  name: 'ablate',
  summary: 'the paper’s ablation of a T-GRPO run: without images, without temporal reward; credit by answer',
  help: `
video-r1 ablate RUNFILE [--folder DIR] [--seeds 1,2,3] [--arms LIST] [--set NAME=VALUE …] [options]

Trains arms of a T-GRPO run file from the same checkpoint, each with every seed: as it is (tgrpo), without temporal reward (grpo),
without images (tgrpo-no-images, grpo-no-images; imageShare 0), made to be felt (tgrpo-felt), or paid by answer (credit, …). Each is an
ordinary run of the project, which the screens show; its run file is written to ${ablationFolder}/. Then the start and each arm are evaluated
with frames in order and shuffled, groups are sampled from each, and the tables are printed: means over seeds with intervals, the arms
against each other seed by seed, the paper's own rows beside them. Ctrl-C saves; the same command goes on, and what is finished is not
done again. More seeds and arms may be added later.

  --folder DIR      the project; default: the run file's folder
  --seeds LIST      seeds of the runs (1,2,3)
  --arms LIST       of ${arms.join(', ')};
                    default: the paper's, ${paperArms.join(', ')}
  --sft RUNFILE     trains this SFT run file with every seed; the seed's arms start from there
  --set NAME=VALUE  overrides parameters of all arms
  --dataset FILE    what to evaluate on, instead of the run file's evaluationDataset; may be given more than once
  --limit N         N questions of each dataset
  --groups N        videos of the first dataset on which groups are sampled (${ablationOptions.groups.default})
  --name NAME       begins the names of runs and files (ablation); another ablation of a project needs another
  --json            write the result here as JSON
  --port N          where the pages are while it trains; default: a free one
  --ffmpeg PATH     the ffmpeg to use

  video-r1 ablate tgrpo.run.json --folder sample --seeds 1,2 --set steps=100`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        ...ablationOptions,
        folder: { type: 'string' },
        sft: { type: 'string' },
        dataset: { type: 'string', multiple: true, default: [] },
        limit: { type: 'string' },
      },
      1,
    );
    const named = positionals[0];
    if (named === undefined) throw usage('Name one run file.');
    const folder = path.resolve(values.folder ?? path.dirname(path.resolve(named)));
    const given = (file: string) => path.resolve(values.folder === undefined ? '.' : folder, file);
    return ablationAsTold({
      ...values,
      folder,
      source: {
        file: given(named),
        settings: readSettings(values.set),
        sft: values.sft === undefined ? null : { file: given(values.sft), settings: {} },
      },
      datasets: values.dataset,
      limit: values.limit === undefined ? null : wholeNumber('limit', values.limit, 1),
      seeds: values.seeds ?? '1,2,3',
      arms: values.arms ?? paperArms.join(','),
      name: values.name ?? 'ablation',
    });
  },
};

export interface AblationTold {
  readonly folder: string;
  readonly source: AblationSource;
  /** What to evaluate on; the run file's `evaluationDataset` when empty. */
  readonly datasets: readonly string[];
  readonly limit: number | null;
  readonly seeds: string;
  readonly arms: string;
  readonly groups: string;
  readonly name: string;
  readonly json: boolean;
  readonly port?: string | undefined;
  readonly ffmpeg?: string | undefined;
}

/** Checks what the command line says, does it, and prints the tables. @throws StudioError `bad-request`; as `planAblation` */
export async function ablationAsTold(told: AblationTold): Promise<number> {
  const { folder, datasets, json, ffmpeg } = told;
  const name = nameOf(told.name);
  const seeds = seedsOf('seeds', told.seeds);
  const wanted = armsOf(told.arms);
  const groups = wholeNumber('groups', told.groups, 1);
  const port = portOption(told.port);
  const plan = await planAblation(told.source, folder, name);
  const own = plan.base.evaluationDataset;
  if (own === undefined && datasets.length === 0)
    throw usage('The run file names no evaluationDataset, so name what to evaluate on with --dataset.');
  const files = benchmarkFiles(
    own === undefined || datasets.length > 0 ? datasets : [path.join(folder, ablationFolder, own)],
  );
  // The tables, or the JSON, are all that a pipe gets.
  const line = new LiveLine(process.stderr);
  const done = await runAblation(
    { plan, folder, name, arms: wanted, seeds, files, limit: told.limit, groups, project: null, port, ffmpeg },
    line,
  );
  if ('stopped' in done) return done.stopped;
  process.stdout.write(
    json ? `${JSON.stringify(done.result, null, 1)}\n` : `${reportText(done.report)}\n\n${done.file}\n`,
  );
  return exitCodes.done;
}

/** @throws StudioError `bad-request`, as all below */
export function seedsOf(option: string, text: string): number[] {
  const seeds = text.split(',').map((seed) => wholeNumber(option, seed.trim(), 0, 0xffffffff));
  if (new Set(seeds).size !== seeds.length) throw usage(`--${option} ${text} names a seed twice.`);
  return seeds;
}

/** In the order of the table, whatever the order on the command line. */
export function armsOf(text: string): Arm[] {
  const named = text.split(',').map((name) => name.trim());
  const unknown = named.find((name) => !arms.some((arm) => arm === name));
  if (unknown !== undefined)
    throw usage(`There is no arm ${unknown}${nearestClause(unknown, arms)}. There are ${arms.join(', ')}.`);
  return arms.filter((arm) => named.includes(arm));
}

/** What begins the names of runs and files. */
export function nameOf(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/.test(name)) return name;
  throw usage('--name takes letters, digits, dot, dash and underscore; 40 at most.');
}
