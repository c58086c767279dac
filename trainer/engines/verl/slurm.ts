/**
 * The batch script that starts a gateway on nodes that Slurm gives: a Ray cluster over them all, or on one node its ranks alone. Pure
 * text: every value that comes from elsewhere stands in it as one word of the shell.
 */
import { StudioError } from '../../protocol/errors.ts';
import type { VerlSettings } from '../../protocol/runfile.ts';
import { shellWord } from '../../protocol/shell-word.ts';
import { gatewayCommand, gatewayConfig } from './gateway-process.ts';

export interface SlurmJob {
  /** Of the run file. */
  readonly name: string;
  readonly nodes: number;
  readonly gpusPerNode: number;
  readonly cpusPerGpu: number;
  readonly partition?: string | undefined;
  readonly account?: string | undefined;
  /** As sbatch takes it: `24:00:00`, `2-00:00:00`. */
  readonly time?: string | undefined;
  /** On a disk that all nodes see: it gets the token, the log and what the gateway writes when it is ready. */
  readonly folder: string;
  /** Copy of the gateway's package, which the nodes see too. */
  readonly packages: string;
  readonly python: string;
  /** Of the gateway, on the first node's loopback address. */
  readonly port: number;
  /** With the job's nodes, and a rank for each of its GPUs. */
  readonly settings: VerlSettings;
}

/** What stands in a directive is one word of letters, digits and a few signs. */
const plainWord = /^[A-Za-z0-9][A-Za-z0-9._:,=@+-]*$/;

/** @throws StudioError `bad-request` for a partition, account or time that is no word */
export function slurmScript(job: SlurmJob): string {
  const directives = [
    ['job-name', `video-r1-${job.name}`],
    ['nodes', String(job.nodes)],
    ['ntasks-per-node', '1'],
    ['gpus-per-node', String(job.gpusPerNode)],
    ['cpus-per-gpu', String(job.cpusPerGpu)],
    ['mem', '0'],
    ['partition', job.partition],
    ['account', job.account],
    ['time', job.time],
  ].flatMap(([key, value]) => (value === undefined ? [] : [`#SBATCH --${key}=${plain(key ?? '', value)}`]));
  const { settings } = job;
  const overRay = settings.mode === 'ray';
  return `${[
    '#!/bin/bash',
    ...directives,
    '# Starts the gateway of the engine verl on these nodes and keeps it until the job ends.',
    'set -euo pipefail',
    'umask 077',
    '',
    `folder=${shellWord(job.folder)}`,
    `python=${shellWord(job.python)}`,
    `port=${job.port}`,
    `export PYTHONPATH=${shellWord(job.packages)} PYTHONNOUSERSITE=1 PYTHONUNBUFFERED=1`,
    '',
    'head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | sed -n 1p)',
    'token="$folder/token"',
    'ready="$folder/ready.json"',
    'rm -f "$ready"',
    `"$python" -c 'import secrets; print(secrets.token_hex(32))' > "$token"`,
    ...(overRay ? cluster(job) : []),
    '',
    ...gateway(settings, overRay),
    ...told(job),
    'wait "$gateway"',
  ].join('\n')}\n`;
}

function plain(key: string, value: string): string {
  if (plainWord.test(value)) return value;
  throw new StudioError('bad-request', `--${key} ${JSON.stringify(value)} is no word that sbatch takes.`, {
    remedy: 'Letters, digits and . _ : , = @ + - are taken.',
  });
}

/** Ray's head on the first node, a worker on each of the others; they live as long as the job. */
function cluster({ nodes, gpusPerNode }: SlurmJob): string[] {
  const on = (where: string, count: number) =>
    `srun --overlap --cpu-bind=none --nodes=${count} --ntasks=${count} ${where} --gpus-per-node=${gpusPerNode}`;
  const start = `"$python" -m ray.scripts.scripts start --num-gpus=${gpusPerNode} --disable-usage-stats --block`;
  return [
    '',
    'address=$(srun --overlap --cpu-bind=none --nodes=1 --ntasks=1 --nodelist="$head" hostname --ip-address | tr " " "\\n" | grep -v "^127\\." | sed -n 1p)',
    'ray_port=$((20000 + SLURM_JOB_ID % 20000))',
    `${on('--nodelist="$head"', 1)} ${start} --head --node-ip-address="$address" --port="$ray_port" &`,
    ...(nodes > 1 ? [`${on('--exclude="$head"', nodes - 1)} ${start} --address="$address:$ray_port" &`] : []),
    '# Until all nodes have joined.',
    `"$python" - "$address:$ray_port" ${nodes} <<'PYTHON'`,
    'import sys, time, ray',
    'for _ in range(120):',
    '    try:',
    '        ray.init(address=sys.argv[1], log_to_driver=False, ignore_reinit_error=True)',
    '        if sum(node["Alive"] for node in ray.nodes()) >= int(sys.argv[2]): sys.exit(0)',
    '    except ConnectionError: pass',
    '    time.sleep(5)',
    'sys.exit("The nodes did not join the Ray cluster within ten minutes.")',
    'PYTHON',
  ];
}

/** The configuration is written by Python, so that the address of the cluster, known when the job runs, comes into it as data. */
function gateway(settings: VerlSettings, overRay: boolean): string[] {
  const config = shellWord(JSON.stringify(gatewayConfig(settings)));
  const joined = `"$("$python" -c 'import json, sys; print(json.dumps({**json.loads(sys.argv[1]), "ray": sys.argv[2]}))' ${config} "$address:$ray_port")"`;
  return [
    `config=${overRay ? joined : config}`,
    'srun --overlap --cpu-bind=none --nodes=1 --ntasks=1 --nodelist="$head" \\',
    `  "$python" ${gatewayCommand(settings).join(' ')} --listen "127.0.0.1:$port" --stay \\`,
    '  --ready "$ready" --token-file "$token" --config "$config" &',
    'gateway=$!',
    'until [ -s "$ready" ]; do',
    '  kill -0 "$gateway" 2> /dev/null || [ -s "$ready" ] || { wait "$gateway"; exit 1; }',
    '  sleep 2',
    'done',
  ];
}

/** What the one who attaches must do, in the job's output. */
function told({ folder, port }: SlurmJob): string[] {
  const attach = JSON.stringify({ address: `127.0.0.1:${port}`, tokenFile: `${folder}/token` });
  return [
    `printf '%s\\n' "The gateway is ready on $head. From where the trainer runs:"`,
    `printf '%s\\n' "  ssh -N -L $port:127.0.0.1:$port -J $USER@$SLURM_SUBMIT_HOST $USER@$head"`,
    `printf '%s\\n' "and in the run file:"`,
    `printf '  "engine": {"name": "verl", "attach": %s}\\n' ${shellWord(attach)}`,
  ];
}
