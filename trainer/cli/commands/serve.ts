/** `video-r1 serve`: the trainer that the editor starts. Lives until it is told to end. */
import path from 'node:path';
import { pageLines } from '../../protocol/discovery.ts';
import { type Hosting, host } from '../experiments/hosting.ts';
import { allowedRoots, type CliCommand, exitCodes, portOption, readOptions, rootOptions } from '../terminal/command.ts';
import { Interrupts } from '../terminal/interrupt.ts';
import { openLog } from '../terminal/log.ts';

export const serveCommand: CliCommand = {
  name: 'serve',
  summary: 'serve a project folder to the editor and the browser',
  help: `
video-r1 serve [--folder DIR] [--port N] [--allow-root DIR …] [--ffmpeg PATH]

Opens the project folder (this one by default), serves it on the loopback address, and prints the addresses of the pages.
--allow-root names a folder outside of the datasets' own that links among videos and images of every run may lead into.
Ctrl-C, or a client's shutdown, saves what runs and ends; a run goes on where it was when it is resumed.

  video-r1 serve --folder sample`,
  async run(args) {
    const { values } = readOptions(
      args,
      {
        folder: { type: 'string' },
        port: { type: 'string' },
        ffmpeg: { type: 'string' },
        ...rootOptions,
      },
      0,
    );
    const folder = path.resolve(values.folder ?? '.');
    const roots = allowedRoots(values);
    const log = openLog(folder);
    let end: () => void = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const interrupts = new Interrupts({
      first: 'Saving what runs, then ending',
      left: 'runs go on from their last checkpoints',
    });
    interrupts.signal.addEventListener('abort', () => end());
    const hosting: Hosting = await host({
      folder,
      port: portOption(values.port),
      ffmpeg: values.ffmpeg,
      allowedRoots: roots,
      log,
      onShutdown: () => setImmediate(end),
    });
    log(
      `listening on ${hosting.server.discovery.host}:${hosting.server.discovery.port}, process ${process.pid}, Node ${process.version}, ffmpeg ${hosting.trainer.info.ffmpeg}`,
    );
    process.stdout.write(pageLines(hosting.server.discovery));
    await ended;
    log('saving and ending');
    await hosting.close();
    interrupts.dispose();
    return interrupts.signal.aborted ? interrupts.exitCode : exitCodes.done;
  },
};
