/** `video-r1 setup`: fetches what this machine lacks, after it was said what that is and was agreed to. */

import { existsSync } from 'node:fs';
import { preparations } from '../../engines/setup.ts';
import { asStudioError, StudioError, sentError } from '../../protocol/errors.ts';
import { ffmpegLicenceNote } from '../../protocol/ffmpeg-packages.ts';
import { progressWords } from '../../protocol/progress-words.ts';
import { holdFile } from '../../store/process-lock.ts';
import { fetchFfmpeg } from '../../video/fetch-ffmpeg.ts';
import { findFfmpeg } from '../../video/ffmpeg.ts';
import { callable } from '../terminal/callable.ts';
import { type CliCommand, exitCodeOf, exitCodes, readOptions, usage } from '../terminal/command.ts';
import { canAsk, saysYes } from '../terminal/consent.ts';
import { Interrupts } from '../terminal/interrupt.ts';
import { LiveLine } from '../terminal/progress.ts';

/** How a part of the command speaks with who called it. */
interface Talk {
  readonly signal: AbortSignal;
  onProgress(what: string, done: number, total: number): void;
  /** Says the note. @throws StudioError unless it is agreed to */
  agree(note: string): Promise<void>;
}

/** One line for a person, and the same for a program. */
interface Outcome {
  readonly text: string;
  readonly data: object;
}

export const setupCommand: CliCommand = {
  name: 'setup',
  summary: 'fetch what this machine lacks: ffmpeg, a faster backend, verl',
  help: `
video-r1 setup ffmpeg [--yes] [--json-progress]
video-r1 setup native [--gpu] [--yes] [--json-progress]
video-r1 setup webgpu [--yes] [--json-progress]
video-r1 setup verl [--cpu] [--yes] [--json-progress]
video-r1 setup native|webgpu|verl [--gpu | --cpu] --remove

Fetches into your cache folder what every later command then finds. Asks first; --yes agrees. Ended at any moment, the same
command goes on from what is there.
--json-progress writes one JSON object a line, for programs.

ffmpeg: with this machine's npm. Does nothing where an ffmpeg is found already.
${ffmpegLicenceNote}

native: the backend on TensorFlow's own library, on Linux with an x64 processor; it takes python3 with pip, npm and g++. Where
it is prepared already, its files are checked and it is run once. --gpu: the library for NVIDIA's GPUs; --remove takes it away.
${preparations['native cpu']().note}
${preparations['native gpu']().note}

webgpu: the backend on Dawn, chosen by a run file's engine.backend alone; with this machine's npm.
${preparations.webgpu().note}

verl: the Python environment of the engine verl, on Linux (with --cpu on macOS too). Where it is made already, it is run once.
${preparations['verl cuda']().note}
--cpu: ${preparations['verl cpu']().note}

  video-r1 setup ffmpeg
  video-r1 setup native --gpu
  video-r1 setup verl`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        yes: { type: 'boolean', default: false },
        'json-progress': { type: 'boolean', default: false },
        gpu: { type: 'boolean', default: false },
        cpu: { type: 'boolean', default: false },
        remove: { type: 'boolean', default: false },
      },
      1,
    );
    const asJson = values['json-progress'];
    const line = new LiveLine();
    const interrupts = new Interrupts({ first: 'Stopping', left: 'the same command goes on from what is there' });
    const { signal } = interrupts;
    let said = '';
    const talk: Talk = {
      signal,
      onProgress(what, done, total) {
        if (asJson) process.stdout.write(`${JSON.stringify({ type: 'progress', what, done, total })}\n`);
        else line.show(progressWords(what, done, total), what !== said);
        said = what;
      },
      async agree(note) {
        if (!asJson) line.say(note);
        if (!values.yes) await agreed(signal);
      },
    };
    try {
      const [what] = positionals;
      if (what !== 'ffmpeg' && what !== 'native' && what !== 'webgpu' && what !== 'verl')
        throw usage('Say what to set up: video-r1 setup ffmpeg, native, webgpu or verl.');
      if (values.gpu && what !== 'native') throw usage('--gpu belongs to video-r1 setup native.');
      if (values.cpu && what !== 'verl') throw usage('--cpu belongs to video-r1 setup verl.');
      if (values.remove && what === 'ffmpeg')
        throw usage('--remove belongs to video-r1 setup native, webgpu and verl.');
      const setUps = {
        ffmpeg: () => setUpFfmpeg(talk),
        native: () => setUp(values.gpu ? 'native gpu' : 'native cpu', values.remove, talk),
        webgpu: () => setUp('webgpu', values.remove, talk),
        verl: () => setUp(values.cpu ? 'verl cpu' : 'verl cuda', values.remove, talk),
      };
      const { text, data } = await setUps[what]();
      if (asJson) process.stdout.write(`${JSON.stringify({ type: 'done', ...data })}\n`);
      else line.say(text);
      return exitCodes.done;
    } catch (thrown) {
      if (!asJson && !signal.aborted) throw thrown;
      const ended = new StudioError('conflict', 'It was ended before it was done; the same command goes on.');
      const error = signal.aborted ? ended : asStudioError(thrown);
      if (asJson) process.stdout.write(`${JSON.stringify({ type: 'error', ...sentError(error) })}\n`);
      else line.say(callable(error.toString()));
      return signal.aborted ? interrupts.exitCode : exitCodeOf(error);
    } finally {
      line.end();
      interrupts.dispose();
    }
  },
};

async function setUpFfmpeg(talk: Talk): Promise<Outcome> {
  const present = await findFfmpeg().catch(() => null);
  if (!present) await talk.agree(ffmpegLicenceNote);
  const tools = present ?? (await fetchFfmpeg(talk));
  return { text: `ffmpeg ${tools.version}, ${tools.source}: ${tools.ffmpeg}`, data: tools };
}

async function setUp(kind: Kind, remove: boolean, talk: Talk): Promise<Outcome> {
  const preparation = preparations[kind]();
  if (remove) {
    const removed = await preparation.remove(holdFile);
    return { text: removalWords(kind, removed), data: { removed } };
  }
  if (!preparation.isThere()) await talk.agree(preparation.note);
  return preparation.prepare({ hold: holdFile, signal: talk.signal, onProgress: talk.onProgress });
}

type Kind = keyof typeof preparations;

/** What the same word sets up for other machines, and how that is taken away. */
const others: Readonly<Record<Kind, { readonly kind: Kind; readonly remove: string } | null>> = {
  'native cpu': { kind: 'native gpu', remove: 'video-r1 setup native --gpu --remove' },
  'native gpu': { kind: 'native cpu', remove: 'video-r1 setup native --remove' },
  webgpu: null,
  'verl cpu': { kind: 'verl cuda', remove: 'video-r1 setup verl --remove' },
  'verl cuda': { kind: 'verl cpu', remove: 'video-r1 setup verl --cpu --remove' },
};

/** What was removed, and what of the same word there is besides. */
function removalWords(kind: Kind, removed: boolean): string {
  const { title, folder } = preparations[kind]();
  const first = `${removed ? 'Removed' : 'Not there'}: ${title}, ${folder}`;
  const other = others[kind];
  if (other === null) return first;
  const beside = preparations[other.kind]();
  if (!existsSync(beside.folder)) return `${first}\nNot there: ${beside.title}`;
  return callable(`${first}\nStill there: ${beside.title}, ${beside.folder}\nTo remove that: ${other.remove}`);
}

/** @throws StudioError when the answer is no, or when nobody can be asked. */
async function agreed(signal: AbortSignal): Promise<void> {
  if (!canAsk())
    throw new StudioError('bad-request', 'Nothing was fetched: nobody can be asked here.', {
      remedy: 'Add --yes to agree to the note above.',
    });
  if (!(await saysYes('Fetch them? [y/N] ', signal))) throw new StudioError('conflict', 'Nothing was fetched.');
}
