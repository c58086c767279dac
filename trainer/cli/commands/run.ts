/** `video-r1 run`: one run file, or one run that rests, in this terminal. */
import path from 'node:path';
import { pageAddress } from '../../protocol/discovery.ts';
import { standingDetail } from '../../protocol/run-words.ts';
import { hostInTerminal } from '../experiments/train-in-terminal.ts';
import { callable } from '../terminal/callable.ts';
import {
  allowedRoots,
  type CliCommand,
  exitCodes,
  portOption,
  readOptions,
  readSettings,
  rootOptions,
  usage,
} from '../terminal/command.ts';
import { LiveLine } from '../terminal/progress.ts';

export const runCommand: CliCommand = {
  name: 'run',
  summary: 'train what a run file says',
  help: `
video-r1 run FILE.run.json [--folder DIR] [--set NAME=VALUE …] [--allow-root DIR …] [--port N] [--ffmpeg PATH]
video-r1 run --resume RUN --folder DIR [--map OLD=NEW …] [--allow-root DIR …]

Trains what the run file says and shows the progress here; the address of the pages is printed.
--set overrides parameters of the run file.
--allow-root names a folder outside of the dataset's own that links among its videos and images may lead into, such as another
disk; it is kept with the run. "allowedRoots" in the run file says the same.
--map says that what lay at OLD lies at NEW now: a dataset, a checkpoint, or a folder with them. It is kept with the run. What lies inside
the project needs none when the project moves.
Ctrl-C finishes the step, saves and pauses; --resume goes on. FILE is relative to the project folder.

  video-r1 run sft.run.json --folder sample --set steps=50 --set learningRate=1e-3
  video-r1 run --resume sft-1 --folder sample
  video-r1 run --resume sft-1 --folder project --map /disk1/videos=/disk2/videos`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        folder: { type: 'string' },
        port: { type: 'string' },
        ffmpeg: { type: 'string' },
        resume: { type: 'string' },
        set: { type: 'string', multiple: true, default: [] },
        map: { type: 'string', multiple: true, default: [] },
        ...rootOptions,
      },
      1,
    );
    const file = positionals[0];
    if ((file === undefined) === (values.resume === undefined))
      throw usage('Name one run file, or one run with --resume.');
    if (values.resume !== undefined && values.set.length > 0)
      throw usage('--set belongs to a run file; change a run that was created with: video-r1 ctl set NAME VALUE.');
    if (values.resume === undefined && values.map.length > 0)
      throw usage('--map belongs to --resume: a new run takes its paths from its run file.');
    const moved = values.map.map(readMove);
    const roots = allowedRoots(values);
    const folder = path.resolve(values.folder ?? (file === undefined ? '.' : path.dirname(path.resolve(file))));
    const parameters = readSettings(values.set);
    return hostInTerminal(
      { folder, port: portOption(values.port), ffmpeg: values.ffmpeg, allowedRoots: roots },
      new LiveLine(),
      async (session, hosting) => {
        session.line.say(`pages  ${pageAddress(hosting.server.discovery)}`);
        if (values.resume !== undefined)
          await hosting.trainer.changePlaces(values.resume, { moved, allowedRoots: roots });
        const name = file === undefined ? '' : values.folder === undefined ? path.basename(file) : file;
        const run = await session.train(
          values.resume === undefined ? { file: name, parameters } : { resume: values.resume },
        );
        const detail = standingDetail(run);
        session.line.say(
          `${run.id} ${run.state} after step ${run.step} of ${run.steps}${detail === null ? '' : `: ${detail}`}`,
        );
        if (run.state === 'paused')
          session.line.say(callable(`Go on with: video-r1 run --resume ${run.id} --folder ${folder}`));
        return run.state === 'completed' ? exitCodes.done : session.exitCode;
      },
    );
  },
};

/** `OLD=NEW`, cut at the first `=` that leaves both. @throws StudioError `bad-request` */
function readMove(text: string): [from: string, to: string] {
  const at = text.indexOf('=', 1);
  if (at < 0 || at === text.length - 1) throw usage(`--map ${text} is not OLD=NEW.`);
  return [text.slice(0, at), text.slice(at + 1)];
}
