/** A checkpoint has Hugging Face's layout, and one that is cut, changed or of another model is refused by file and tensor. */
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../../../trainer/engines/engine.ts';
import { convertCheckpoint } from '../../../../trainer/engines/tfjs/checkpoint/convert.ts';
import type { NamedTensor } from '../../../../trainer/engines/tfjs/checkpoint/safetensors.ts';
import { readSafetensors, writeSafetensors } from '../../../../trainer/engines/tfjs/checkpoint/safetensors.ts';
import { writeWeights } from '../../../../trainer/engines/tfjs/checkpoint/weights.ts';
import { createTfjsEngine } from '../../../../trainer/engines/tfjs/engine.ts';
import { answerText, clip, newModel, question, tinySize, train, videoPrompt } from '../tiny.ts';

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
    'chat_template.jinja',
    'config.json',
    'generation_config.json',
    'model.safetensors',
    'optimizer.json',
    'optimizer.safetensors',
    'preprocessor_config.json',
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

/** Log-probabilities of one answer, by the model of a folder. */
async function answersOf(folder: string): Promise<number[]> {
  const model = await engine.createModel({ kind: 'folder', folder, optimizer: false }, 'reference');
  const sequence = {
    prompt: videoPrompt(clip(['red', 'blue', 'red', 'green', 'red', 'blue']), question),
    answer: { text: answerText('red', 'blue') },
  };
  const [scored] = await engine.forward(model, [sequence]);
  await engine.unload(model);
  return [...(scored?.logprobs ?? [])];
}

async function rewritten(change: (tensors: NamedTensor[], folder: string) => Promise<void>): Promise<string> {
  return await changed(async (folder) => {
    const tensors = [...(await readSafetensors(join(folder, 'model.safetensors'))).values()];
    await rm(join(folder, 'model.safetensors'));
    await change(tensors, folder);
  });
}

test.each<[string, (tensors: NamedTensor[], folder: string) => Promise<void>]>([
  ['in several files', (tensors, folder) => writeWeights(folder, tensors, { dtype: 'float32', fileBytes: 20_000 })],
  [
    'under the names of transformers 5',
    (tensors, folder) =>
      writeWeights(
        folder,
        tensors.map((tensor) => ({
          ...tensor,
          name: tensor.name.startsWith('visual.')
            ? `model.${tensor.name}`
            : tensor.name.replace('model.', 'model.language_model.'),
        })),
      ),
  ],
  [
    'with the tied head a second time',
    (tensors, folder) => {
      const embedding = tensors.find(({ name }) => name === 'model.embed_tokens.weight') as NamedTensor;
      return writeWeights(folder, [...tensors, { ...embedding, name: 'lm_head.weight' }]);
    },
  ],
])('weights %s are the same model', async (_, write) => {
  const folder = await rewritten(write);
  expect(await answersOf(folder)).toEqual(await answersOf(good));
  const to = await mkdtemp(join(scratch, 'converted-'));
  await convertCheckpoint(folder, to, { dtype: 'float32', fileBytes: 1e9 });
  expect(await answersOf(to)).toEqual(await answersOf(good));
});

test('weights in bfloat16 are read as the nearest that it has', async () => {
  const folder = await rewritten((tensors, to) => writeWeights(to, tensors, { dtype: 'bfloat16', fileBytes: 1e9 }));
  const [ours, theirs] = [await answersOf(folder), await answersOf(good)];
  const difference = Math.max(...ours.map((value, i) => Math.abs(value - (theirs[i] ?? Number.NaN))));
  expect(difference).toBeGreaterThan(0);
  expect(difference).toBeLessThan(0.2);
  const written = (await readSafetensors(join(folder, 'model.safetensors'))).get('model.norm.weight');
  const exact = (await readSafetensors(join(good, 'model.safetensors'))).get('model.norm.weight');
  exact?.values.forEach((value, i) => {
    expect(Math.abs((written?.values[i] ?? 0) - value)).toBeLessThanOrEqual(Math.abs(value) * 2 ** -8);
  });
});

test('bfloat16 rounds to nearest, ties to even, and keeps infinities and what is not a number', async () => {
  const file = join(scratch, 'rounding.safetensors');
  const step = 2 ** -7;
  const values = Float32Array.of(1 + step / 2, 1 + 1.5 * step, 1 + 0.51 * step, -3.389531e38, 1 / 0, Number.NaN, 0, -0);
  await writeSafetensors(file, [{ name: 'x', shape: [8], values }], 'bfloat16');
  const read = (await readSafetensors(file)).get('x')?.values ?? [];
  expect([...read]).toEqual([1, 1 + 2 * step, 1 + step, -3.3895313892515355e38, 1 / 0, Number.NaN, 0, -0]);
});

test('float16 is read: normal, subnormal, zero, infinite', async () => {
  const file = join(scratch, 'half.safetensors');
  const header = Buffer.from(JSON.stringify({ x: { dtype: 'F16', shape: [6], data_offsets: [0, 12] } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const halves = Uint16Array.of(0x3c00, 0xc100, 0x0001, 0x03ff, 0x8000, 0x7c00);
  await writeFile(file, Buffer.concat([length, header, Buffer.from(halves.buffer)]));
  const read = (await readSafetensors(file)).get('x')?.values ?? [];
  expect([...read]).toEqual([1, -2.5, 2 ** -24, 1023 * 2 ** -24, -0, Number.POSITIVE_INFINITY]);
});

test.each<[string, (map: Record<string, string>) => Record<string, string>, string]>([
  ['a file outside its folder', (map) => ({ ...map, 'model.norm.weight': '../good/model.safetensors' }), ''],
  [
    'a file that lacks the tensor',
    (map) => ({ ...map, 'model.norm.weight': map['visual.merger.mlp.2.bias'] ?? '' }),
    ': model.norm.weight',
  ],
])('an index that names %s is refused', async (_, change, place) => {
  const folder = await rewritten(async (tensors, to) => {
    await writeWeights(to, tensors, { dtype: 'float32', fileBytes: 20_000 });
    const index = join(to, 'model.safetensors.index.json');
    const content = JSON.parse(await readFile(index, 'utf8')) as { weight_map: Record<string, string> };
    await writeFile(index, JSON.stringify({ ...content, weight_map: change(content.weight_map) }));
  });
  await expect(engine.createModel({ kind: 'folder', folder, optimizer: false }, 'policy')).rejects.toMatchObject({
    kind: 'bad-model',
    place: `${join(folder, 'model.safetensors.index.json')}${place}`,
  });
});

test('a model that is too large for the machine is refused with the memory that it would take, before its weights are read', async () => {
  const folder = await rewritten(async (_, to) => {
    const config = {
      model_type: 'qwen2_5_vl',
      hidden_size: 3584,
      intermediate_size: 18944,
      num_hidden_layers: 28,
      num_attention_heads: 28,
      num_key_value_heads: 4,
      vocab_size: 152064,
      rms_norm_eps: 1e-6,
      rope_theta: 1e6,
      rope_scaling: { type: 'mrope', mrope_section: [16, 24, 24] },
      tie_word_embeddings: false,
      vision_config: {
        depth: 32,
        hidden_size: 1280,
        intermediate_size: 3420,
        num_heads: 16,
        out_hidden_size: 3584,
        patch_size: 14,
        temporal_patch_size: 2,
        spatial_merge_size: 2,
        tokens_per_second: 2,
        window_size: 112,
        fullatt_block_indexes: [7, 15, 23, 31],
      },
    };
    await writeFile(join(to, 'config.json'), JSON.stringify(config));
  });
  // Qwen2.5-VL-7B has 8.29 billion parameters.
  await expect(engine.createModel({ kind: 'folder', folder, optimizer: false }, 'policy')).rejects.toMatchObject({
    kind: 'bad-model',
    message: expect.stringMatching(/^The model has 8,292,166,656 parameters; .* GB/),
    place: folder,
  });
});

test('a converted checkpoint is the same model in bfloat16, in several files, without the optimizer state', async () => {
  const to = join(scratch, 'converted');
  const { files, parameters } = await convertCheckpoint(good, to, { dtype: 'bfloat16', fileBytes: 20_000 });
  expect(files).not.toContain('optimizer.safetensors');
  expect(files.filter((name) => /^model-\d{5}-of-\d{5}\.safetensors$/.test(name)).length).toBeGreaterThan(2);
  expect(parameters).toBe(engine.status().parameters);
  expect(JSON.parse(await readFile(join(to, 'config.json'), 'utf8')).dtype).toBe('bfloat16');
  const [ours, theirs] = [await answersOf(to), await answersOf(good)];
  expect(Math.max(...ours.map((value, i) => Math.abs(value - (theirs[i] ?? Number.NaN))))).toBeLessThan(0.2);
  await expect(convertCheckpoint(good, to, { dtype: 'float32', fileBytes: 1e9 })).rejects.toMatchObject({
    kind: 'conflict',
    place: to,
  });
});

test('what other programs keep beside a model is handed on as it was', async () => {
  const template = '{{ messages }} of another hand\n';
  const folder = await changed((to) => writeFile(join(to, 'chat_template.jinja'), template));
  const model = await engine.createModel({ kind: 'folder', folder, optimizer: false }, 'policy');
  const saved = await mkdtemp(join(scratch, 'saved-'));
  await engine.saveState(model, saved);
  await engine.unload(model);
  expect(await readFile(join(saved, 'chat_template.jinja'), 'utf8')).toBe(template);
});

test('positions are those of the checkpoint unless the settings name others', async () => {
  const positionsOf = async (folder: string): Promise<unknown> =>
    JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')).mrope_positions;
  expect(await positionsOf(good)).toBe('5.18');
  const older = await createTfjsEngine({ name: 'tfjs', backend: 'wasm', threads: 1, mropePositions: '4.49' });
  try {
    const model = await older.createModel({ kind: 'folder', folder: good, optimizer: false }, 'policy');
    const saved = await mkdtemp(join(scratch, 'saved-'));
    await older.saveState(model, saved);
    expect(await positionsOf(saved)).toBe('4.49');
    // Time counts on in 4.49, so that other log-probabilities come out.
    expect(await answersOf(saved)).not.toEqual(await answersOf(good));
  } finally {
    await older.dispose();
  }
});
