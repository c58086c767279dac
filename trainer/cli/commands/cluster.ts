/** `video-r1 cluster slurm`: the batch script that starts a gateway on nodes of a cluster; written and shown, and submitted on request. */
import { execFile } from 'node:child_process';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gatewayOnSlurm, setUpPython } from '../../engines/gateways.ts';
import { StudioError } from '../../protocol/errors.ts';
import { changedEngine } from '../../runs/changed-engine.ts';
import { readRunFile } from '../../runs/run-files.ts';
import { quoted } from '../terminal/callable.ts';
import { type CliCommand, exitCodes, readEngine, readOptions, usage, wholeNumber } from '../terminal/command.ts';
import { canAsk, saysYes } from '../terminal/consent.ts';

export const clusterCommand: CliCommand = {
  name: 'cluster',
  summary: 'write the batch script that starts a gateway of the engine verl under Slurm',
  help: `
video-r1 cluster slurm RUNFILE --nodes N --gpus-per-node G [--cpus-per-gpu C] [--partition P] [--account A] [--time T]
                       [--port N] [--engine KEY=VALUE …] [--python PROGRAM] [--out DIR] [--submit [--yes]]

Writes a script for sbatch, and shows it: it starts Ray on all nodes (on one node the ranks alone), and on the first one the gateway of
the engine verl with the run file's engine settings on N x G GPUs. The gateway listens on that node's loopback address and stays
until the job ends; the job's output says how to reach it over SSH, and what goes into the run file to attach to it.
--out is a folder on a disk that all nodes see, by default .video-r1/slurm/NAME beside the run file: it gets the script, the
gateway's program, its token (for you alone to read) and the log. --python is that of "video-r1 setup verl" unless it says another;
the nodes must see it too. --port (29610) is the gateway's, --cpus-per-gpu (8) what the job asks of cores; it asks for all memory of its nodes.
Nothing is submitted but with --submit, after it was shown and agreed to; --yes agrees.

  video-r1 cluster slurm tgrpo.run.json --nodes 2 --gpus-per-node 8 --partition gpu --time 24:00:00
  video-r1 cluster slurm tgrpo.run.json --nodes 1 --gpus-per-node 8 --submit`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        nodes: { type: 'string' },
        'gpus-per-node': { type: 'string' },
        'cpus-per-gpu': { type: 'string', default: '8' },
        partition: { type: 'string' },
        account: { type: 'string' },
        time: { type: 'string' },
        port: { type: 'string', default: '29610' },
        engine: { type: 'string', multiple: true, default: [] },
        python: { type: 'string' },
        out: { type: 'string' },
        submit: { type: 'boolean', default: false },
        yes: { type: 'boolean', default: false },
      },
      2,
    );
    const [scheduler, file] = positionals;
    if (scheduler !== 'slurm' || file === undefined) throw usage('Say: video-r1 cluster slurm RUNFILE.');
    if (values.nodes === undefined || values['gpus-per-node'] === undefined)
      throw usage('Say how many nodes and how many GPUs of each: --nodes N --gpus-per-node G.');
    if (values.yes && !values.submit) throw usage('--yes goes with --submit.');
    const nodes = wholeNumber('nodes', values.nodes, 1, 64);
    const gpusPerNode = wholeNumber('gpus-per-node', values['gpus-per-node'], 1, 16);
    const runFile = path.resolve(file);
    const read = await readRunFile(runFile);
    const here = {
      device: 'cuda',
      nodes,
      ranks: nodes * gpusPerNode,
      ...(nodes > 1 && { mode: 'ray' }),
      attach: null,
      ray: null,
    };
    const settings = changedEngine(read.engine, { name: 'verl', ...readEngine(values.engine), ...here }, 'bad-request');
    if (settings.name !== 'verl') throw usage('A gateway is of the engine verl alone.');
    const folder = path.resolve(values.out ?? path.join(path.dirname(runFile), '.video-r1', 'slurm', read.name));
    const packages = path.join(folder, 'gateway');
    const script = gatewayOnSlurm.script({
      name: read.name,
      ...{ nodes, gpusPerNode },
      cpusPerGpu: wholeNumber('cpus-per-gpu', values['cpus-per-gpu'], 1, 128),
      ...{ partition: values.partition, account: values.account, time: values.time },
      ...{ folder, packages, settings },
      python: values.python ?? settings.python ?? setUpPython('cuda'),
      port: wholeNumber('port', values.port, 1024, 65535),
    });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await cp(gatewayOnSlurm.packages(), packages, {
      recursive: true,
      filter: (source) => path.basename(source) !== '__pycache__',
    });
    const job = path.join(folder, 'job.sh');
    await writeFile(job, script, { mode: 0o700 });
    process.stdout.write(script);
    const log = path.join(folder, 'job-%j.log');
    const submit = ['--parsable', `--output=${log}`, job];
    if (!values.submit) {
      process.stdout.write(`\nwritten to ${job}; to submit it: sbatch --output=${quoted(log)} ${quoted(job)}\n`);
      return exitCodes.done;
    }
    if (!values.yes) {
      if (!canAsk())
        throw new StudioError('bad-request', 'Nothing was submitted: nobody can be asked here.', {
          remedy: 'Add --yes to agree to the script above.',
        });
      if (!(await saysYes('Submit it? [y/N] '))) throw new StudioError('conflict', 'Nothing was submitted.');
    }
    const { stdout } = await promisify(execFile)('sbatch', submit).catch(
      (cause: NodeJS.ErrnoException & { stderr?: string }) => {
        const why =
          cause.code === 'ENOENT' ? 'there is no sbatch on this machine' : (cause.stderr || cause.message).trim();
        throw new StudioError('engine-failed', `The job was not submitted: ${why}.`, {
          place: job,
          remedy: 'Submit it where Slurm is, or correct the options.',
          cause,
        });
      },
    );
    const id = stdout.trim().split(';')[0] ?? '';
    process.stdout.write(`\nsubmitted as job ${id}; what it says: ${log.replace('%j', id)}\n`);
    return exitCodes.done;
  },
};
