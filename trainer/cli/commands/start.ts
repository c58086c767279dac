/** `video-r1 start`, which `npm start` calls: the main job on the embedded engine, from nothing to a summary. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { sampleSeedOf } from '../../data/sample/project.ts';
import { pageAddress } from '../../protocol/discovery.ts';
import { StudioError } from '../../protocol/errors.ts';
import type { RunSummary } from '../../protocol/run-state.ts';
import type { Hosting } from '../experiments/hosting.ts';
import { hostInTerminal, type TerminalSession } from '../experiments/train-in-terminal.ts';
import { callable, quoted } from '../terminal/callable.ts';
import { type CliCommand, exitCodes, portOption, readOptions, seedOption } from '../terminal/command.ts';
import { duration, LiveLine } from '../terminal/progress.ts';
import { makeSample } from './sample.ts';
import { summarize } from './summary.ts';

const stages = [
  { name: 'sft', file: 'sft.run.json' },
  { name: 'tgrpo', file: 'tgrpo.run.json' },
] as const;

/** The command that was given, as it can be given again; npm says which script it runs. */
const sameCommand = (args: readonly string[]) =>
  process.env.npm_lifecycle_event === 'start' ? 'npm start' : callable(`video-r1 start ${args.join(' ')}`.trim());

export const startCommand: CliCommand = {
  name: 'start',
  summary: 'sample project, SFT, then T-GRPO, in this terminal',
  help: `
video-r1 start [DIR] [--fresh] [--seed N] [--port N] [--ffmpeg PATH]

Makes the sample project in DIR (sample by default) if it is not there, trains SFT, then T-GRPO, and ends with a summary.
The pages can be watched meanwhile at the address that is printed. Ctrl-C saves and pauses; the same command goes on.
--fresh starts new runs although there are some. --seed (1) is that of the sample: another than the one there needs another DIR.

  video-r1 start`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        fresh: { type: 'boolean', default: false },
        seed: { type: 'string' },
        port: { type: 'string' },
        ffmpeg: { type: 'string' },
      },
      1,
    );
    const [seed, port] = [seedOption(values.seed ?? '1'), portOption(values.port)];
    const started = performance.now();
    const folder = path.resolve(positionals[0] ?? 'sample');
    const found = await sampleSeedOf(folder);
    if (found !== null && values.seed !== undefined && found !== seed)
      throw new StudioError('conflict', `The sample project that is there was made with seed ${found}, not ${seed}.`, {
        place: folder,
        remedy: `Name another folder (${callable(`video-r1 start sample-${seed} --seed ${seed}`)}), or leave --seed out.`,
      });
    if (!existsSync(path.join(folder, stages[0].file))) {
      const say = (text: string) => process.stdout.write(`${text}\n`);
      const made = await makeSample({ folder, seed, ffmpeg: values.ffmpeg, say });
      if (made !== exitCodes.done) return made;
    }

    const project = { folder, port, ffmpeg: values.ffmpeg };
    return hostInTerminal(project, new LiveLine(), async (session, hosting) => {
      const { discovery } = hosting.server;
      session.line.say(
        `dashboard  ${pageAddress(discovery, 'dashboard')}\nrollouts   ${pageAddress(discovery, 'rollouts')}\n`,
      );
      const done: RunSummary[] = [];
      for (const stage of stages) {
        const run = await trainStage(hosting, session, stage, values.fresh === true);
        if (run.state !== 'completed') {
          session.line.say(
            `\n${run.id} is ${run.state} after step ${run.step} of ${run.steps}. Go on with the same command: ${sameCommand(args)}`,
          );
          return session.exitCode;
        }
        done.push(run);
        // Ctrl-C in the last evaluation of a stage: the next one is not begun.
        if (session.stopped.aborted && done.length < stages.length) {
          session.line.say(`\n${run.id} is complete. Go on with the same command: ${sameCommand(args)}`);
          return session.exitCode;
        }
      }
      const [sft, tgrpo] = done as [RunSummary, RunSummary];
      session.line.say(`\n${summarize(hosting.trainer.store(sft.id), hosting.trainer.store(tgrpo.id))}`);
      session.line.say(
        `\nDone in ${duration(performance.now() - started)}, seed ${found ?? seed}. To look at it again: ${callable(`video-r1 serve --folder ${quoted(folder)}`)}, or open the folder ${path.basename(folder)} in VS Code with the extension.`,
      );
      return exitCodes.done;
    });
  },
};

/** A stage that is done is not done again; one that rests goes on. */
async function trainStage(
  hosting: Hosting,
  session: TerminalSession,
  stage: (typeof stages)[number],
  fresh: boolean,
): Promise<RunSummary> {
  const newest = fresh ? undefined : hosting.trainer.runs().find((run) => run.name === stage.name);
  if (newest?.state === 'completed') {
    session.line.say(`${newest.id} is complete already (--fresh trains anew).`);
    return newest;
  }
  return session.train(newest ? { resume: newest.id } : { file: stage.file });
}
