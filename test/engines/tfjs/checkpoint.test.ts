/** A checkpoint has Hugging Face's layout, and one that is cut, changed or of another model is refused by file and tensor. */
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../../trainer/engines/engine.ts';
import { createTfjsEngine } from '../../../trainer/engines/tfjs/engine.ts';
import { readSafetensors, writeSafetensors } from '../../../trainer/engines/tfjs/safetensors.ts';
import { newModel, tinySize, train } from './tiny.ts';

let engine: Engine;
let scratch: string;
let good: string;

beforeAll(async () => {
  engine = await createTfjsEngine({ name: 'tfjs', backend: 'wasm', threads: 1 });
  scratch = await mkdtemp(join(tmpdir(), 'tfjs-checkpoint-'));
  good = await mkdtemp(join(scratch, 'good-'));
  const model = await newModel(engine);
  await train(engine, model, 1);
  await engine.saveState(model, good);
});

afterAll(async () => {
  await engine.dispose();
  await rm(scratch, { recursive: true });
});

/** The good checkpoint with something done to it. */
async function changed(change: (folder: string) => Promise<void>): Promise<string> {
  const folder = await mkdtemp(join(scratch, 'changed-'));
  await cp(good, folder, { recursive: true });
  await change(folder);
  return folder;
}

async function rewriteTensors(
  folder: string,
  file: string,
  change: (tensors: Awaited<ReturnType<typeof readSafetensors>>) => void,
): Promise<void> {
  const tensors = await readSafetensors(join(folder, file));
  change(tensors);
  await writeSafetensors(join(folder, file), [...tensors.values()]);
}

test('the folder holds the files and tensor names of Qwen2.5-VL', async () => {
  expect((await readdir(good)).sort()).toEqual([
    'config.json',
    'generation_config.json',
    'model.safetensors',
    'optimizer.json',
    'optimizer.safetensors',
    'tokenizer.json',
    'tokenizer_config.json',
  ]);
  const tensors = await readSafetensors(join(good, 'model.safetensors'));
  const head = tinySize.hidden_size / tinySize.num_attention_heads;
  expect(tensors.get('model.layers.1.self_attn.q_proj.weight')?.shape).toEqual([32, 32]);
  expect(tensors.get('model.layers.1.self_attn.k_proj.weight')?.shape).toEqual([2 * head, 32]);
  expect(tensors.get('model.layers.0.mlp.up_proj.weight')?.shape).toEqual([48, 32]);
  expect(tensors.get('visual.patch_embed.proj.weight')?.shape).toEqual([16, 3, 2, 14, 14]);
  expect(tensors.get('visual.blocks.0.attn.qkv.weight')?.shape).toEqual([48, 16]);
  expect(tensors.get('visual.merger.mlp.2.weight')?.shape).toEqual([32, 64]);
  expect(tensors.has('lm_head.weight')).toBe(false);
  const config = JSON.parse(await readFile(join(good, 'config.json'), 'utf8'));
  expect(config).toMatchObject({
    model_type: 'qwen2_5_vl',
    tie_word_embeddings: true,
    text_config: { hidden_size: 32 },
    vision_config: { patch_size: 14 },
  });
});

test.each<[string, (folder: string) => Promise<void>, string]>([
  ['weights cut short', (folder) => truncate(join(folder, 'model.safetensors'), 50_000), 'model.safetensors: '],
  ['weights cut inside the header', (folder) => truncate(join(folder, 'model.safetensors'), 40), 'model.safetensors'],
  ['an empty weights file', (folder) => truncate(join(folder, 'model.safetensors'), 0), 'model.safetensors'],
  [
    'a header length beyond the file',
    (folder) => writeFile(join(folder, 'model.safetensors'), Buffer.alloc(64, 0xff)),
    'model.safetensors',
  ],
  ['no weights', (folder) => rm(join(folder, 'model.safetensors')), 'model.safetensors'],
  ['no config', (folder) => rm(join(folder, 'config.json')), 'config.json'],
  ['a config that is not JSON', (folder) => writeFile(join(folder, 'config.json'), '{"model_type": '), 'config.json'],
  [
    'a config of another architecture',
    (folder) => writeFile(join(folder, 'config.json'), '{"model_type": "llama"}'),
    'config.json',
  ],
  ['no tokenizer', (folder) => rm(join(folder, 'tokenizer.json')), 'tokenizer.json'],
  ['no optimizer step', (folder) => rm(join(folder, 'optimizer.json')), 'optimizer.json'],
  ['no optimizer state', (folder) => rm(join(folder, 'optimizer.safetensors')), 'optimizer.safetensors'],
  [
    'a missing tensor',
    (folder) => rewriteTensors(folder, 'model.safetensors', (tensors) => tensors.delete('model.norm.weight')),
    'model.safetensors: model.norm.weight',
  ],
  [
    'a tensor of the wrong shape',
    (folder) =>
      rewriteTensors(folder, 'model.safetensors', (tensors) =>
        tensors.set('model.norm.weight', { name: 'model.norm.weight', shape: [3], values: new Float32Array(3) }),
      ),
    'model.safetensors: model.norm.weight',
  ],
  [
    'a tensor too many',
    (folder) =>
      rewriteTensors(folder, 'model.safetensors', (tensors) =>
        tensors.set('extra', { name: 'extra', shape: [1], values: new Float32Array(1) }),
      ),
    'model.safetensors: extra',
  ],
  [
    'a value that is not finite',
    (folder) =>
      rewriteTensors(folder, 'optimizer.safetensors', (tensors) =>
        tensors.get('model.norm.weight.exp_avg')?.values.fill(Number.NaN, 0, 1),
      ),
    'optimizer.safetensors: model.norm.weight.exp_avg',
  ],
])('%s is refused with its place', async (_, change, place) => {
  const folder = await changed(change);
  await expect(engine.createModel({ kind: 'folder', folder, optimizer: true }, 'policy')).rejects.toMatchObject({
    kind: 'bad-model',
    place: expect.stringContaining(join(folder, place)),
  });
  // The engine goes on.
  expect((await engine.memory()).tensors).toBeGreaterThan(0);
});
