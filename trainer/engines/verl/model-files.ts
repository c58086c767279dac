/** What of a model lies on this side of the gateway: configuration, tokenizer and companions; and whether its folder holds the rest. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { StudioError } from '../../protocol/errors.ts';
import { parseJson } from '../../protocol/json.ts';
import type { PositionGeneration, VerlSettings } from '../../protocol/runfile.ts';
import type { ModelOrigin } from '../engine.ts';
import { type CheckpointFiles, readCheckpoint, withPositions } from '../qwen/checkpoint-files.ts';

export type ModelFiles = Pick<CheckpointFiles, 'configFile' | 'config' | 'tokenizer' | 'companions'>;
export type NewModel = Extract<ModelOrigin, { kind: 'new' }>;

const adapterConfig = 'adapter_config.json';
const adapterFile = z.looseObject({ r: z.number().int(), lora_alpha: z.number() });

interface OpenedFiles {
  readonly files: ModelFiles;
  readonly folder: string;
  readonly optimizer: boolean;
}

/**
 * Reads what this side needs of a model that the gateway loads from a folder; a new one is made as a folder first.
 * @throws StudioError `bad-model`
 */
export async function openedFiles(
  origin: Exclude<ModelOrigin, { kind: 'copy' }>,
  how: {
    readonly lora: NonNullable<VerlSettings['lora']> | null;
    readonly positions: PositionGeneration | null;
    make(made: NewModel): Promise<string>;
  },
): Promise<OpenedFiles> {
  if (origin.kind === 'folder') {
    const { folder, optimizer, tokenizer = null } = origin;
    await checkAdapter(folder, how.lora);
    return { files: await read(folder, optimizer, tokenizer, how.positions), folder, optimizer };
  }
  if (how.lora !== null)
    throw new StudioError(
      'bad-model',
      'An adapter (engine.lora) is trained beside a model that stays; a new model has no folder of its own.',
      {
        remedy: 'Train all its weights first, without engine.lora, and name that run or a checkpoint as the model.',
      },
    );
  const folder = await how.make(origin);
  return { files: await read(folder, false, null, how.positions), folder, optimizer: false };
}

async function read(
  folder: string,
  optimizer: boolean,
  tokenizerFolder: string | null,
  positions: PositionGeneration | null,
): Promise<ModelFiles> {
  const found = await readCheckpoint(folder, {
    optimizer: optimizer ? 'distributed' : null,
    tokenizerFolder,
    takesAdapters: true,
  });
  const { tokenizer, companions } = found;
  return { ...withPositions(found, positions), tokenizer, companions };
}

/** An adapter goes on as what it was trained as. */
async function checkAdapter(folder: string, lora: NonNullable<VerlSettings['lora']> | null): Promise<void> {
  const place = path.join(folder, adapterConfig);
  const text = await readFile(place, 'utf8').catch(() => null);
  if (text === null) return;
  const of = adapterFile.safeParse(parseJson(text));
  const fault = (message: string, remedy: string) => new StudioError('bad-model', message, { place, remedy });
  if (!of.success) throw fault('The file is no configuration of a LoRA adapter.', 'Use another checkpoint.');
  const own = { rank: of.data.r, alpha: of.data.lora_alpha };
  if (lora === null)
    throw fault(
      'This is a LoRA adapter, and all weights are to be trained.',
      `Set "lora": ${JSON.stringify(own)} in the run file's engine to go on with it, or merge it into its model first.`,
    );
  if (own.rank !== lora.rank || own.alpha !== lora.alpha)
    throw fault(
      `The adapter has rank ${own.rank} and alpha ${own.alpha}; engine.lora has ${lora.rank} and ${lora.alpha}.`,
      `Set "lora": ${JSON.stringify(own)}, or begin with the model that it was trained beside.`,
    );
}

/** A gateway on another machine writes into its own folder of that name. @throws StudioError `engine-failed` */
export async function requireWeights(folder: string): Promise<void> {
  const names = await readdir(folder);
  if (names.some((name) => /^(model|adapter_model).*\.safetensors$/.test(name))) return;
  throw new StudioError('engine-failed', 'The gateway saved the weights, and they are not here.', {
    place: folder,
    remedy: 'A gateway on another machine must see the folder of the run under the same path, as on a shared disk.',
  });
}
