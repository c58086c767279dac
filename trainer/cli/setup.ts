/** `video-r1 setup ffmpeg`: fetches what this machine lacks, after it was said what that is and was agreed to. */
import { createInterface } from 'node:readline/promises';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import { ffmpegLicenceNote } from '../protocol/ffmpeg-packages.ts';
import { fetchFfmpeg } from '../video/fetch-ffmpeg.ts';
import { findFfmpeg } from '../video/ffmpeg.ts';
import { type CliCommand, exitCodes, readOptions, usage } from './command.ts';
import { LiveLine } from './progress.ts';

export const setupCommand: CliCommand = {
  name: 'setup',
  summary: 'fetch ffmpeg for a machine that has none',
  help: `
video-r1 setup ffmpeg [--yes] [--json-progress]

Fetches ffmpeg and ffprobe with this machine's npm into your cache folder, where every later command finds them. Asks first;
--yes agrees. Does nothing where an ffmpeg is found already.
--json-progress writes one JSON object a line, for programs.

${ffmpegLicenceNote}

  video-r1 setup ffmpeg`,
  async run(args) {
    const { values, positionals } = readOptions(args, {
      yes: { type: 'boolean', default: false },
      'json-progress': { type: 'boolean', default: false },
    });
    const asJson = values['json-progress'] === true;
    const line = new LiveLine();
    const stop = new AbortController();
    const end = () => stop.abort(new StudioError('conflict', 'It was ended before ffmpeg was there.'));
    process.once('SIGINT', end);
    process.once('SIGTERM', end);
    try {
      if (positionals.length !== 1 || positionals[0] !== 'ffmpeg')
        throw usage('Say what to set up: video-r1 setup ffmpeg.');
      const present = await findFfmpeg().catch(() => null);
      if (!present) {
        if (!asJson) line.say(ffmpegLicenceNote);
        if (!values.yes) await agreed(stop.signal);
      }
      const tools =
        present ??
        (await fetchFfmpeg({
          signal: stop.signal,
          onProgress: (what, done, total) => {
            if (asJson) process.stdout.write(`${JSON.stringify({ type: 'progress', what, done, total })}\n`);
            else line.show(what, true);
          },
        }));
      if (asJson) process.stdout.write(`${JSON.stringify({ type: 'done', ...tools })}\n`);
      else line.say(`ffmpeg ${tools.version}, ${tools.source}: ${tools.ffmpeg}`);
      return exitCodes.done;
    } catch (thrown) {
      if (!asJson && !stop.signal.aborted) throw thrown;
      const { kind, message, place, remedy } = asStudioError(thrown);
      if (asJson) process.stdout.write(`${JSON.stringify({ type: 'error', kind, message, place, remedy })}\n`);
      return stop.signal.aborted ? exitCodes.interrupted : exitCodes.failed;
    } finally {
      line.end();
    }
  },
};

/** @throws StudioError when the answer is no, or when nobody can be asked. */
async function agreed(signal: AbortSignal): Promise<void> {
  if (!process.stdin.isTTY)
    throw new StudioError('bad-request', 'Nothing was fetched: nobody can be asked here.', {
      remedy: 'Add --yes to agree to the note above.',
    });
  const asking = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await asking.question('Fetch them? [y/N] ', { signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new StudioError('conflict', 'Nothing was fetched.');
  } finally {
    asking.close();
  }
}
