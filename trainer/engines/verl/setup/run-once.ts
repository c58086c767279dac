/** Runs an environment once, in a process of its own: whether what the gateway stands on can be imported and computes. */
import { runProgram } from '../../../programs/run-program.ts';
import { StudioError } from '../../../protocol/errors.ts';
import { parseJson } from '../../../protocol/json.ts';
import type { EnvironmentKind } from '../../../protocol/verl-environments.ts';
import { gatewayPackages } from '../files.ts';
import { type EnvironmentFacts, environmentFacts } from './environment.ts';
import { withoutUsersPython } from './pip.ts';

/** Prints one line of JSON behind a mark: libraries print what they like before it. */
const mark = 'environment ';
const script = `
import importlib.metadata as metadata, json, platform
import os, torch, transformers, ray, peft, tensordict, safetensors
from transformers import Qwen2_5_VLForConditionalGeneration
import verl
KIND_IMPORTS
import video_r1_gateway.model
gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
names = ['torch', 'transformers', 'verl', 'ray', 'peft']
versions = {name: metadata.version(name) for name in names}
try: versions['vllm'] = metadata.version('vllm')
except metadata.PackageNotFoundError: versions['vllm'] = None
print('${mark}' + json.dumps({'versions': {'python': platform.python_version(), **versions}, 'gpus': gpus}))
`;

/**
 * verl is given a platform of the CPU where it sees no GPU, as the gateway does. vLLM can't be imported there, and is asked for its
 * version alone.
 */
const onCpu = "os.environ['VERL_PLATFORM'] = 'cpu'; from video_r1_gateway.platform_cpu import use_cpu; use_cpu()";
const imports: Readonly<Record<EnvironmentKind, string>> = {
  cpu: onCpu,
  cuda: `if torch.cuda.is_available(): import vllm\nelse: ${onCpu}`,
};

/** @throws StudioError `engine-failed` with what Python said; the signal's reason when aborted */
export async function runOnce(kind: EnvironmentKind, python: string, signal: AbortSignal): Promise<EnvironmentFacts> {
  let facts: EnvironmentFacts | undefined;
  const end = await runProgram(python, ['-c', script.replace('KIND_IMPORTS', imports[kind])], {
    signal,
    environment: {
      ...withoutUsersPython(process.env),
      PYTHONPATH: gatewayPackages(),
      PYTHONDONTWRITEBYTECODE: '1',
      OMP_NUM_THREADS: '1',
    },
    onLine: (text) => {
      if (text.startsWith(mark)) facts = environmentFacts.safeParse(parseJson(text.slice(mark.length))).data;
    },
  });
  if (end.kind === 'ended' && end.code === 0 && facts !== undefined) return facts;
  const why = end.kind === 'ended' ? (end.said.split('\n').at(-1) ?? '') : end.cause.message;
  throw new StudioError('engine-failed', `The environment does not run: ${why || 'it said nothing'}`, {
    place: python,
    remedy: `Take it away with "video-r1 setup verl${kind === 'cpu' ? ' --cpu' : ''} --remove", then make it again.`,
  });
}
