/** `video-r1 study`, which `npm run study` calls: what T-GRPO and GRPO learn on the sample, with and without images, over seeds. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { even, worldCounts } from '../../data/sample/worlds.ts';
import { arms } from '../../evaluation/ablation.ts';
import { type CliCommand, exitCodes, readOptions, readSettings, wholeNumber } from '../terminal/command.ts';
import { ablationAsTold, ablationOptions } from './ablate.ts';
import { makeSample } from './sample.ts';

/**
 * The plain world with more to evaluate on: 120 questions of each video family. With the 16 of the sample, chance among the questions
 * alone moves the use of order of one run by about six points, more than is looked for between arms.
 */
const counts = { ...worldCounts.plain, eval: even(120, 20) };

/** What a run asks by itself to be looked at is asked of every checkpoint afterwards, and of more questions. */
const seldomAsked = { evaluationQuestions: 32, probeEvery: 0 };

export const studyCommand: CliCommand = {
  name: 'study',
  summary: 'T-GRPO against GRPO on the sample, with and without images, over seeds',
  help: `
video-r1 study [DIR] [--seeds 1,2,3,4,5] [--steps N] [--sft-steps N] [--arms LIST] [--set NAME=VALUE …] [options]

Makes a sample project with many evaluation questions in DIR (study by default), or takes the sample project that is there.
Trains its sft.run.json with every seed, then from each of those checkpoints the arms of its tgrpo.run.json: ${arms.join(', ')}.
Evaluates all of them on questions that were not trained on, and prints the tables of video-r1 ablate, which does the work: means over
seeds with intervals, and the arms against each other seed by seed. Ctrl-C saves; the same command goes on, and what is finished is not
done again. The tables are in DIR/ablation, as JSON and as Markdown, after every seed.

  --seeds LIST      seeds of SFT and of its arms (1,2,3,4,5)
  --steps N         steps of each arm; default: those of tgrpo.run.json
  --sft-steps N     steps of SFT; default: those of sft.run.json
  --arms LIST       some of the arms; others may be added later
  --set NAME=VALUE  overrides parameters of all arms
  --groups N        evaluation videos on which groups are sampled (${ablationOptions.groups.default})
  --name NAME       begins the names of runs and files (study); the same arms with other settings need another
  --json            write the result here as JSON
  --port N, --ffmpeg PATH

  video-r1 study
  video-r1 study --name weighted --seeds 1,2 --set advantageScale=none --set alpha=1`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        ...ablationOptions,
        steps: { type: 'string' },
        'sft-steps': { type: 'string' },
      },
      1,
    );
    const folder = path.resolve(positionals[0] ?? 'study');
    const steps = (name: 'steps' | 'sft-steps') =>
      values[name] === undefined ? {} : { steps: wholeNumber(name, values[name], 1) };
    const settings = { ...seldomAsked, ...readSettings(values.set), ...steps('steps') };
    const sftSettings = { ...seldomAsked, ...steps('sft-steps') };
    const [sft, file] = ['sft.run.json', 'tgrpo.run.json'].map((name) => path.join(folder, name)) as [string, string];
    if (!existsSync(sft)) {
      const say = (text: string) => process.stderr.write(`${text}\n`);
      const made = await makeSample({ folder, seed: 1, world: 'plain', ffmpeg: values.ffmpeg, counts, say });
      if (made !== exitCodes.done) return made;
    }
    return ablationAsTold({
      ...values,
      folder,
      source: { file, settings, sft: { file: sft, settings: sftSettings } },
      datasets: [],
      limit: null,
      seeds: values.seeds ?? '1,2,3,4,5',
      arms: values.arms ?? arms.join(','),
      name: values.name ?? 'study',
    });
  },
};
