/** A checkpoint has Hugging Face's layout, and one that is cut, changed or of another model is refused by file and tensor. */
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../../../trainer/engines/engine.ts';
import { readConfig } from '../../../../trainer/engines/qwen/config.ts';
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

async function rewritten(change: (tensors: NamedTensor[], folder: string) => Promise<unknown>): Promise<string> {
  return await changed(async (folder) => {
    const tensors = [...(await readSafetensors(join(folder, 'model.safetensors'))).values()];
    await rm(join(folder, 'model.safetensors'));
    await change(tensors, folder);
  });
}

test.each<[string, (tensors: NamedTensor[], folder: string) => Promise<unknown>]>([
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

test.each<[string, (folder: string) => Promise<void>]>([
  [
    'in numbered files without their index',
    async (folder) => {
      const tensors = [...(await readSafetensors(join(folder, 'model.safetensors'))).values()];
      await rm(join(folder, 'model.safetensors'));
      await writeWeights(folder, tensors, { dtype: 'float32', fileBytes: 20_000 });
      await rm(join(folder, 'model.safetensors.index.json'));
    },
  ],
  [
    'with the rotary frequencies that older versions save',
    (folder) =>
      rewriteTensors(folder, 'model.safetensors', (tensors) => {
        for (const name of ['model.layers.0.self_attn.rotary_emb.inv_freq', 'visual.rotary_pos_emb.inv_freq'])
          tensors.set(name, { name, shape: [2], values: Float32Array.of(1, 0.1) });
      }),
  ],
  [
    'beside a flat configuration, as transformers wrote it before 4.52',
    async (folder) => {
      const file = join(folder, 'config.json');
      const { text_config: text, ...rest } = JSON.parse(await readFile(file, 'utf8'));
      const { model_type: _, rope_parameters: __, ...flat } = text;
      // What is as transformers has it by itself was not written.
      const { patch_size, temporal_patch_size, spatial_merge_size, window_size, in_channels, hidden_act, ...vision } =
        rest.vision_config;
      await writeFile(
        file,
        JSON.stringify({ ...flat, ...rest, vision_config: { ...vision, in_chans: 3 }, torch_dtype: 'bfloat16' }),
      );
    },
  ],
  [
    'beside the configuration of transformers 5, which has rope_parameters alone',
    async (folder) => {
      const file = join(folder, 'config.json');
      const { text_config: text, ...rest } = JSON.parse(await readFile(file, 'utf8'));
      const { rope_theta: _, rope_scaling: __, ...nested } = text;
      await writeFile(file, JSON.stringify({ ...rest, text_config: nested }));
    },
  ],
])('a model %s is the same', async (_, change) => {
  expect(await answersOf(await changed(change))).toEqual(await answersOf(good));
});

test('what a configuration leaves out of the vision tower is as transformers has it', () => {
  const text = {
    ...{ model_type: 'qwen2_5_vl', hidden_size: 3584, intermediate_size: 18944, num_hidden_layers: 28 },
    ...{ num_attention_heads: 28, num_key_value_heads: 4, vocab_size: 152064, rope_theta: 1e6 },
    rope_scaling: { type: 'mrope', mrope_section: [16, 24, 24] },
  };
  // Qwen2_5_VLConfig() of transformers 4.49, 4.57 and 5.24; a head of 1280 / 16 is that of the published models.
  const { vision, text: read } = readConfig({ ...text, vision_config: { hidden_size: 1280 } }, 'config.json');
  expect(vision).toMatchObject({
    hiddenSize: 1280,
    intermediateSize: 3420,
    depth: 32,
    tokensPerSecond: 4,
    windowSide: 4,
  });
  expect(vision.shape.heads).toBe(16);
  expect(vision.fullAttention.flatMap((full, block) => (full ? [block] : []))).toEqual([7, 15, 23, 31]);
  expect(read.epsilon).toBe(1e-5);
});

test('weights in float64 are read as the nearest float32, which they were', async () => {
  const folder = await changed(async (to) => {
    const file = join(to, 'model.safetensors');
    const tensors = [...(await readSafetensors(file)).values()];
    let at = 0;
    const entries = tensors.map(({ name, shape, values }) => {
      const data_offsets = [at, at + 8 * values.length];
      at += 8 * values.length;
      return [name, { dtype: 'F64', shape, data_offsets }];
    });
    const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    const values = tensors.map(({ values: own }) => Buffer.from(Float64Array.from(own).buffer));
    await writeFile(file, Buffer.concat([length, header, ...values]));
  });
  expect(await answersOf(folder)).toEqual(await answersOf(good));
});

test('an untied head is a tensor of its own; one that is tied by the configuration and another in the file is refused', async () => {
  const withHead = (tied: boolean) =>
    changed(async (folder) => {
      await rewriteTensors(folder, 'model.safetensors', (tensors) => {
        const embedding = tensors.get('model.embed_tokens.weight') as NamedTensor;
        const values = embedding.values.map((value) => value / 2);
        tensors.set('lm_head.weight', { ...embedding, name: 'lm_head.weight', values });
      });
      const file = join(folder, 'config.json');
      const config = JSON.parse(await readFile(file, 'utf8'));
      await writeFile(file, JSON.stringify({ ...config, tie_word_embeddings: tied }));
    });
  expect(await answersOf(await withHead(false))).not.toEqual(await answersOf(good));
  await expect(answersOf(await withHead(true))).rejects.toMatchObject({
    message: expect.stringContaining('tie_word_embeddings'),
    place: expect.stringContaining('lm_head.weight'),
  });
});

test('files of weights that an index, or their numbers, name and that are not there are named', async () => {
  const folder = await rewritten(async (tensors, to) => {
    await writeWeights(to, tensors, { dtype: 'float32', fileBytes: 20_000 });
  });
  const names = (await readdir(folder)).filter((name) => name.startsWith('model-'));
  const count = Number(/of-(\d+)/.exec(names[0] ?? '')?.[1]);
  await rm(join(folder, names[0] ?? ''));
  const lost = Array.from({ length: count }, (_, i) => i + 1)
    .map((number) => `model-${String(number).padStart(5, '0')}-of-${String(count).padStart(5, '0')}.safetensors`)
    .filter((name) => !names.slice(1).includes(name));
  const message = expect.stringContaining(lost.slice(0, 3).join(', '));
  await expect(answersOf(folder)).rejects.toMatchObject({ kind: 'bad-model', message });
  await rm(join(folder, 'model.safetensors.index.json'));
  await expect(answersOf(folder)).rejects.toMatchObject({ kind: 'bad-model', message });
});

test.each([
  ['I32', 4],
  ['U8', 1],
  ['F8_E4M3', 1],
])('weights in %s are refused as quantised, with the tensor', async (dtype, bytes) => {
  const folder = await changed(async (to) => {
    const header = Buffer.from(
      JSON.stringify({ 'model.layers.0.mlp.up_proj.qweight': { dtype, shape: [2], data_offsets: [0, 2 * bytes] } }),
    );
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    await writeFile(join(to, 'model.safetensors'), Buffer.concat([length, header, Buffer.alloc(2 * bytes)]));
  });
  await expect(answersOf(folder)).rejects.toMatchObject({
    message: expect.stringMatching(`^The weights are quantised \\(values of type ${dtype}\\)`),
    place: expect.stringContaining('model.layers.0.mlp.up_proj.qweight'),
    remedy: expect.stringContaining('dequantize'),
  });
});

test.each([
  ['qwen2_vl', 'Qwen2-VL, qwen2_vl'],
  ['qwen3_vl', 'Qwen3-VL, qwen3_vl'],
  ['mllama', 'a model of type mllama'],
])('a model of type %s is refused by its name', async (type, name) => {
  const folder = await changed((to) => writeFile(join(to, 'config.json'), JSON.stringify({ model_type: type })));
  await expect(answersOf(folder)).rejects.toMatchObject({
    message: `This is ${name}; the engine computes Qwen2.5-VL (qwen2_5_vl) alone.`,
    place: join(folder, 'config.json'),
  });
});

test('a tokenizer may lie elsewhere, and is then written with the model; without one the ways to it are named', async () => {
  const bare = await changed(async (folder) => {
    for (const name of ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja']) await rm(join(folder, name));
  });
  await expect(answersOf(bare)).rejects.toMatchObject({
    place: join(bare, 'tokenizer.json'),
    message: expect.stringContaining('There is no tokenizer.json'),
    remedy: expect.stringMatching(/"tokenizer": "FOLDER".*--tokenizer FOLDER.*hf download Qwen\//),
  });
  const model = await engine.createModel({ kind: 'folder', folder: bare, optimizer: false, tokenizer: good }, 'policy');
  const saved = await mkdtemp(join(scratch, 'saved-'));
  await engine.saveState(model, saved);
  await engine.unload(model);
  expect(await readFile(join(saved, 'tokenizer.json'))).toEqual(await readFile(join(good, 'tokenizer.json')));
  expect(await answersOf(saved)).toEqual(await answersOf(good));
  const to = join(scratch, 'with-tokenizer');
  const { files } = await convertCheckpoint(bare, to, { dtype: 'float32', fileBytes: 1e9, tokenizerFolder: good });
  expect(files).toEqual(expect.arrayContaining(['chat_template.jinja', 'tokenizer.json', 'tokenizer_config.json']));
  expect(await answersOf(to)).toEqual(await answersOf(good));
  await expect(
    engine.createModel({ kind: 'folder', folder: bare, optimizer: false, tokenizer: bare }, 'policy'),
  ).rejects.toMatchObject({ place: join(bare, 'tokenizer.json') });
});

test('a checkpoint is not converted when it lacks a tensor', async () => {
  const folder = await changed((to) =>
    rewriteTensors(to, 'model.safetensors', (tensors) => tensors.delete('model.norm.weight')),
  );
  await expect(
    convertCheckpoint(folder, join(scratch, 'not-whole'), { dtype: 'float32', fileBytes: 1e9 }),
  ).rejects.toMatchObject({ kind: 'bad-model', place: expect.stringContaining('model.norm.weight') });
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
