/** `video-r1 recover`: what can be read of a run's damaged database, in a new one that takes its place. */
import path from 'node:path';
import { runsFolder } from '../../runs/project-paths.ts';
import { recoverRun } from '../../store/recover-run.ts';
import { withoutTrainer } from '../experiments/hosting.ts';
import { type CliCommand, exitCodes, readOptions, usage } from '../terminal/command.ts';
import { requireRun } from './require-run.ts';

export const recoverCommand: CliCommand = {
  name: 'recover',
  summary: "save what can be read of a run's damaged database",
  help: `
video-r1 recover RUN [--folder DIR]

Reads the database of a run past what is damaged, writes what could be read into a new one in its place, and says what is lost. The
damaged one is kept beside it as run.db.damaged. Checkpoints are not touched. Ends with 1 where something is lost.
No trainer may be at work in the folder; a database that is whole is left as it is.

  video-r1 recover sft-1 --folder sample`,
  async run(args) {
    const { values, positionals } = readOptions(args, { folder: { type: 'string', default: '.' } }, 1);
    const [run] = positionals;
    if (run === undefined || path.basename(run) !== run) throw usage('Name a run.');
    const project = path.resolve(values.folder);
    const folder = path.join(runsFolder(project), run);
    requireRun(project, run);
    const { damaged, events, rollouts, losses } = await withoutTrainer(project, () => recoverRun(folder));
    const counts = `${events.toLocaleString('en-US')} events and ${rollouts.toLocaleString('en-US')} rollouts`;
    process.stdout.write(`${run}: ${counts} are saved; the damaged database is kept as ${damaged}\n`);
    for (const loss of losses) process.stderr.write(`${loss}\n`);
    return losses.length === 0 ? exitCodes.done : exitCodes.failed;
  },
};
