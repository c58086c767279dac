/** The small files of a checkpoint folder: configuration, tokenizer, the optimizer's step. Weights are read by the replicas. */
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { StudioError } from '../../protocol/errors.ts';
import { specialTokens } from '../engine.ts';
import type { ModelConfig } from './config.ts';
import { readConfig } from './config.ts';
import { Tokenizer } from './tokenizer/tokenizer.ts';
import { tokenizerConfigFile } from './tokenizer/training.ts';

const optimizerFile = z.object({ optimizer: z.literal('AdamW'), step: z.number().int().min(0) });

export interface CheckpointFiles {
  readonly configFile: object;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
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

/** @throws StudioError `bad-model` naming the file */
export async function readCheckpoint(folder: string, optimizer: boolean): Promise<CheckpointFiles> {
  const configPath = join(folder, 'config.json');
  const configFile = await readJson(configPath);
  const config = readConfig(configFile, configPath);
  const tokenizerPath = join(folder, 'tokenizer.json');
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
  if (optimizer) {
    const statePath = join(folder, 'optimizer.json');
    const parsed = optimizerFile.safeParse(await readJson(statePath));
    if (!parsed.success) {
      throw new StudioError('bad-model', 'The file does not say how many steps the optimizer took.', {
        place: statePath,
      });
    }
    optimizerStep = parsed.data.step;
  }
  return { configFile: configFile as object, config, tokenizer, optimizerStep };
}

/** Writes all but the tensors; each file is synchronised to the disk. */
export async function writeCheckpointFiles(
  folder: string,
  configFile: object,
  tokenizer: Tokenizer,
  optimizerStep: number,
): Promise<void> {
  const generation = {
    bos_token_id: tokenizer.special(specialTokens.pad),
    eos_token_id: [tokenizer.special(specialTokens.turnEnd), tokenizer.special(specialTokens.pad)],
    pad_token_id: tokenizer.special(specialTokens.pad),
    do_sample: true,
  };
  const files: [string, object][] = [
    ['config.json', configFile],
    ['generation_config.json', generation],
    ['tokenizer.json', tokenizer.file],
    ['tokenizer_config.json', tokenizerConfigFile()],
    ['optimizer.json', { optimizer: 'AdamW', step: optimizerStep }],
  ];
  for (const [name, content] of files) {
    const handle = await open(join(folder, name), 'w');
    try {
      await handle.writeFile(`${JSON.stringify(content, null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}
