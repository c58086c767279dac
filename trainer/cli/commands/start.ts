/** `video-r1 start`, which `npm start` calls: the main job on the embedded engine, from nothing to a summary. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { sampleSeedOf } from '../../data/sample/project.ts';
import { pageLines } from '../../protocol/discovery.ts';
import { StudioError } from '../../protocol/errors.ts';
import type { RunSummary } from '../../protocol/run-state.ts';
import type { Hosting } from '../experiments/hosting.ts';
import { stageRun } from '../experiments/stage-run.ts';
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

/** The command that goes on with what this one began: not --fresh, which would begin again. npm says which script it runs. */
function goOnCommand(args: readonly string[]): string {
  const again = args
    .filter((arg) => arg !== '--fresh')
    .map((arg) => (/^[\w./:=-]+$/.test(arg) ? arg : `'${arg}'`))
    .join(' ');
  if (process.env.npm_lifecycle_event === 'start') return again === '' ? 'npm start' : `npm start -- ${again}`;
  return callable(`video-r1 start ${again}`.trim());
}

export const startCommand: CliCommand = {
  name: 'start',
  summary: 'sample project, SFT, then T-GRPO, in this terminal',
  help: `
video-r1 start [DIR] [--fresh] [--seed N] [--port N] [--ffmpeg PATH]

Makes the sample project in DIR (sample by default) if it is not there, trains SFT, then T-GRPO, and ends with a summary.
The pages can be watched meanwhile at the address that is printed. Ctrl-C saves and pauses; the same command, without --fresh, goes on.
--fresh starts new runs although there are some. Without it those go on, but for a T-GRPO run that began from an older SFT run.
--seed (1) is that of the sample's pictures and questions, and in its run files that of both trainings: another than the one there
needs another DIR. A project that is there is taken as it is, such as one that video-r1 sample made of another world.

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
    const isThere = existsSync(path.join(folder, stages[0].file));
    if (found === null && isThere && values.seed !== undefined)
      throw new StudioError('conflict', 'The project that is there is no sample, so --seed says nothing of it.', {
        place: folder,
        remedy: 'Leave --seed out (its run files have seeds of their own), or name another folder.',
      });
    if (!isThere) {
      const say = (text: string) => process.stdout.write(`${text}\n`);
      const made = await makeSample({ folder, seed, ffmpeg: values.ffmpeg, say });
      if (made !== exitCodes.done) return made;
    }

    const project = { folder, port, ffmpeg: values.ffmpeg };
    return hostInTerminal(project, new LiveLine(), async (session, hosting) => {
      const { discovery } = hosting.server;
      session.line.say(pageLines(discovery));
      const done: RunSummary[] = [];
      for (const stage of stages) {
        const run = await trainStage(hosting, session, stage, done.at(-1) ?? null, values.fresh === true);
        if (run.state !== 'completed') {
          session.line.say(
            `\n${run.id} is ${run.state} after step ${run.step} of ${run.steps}. Go on with: ${goOnCommand(args)}`,
          );
          return session.exitCode;
        }
        done.push(run);
        // Ctrl-C in the last evaluation of a stage: the next one is not begun.
        if (session.stopped.aborted && done.length < stages.length) {
          session.line.say(`\n${run.id} is complete. Go on with: ${goOnCommand(args)}`);
          return session.exitCode;
        }
      }
      const [sft, tgrpo] = done as [RunSummary, RunSummary];
      session.line.say(`\n${summarize(hosting.trainer.store(sft.id), hosting.trainer.store(tgrpo.id))}`);
      session.line.say(
        `\nDone in ${duration(performance.now() - started)}${isThere && found === null ? '' : `, seed ${found ?? seed}`}. To look at it again: ${callable(`video-r1 serve --folder ${quoted(folder)}`)}, or open the folder ${path.basename(folder)} in VS Code with the extension.`,
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
  before: RunSummary | null,
  fresh: boolean,
): Promise<RunSummary> {
  const { run: newest, why } = fresh ? { run: null, why: null } : stageRun(hosting.trainer.runs(), stage.name, before);
  if (why !== null) session.line.say(why);
  if (newest?.state === 'completed') {
    session.line.say(`${newest.id} is complete already (--fresh trains anew).`);
    return newest;
  }
  return session.train(newest ? { resume: newest.id } : { file: stage.file });
}
