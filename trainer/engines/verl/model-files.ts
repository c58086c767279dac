/** What of a model lies on this side of the gateway: configuration, tokenizer and companions; and whether its folder holds the rest. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { StudioError } from '../../protocol/errors.ts';
import type { PositionGeneration, VerlSettings } from '../../protocol/runfile.ts';
import type { ModelOrigin } from '../engine.ts';
import { adapterConfigFile } from '../model-forms.ts';
import { readAdapterConfig, requireSameBase, weightsDigest } from '../qwen/adapter-files.ts';
import { type CheckpointFiles, readCheckpoint, withPositions } from '../qwen/checkpoint-files.ts';

export interface ModelFiles extends Pick<CheckpointFiles, 'configFile' | 'config' | 'tokenizer' | 'companions'> {
  /** By what the weights are known beside which an adapter is trained; null without one, and where they can't be seen from here. */
  readonly baseDigest: string | null;
}
export type NewModel = Extract<ModelOrigin, { kind: 'new' }>;

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
    const base = await baseOf(folder, how.lora);
    const baseDigest = how.lora === null ? null : await weightsDigest(base);
    return { files: { ...(await read(folder, optimizer, tokenizer, how.positions)), baseDigest }, folder, optimizer };
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
  return { files: { ...(await read(folder, false, null, how.positions)), baseDigest: null }, folder, optimizer: false };
}

async function read(
  folder: string,
  optimizer: boolean,
  tokenizerFolder: string | null,
  positions: PositionGeneration | null,
): Promise<Omit<ModelFiles, 'baseDigest'>> {
  const found = await readCheckpoint(folder, {
    optimizer: optimizer ? 'distributed' : null,
    tokenizerFolder,
    takesAdapters: true,
  });
  const { tokenizer, companions } = found;
  return { ...withPositions(found, positions), tokenizer, companions };
}

/**
 * The folder of the weights that an adapter is trained beside: an adapter goes on as what it was trained as, beside the same ones.
 * @throws StudioError `bad-model`
 */
async function baseOf(folder: string, lora: NonNullable<VerlSettings['lora']> | null): Promise<string> {
  const found = await readAdapterConfig(folder);
  if (found === null) return folder;
  const place = path.join(folder, adapterConfigFile);
  const own = JSON.stringify({ rank: found.rank, alpha: found.alpha });
  const fault = (message: string, remedy: string) => new StudioError('bad-model', message, { place, remedy });
  if (lora === null)
    throw fault(
      'This is a LoRA adapter, and all weights are to be trained.',
      `Set "lora": ${own} in the run file's engine to go on with it, or add it to its model first: video-r1 convert ${JSON.stringify(folder)} OUT.`,
    );
  if (found.rank !== lora.rank || found.alpha !== lora.alpha)
    throw fault(
      `The adapter has rank ${found.rank} and alpha ${found.alpha}; engine.lora has ${lora.rank} and ${lora.alpha}.`,
      `Set "lora": ${own}, or begin with the model that it was trained beside.`,
    );
  await requireSameBase(folder, found.base);
  return found.base;
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
