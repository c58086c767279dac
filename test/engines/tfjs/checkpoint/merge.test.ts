/** A LoRA adapter becomes a model: its product added to the weights that it was trained beside, and to no others. */
import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { weightsDigest, writeBaseDigest } from '../../../../trainer/engines/qwen/adapter-files.ts';
import { convertCheckpoint } from '../../../../trainer/engines/tfjs/checkpoint/convert.ts';
import { addProduct } from '../../../../trainer/engines/tfjs/checkpoint/merge.ts';
import {
  type NamedTensor,
  readSafetensors,
  writeSafetensors,
} from '../../../../trainer/engines/tfjs/checkpoint/safetensors.ts';
import { createTfjsEngine } from '../../../../trainer/engines/tfjs/engine.ts';
import { newModel } from '../tiny.ts';

const form = { dtype: 'float32', fileBytes: 1e9 } as const;
const layer = 'model.layers.0.self_attn.q_proj';

let scratch: string;
let base: string;

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'video-r1-merge-'));
  base = await mkdtemp(path.join(scratch, 'base-'));
  const engine = await createTfjsEngine({ name: 'tfjs', backend: 'wasm', threads: 1 });
  await engine.saveState(await newModel(engine), base);
  await engine.dispose();
});

afterAll(() => rm(scratch, { recursive: true, force: true }));

const tensorsOf = (folder: string): Promise<Map<string, NamedTensor>> =>
  readSafetensors(path.join(folder, 'model.safetensors'));

/** Of one matrix in two layers: rank 2, alpha 3. */
async function adapter(
  config: object = {},
  change: (tensors: NamedTensor[]) => NamedTensor[] = (tensors) => tensors,
): Promise<string> {
  const folder = await mkdtemp(path.join(scratch, 'adapter-'));
  const [output = 0, input = 0] = (await tensorsOf(base)).get(`${layer}.weight`)?.shape ?? [];
  const half = (of: number, name: string, shape: readonly [number, number], from: number): NamedTensor => ({
    name: `base_model.model.model.language_model.layers.${of}.self_attn.q_proj.lora_${name}.weight`,
    shape,
    values: Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => Math.sin(from + i)),
  });
  const tensors = [0, 1].flatMap((number) => [half(number, 'A', [2, input], 0), half(number, 'B', [output, 2], 100)]);
  await writeSafetensors(path.join(folder, 'adapter_model.safetensors'), change(tensors));
  const said = { peft_type: 'LORA', base_model_name_or_path: base, r: 2, lora_alpha: 3, bias: 'none', ...config };
  await writeFile(path.join(folder, 'adapter_config.json'), JSON.stringify(said));
  return folder;
}

async function converted(from: string, how: object = {}): Promise<Map<string, NamedTensor>> {
  const to = path.join(await mkdtemp(path.join(scratch, 'to-')), 'model');
  await convertCheckpoint(from, to, { ...form, ...how });
  return tensorsOf(to);
}

test.each([
  ['alpha / rank', {}, 3 / 2],
  ['alpha / √rank where it says so', { use_rslora: true }, 3 / Math.sqrt(2)],
])('W + scale · B A, the scale %s; all else stays as it was', async (_, config, scale) => {
  const folder = await adapter(config);
  const [before, after] = [await tensorsOf(base), await converted(folder)];
  expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
  const changed = [...after.keys()].filter((name) => !same(after.get(name)?.values, before.get(name)?.values));
  expect(changed.sort()).toEqual([`${layer}.weight`, `${layer.replace('0', '1')}.weight`]);
  const { shape = [], values: w = new Float32Array() } = before.get(`${layer}.weight`) ?? {};
  const [output = 0, input = 0] = shape;
  for (let o = 0; o < output; o++)
    for (let i = 0; i < input; i++) {
      const product = [0, 1].reduce((sum, k) => sum + Math.sin(100 + o * 2 + k) * Math.sin(k * input + i), 0);
      expect(after.get(`${layer}.weight`)?.values[o * input + i]).toBeCloseTo(
        (w[o * input + i] ?? Number.NaN) + scale * product,
        5,
      );
    }
});

const same = (a: Float32Array = new Float32Array(), b: Float32Array = new Float32Array()): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);

test('a product is added row by row', () => {
  const weights = Float32Array.of(1, 2, 3, 4, 5, 6);
  addProduct(weights, Float32Array.of(1, 10), Float32Array.of(1, 0, 2), { rank: 1, input: 3, scale: 0.5 });
  expect([...weights]).toEqual([1.5, 2, 4, 9, 5, 16]);
});

test('the base may lie elsewhere; without it, or with another one in its place, nothing is written', async () => {
  const folder = await adapter({ base_model_name_or_path: 'Qwen/Qwen2.5-VL-7B-Instruct' });
  await expect(converted(folder)).rejects.toMatchObject({
    kind: 'bad-model',
    message: expect.stringContaining('is not there: Qwen/Qwen2.5-VL-7B-Instruct'),
    remedy: expect.stringContaining('--base'),
  });
  await converted(folder, { baseFolder: base });
  await writeBaseDigest(folder, (await weightsDigest(base)) ?? '');
  await converted(folder, { baseFolder: base });
  const other = path.join(scratch, 'other');
  await mkdir(other);
  for (const name of ['config.json', 'tokenizer.json'])
    await writeFile(path.join(other, name), await readFile(path.join(base, name)));
  const tensors = [...(await tensorsOf(base)).values()];
  const nudged = tensors.map((one) => ({ ...one, values: one.values.map((value) => value + 1e-3) }));
  await writeSafetensors(path.join(other, 'model.safetensors'), nudged);
  await expect(converted(folder, { baseFolder: other })).rejects.toMatchObject({
    kind: 'bad-model',
    message: `The adapter was trained beside other weights than ${other} holds now.`,
  });
});

const kept = (tensors: NamedTensor[]): NamedTensor[] => tensors;
const renamed =
  (from: string, to: string) =>
  (tensors: NamedTensor[]): NamedTensor[] =>
    tensors.map((one) => ({ ...one, name: one.name.replace(from, to) }));

test.each<[string, object, (tensors: NamedTensor[]) => NamedTensor[], string]>([
  ['DoRA', { use_dora: true }, kept, 'more than a product that is added to weights: it has use_dora true'],
  ['other modules beside', { modules_to_save: ['lm_head'] }, kept, 'it has modules_to_save ["lm_head"]'],
  ['ranks of its own', { rank_pattern: { q_proj: 4 } }, kept, 'it has rank_pattern {"q_proj":4}'],
  ['PiSSA', { init_lora_weights: 'pissa' }, kept, 'it has init_lora_weights "pissa"'],
  ['an adapter that tokens switch on', { alora_invocation_tokens: [5] }, kept, 'it has alora_invocation_tokens [5]'],
  ['biases', { bias: 'all' }, kept, 'it has bias "all"'],
  ['no rank', { r: 0 }, kept, 'no plain LoRA adapter: r'],
  ['another rank than its own', { r: 8 }, kept, 'adapter_config.json says rank 8'],
  ['what is not finite', { lora_alpha: 1e308 }, kept, 'What the adapter adds is not finite'],
  ['half of a pair', {}, ([a]) => (a ? [a] : []), 'one of the two matrices'],
  ['nothing', {}, () => [], 'holds nothing'],
  ['some layers of a kind', {}, (tensors) => tensors.slice(0, 2), 'lacks model.layers.1.self_attn.q_proj.weight'],
  ['a layer that the model lacks', {}, renamed('layers.0', 'layers.99'), 'no such layer'],
  [
    'another width',
    {},
    (tensors) =>
      tensors.map((one) => ({
        ...one,
        shape: one.name.includes('lora_A') ? [2, one.values.length / 2 / 2, 2] : one.shape,
      })),
    'no matrix of a LoRA adapter',
  ],
  ['another tensor', {}, ([a]) => (a ? [{ ...a, name: 'lora_embedding_A' }] : []), 'no matrix of a LoRA adapter'],
  ['a head', {}, renamed('lora_A', 'base_layer'), 'The head or the embedding is adapted too'],
  [
    'one matrix twice',
    {},
    (tensors) => [...tensors, ...renamed('language_model.', '')(tensors)],
    'has this matrix twice',
  ],
])('%s is refused by name', async (_, config, change, message) => {
  const folder = await adapter(config, change);
  await expect(converted(folder)).rejects.toMatchObject({
    kind: 'bad-model',
    message: expect.stringContaining(message),
    place: expect.stringContaining(folder),
  });
});

test('an adapter of an adapter, a pickle, and a pipe are refused, and the terminal is given no orders', async () => {
  const folder = await adapter();
  const of = await adapter({ base_model_name_or_path: folder });
  await expect(converted(of)).rejects.toMatchObject({ message: expect.stringContaining('is an adapter itself') });
  const hostile = await adapter({ base_model_name_or_path: '/x\u001b[31mred\nnew' });
  const said = await converted(hostile).catch((error: unknown) => String((error as Error).message));
  expect(said).toContain('is not there: /x');
  for (const order of ['\u001b', '\n']) expect(said).not.toContain(order);
  const weights = path.join(folder, 'adapter_model.safetensors');
  await rm(weights);
  await writeFile(path.join(folder, 'adapter_model.bin'), 'pickle');
  await expect(converted(folder)).rejects.toMatchObject({ message: expect.stringContaining('is a pickle') });
  if (process.platform === 'win32') return;
  execFileSync('mkfifo', [weights]);
  await expect(converted(folder)).rejects.toMatchObject({ message: 'It is no plain file.' });
});

test('a whole model that has the configuration of an adapter beside it is a model', async () => {
  const folder = await adapter();
  await cp(base, folder, { recursive: true });
  expect((await converted(folder)).get(`${layer}.weight`)).toEqual((await tensorsOf(base)).get(`${layer}.weight`));
});

test('a relative base starts at the adapter too', async () => {
  const folder = await adapter({ base_model_name_or_path: path.join('..', path.basename(base)) });
  expect((await converted(folder)).size).toBe((await tensorsOf(base)).size);
});

test('where it is to lie is asked before anything is written, and others may read it there', async () => {
  const full = await mkdtemp(path.join(scratch, 'full-'));
  await writeFile(path.join(full, 'kept'), '');
  const onProgress = () => {
    throw new Error('Something was written.');
  };
  for (const [to, message] of [
    [full, 'The folder is not empty.'],
    [path.join(full, 'kept'), 'There is a file of that name.'],
  ] as const)
    await expect(convertCheckpoint(base, to, { ...form, onProgress })).rejects.toMatchObject({
      kind: 'conflict',
      message,
    });
  const [empty, link] = [path.join(scratch, 'empty'), path.join(scratch, 'link')];
  await mkdir(empty);
  await symlink(empty, link);
  await convertCheckpoint(base, link, form);
  expect(await readdir(empty)).toContain('model.safetensors');
  expect((await stat(empty)).mode & 0o777).toBe(0o777 & ~process.umask());
});

test('it can be stopped, and then leaves nothing', async () => {
  const stop = new AbortController();
  const to = path.join(scratch, 'stopped', 'model');
  const work = convertCheckpoint(base, to, {
    ...form,
    signal: stop.signal,
    onProgress: (done, total) => {
      expect(done).toBeLessThanOrEqual(total);
      stop.abort();
    },
  });
  await expect(work).rejects.toMatchObject({ name: 'AbortError' });
  await expect(readFile(path.join(to, 'config.json'))).rejects.toMatchObject({ code: 'ENOENT' });
});
