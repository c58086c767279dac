/** `video-r1 run`: one run file, or one run that rests, in this terminal. */
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { findTrainer } from '../../client/find-trainer.ts';
import { type Discovery, pageAddress } from '../../protocol/discovery.ts';
import { asStudioError, StudioError } from '../../protocol/errors.ts';
import type { RunSummary } from '../../protocol/run-state.ts';
import { standingDetail, standingWords } from '../../protocol/run-words.ts';
import { readRunFile } from '../../runs/run-files.ts';
import { attachInTerminal, hostInTerminal, type TerminalSession } from '../experiments/train-in-terminal.ts';
import { callable, quoted } from '../terminal/callable.ts';
import {
  allowedRoots,
  type CliCommand,
  exitCodes,
  fromOption,
  portOption,
  readEngine,
  readOptions,
  readSettings,
  rootOptions,
  usage,
} from '../terminal/command.ts';
import { LiveLine } from '../terminal/progress.ts';
import { requireRun } from './require-run.ts';

export const runCommand: CliCommand = {
  name: 'run',
  summary: 'train what a run file says, in this terminal',
  help: `
video-r1 run FILE.run.json [--folder DIR] [--set NAME=VALUE …] [--engine NAME|KEY=VALUE …] [--queue | --pause-other]
                           [--allow-root DIR …] [--port N] [--ffmpeg PATH]
video-r1 run --resume RUN [--from STEP] [--yes] --folder DIR [--map OLD=NEW …] [--allow-root DIR …]
                          [--engine KEY=VALUE …] [--queue | --pause-other]
video-r1 run --fork RUN --from STEP [--name NAME] [--set NAME=VALUE …] --folder DIR [--queue | --pause-other]

Trains what the run file says and shows the progress here; the address of the pages is printed once the run has begun.
--set overrides parameters of the run file, or of the run that is forked.
--engine says what computes in place of what the run file says: an engine's name, or one of its settings. With --resume it says on what the
run goes on from now on, such as on fewer ranks where a node was lost; what is trained stays as it is.
--allow-root names a folder outside of the dataset's own that links among its videos and images may lead into, such as another
disk; it is kept with the run. "allowedRoots" in the run file says the same.
--map says that what lay at OLD lies at NEW now: a dataset, a checkpoint, or a folder with them. It is kept with the run. What lies inside
the project needs none when the project moves.
Ctrl-C finishes the step, saves and pauses; --resume goes on. FILE is relative to the project folder.
--resume goes on from the newest whole checkpoint, or from that of --from. It says first how much is left out of the curves for
that; nothing is deleted. Where that is more than a kill costs it asks; --yes agrees beforehand.
--fork makes a new run that goes on from a checkpoint, and leaves the other as it is.
Where a trainer is at work in the folder already, the run is its own, and Ctrl-C pauses this run alone. Where it
trains another run, --queue starts this one when that has ended and --pause-other pauses that; without them you are asked.
A fault that pauses the run (no space left, numbers that are not finite) is told with what to do. It then waits to be
resumed; where no one is at the terminal it is saved, and the command ends with 1.

  video-r1 run sft.run.json --folder sample --set steps=50 --set learningRate=1e-3
  video-r1 run --resume sft-1 --folder sample
  video-r1 run --fork sft-1 --from 200 --set learningRate=1e-4 --folder sample
  video-r1 run --resume sft-1 --folder project --map /disk1/videos=/disk2/videos
  video-r1 run tgrpo.run.json --folder project --engine verl --engine ranks=8
  video-r1 run --resume tgrpo-1 --folder project --engine ranks=4`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        folder: { type: 'string' },
        port: { type: 'string' },
        ffmpeg: { type: 'string' },
        resume: { type: 'string' },
        fork: { type: 'string' },
        from: { type: 'string' },
        name: { type: 'string' },
        yes: { type: 'boolean', default: false },
        set: { type: 'string', multiple: true, default: [] },
        queue: { type: 'boolean', default: false },
        'pause-other': { type: 'boolean', default: false },
        map: { type: 'string', multiple: true, default: [] },
        engine: { type: 'string', multiple: true, default: [] },
        ...rootOptions,
      },
      1,
    );
    const file = positionals[0];
    if ([file, values.resume, values.fork].filter((named) => named !== undefined).length !== 1)
      throw usage('Name one run file, or one run with --resume or --fork.');
    if (values.fork !== undefined && values.from === undefined)
      throw usage('--fork needs --from with the step of a checkpoint.');
    if (file !== undefined && values.from !== undefined) throw usage('--from goes with --resume and --fork.');
    if (values.fork === undefined && values.name !== undefined) throw usage('--name goes with --fork.');
    if (values.resume === undefined && values.yes) throw usage('--yes goes with --resume.');
    const from = fromOption(values.from);
    if (values.resume !== undefined && values.set.length > 0)
      throw usage('--set belongs to a run file; change a run that was created with: video-r1 ctl set NAME VALUE.');
    if (values.queue && values['pause-other']) throw usage('Give --queue or --pause-other, not both.');
    if (values.resume === undefined && values.map.length > 0)
      throw usage('--map belongs to --resume: a new run takes its paths from its run file.');
    const moved = values.map.map(readMove);
    const engine = readEngine(values.engine);
    if (values.fork !== undefined && engine !== undefined)
      throw usage('--engine goes with a run file and with --resume: a fork is computed as its parent.');
    const roots = allowedRoots(values);
    const folder = path.resolve(values.folder ?? (file === undefined ? '.' : path.dirname(path.resolve(file))));
    const parameters = readSettings(values.set);
    const port = portOption(values.port);
    const train = async (session: TerminalSession, at: Discovery): Promise<number> => {
      const name = file === undefined ? '' : values.folder === undefined ? path.basename(file) : file;
      const beside = values.queue ? 'queue' : values['pause-other'] ? 'pause-other' : null;
      const run = await session.train(
        values.fork !== undefined
          ? { fork: values.fork, from: from as number, name: values.name, parameters }
          : values.resume === undefined
            ? { file: name, parameters, engine }
            : { resume: values.resume, from, yes: values.yes },
        async (other) => beside ?? askBeside(other, session.stopped),
        () => session.line.say(`pages  ${pageAddress(at)}`),
      );
      const detail = standingDetail(run);
      session.line.say(
        `${run.id} ${run.state} after step ${run.step} of ${run.steps}${detail === null ? '' : `: ${detail}`}`,
      );
      if (run.state !== 'completed')
        session.line.say(callable(`Go on with: video-r1 run --resume ${run.id} --folder ${quoted(folder)}`));
      return run.state === 'completed' ? exitCodes.done : session.exitCode;
    };
    const attach = (at: Discovery, line: LiveLine) => {
      if (moved.length + roots.length > 0 || (values.resume !== undefined && engine !== undefined))
        throw new StudioError('conflict', `The trainer of process ${at.pid} is at work in this folder.`, {
          place: folder,
          remedy: 'End it first: --map, --allow-root and --engine are read when a trainer begins.',
        });
      line.say(
        `Another window or shell has started the trainer of this folder (process ${at.pid}): it trains the run.`,
      );
      if (port !== undefined || values.ffmpeg !== undefined)
        line.say('It has a port and an ffmpeg of its own: --port and --ffmpeg are not used.');
      return attachInTerminal(at, folder, line, (session) => train(session, at));
    };
    const line = new LiveLine();
    const found = await findTrainer(folder);
    if (found) return attach(found, line);
    // Before a trainer is opened, which leaves its folder where there was none.
    if (file !== undefined)
      await readRunFile(path.resolve(folder, values.folder === undefined ? path.basename(file) : file));
    else requireRun(folder, (values.resume ?? values.fork) as string);
    try {
      return await hostInTerminal(
        { folder, port, ffmpeg: values.ffmpeg, allowedRoots: roots },
        line,
        async (session, { server, trainer }) => {
          if (values.resume !== undefined) await trainer.changePlaces(values.resume, { moved, allowedRoots: roots });
          const said =
            values.resume === undefined || !engine ? null : await trainer.changeEngine(values.resume, engine);
          if (said !== null) session.line.say(said);
          return train(session, server.discovery);
        },
      );
    } catch (thrown) {
      // Another one was just starting.
      const begun = asStudioError(thrown).kind === 'folder-busy' ? await findTrainer(folder) : null;
      if (begun === null) throw thrown;
      return attach(begun, line);
    }
  },
};

/** Asks who sits at the terminal. @throws StudioError `conflict` where nobody does, or it is cancelled */
async function askBeside(other: RunSummary, signal: AbortSignal): Promise<'queue' | 'pause-other'> {
  const place = `${other.id} is ${standingWords(other)}, step ${other.step} of ${other.steps}; one run computes at a time.`;
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new StudioError('conflict', `${place} No run was started.`, {
      remedy: `Give --queue to start it when ${other.id} has ended, or --pause-other to pause ${other.id} first.`,
    });
  const asked = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await asked.question(`${place}\n[q]ueue this one, [p]ause ${other.id}, or [c]ancel? `, { signal });
    if (/^q/i.test(answer)) return 'queue';
    if (/^p/i.test(answer)) return 'pause-other';
  } catch {
    // Ctrl-C is an answer too.
  } finally {
    asked.close();
  }
  throw new StudioError('cancelled', 'No run was started.');
}

/** `OLD=NEW`, cut at the first `=` that leaves both. @throws StudioError `bad-request` */
function readMove(text: string): [from: string, to: string] {
  const at = text.indexOf('=', 1);
  if (at < 0 || at === text.length - 1) throw usage(`--map ${text} is not OLD=NEW.`);
  return [text.slice(0, at), text.slice(at + 1)];
}
