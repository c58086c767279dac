/** What the extension host does to have a trainer, in a process that a test can kill: starts it, says where it is, and stays. */
import { trainerEnvironment } from '../../extension/trainer/program.ts';
import { startTrainer } from '../../extension/trainer/start-trainer.ts';

const [project = '', script = ''] = process.argv.slice(2);
const program = {
  node: process.execPath,
  script,
  environment: trainerEnvironment(process.env),
  options: [],
  serving: [],
};
const { pid } = await startTrainer(program, project, new AbortController().signal);
process.stdout.write(`${pid}\n`);
setInterval(() => {}, 1000);
