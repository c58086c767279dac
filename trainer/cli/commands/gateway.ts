/** `video-r1 gateway`: a gateway of the engine verl that stays, here or on a Slurm cluster, for runs that attach to it. */
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  attachSettings,
  gatewayFiles,
  gatewayPackages,
  gatewayPython,
  runStandingGateway,
  slurmScript,
  slurmWord,
} from '../../engines/gateways.ts';
import { StudioError } from '../../protocol/errors.ts';
import { defaultEngine, type EngineSettings } from '../../protocol/runfile.ts';
import { shellWord } from '../../protocol/shell-word.ts';
import { changedEngine } from '../../runs/changed-engine.ts';
import { engineWithPaths } from '../../runs/plan.ts';
import { readRunFile } from '../../runs/run-files.ts';
import { type CliCommand, exitCodes, readEngine, readOptions, usage, wholeNumber } from '../terminal/command.ts';
import { canAsk, saysYes } from '../terminal/consent.ts';
import { Interrupts } from '../terminal/interrupt.ts';

type VerlSettings = Extract<EngineSettings, { name: 'verl' }>;

const gatewayFolder = 'gateways';

export const gatewayCommand: CliCommand = {
  name: 'gateway',
  summary: 'start a gateway of the engine verl that stays: here, or on a Slurm cluster',
  help: `
video-r1 gateway start RUNFILE [--engine KEY=VALUE …] [--listen HOST:PORT] [--folder DIR]
video-r1 gateway slurm RUNFILE --nodes N --gpus-per-node G [--engine KEY=VALUE …] [--partition NAME] [--account NAME]
                               [--time HH:MM:SS] [--port PORT] [--folder DIR] [--submit [--yes]]

A gateway holds the model for runs that attach to it. It serves one trainer after another, with the engine's settings of the run
file; the trainer must see the project under the same path. --folder, by default .video-r1/gateways beside the run file, takes the
token that a trainer must know, readable for you alone, and the file that says where the gateway is.

start runs one in this terminal until Ctrl-C, and says what to put into a run file's "engine". It listens on 127.0.0.1, a free port:
from another machine, reach it through an SSH tunnel.
slurm writes the script for sbatch and shows it; --submit submits it after it was agreed to (--yes agrees). With several nodes, or
vLLM, the ranks are workers of a Ray cluster that the script starts.

  video-r1 gateway start tgrpo.run.json --engine ranks=8
  video-r1 gateway slurm tgrpo.run.json --nodes 2 --gpus-per-node 8 --time 12:00:00`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        engine: { type: 'string', multiple: true, default: [] },
        listen: { type: 'string' },
        folder: { type: 'string' },
        nodes: { type: 'string' },
        'gpus-per-node': { type: 'string' },
        partition: { type: 'string' },
        account: { type: 'string' },
        time: { type: 'string' },
        port: { type: 'string' },
        submit: { type: 'boolean', default: false },
        yes: { type: 'boolean', default: false },
      },
      2,
    );
    const [what, file] = positionals;
    if (what !== 'start' && what !== 'slurm') throw usage('Say where: video-r1 gateway start, or slurm.');
    if (file === undefined) throw usage('Name a run file, whose engine the gateway is.');
    for (const name of ofSlurm)
      if (what === 'start' && values[name]) throw usage(`--${name} belongs to video-r1 gateway slurm.`);
    if (what === 'slurm' && values.listen !== undefined) throw usage('--listen belongs to video-r1 gateway start.');
    const runFile = await readRunFile(path.resolve(file));
    const folder = path.resolve(values.folder ?? path.join(path.dirname(file), '.video-r1', gatewayFolder));
    const engineOf = (change: Record<string, unknown>) =>
      verlOf(
        engineWithPaths(
          changedEngine(
            runFile.engine ?? defaultEngine,
            { name: 'verl', ...readEngine(values.engine), ...change },
            'bad-request',
          ),
          (named) => path.resolve(path.dirname(file), named),
        ),
      );
    if (what === 'start') return start(engineOf({}), runFile.name, folder, values.listen ?? '127.0.0.1:0');
    const [nodes, perNode] = [
      wholeNumber('nodes', values.nodes ?? '1', 1, 64),
      wholeNumber('gpus-per-node', values['gpus-per-node'] ?? missing('gpus-per-node'), 1, 64),
    ];
    const asked = engineOf({ nodes, ranks: nodes * perNode, ...(nodes > 1 && { mode: 'ray' }) });
    // Slurm is asked for GPUs: that this machine, which only submits, has none says nothing.
    const settings: VerlSettings = asked.device === 'auto' ? { ...asked, device: 'cuda' } : asked;
    const script = slurmScript({
      ...{ name: runFile.name, settings, folder, packages: gatewayPackages() },
      python: gatewayPython(settings),
      port: wholeNumber('port', values.port ?? '7777', 1024, 65535),
      ...{ partition: word('partition', values.partition), account: word('account', values.account) },
      time: word('time', values.time),
    });
    return slurm(script, runFile.name, folder, values.submit, values.yes);
  },
};

const ofSlurm = ['nodes', 'gpus-per-node', 'partition', 'account', 'time', 'port', 'submit', 'yes'] as const;

function missing(name: string): never {
  throw usage(`Say --${name}.`);
}

function word(name: string, text: string | undefined): string | null {
  if (text === undefined) return null;
  if (slurmWord.test(text)) return text;
  throw usage(`--${name} ${text} is no word that Slurm takes.`);
}

function verlOf(settings: EngineSettings): VerlSettings {
  if (settings.name === 'verl' && settings.attach === undefined) return settings;
  throw usage(
    settings.name === 'verl'
      ? 'This run file attaches to a gateway; name what one is to be with --engine.'
      : 'A gateway is of the engine verl alone.',
  );
}

const say = (line: string) => process.stdout.write(`${line}\n`);

async function start(settings: VerlSettings, name: string, folder: string, listen: string): Promise<number> {
  const interrupts = new Interrupts({ first: 'Ending the gateway', left: 'its ranks are ended with it' });
  try {
    const code = await runStandingGateway({
      ...{ settings, name, folder, listen, signal: interrupts.signal },
      onReady(address, tokenFile) {
        const port = Number(address.split(':').at(-1));
        say(`The gateway listens on ${address}. In a run file of this machine:`);
        say(`  "engine": ${JSON.stringify(attachSettings(port, tokenFile))}`);
        say('From another machine that sees the project under the same path, through a tunnel:');
        say(`  ssh -N -L ${port}:127.0.0.1:${port} HOST`);
      },
    });
    if (!interrupts.signal.aborted) return code === 0 ? exitCodes.done : exitCodes.failed;
    say(`Ended: the gateway of ${name}${settings.ranks === 1 ? '' : ` and its ${settings.ranks} ranks`}.`);
    return interrupts.exitCode;
  } finally {
    interrupts.dispose();
  }
}

async function slurm(script: string, name: string, folder: string, submit: boolean, yes: boolean): Promise<number> {
  const { script: file } = gatewayFiles(folder, name);
  await mkdir(folder, { recursive: true });
  await writeFile(file, script, { mode: 0o600 });
  say(script);
  const line = `sbatch ${shellWord(path.basename(file))}`;
  if (!submit) {
    say(`Written to ${file}. To submit it: cd ${shellWord(folder)} && ${line}`);
    return exitCodes.done;
  }
  if (!yes) {
    if (!canAsk())
      throw new StudioError('bad-request', 'Nothing was submitted: nobody can be asked here.', {
        remedy: 'Add --yes to agree to the script above.',
      });
    if (!(await saysYes('Submit it? [y/N] '))) throw new StudioError('conflict', 'Nothing was submitted.');
  }
  const { status, error, stdout, stderr } = spawnSync('sbatch', [path.basename(file)], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (error !== undefined || status !== 0)
    throw new StudioError('engine-failed', `sbatch failed: ${(error?.message ?? stderr ?? '').trim()}`, {
      place: file,
      remedy: 'Is this a machine of the cluster from which jobs are submitted?',
    });
  say(stdout.trim());
  say(`When it runs, ${gatewayFiles(folder, name).log} says how to attach to it.`);
  return exitCodes.done;
}
