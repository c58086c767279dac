/** The run file: what a person writes to describe a run. Unknown keys are errors; paths are relative to the file's folder. */
import { z } from 'zod';
import { nearestClause } from './nearest.ts';
import { method, parameterOverrides } from './parameters.ts';

export const presetNames = ['sample', 'paper', 'upstream'] as const;
export const presetName = z.enum(presetNames);
export type PresetName = z.infer<typeof presetName>;

/** Sizes of a model that is made from nothing; the names are those of Hugging Face's Qwen2.5-VL config. */
export const modelSize = z.strictObject({
  hidden_size: z.number().int().positive().multipleOf(8),
  num_hidden_layers: z.number().int().positive(),
  num_attention_heads: z.number().int().positive(),
  num_key_value_heads: z.number().int().positive(),
  intermediate_size: z.number().int().positive().multipleOf(4),
  vocab_size: z.number().int().min(300).describe('Upper bound: the tokenizer may find fewer pieces.'),
  vision_hidden_size: z.number().int().positive().multipleOf(8),
  vision_depth: z.number().int().positive(),
  vision_num_heads: z.number().int().positive(),
  vision_intermediate_size: z.number().int().positive().multipleOf(4),
});
export type ModelSize = z.infer<typeof modelSize>;

export const engineNames = ['tfjs', 'verl'] as const;

/**
 * The generations of transformers whose M-RoPE positions can be counted; each is named by the first that counts so. 5.0 stands for 5.0
 * to 5.17, which cut the seconds from frame pair to frame pair to a whole number; 4.50 to 4.57 count in ways of their own.
 */
export const positionGenerations = ['5.18', '5.0', '4.49'] as const;
export type PositionGeneration = (typeof positionGenerations)[number];

/** `5.x` is how files of earlier versions name 5.18. */
export const mropePositions = z
  .enum([...positionGenerations, '5.x'])
  .transform((name): PositionGeneration => (name === '5.x' ? '5.18' : name));

const tfjsSettings = z.strictObject({
  name: z.literal(engineNames[0]).default(engineNames[0]),
  backend: z
    .enum(['auto', 'native', 'webgpu', 'wasm', 'cpu'])
    .default('auto')
    .describe('auto: native GPU where one is prepared, else wasm. native, webgpu and cpu can be asked for.'),
  threads: z.number().int().min(1).max(64).default(2).describe('Workers that share each batch; on a GPU there is one.'),
  mropePositions: mropePositions
    .optional()
    .describe(
      'The generation of transformers whose M-RoPE positions are counted: 5.18 (and later; also written 5.x), 5.0 (to 5.17) or 4.49. Absent: as the checkpoint was trained, 5.18 for a new model.',
    ),
});
export type TfjsSettings = z.infer<typeof tfjsSettings>;

/** `host:port`, the host in brackets where it has colons. */
const gatewayAddress = z
  .string()
  .regex(/^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):\d{1,5}$/, 'it is host:port, such as 127.0.0.1:29610');

const verlKeys = z.strictObject({
  name: z.literal(engineNames[1]),
  mode: z
    .enum(['spmd', 'ray'])
    .default('spmd')
    .describe("spmd: the ranks of one torchrun, on one machine. ray: verl's worker groups on a Ray cluster, on many."),
  device: z.enum(['auto', 'cpu', 'cuda']).default('auto').describe('auto: GPUs where PyTorch sees one, else the CPU.'),
  ranks: z
    .number()
    .int()
    .min(1)
    .max(512)
    .default(1)
    .describe('Processes that share every batch, on all nodes together; on GPUs one each.'),
  nodes: z.number().int().min(1).max(64).default(1).describe('Machines; more than one needs mode ray.'),
  sampler: z
    .enum(['generate', 'vllm'])
    .default('generate')
    .describe('What writes answers: the trained model itself, or vLLM beside it, which needs mode ray and GPUs.'),
  precision: z
    .enum(['float32', 'bfloat16'])
    .optional()
    .describe('What is computed in; weights are kept in float32. Absent: bfloat16 on GPUs, float32 on a CPU.'),
  lora: z
    .strictObject({
      rank: z.number().int().min(1).max(1024),
      alpha: z.number().positive().max(1_000_000),
      targets: z
        .array(z.string().min(1))
        .min(1)
        .optional()
        .describe(
          'Names of the linear layers that get an adapter. Absent: all, with freezeVision those of the decoder.',
        ),
    })
    .optional()
    .describe('Trains an adapter of this rank beside frozen weights. Absent: all weights are trained.'),
  freezeVision: z.boolean().default(false).describe('The vision tower is not trained.'),
  offload: z.boolean().default(false).describe("Parameters and optimizer rest in the machine's memory between uses."),
  gradientCheckpointing: z
    .boolean()
    .optional()
    .describe(
      'Activations are computed again for the backward pass: less memory, more time. Absent: on GPUs, and not on a CPU.',
    ),
  attention: z.enum(['sdpa', 'eager', 'flash_attention_2']).default('sdpa'),
  microBatchTokens: z
    .number()
    .int()
    .min(1)
    .default(16384)
    .describe('Most tokens that one rank takes through one backward pass; a longer sequence goes alone.'),
  sampleTokens: z
    .number()
    .int()
    .min(1)
    .default(65536)
    .describe('Most tokens, of prompts and answers, that one rank samples at a time.'),
  tensorParallel: z.number().int().min(1).max(64).default(1).describe('GPUs that share one copy of the model in vLLM.'),
  samplerMemory: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.5)
    .describe("Share of each GPU's memory that vLLM takes while it samples."),
  ray: z
    .string()
    .min(1)
    .optional()
    .describe('Address of a Ray cluster to join, or "auto" for the one of this machine. Absent: one is started here.'),
  restAfterMinutes: z
    .number()
    .positive()
    .max(10_000)
    .optional()
    .describe(
      "Minutes without a request, as while a run is paused, after which the models go from the GPUs into the machine's memory until the next one. Absent: never.",
    ),
  python: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Python with verl, relative to the run file or absolute, or a name on the search path. Absent: that of "video-r1 setup verl".',
    ),
  attach: z
    .strictObject({
      address: gatewayAddress,
      tokenFile: z
        .string()
        .min(1)
        .describe('File that holds the token of the gateway, relative to the run file or absolute.'),
    })
    .optional()
    .describe('A gateway that someone started, with settings of its own; none is started then.'),
  mropePositions: mropePositions
    .optional()
    .describe('As for tfjs. Over vLLM it is 4.49, as vLLM counts positions itself and text goes on after the largest.'),
});

/** What a gateway that is attached to leaves to its own start. */
const keysBesideAttach = ['name', 'attach', 'mropePositions'] as const;

const verlSettings = verlKeys.superRefine((settings, context) => {
  for (const [key, message] of Object.entries(verlFaults(settings)))
    context.addIssue({ code: 'custom', path: [key], message });
});
export type VerlSettings = z.infer<typeof verlKeys>;

/** What can't be together, by the key that has to change. */
function verlFaults(settings: VerlSettings): Partial<Record<keyof VerlSettings, string>> {
  const { mode, device, ranks, nodes, sampler, tensorParallel, attach } = settings;
  if (attach !== undefined) {
    const alone = verlKeys.parse({ name: settings.name });
    const others = (Object.keys(settings) as (keyof VerlSettings)[]).filter(
      (key) => !keysBesideAttach.some((own) => own === key) && settings[key] !== alone[key],
    );
    return Object.fromEntries(
      others.map((key) => [
        key,
        'the gateway that "attach" names was started with settings of its own; take this away',
      ]),
    );
  }
  const vllm = sampler === 'vllm';
  return {
    ...(vllm && mode !== 'ray' && { sampler: 'vLLM needs "mode": "ray"' }),
    ...(vllm && device === 'cpu' && { device: 'vLLM needs GPUs; take "generate" as the sampler on a CPU' }),
    ...(nodes > 1 && mode !== 'ray' && { nodes: `${nodes} machines need "mode": "ray"` }),
    ...(ranks % nodes !== 0 && { ranks: `${ranks} ranks can't be shared evenly by ${nodes} nodes` }),
    ...(settings.ray !== undefined && mode !== 'ray' && { ray: 'a cluster is joined with "mode": "ray" alone' }),
    ...(tensorParallel > 1 && !vllm && { tensorParallel: 'it is of vLLM; the sampler is "generate"' }),
    ...(vllm &&
      ranks % tensorParallel !== 0 && {
        tensorParallel: `${ranks} ranks can't be cut into groups of ${tensorParallel}`,
      }),
    ...(settings.attention === 'flash_attention_2' &&
      device === 'cpu' && { attention: 'FlashAttention needs a GPU; take "sdpa"' }),
    ...(vllm &&
      settings.mropePositions !== undefined &&
      settings.mropePositions !== '4.49' && {
        mropePositions: `vLLM counts positions as 4.49 does, not as ${settings.mropePositions}, and what is trained must follow it; take this away, or "generate" as the sampler`,
      }),
  };
}

/** By the engine's name; settings without one are those of the engine that comes with the program. */
export const engineSettings = z.discriminatedUnion('name', [tfjsSettings, verlSettings], {
  error: ({ code, input }) => (code === 'invalid_union' ? noSuchEngine(input) : undefined),
});
export type EngineSettings = z.infer<typeof engineSettings>;

/** What a run is computed with when nobody says otherwise. */
export const defaultEngine: EngineSettings = engineSettings.parse({});

function noSuchEngine(settings: unknown): string {
  const name = String((settings as { name?: unknown }).name);
  return `there is no engine ${JSON.stringify(name)}${nearestClause(name, engineNames, JSON.stringify)}; there are ${engineNames.join(', ')}`;
}

/** Where a run's weights come from. `run` is the name of another run file's run. */
export const modelSource = z.union([
  z.strictObject({ size: modelSize }),
  z.strictObject({
    checkpoint: z.string().min(1).describe('A checkpoint folder: config.json, weights in safetensors, tokenizer.json.'),
    tokenizer: z
      .string()
      .min(1)
      .optional()
      .describe('Folder of the tokenizer, where the checkpoint was saved without its tokenizer.json.'),
  }),
  z.strictObject({
    run: z.string().min(1).describe('Name of a run of this project; its newest whole checkpoint is taken.'),
    step: z.number().int().min(0).optional().describe('The step of the checkpoint, instead of the newest.'),
  }),
]);
export type ModelSource = z.infer<typeof modelSource>;

/** Of a run, and of its run file. */
export const runName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'letters, digits, dot, dash and underscore; 64 at most');

export const runFile = z.strictObject({
  $schema: z.string().optional(),
  version: z.literal(1),
  name: runName,
  description: z.string().optional(),
  method,
  preset: presetName.default('sample'),
  dataset: z.string().min(1),
  evaluationDataset: z.string().min(1).optional(),
  allowedRoots: z
    .array(z.string().min(1))
    .optional()
    .describe(
      "Folders outside of a dataset's own that links among its videos and images may lead into, such as another disk. Without it a link that leads out of the dataset's folder is passed over.",
    ),
  sourceWeights: z
    .record(z.string(), z.number().min(0).max(1_000_000))
    .optional()
    .describe(
      'Relative shares of the sources ("data_source") in training: {"NAME": 2, "OTHER": 1} asks two questions of NAME for one of OTHER, however many rows each has. Every source of the dataset must be named; 0 leaves one out. With imageShare the weights hold among the images and among the videos. Absent: sources come as often as their rows.',
    ),
  /** A template of our own wording is taken when absent. */
  promptTemplate: z.string().min(1).optional(),
  model: modelSource,
  engine: engineSettings.default(defaultEngine),
  seed: z.number().int().min(0).max(0xffffffff).default(1),
  parameters: parameterOverrides.prefault({}),
});
export type RunFile = z.infer<typeof runFile>;

/** Run files carry this ending, which the editor's schema and icon go by. */
export const runFileEnding = '.run.json';

/** JSON schema of run files for editors. */
export function runFileJsonSchema(): object {
  return z.toJSONSchema(runFile, { io: 'input' });
}
