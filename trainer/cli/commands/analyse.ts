/** `video-r1 analyse`: what rules of an older version found in a run's answers, found anew by those of this one. */
import { userInfo } from 'node:os';
import path from 'node:path';
import { connectTrainer } from '../../client/connect.ts';
import { findTrainer } from '../../client/find-trainer.ts';
import { analysisVersion } from '../../protocol/analysis.ts';
import type { Discovery } from '../../protocol/discovery.ts';
import { type Analysed, Analysing } from '../../runs/analysing.ts';
import { runsFolder } from '../../runs/project-paths.ts';
import { RunStore } from '../../store/run-store.ts';
import { withoutTrainer } from '../experiments/hosting.ts';
import { type CliCommand, exitCodes, readOptions, usage } from '../terminal/command.ts';
import { Interrupts } from '../terminal/interrupt.ts';
import { LiveLine } from '../terminal/progress.ts';
import { requireRun } from './require-run.ts';

type OnProgress = (done: number, total: number) => void;

export const analyseCommand: CliCommand = {
  name: 'analyse',
  summary: 'find aha moments and commitments of a run anew, where older rules found them',
  help: `
video-r1 analyse RUN [--folder DIR]

Reads the answers of a run that rules of an older version read, and writes what the present ones find in them: aha moments,
commitments, whether a time is named. Texts, rewards and weights stay as they are. A trainer that is at work in the folder does it
beside its work; without one it is done here. Ctrl-C keeps what is done, and the same command goes on.

  video-r1 analyse tgrpo-1 --folder sample`,
  async run(args) {
    const { values, positionals } = readOptions(args, { folder: { type: 'string', default: '.' } }, 1);
    const [run] = positionals;
    if (run === undefined || path.basename(run) !== run) throw usage('Name a run.');
    const project = path.resolve(values.folder);
    const folder = path.join(runsFolder(project), run);
    requireRun(project, run);
    const line = new LiveLine(process.stderr);
    const interrupts = new Interrupts({
      first: 'Stopping',
      left: 'what is done is kept, and the same command goes on',
    });
    const onProgress = (done: number, total: number) =>
      line.show(`${done.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} answers`);
    try {
      const at = await findTrainer(project);
      const { done, total, cancelled } = at
        ? await atTrainer(at, run, interrupts.signal, onProgress)
        : await withoutTrainer(project, () => here(folder, interrupts.signal, onProgress));
      line.clear();
      process.stdout.write(`${run}: ${sentence(done, total)}\n`);
      return cancelled ? interrupts.exitCode : exitCodes.done;
    } finally {
      line.clear();
      interrupts.dispose();
    }
  },
};

function sentence(done: number, total: number): string {
  const rules = `the rules of version ${analysisVersion}`;
  if (total === 0) return `all answers are read by ${rules} already`;
  const count = (number: number) => `${number.toLocaleString('en-US')} ${number === 1 ? 'answer' : 'answers'}`;
  return done < total
    ? `${done.toLocaleString('en-US')} of ${count(total)} read anew by ${rules}; the same command goes on`
    : `${count(done)} read anew by ${rules}`;
}

async function atTrainer(at: Discovery, runId: string, signal: AbortSignal, onProgress: OnProgress): Promise<Analysed> {
  const client = await connectTrainer(at, { client: 'video-r1 analyse', author: userInfo().username });
  const cancel = () => void client.request('runs/cancel-analysis', { runId }).catch(() => {});
  signal.addEventListener('abort', cancel);
  try {
    client.on('runs/analysing', (now) => {
      if (now.runId === runId) onProgress(now.done, now.total);
    });
    return await client.request('runs/analyse', { runId });
  } finally {
    signal.removeEventListener('abort', cancel);
    client.close();
  }
}

async function here(folder: string, signal: AbortSignal, onProgress: OnProgress): Promise<Analysed> {
  const store = RunStore.open(folder);
  const analysing = new Analysing();
  const runId = path.basename(folder);
  const cancel = () => analysing.cancel(runId);
  signal.addEventListener('abort', cancel);
  try {
    const run = {
      store,
      record: (body: Parameters<RunStore['append']>[0]) => void store.append(body),
      isGone: () => false,
    };
    return await analysing.analyse(runId, run, onProgress);
  } finally {
    signal.removeEventListener('abort', cancel);
    store.dispose();
  }
}
