/**
 * The small files of a checkpoint folder: configuration, tokenizer, the optimizer's step, and what other programs want beside
 * them. Weights are read by the replicas.
 */
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { StudioError } from '../../protocol/errors.ts';
import type { PositionGeneration } from '../../protocol/runfile.ts';
import { specialTokens } from '../engine.ts';
import { tokenizerFile, tokenizerOf } from '../model-folder.ts';
import { refuseOtherForms } from '../model-forms.ts';
import type { ModelConfig } from './config.ts';
import { mergeSize, patchSize, pixelMean, pixelStd, readConfig, temporalPatchSize } from './config.ts';
import { Tokenizer } from './tokenizer/tokenizer.ts';
import { tokenizerConfigFile } from './tokenizer/training.ts';

/**
 * How the optimizer's state lies beside a model: `file`, optimizer.safetensors with a moment for each tensor; `distributed`, the
 * folder `optimizer` as PyTorch writes it in shards. Neither engine reads the other's.
 */
export type OptimizerForm = 'file' | 'distributed';

const optimizerFile = z.object({
  optimizer: z.literal('AdamW'),
  step: z.number().int().min(0),
  /** Absent: `file`. */
  form: z.literal('distributed').optional(),
});

/**
 * Files that this engine does not need and other programs do: how text and media become the model's input, and how to generate.
 * Those of a folder that was read are handed on as they were.
 */
const companionNames = [
  'generation_config.json',
  'tokenizer_config.json',
  'chat_template.jinja',
  'chat_template.json',
  'preprocessor_config.json',
  'video_preprocessor_config.json',
  'processor_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
] as const;

/** Text of each file by its name. */
export type Companions = ReadonlyMap<string, string>;

export interface CheckpointFiles {
  readonly configFile: object;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly companions: Companions;
  /** Steps of the optimizer whose state lies beside; null when there is none. */
  readonly optimizerStep: number | null;
}

async function readJson(file: string): Promise<unknown> {
  const remedy = 'Use another checkpoint; this file is missing, was cut short, or was changed.';
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new StudioError(
      'bad-model',
      error.code === 'ENOENT' ? 'The file is missing.' : `The file can't be read: ${error.message}`,
      { place: file, remedy },
    );
  });
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new StudioError(
      'bad-model',
      `The file is not JSON: ${error instanceof Error ? error.message : String(error)}`,
      { place: file, remedy },
    );
  }
}

/** What is known of a checkpoint before anything large is read of it. @throws StudioError `bad-model` naming the file */
export async function readCheckpointConfig(
  folder: string,
  takesAdapters = false,
): Promise<Pick<CheckpointFiles, 'configFile' | 'config'>> {
  await refuseOtherForms(folder, takesAdapters);
  const place = join(folder, 'config.json');
  const configFile = (await readJson(place)) as object;
  return { configFile, config: readConfig(configFile, place) };
}

export interface CheckpointWanted {
  /** The form in which the engine takes the optimizer's state; null where it is not wanted. */
  readonly optimizer: OptimizerForm | null;
  /** Where the tokenizer of a model lies that comes without one, and the files of its chat layout; null for beside the model. */
  readonly tokenizerFolder: string | null;
  readonly takesAdapters?: boolean;
}

/** @throws StudioError `bad-model` naming the file */
export async function readCheckpoint(
  folder: string,
  { optimizer, tokenizerFolder, takesAdapters = false }: CheckpointWanted,
): Promise<CheckpointFiles> {
  const { configFile, config } = await readCheckpointConfig(folder, takesAdapters);
  const tokenizerPath = await tokenizerOf(folder, tokenizerFolder);
  const tokenizer = new Tokenizer(await readJson(tokenizerPath), tokenizerPath);
  if (tokenizer.vocabularySize > config.text.vocabularySize) {
    throw new StudioError(
      'bad-model',
      `The tokenizer has ${tokenizer.vocabularySize} tokens, the model ${config.text.vocabularySize}.`,
      {
        place: tokenizerPath,
        remedy: 'Use a checkpoint whose tokenizer belongs to its weights.',
      },
    );
  }
  let optimizerStep: number | null = null;
  if (optimizer !== null) {
    const statePath = join(folder, 'optimizer.json');
    const parsed = optimizerFile.safeParse(await readJson(statePath));
    if (!parsed.success) {
      throw new StudioError('bad-model', 'The file does not say how many steps the optimizer took.', {
        place: statePath,
      });
    }
    const { step, form = 'file' } = parsed.data;
    if (form !== optimizer) {
      const [theirs, ours] = form === 'file' ? ['tfjs', 'verl'] : ['verl', 'tfjs'];
      throw new StudioError(
        'bad-model',
        `The optimizer's state here is of the engine ${theirs}, which ${ours} can't read.`,
        {
          place: statePath,
          remedy: `Go on with ${theirs}; or begin a new run from these weights, {"model": {"checkpoint": ${JSON.stringify(folder)}}}.`,
        },
      );
    }
    optimizerStep = step;
  }
  return {
    configFile,
    config,
    tokenizer,
    companions: new Map([
      ...(tokenizerFolder === null ? [] : await readCompanions(tokenizerFolder)),
      ...(await readCompanions(folder)),
    ]),
    optimizerStep,
  };
}

/** A checkpoint keeps the positions that it was trained with, unless the settings name others. */
export function withPositions(
  { configFile, config }: Pick<CheckpointFiles, 'configFile' | 'config'>,
  positions: PositionGeneration | null,
): Pick<CheckpointFiles, 'configFile' | 'config'> {
  if (positions === null || positions === config.positions) return { configFile, config };
  return { configFile: { ...configFile, mrope_positions: positions }, config: { ...config, positions } };
}

async function readCompanions(folder: string): Promise<Companions> {
  const found = new Map<string, string>();
  for (const name of companionNames) {
    const text = await readFile(join(folder, name), 'utf8').catch(() => null);
    if (text !== null) found.set(name, text);
  }
  return found;
}

const asText = (content: object): string => `${JSON.stringify(content, null, 2)}\n`;

/** The companions of a new model. */
export function newCompanions(tokenizer: Tokenizer): Companions {
  return new Map([
    [
      'generation_config.json',
      asText({
        bos_token_id: tokenizer.special(specialTokens.pad),
        eos_token_id: [tokenizer.special(specialTokens.turnEnd), tokenizer.special(specialTokens.pad)],
        pad_token_id: tokenizer.special(specialTokens.pad),
        do_sample: true,
      }),
    ],
    ['tokenizer_config.json', asText(tokenizerConfigFile())],
    ['chat_template.jinja', chatTemplate],
    ['preprocessor_config.json', asText(preprocessorFile)],
  ]);
}

/** Qwen's chat layout: each turn between its two tokens, a medium between the two tokens of vision. */
const chatTemplate = [
  '{%- for message in messages -%}',
  `{{- '${specialTokens.turnStart}' + message.role + '\n' -}}`,
  '{%- if message.content is string -%}{{- message.content -}}{%- else -%}',
  '{%- for part in message.content -%}',
  `{%- if part.type == 'image' -%}{{- '${specialTokens.visionStart}${specialTokens.image}${specialTokens.visionEnd}' -}}`,
  `{%- elif part.type == 'video' -%}{{- '${specialTokens.visionStart}${specialTokens.video}${specialTokens.visionEnd}' -}}`,
  "{%- elif part.type == 'text' -%}{{- part.text -}}{%- endif -%}",
  '{%- endfor -%}{%- endif -%}',
  `{{- '${specialTokens.turnEnd}\n' -}}`,
  '{%- endfor -%}',
  `{%- if add_generation_prompt -%}{{- '${specialTokens.turnStart}assistant\n' -}}{%- endif -%}`,
  '\n',
].join('\n');

/** What makes patches of pixels. The bounds on size are wide: the controller has resized what the model is given. */
const preprocessorFile = {
  image_processor_type: 'Qwen2VLImageProcessor',
  patch_size: patchSize,
  temporal_patch_size: temporalPatchSize,
  merge_size: mergeSize,
  image_mean: pixelMean,
  image_std: pixelStd,
  size: { shortest_edge: (patchSize * mergeSize) ** 2, longest_edge: 16384 * (patchSize * mergeSize) ** 2 },
};

/** Writes all but the tensors, each file synchronised to the disk. Without an optimizer's step, nothing is said of one. */
export async function writeCheckpointFiles(
  folder: string,
  { configFile, tokenizer, companions }: Pick<CheckpointFiles, 'configFile' | 'tokenizer' | 'companions'>,
  optimizer: { readonly step: number; readonly form: OptimizerForm } | null,
): Promise<void> {
  const files: [string, string][] = [
    ['config.json', asText(configFile)],
    [tokenizerFile, asText(tokenizer.file)],
    ...companions,
  ];
  if (optimizer !== null) {
    const { step, form } = optimizer;
    files.push(['optimizer.json', asText({ optimizer: 'AdamW', step, ...(form === 'distributed' && { form }) })]);
  }
  for (const [name, content] of files) {
    const handle = await open(join(folder, name), 'w');
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}
