/** `video-r1 memory`: what a run of the engine verl takes on each GPU and each machine, and whether it fits. */
import path from 'node:path';
import {
  billions,
  folderConfig,
  gib,
  judge,
  phaseWords,
  publishedConfig,
  publishedSizes,
  type Room,
  waysToFit,
  wayWords,
  workOf,
} from '../../engines/memory.ts';
import { lookAtMachine } from '../../engines/probe.ts';
import { presetParameters, withOverrides } from '../../learning/presets.ts';
import { StudioError } from '../../protocol/errors.ts';
import type { ParameterValues } from '../../protocol/parameters.ts';
import { defaultEngine, type EngineSettings, runFileEnding } from '../../protocol/runfile.ts';
import { changedEngine } from '../../runs/changed-engine.ts';
import { findCheckpoint } from '../../runs/find-checkpoint.ts';
import { readRunFile } from '../../runs/run-files.ts';
import {
  type CliCommand,
  exitCodes,
  oneOf,
  readEngine,
  readOptions,
  readPreset,
  readSettings,
  usage,
  wholeNumber,
} from '../terminal/command.ts';

type VerlSettings = Extract<EngineSettings, { name: 'verl' }>;

export const memoryCommand: CliCommand = {
  name: 'memory',
  summary: 'what a run of the engine verl takes of GPUs and machines, and whether it fits',
  help: `
video-r1 memory RUNFILE|MODEL|${publishedSizes.join('|')} [--ranks N] [--nodes N] [--gpu-memory GIB] [--host-memory GIB]
                [--engine KEY=VALUE …] [--method sft|tgrpo] [--preset NAME] [--set NAME=VALUE …] [--folder DIR] [--json]

Works out, before anything is loaded, what a run with the engine verl needs at most on each GPU and in each machine's memory: a
run file's, or a model folder's or published size's with the parameters of --preset (paper) and --method (tgrpo). Nothing is run.
--ranks and --nodes are the engine's; --engine gives any of its settings, as --engine offload=true.
--gpu-memory says how much each GPU has, in GiB (an 80 GB GPU: 80), --host-memory how much each machine; without them it is
compared with this machine, where it has GPUs. --folder is the project, where the run file's model is a run of it.
Says what would make it fit where it does not, and ends with 1 then.

  video-r1 memory 7B --ranks 4 --gpu-memory 80
  video-r1 memory tgrpo.run.json --ranks 8 --gpu-memory 80 --host-memory 512`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        ranks: { type: 'string' },
        nodes: { type: 'string' },
        'gpu-memory': { type: 'string' },
        'host-memory': { type: 'string' },
        engine: { type: 'string', multiple: true, default: [] },
        method: { type: 'string', default: 'tgrpo' },
        preset: { type: 'string', default: 'paper' },
        set: { type: 'string', multiple: true, default: [] },
        folder: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
      1,
    );
    const [what] = positionals;
    if (what === undefined) throw usage(`Name a run file, a model folder or a size: ${publishedSizes.join(', ')}.`);
    const isRunFile = what.endsWith(runFileEnding);
    const runFile = isRunFile ? await readRunFile(path.resolve(what)) : null;
    const overrides = readSettings(values.set);
    const method = runFile?.method ?? oneOf('--method', values.method, methods);
    const preset = presetParameters(runFile?.preset ?? readPreset(values.preset), method);
    const parameters: ParameterValues = withOverrides(
      preset,
      { ...runFile?.parameters, ...overrides },
      'bad-request',
      '--set',
    );
    const change = {
      ...{ name: 'verl', ...readEngine(values.engine) },
      ...(values.ranks !== undefined && { ranks: wholeNumber('ranks', values.ranks, 1, 512) }),
      ...(values.nodes !== undefined && { nodes: wholeNumber('nodes', values.nodes, 1, 64), mode: 'ray' }),
    };
    const settings = verlOf(changedEngine(runFile?.engine ?? defaultEngine, change, 'bad-request'));
    const config = await configOf(what, runFile?.model ?? null, values.folder);
    const asked = { config, settings, work: workOf(method, parameters) };
    const room = await roomOf(settings, values['gpu-memory'], values['host-memory']);
    const { estimate, lacks, isTight } = judge(asked, room);
    const ways = lacks.length === 0 ? [] : waysToFit(asked, room);
    if (values.json) {
      process.stdout.write(
        `${JSON.stringify({ ...estimate, engine: settings, work: asked.work, room, lacks, isTight, ways })}\n`,
      );
      return lacks.length === 0 ? exitCodes.done : exitCodes.failed;
    }
    const say = (line: string) => process.stdout.write(`${line}\n`);
    const row = (name: string, bytes: number, indent = '  ') =>
      say(`${indent}${name.padEnd(44 - indent.length)}${gib(bytes).padStart(11)}`);
    const { ranks, nodes } = settings;
    const { promptTokens, visionTokens, answerTokens } = asked.work;
    say(
      `${path.basename(what)}: ${billions(estimate.parameters)} parameters, ${billions(estimate.trained)} of them trained`,
    );
    say(
      `${ranks} ${ranks === 1 ? 'rank' : 'ranks'} on ${nodes === 1 ? 'one machine' : `${nodes} machines`}; prompts of ${promptTokens} tokens, ${visionTokens} of them vision, and answers of ${answerTokens}`,
    );
    for (const { name, parts, bytes } of estimate.phases) {
      say(`${room.device === 'cuda' ? 'on each GPU' : 'in each rank'} ${phaseWords[name]}`);
      for (const part of parts) row(part.what, part.bytes);
      row('in all', bytes);
    }
    say("in a machine's memory");
    for (const part of estimate.host) row(part.what, part.bytes);
    row('in all', estimate.hostBytes);
    if (lacks.length > 0) say(`It does not fit. ${lacks.join('. ')}.`);
    else if (room.gpuBytes === null && room.hostBytes === null)
      say('Say what there is with --gpu-memory and --host-memory, and whether it fits is said too.');
    else say(isTight ? 'It fits by little: what the allocator loses may be more than what is left.' : 'It fits.');
    for (const way of ways) say(`  it fits with ${wayWords(way)}`);
    return lacks.length === 0 ? exitCodes.done : exitCodes.failed;
  },
};

function verlOf(settings: EngineSettings): VerlSettings {
  if (settings.name === 'verl') return settings;
  throw usage('This is about the engine verl: other engines take what the machine has.');
}

async function configOf(
  what: string,
  model: { readonly checkpoint?: string } | object | null,
  project: string | undefined,
) {
  const size = publishedSizes.find((one) => one === what.toUpperCase());
  if (size !== undefined) return publishedConfig(size);
  if (model === null) return await folderConfig(path.resolve(what));
  if ('checkpoint' in model && typeof model.checkpoint === 'string')
    return await folderConfig(path.resolve(path.dirname(what), model.checkpoint));
  if ('run' in model && typeof model.run === 'string') {
    const { folder } = await findCheckpoint(model.run, path.resolve(project ?? path.dirname(what)), undefined);
    return await folderConfig(folder);
  }
  throw new StudioError('bad-run-file', 'The run file makes a new model, which is as small as its size says.', {
    place: what,
    remedy: 'This is about models that come from a checkpoint.',
  });
}

const methods = ['sft', 'tgrpo', 'grpo'] as const;
const gibibyte = 2 ** 30;

async function roomOf(settings: VerlSettings, gpu: string | undefined, host: string | undefined): Promise<Room> {
  const amount = (name: string, text: string) => {
    const value = Number(text);
    if (!(value > 0)) throw usage(`--${name} is a number of GiB, not ${text}.`);
    return value * gibibyte;
  };
  const machine = gpu === undefined || host === undefined ? await lookAtMachine(new AbortController().signal) : null;
  const device = settings.device === 'cpu' ? 'cpu' : 'cuda';
  const here = machine !== null && (device === 'cpu' || machine.gpus.length > 0) && gpu === undefined;
  const smallest = Math.min(...(machine?.gpus.map(({ memoryBytes }) => memoryBytes) ?? []));
  return {
    device,
    gpuBytes: gpu !== undefined ? amount('gpu-memory', gpu) : here && device === 'cuda' ? smallest : null,
    hostBytes: host !== undefined ? amount('host-memory', host) : here ? machine.memoryBytes : null,
  };
}
