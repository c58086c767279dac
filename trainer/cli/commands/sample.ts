/** `video-r1 sample`: makes the sample project. */
import path from 'node:path';
import { createSampleProject, type SampleCounts } from '../../data/sample/project.ts';
import { asStudioError, StudioError, sentError } from '../../protocol/errors.ts';
import { findFfmpeg } from '../../video/ffmpeg.ts';
import { type CliCommand, exitCodeOf, exitCodes, readOptions, seedOption, usage } from '../terminal/command.ts';
import { Interrupts, interruptible } from '../terminal/interrupt.ts';
import { LiveLine } from '../terminal/progress.ts';

const stoppedText = 'Stopped; no sample project was left behind.';
const leftWhenEnded = 'a hidden folder with a part of the sample may be left beside its place';

export const sampleCommand: CliCommand = {
  name: 'sample',
  summary: 'make a sample project in a folder',
  help: `
video-r1 sample DIR [--seed N] [--ffmpeg PATH] [--json-progress]

Makes videos and images of moving shapes with questions and chains of thought, in Video-R1's form, and run files for
SFT, T-GRPO, plain GRPO and training without images. The same seed makes the same pictures and questions.
--json-progress writes one JSON object a line, for programs.

  video-r1 sample my-project`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
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
      const tools = await findFfmpeg(values.ffmpeg);
      const summary = await createSampleProject(path.resolve(target), {
        seed,
        tools,
        signal: interrupts.signal,
        onProgress: (progress) => {
          if (asJson) process.stdout.write(`${JSON.stringify({ type: 'progress', ...progress })}\n`);
          else line.show(`${progress.what} ${progress.done}/${progress.total}`);
        },
      });
      if (asJson) process.stdout.write(`${JSON.stringify({ type: 'done', ...summary })}\n`);
      else line.say(describeSample(summary));
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

export interface SampleNeeded {
  readonly folder: string;
  readonly seed: number;
  readonly ffmpeg: string | undefined;
  readonly counts?: SampleCounts;
  say(text: string): void;
}

/** Makes a sample project for a command that goes on with it. @returns the exit code; after Ctrl-C nothing is left behind */
export function makeSample({ folder, seed, ffmpeg, counts, say }: SampleNeeded): Promise<number> {
  return interruptible({ stopped: stoppedText, left: leftWhenEnded }, async (signal) => {
    const tools = await findFfmpeg(ffmpeg);
    say(`Making the sample project with ffmpeg ${tools.version} (${tools.source}) …`);
    const summary = await createSampleProject(folder, { seed, tools, signal, ...(counts && { counts }) });
    say(describeSample(summary));
    return exitCodes.done;
  });
}

function describeSample(summary: {
  folder: string;
  videos: number;
  images: number;
  questions: number;
  sizeBytes: number;
  durationMs: number;
}): string {
  const megabytes = (summary.sizeBytes / 1e6).toFixed(1);
  return `${summary.folder}: ${summary.videos} videos, ${summary.images} images, ${summary.questions} questions, ${megabytes} MB, made in ${(summary.durationMs / 1000).toFixed(1)} s`;
}
