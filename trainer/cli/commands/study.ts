/** `video-r1 study`, which `npm run study` calls: T-GRPO, GRPO and credit by answer in worlds with and without a cue, over seeds. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { arms } from '../../evaluation/arms.ts';
import { reportText } from '../../evaluation/table.ts';
import { runStudy, type StudyWanted } from '../experiments/run-study.ts';
import {
  heldOut,
  quickStudy,
  type StudyScope,
  type StudyWorld,
  sampleCountsOf,
  studyWorldNames,
  wholeStudy,
  worldData,
} from '../experiments/study-plan.ts';
import { callable, quoted } from '../terminal/callable.ts';
import {
  type CliCommand,
  exitCodes,
  oneOf,
  portOption,
  readOptions,
  readSettings,
  usage,
  wholeNumber,
} from '../terminal/command.ts';
import { LiveLine } from '../terminal/progress.ts';
import { ablationOptions, armsOf, nameOf, seedsOf } from './ablate.ts';
import { makeSample } from './sample.ts';

const options = {
  ...ablationOptions,
  groups: { type: 'string' },
  worlds: { type: 'string' },
  'data-seeds': { type: 'string' },
  steps: { type: 'string' },
  'sft-steps': { type: 'string' },
  quick: { type: 'boolean', default: false },
  'held-out': { type: 'boolean', default: false },
} as const;

export const studyCommand: CliCommand = {
  name: 'study',
  summary: 'T-GRPO, GRPO and credit by answer in worlds with and without a cue, over seeds',
  help: `
video-r1 study [DIR] [--quick] [--worlds LIST] [--data-seeds LIST] [--seeds LIST] [--arms LIST] [options]

Makes a sample project for each world and data seed in DIR (study by default), or takes the one that is there. In each it trains
sft.run.json with every seed, then from each of those checkpoints the arms of tgrpo.run.json, and evaluates all of them on questions
that were not trained on, as video-r1 ablate does. Then it prints one table a world, over data seeds and seeds, with intervals, the arms
against each other pair by pair, and for each credit arm whether it is above felt T-GRPO in the use of order, or what difference would
have been found. Ctrl-C saves; the same command goes on, and what is finished is not done again. The tables are in DIR, as JSON and as
Markdown, after every project. The whole takes at most 4 hours on 2 cores, and about 12 GB of disk: each run keeps its answers and weights.

  --quick           about 20 minutes on 2 cores: data seed ${quickStudy.dataSeeds}, seeds ${quickStudy.seeds}, ${quickStudy.steps} steps, the arms
                    ${quickStudy.arms.join(', ')}; the table says what is left out
  --worlds LIST     of ${studyWorldNames.join(', ')} (${wholeStudy.worlds})
  --data-seeds LIST seeds of the sample projects (${wholeStudy.dataSeeds})
  --seeds LIST      seeds of SFT and of its arms (${wholeStudy.seeds})
  --arms LIST       of ${arms.join(', ')};
                    all but those without images by default; others may be added later
  --held-out        the held-out world, and data seed ${heldOut.dataSeeds} of the others: not looked at until all else is fixed
  --steps N         steps of each arm (${wholeStudy.steps})
  --sft-steps N     steps of SFT; default: those of sft.run.json
  --set NAME=VALUE  overrides parameters of all arms; what an arm is called by stays
  --groups N        evaluation videos on which groups are sampled (${wholeStudy.groups})
  --name NAME       begins the names of runs and files (study, or quick); the same arms with other settings need another
  --json            write the result here as JSON
  --port N          where the pages are while it trains; default: a free one
  --ffmpeg PATH     the ffmpeg to use

  video-r1 study --quick
  video-r1 study --worlds always-right --arms tgrpo-felt,credit`,
  async run(args) {
    const { values, positionals } = readOptions(args, options, 1);
    const scope = scopeOf(values);
    const name = nameOf(values.name ?? (values.quick ? 'quick' : 'study'));
    const { ffmpeg } = values;
    const wanted: StudyWanted = {
      ...{ scope, name, ffmpeg },
      folder: path.resolve(positionals[0] ?? 'study'),
      tables: values['held-out'] ? `${name}-held-out` : name,
      sftSteps: values['sft-steps'] === undefined ? undefined : wholeNumber('sft-steps', values['sft-steps'], 1),
      settings: readSettings(values.set),
      port: portOption(values.port),
      makeProject: (folder, world, seed) => {
        const say = existsSync(folder) ? () => {} : (text: string) => void process.stderr.write(`${text}\n`);
        const { sample, cues } = worldData(world);
        const counts = sampleCountsOf(world);
        return makeSample({ folder, seed, world: sample, ...(cues && { cues }), counts, ffmpeg, say });
      },
    };
    // The tables, or the JSON, are all that a pipe gets.
    const done = await runStudy(wanted, new LiveLine(process.stderr));
    if ('stopped' in done) return done.stopped;
    const { result, report, base } = done;
    const project = path.join(wanted.folder, `${scope.worlds[0]}-${scope.dataSeeds[0]}`);
    const where = `${base}.md\n${base}.json\nTo look at the runs of a project: video-r1 serve --folder ${quoted(project)}`;
    process.stdout.write(
      values.json ? `${JSON.stringify(result, null, 1)}\n` : `${reportText(report)}\n\n${callable(where)}\n`,
    );
    return exitCodes.done;
  },
};

type Values = ReturnType<typeof readOptions<typeof options>>['values'];

/** @throws StudioError `bad-request` for what is no scope, and for held-out data without --held-out */
function scopeOf(values: Values): StudyScope {
  const isLastLook = values['held-out'] === true;
  const scope: StudyScope = { ...(values.quick ? quickStudy : wholeStudy), ...(isLastLook && heldOut) };
  const worlds = values.worlds === undefined ? scope.worlds : worldsOf(values.worlds);
  if (isLastLook && values['data-seeds'] !== undefined)
    throw usage(`--held-out is of data seed ${heldOut.dataSeeds} alone, so it takes no --data-seeds.`);
  const dataSeeds = values['data-seeds'] === undefined ? scope.dataSeeds : seedsOf('data-seeds', values['data-seeds']);
  const early =
    !isLastLook && (worlds.includes('held-out') || heldOut.dataSeeds.some((seed) => dataSeeds.includes(seed)));
  if (early)
    throw usage(
      `The held-out world and data seed ${heldOut.dataSeeds} are not looked at until all else is fixed; --held-out takes them.`,
    );
  return {
    ...{ ...scope, worlds, dataSeeds },
    ...(values.seeds !== undefined && { seeds: seedsOf('seeds', values.seeds) }),
    ...(values.arms !== undefined && { arms: armsOf(values.arms) }),
    ...(values.steps !== undefined && { steps: wholeNumber('steps', values.steps, 1) }),
    ...(values.groups !== undefined && { groups: wholeNumber('groups', values.groups, 1) }),
  };
}

/** In the order of the tables. */
function worldsOf(text: string): StudyWorld[] {
  const named = text.split(',').map((name) => oneOf('A world of --worlds', name.trim(), studyWorldNames));
  return studyWorldNames.filter((world) => named.includes(world));
}
