/** `video-r1 sample`: makes the sample project. */
import path from 'node:path';
import type { CueShare } from '../../data/sample/cued.ts';
import type { Cues } from '../../data/sample/families.ts';
import { createSampleProject, type SampleOptions } from '../../data/sample/project.ts';
import { defaultCues, hasCues, type WorldName, worldNames } from '../../data/sample/worlds.ts';
import { asStudioError, StudioError, sentError } from '../../protocol/errors.ts';
import { findFfmpeg } from '../../video/ffmpeg.ts';
import { callable, quoted } from '../terminal/callable.ts';
import { type CliCommand, exitCodeOf, exitCodes, oneOf, readOptions, seedOption, usage } from '../terminal/command.ts';
import { Interrupts, interruptible } from '../terminal/interrupt.ts';
import { LiveLine } from '../terminal/progress.ts';

const stoppedText = 'Stopped; no sample project was left behind.';
const leftWhenEnded = 'a hidden folder with a part of the sample may be left beside its place';

export const sampleCommand: CliCommand = {
  name: 'sample',
  summary: 'make a sample project in a folder',
  help: `
video-r1 sample DIR [--world NAME] [--cue PART=SHARE …] [--seed N] [--ffmpeg PATH] [--json-progress]

Makes videos and images of moving shapes with questions and chains of thought, in Video-R1's form, and run files for
SFT, T-GRPO, plain GRPO and training without images. The same seed makes the same pictures and questions. To train on it:
video-r1 start DIR.

  --world NAME      mixed (the default): four families of order questions have a cue, something that stands still and suggests an
                    answer; beside them two without one, and images. shortcut: the four alone. held-out: a fifth besides, that
                    no setting was chosen on. plain: six families without a cue, and images.
  --cue PART=SHARE  how often cues are right: sft=${defaultCues.sft}, rl=${defaultCues.rl}, eval=${defaultCues.eval}, where a SHARE is from 0 to 1, or chance, by which
                    all answers come alike; chains=${defaultCues.chains}: the share of SFT's chains that go by the cue, right or not
  --seed N          of the pictures and questions, and in the run files of the trainings (1)
  --ffmpeg PATH     the ffmpeg that writes the videos
  --json-progress   writes one JSON object a line, for programs

  video-r1 sample my-project
  video-r1 sample always-right --world shortcut --cue rl=1`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        world: { type: 'string', default: 'mixed' },
        cue: { type: 'string', multiple: true, default: [] as string[] },
        seed: { type: 'string', default: '1' },
        ffmpeg: { type: 'string' },
        'json-progress': { type: 'boolean', default: false },
      },
      1,
    );
    const target = positionals[0];
    const asJson = values['json-progress'] === true;
    const line = new LiveLine(process.stdout, 2000);
    const interrupts = new Interrupts({ first: 'Stopping', left: leftWhenEnded });
    try {
      if (target === undefined) throw usage('Name the folder to make.');
      const seed = seedOption(values.seed);
      const world = oneOf('--world', values.world, worldNames);
      const cues = cuesOption(values.cue, world);
      const tools = await findFfmpeg(values.ffmpeg);
      const summary = await createSampleProject(path.resolve(target), {
        ...{ seed, world, cues, tools },
        signal: interrupts.signal,
        onProgress: (progress) => {
          if (asJson) process.stdout.write(`${JSON.stringify({ type: 'progress', ...progress })}\n`);
          else line.show(`${progress.what} ${progress.done}/${progress.total}`);
        },
      });
      if (asJson) process.stdout.write(`${JSON.stringify({ type: 'done', ...summary })}\n`);
      else line.say(sampleText(summary, target));
      return exitCodes.done;
    } catch (thrown) {
      const stopped = interrupts.signal.aborted;
      if (!asJson && !stopped) throw thrown;
      const fault = stopped ? new StudioError('conflict', stoppedText) : asStudioError(thrown);
      if (asJson) process.stdout.write(`${JSON.stringify({ type: 'error', ...sentError(fault) })}\n`);
      else line.say(fault.message);
      return stopped ? interrupts.exitCode : exitCodeOf(fault);
    } finally {
      line.end();
      interrupts.dispose();
    }
  },
};

/** `--cue sft=0.9 --cue eval=chance`, over the shares by default. @throws StudioError `bad-request` */
function cuesOption(given: readonly string[], world: WorldName): Cues {
  if (given.length > 0 && !hasCues(world)) throw usage(`--cue: no family of the ${world} world has a cue.`);
  const cues: Record<string, CueShare> = { ...defaultCues };
  for (const pair of given) {
    const [part, text] = pair.split(/=(.*)/s) as [string, string | undefined];
    const name = oneOf('The part of --cue', part, ['sft', 'rl', 'eval', 'chains'] as const);
    const share = text === undefined || !/^[\d.]+$/.test(text) ? Number.NaN : Number(text);
    if (text === 'chance' && name !== 'chains') cues[name] = text;
    else if (share >= 0 && share <= 1) cues[name] = share;
    else
      throw usage(
        `--cue ${name} needs a share from 0 to 1${name === 'chains' ? '' : ' or chance'}${text === undefined ? '' : `, not ${text}`}.`,
      );
  }
  return cues as Cues;
}

export interface SampleNeeded extends Pick<SampleOptions, 'seed' | 'world' | 'counts' | 'cues'> {
  readonly folder: string;
  readonly ffmpeg: string | undefined;
  say(text: string): void;
}

/** Makes a sample project for a command that goes on with it. @returns the exit code; after Ctrl-C nothing is left behind */
export function makeSample({ folder, ffmpeg, say, ...sample }: SampleNeeded): Promise<number> {
  return interruptible({ stopped: stoppedText, left: leftWhenEnded }, async (signal) => {
    const tools = await findFfmpeg(ffmpeg);
    say(`Making the sample project with ffmpeg ${tools.version} (${tools.source}) …`);
    const summary = await createSampleProject(folder, { ...sample, tools, signal });
    say(describeSample(summary));
    return exitCodes.done;
  });
}

type SampleSummary = Omit<Awaited<ReturnType<typeof createSampleProject>>, 'world' | 'seed' | 'cues' | 'created'>;

/** What was made, and what to do with it. @param target the folder as it was named */
export const sampleText = (summary: SampleSummary, target: string): string =>
  `${describeSample(summary)}\n${callable(`To train on it: video-r1 start ${quoted(target)}`)}`;

function describeSample(summary: SampleSummary): string {
  const megabytes = (summary.sizeBytes / 1e6).toFixed(1);
  return `${summary.folder}: ${summary.videos} videos, ${summary.images} images, ${summary.questions} questions, ${megabytes} MB, made in ${(summary.durationMs / 1000).toFixed(1)} s`;
}
