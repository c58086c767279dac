/** The script that a Slurm cluster runs for a gateway: Ray on every node, and the gateway on the first. */
import path from 'node:path';
import type { VerlSettings } from '../../protocol/runfile.ts';
import { shellWord } from '../../protocol/shell-word.ts';
import { gatewayCommand, gatewayConfig } from './gateway-process.ts';

export interface SlurmJob {
  /** The run file's name, which the job has too. */
  readonly name: string;
  readonly settings: VerlSettings;
  /** The Python of the nodes, at the same place on all. */
  readonly python: string;
  /** Folder of the package `video_r1_gateway`, seen by all nodes. */
  readonly packages: string;
  /** Folder, seen by all nodes and by the trainer, for the token, the log and the file that says where the gateway is. */
  readonly folder: string;
  /** Port of the first node on which the gateway listens, on the loopback address alone. */
  readonly port: number;
  readonly partition: string | null;
  readonly account: string | null;
  /** As Slurm writes it: `12:00:00`, `2-00:00:00`. */
  readonly time: string | null;
}

/** Words that Slurm reads in comments of a script: no quoting there, so nothing that would need it. */
export const slurmWord = /^[A-Za-z0-9][A-Za-z0-9._:,+@/-]*$/;

/** How a gateway of this name is found: its token, where it listens, and what it says. */
export function gatewayFiles(folder: string, name: string) {
  const file = (kind: string) => path.join(folder, `${name}.gateway.${kind}`);
  return { token: file('token'), ready: file('json'), log: file('log'), script: file('sbatch') };
}

/** A script for `sbatch`. It writes the token where there is none, readable for its owner alone. */
export function slurmScript({ name, settings, python, packages, folder, port, ...job }: SlurmJob): string {
  const { ranks, nodes } = settings;
  const perNode = ranks / nodes;
  const files = gatewayFiles(folder, name);
  const directives = [
    `--job-name=${name}`,
    `--nodes=${nodes}`,
    '--ntasks-per-node=1',
    ...(settings.device === 'cpu' ? [] : [`--gpus-per-node=${perNode}`]),
    '--exclusive',
    // All of it: a model is built in it before it is on the GPUs.
    '--mem=0',
    ...(job.partition === null ? [] : [`--partition=${job.partition}`]),
    ...(job.account === null ? [] : [`--account=${job.account}`]),
    ...(job.time === null ? [] : [`--time=${job.time}`]),
    // Commas and percent signs are Slurm's own there.
    `--output=${path.basename(files.log)}`,
    '--open-mode=append',
  ];
  const viaRay = settings.mode === 'ray';
  const told = viaRay ? { ...settings, ray: 'auto' } : settings;
  const gateway = [
    ...gatewayCommand(told),
    ...['--stay', '--listen', `127.0.0.1:${port}`, '--ready', files.ready, '--token-file', files.token],
    ...['--config', JSON.stringify(gatewayConfig(told))],
  ];
  return `#!/bin/bash
${directives.map((one) => `#SBATCH ${one}`).join('\n')}
# A gateway of Video-R1 Studio for ${ranks} ranks on ${nodes === 1 ? 'one node' : `${nodes} nodes`}. It writes its log where it is submitted.
set -euo pipefail
export PYTHONPATH=${shellWord(packages)}
PYTHON=${shellWord(python)}
TOKEN=${shellWord(files.token)}
READY=${shellWord(files.ready)}
umask 077
rm -f "$READY"
[ -s "$TOKEN" ] || head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \\n' > "$TOKEN"
mapfile -t NODES < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
HEAD=\${NODES[0]}
${viaRay ? rayLines(perNode, settings.device === 'cpu') : ''}(
  until [ -s "$READY" ]; do sleep 2; done
  echo "The gateway listens on $HEAD. From where the trainer runs:"
  echo "  ssh -N -L ${port}:127.0.0.1:${port} -J \${SLURM_SUBMIT_HOST:-LOGIN} $HEAD"
  echo '${attachLine(port, files.token).replaceAll("'", "'\\''")}'
) &
srun --overlap --cpu-bind=none --nodes=1 --ntasks=1 --nodelist="$HEAD" "$PYTHON" ${gateway.map((word) => shellWord(word)).join(' ')}
`;
}

/** What a run file's engine says to attach to it. */
export function attachSettings(port: number, tokenFile: string): Pick<VerlSettings, 'name'> & { attach: object } {
  return { name: 'verl', attach: { address: `127.0.0.1:${port}`, tokenFile } };
}

function attachLine(port: number, tokenFile: string): string {
  return `  "engine": ${JSON.stringify(attachSettings(port, tokenFile))}`;
}

/** Ray's head and its workers stay for as long as the job. */
function rayLines(perNode: number, onCpu: boolean): string {
  const resources = onCpu ? `--num-cpus=${perNode + 2}` : `--num-gpus=${perNode}`;
  return `ADDRESS=$(srun --overlap --cpu-bind=none --nodes=1 --ntasks=1 --nodelist="$HEAD" hostname --ip-address | tr ' ' '\\n' | grep -m1 -E '^[0-9.]+$' || true)
[ -n "$ADDRESS" ] || { echo "hostname --ip-address gives no IPv4 address on $HEAD."; exit 1; }
ray_of() { srun --overlap --cpu-bind=none --nodes=1 --ntasks=1 --nodelist="$1" "$PYTHON" -m ray.scripts.scripts start "\${@:2}" ${resources} --disable-usage-stats --block & }
# A port of its own: another job's Ray may have its head on this node.
PORT=$((20000 + \${SLURM_JOB_ID:-$$} % 20000))
ray_of "$HEAD" --head --node-ip-address="$ADDRESS" --port="$PORT"
for NODE in "\${NODES[@]:1}"; do ray_of "$NODE" --address="$ADDRESS:$PORT"; done
for _ in $(seq 150); do
  ALIVE=$(srun --overlap --cpu-bind=none --nodes=1 --ntasks=1 --nodelist="$HEAD" "$PYTHON" -c 'import ray; ray.init(address="auto", log_to_driver=False); print(sum(node["Alive"] for node in ray.nodes()))' 2>/dev/null | tail -n 1 || true)
  [ "$ALIVE" = "\${#NODES[@]}" ] && break
  sleep 2
done
[ "$ALIVE" = "\${#NODES[@]}" ] || { echo "Of \${#NODES[@]} nodes \${ALIVE:-none} joined Ray at $ADDRESS:$PORT."; exit 1; }
`;
}
