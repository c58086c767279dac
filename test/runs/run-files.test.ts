import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listRunFiles, parametersOfRun, readRunFile } from '../../trainer/runs/run-files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'run-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

const good = { version: 1, name: 'tgrpo', method: 'tgrpo', dataset: 'data.json', model: { run: 'sft' } };
const write = async (content: unknown, name = 'x.run.json') => {
  const file = path.join(folder, name);
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
};

describe('readRunFile', () => {
  it('fills in what may be left out', async () => {
    const file = await readRunFile(await write(good));
    expect(file).toMatchObject({
      preset: 'sample',
      seed: 1,
      engine: { name: 'tfjs', backend: 'auto', threads: 2 },
      parameters: {},
    });
  });

  it('names the nearest known key for an unknown one, at the top, among the parameters and in the engine’s settings', async () => {
    await expect(readRunFile(await write({ ...good, datset: 'x' }))).rejects.toThrow(
      'there is no key "datset"; the nearest is "dataset"',
    );
    await expect(readRunFile(await write({ ...good, parameters: { learnRate: 1 } }))).rejects.toThrow(
      'parameters: there is no key "learnRate"; the nearest is "learningRate"',
    );
    await expect(readRunFile(await write({ ...good, engine: { bakend: 'wasm' } }))).rejects.toThrow(
      'engine: there is no key "bakend"; the nearest is "backend"',
    );
  });

  it('takes parameters under the names that they had before, and refuses both names at once', async () => {
    const parametersOf = async (parameters: object) =>
      (await readRunFile(await write({ ...good, parameters }))).parameters;
    expect(await parametersOf({ divideByStd: true })).toEqual({ advantageScale: 'group' });
    expect(await parametersOf({ divideByStd: false, alpha: 0 })).toEqual({ advantageScale: 'none', alpha: 0 });
    const file = await write({ ...good, parameters: { divideByStd: true, advantageScale: 'batch' } });
    await expect(readRunFile(file)).rejects.toMatchObject({
      kind: 'bad-run-file',
      place: file,
      message:
        'parameters: divideByStd is the name that advantageScale had before, and both are given: take divideByStd away',
    });
    await expect(parametersOf({ divideByStd: 'yes' })).rejects.toThrow(
      'parameters: divideByStd is called advantageScale now, and was true (now "group") or false (now "none"), not "yes"',
    );
  });

  it('takes settings of the engine without its name, and names the nearest engine for one that is not there', async () => {
    expect((await readRunFile(await write({ ...good, engine: { threads: 1 } }))).engine).toEqual({
      name: 'tfjs',
      backend: 'auto',
      threads: 1,
    });
    await expect(readRunFile(await write({ ...good, engine: { name: 'tfsj' } }))).rejects.toThrow(
      'engine.name: there is no engine "tfsj"; the nearest is "tfjs"',
    );
  });

  it('takes the settings of verl, with what is left out as the guide has it', async () => {
    const engine = { name: 'verl', ranks: 2, device: 'cpu', lora: { rank: 8, alpha: 16 } };
    expect((await readRunFile(await write({ ...good, engine }))).engine).toEqual({
      ...engine,
      mode: 'spmd',
      nodes: 1,
      sampler: 'generate',
      freezeVision: false,
      offload: false,
      attention: 'sdpa',
      microBatchTokens: 16384,
      sampleTokens: 65536,
      tensorParallel: 1,
      samplerMemory: 0.5,
    });
  });

  const vllm = { mode: 'ray', sampler: 'vllm' };
  const attach = { address: '127.0.0.1:29610', tokenFile: 'token' };
  it.each([
    [{ rank: 2 }, 'engine: there is no key "rank"; the nearest is "ranks"'],
    [{ backend: 'wasm' }, 'engine: "backend" goes with "name": "tfjs"'],
    [{ mode: 'rai' }, 'engine.mode must be "spmd" or "ray", not "rai"; the nearest is "ray"'],
    [{ ranks: 0 }, 'engine.ranks must be at least 1, not 0'],
    [{ samplerMemory: 1 }, 'engine.samplerMemory must be below 1, not 1'],
    [{ lora: { rank: 8 } }, 'engine.lora.alpha is missing; it must be a number'],
    [{ lora: { rank: 8, alpha: 8, target: [] } }, 'engine.lora: there is no key "target"; the nearest is "targets"'],
    [{ sampler: 'vllm' }, 'engine.sampler: vLLM needs "mode": "ray"'],
    [{ ...vllm, device: 'cpu' }, 'engine.device: vLLM needs GPUs; take "generate" as the sampler on a CPU'],
    [{ nodes: 2, ranks: 2 }, 'engine.nodes: 2 machines need "mode": "ray"'],
    [{ mode: 'ray', nodes: 2, ranks: 3 }, "engine.ranks: 3 ranks can't be shared evenly by 2 nodes"],
    [{ ray: 'auto' }, 'engine.ray: a cluster is joined with "mode": "ray" alone'],
    [{ tensorParallel: 2 }, 'engine.tensorParallel: it is of vLLM; the sampler is "generate"'],
    [{ ...vllm, ranks: 3, tensorParallel: 2 }, "engine.tensorParallel: 3 ranks can't be cut into groups of 2"],
    [{ attention: 'flash_attention_2', device: 'cpu' }, 'engine.attention: FlashAttention needs a GPU; take "sdpa"'],
    [
      { ...vllm, mropePositions: '5.x' },
      'engine.mropePositions: vLLM counts positions as 4.49 does, not as 5.18, and what is trained must follow it; take this away, or "generate" as the sampler',
    ],
    [{ attach: { ...attach, address: '29610' } }, 'engine.attach.address: it is host:port, such as 127.0.0.1:29610'],
    [
      { attach, ranks: 2 },
      'engine.ranks: the gateway that "attach" names was started with settings of its own; take this away',
    ],
  ])('says what is wrong with the settings of verl: %j', async (more, message) => {
    await expect(readRunFile(await write({ ...good, engine: { name: 'verl', ...more } }))).rejects.toMatchObject({
      kind: 'bad-run-file',
      message,
    });
  });

  it('says which engine a key of another one belongs to', async () => {
    await expect(readRunFile(await write({ ...good, engine: { ranks: 2 } }))).rejects.toThrow(
      'engine: "ranks" goes with "name": "verl"',
    );
  });

  const forms = '"size", "checkpoint" or "run"';
  it.each([
    [undefined, `model is missing; it must be an object with ${forms}`],
    ['sft', `model must be an object with ${forms}, not the text "sft"`],
    [null, `model must be an object with ${forms}, not null`],
    [[], `model must be an object with ${forms}, not an empty list`],
    [{}, `model must have the key ${forms}`],
    [{ chekpoint: 'm' }, `model must have the key ${forms}; there is no key "chekpoint"; the nearest is "checkpoint"`],
    [{ checkpoint: 'm', run: 'sft' }, 'model has "checkpoint" and "run"; it must have one of them'],
    [{ size: {}, run: 'sft' }, 'model: "size" can\'t stand beside its other keys'],
    [{ checkpoint: 5 }, 'model.checkpoint must be a text, not 5'],
    [{ checkpoint: 'm', tokeniser: 't' }, 'model: there is no key "tokeniser"; the nearest is "tokenizer"'],
  ])('says of the model %j what it needs', async (model, message) => {
    await expect(readRunFile(await write({ ...good, model }))).rejects.toMatchObject({
      message,
      remedy: expect.stringContaining('{"size": {…}} (new weights), {"checkpoint": "FOLDER"} or {"run": "NAME"}'),
    });
  });

  it('names every number that a model of new weights lacks', async () => {
    const model = { size: { hidden_size: 9, layers: 2 } };
    const thrown: unknown = await readRunFile(await write({ ...good, model })).catch((error: unknown) => error);
    expect(String((thrown as Error).message).split('\n')).toEqual(
      expect.arrayContaining([
        'model.size.hidden_size must be a multiple of 8, not 9',
        'model.size.num_hidden_layers is missing; it must be a number',
        expect.stringMatching(/^model\.size: there is no key "layers"/),
      ]),
    );
  });

  it('says that a key is missing, not that undefined does not fit', async () => {
    const { method: _, dataset: __, ...rest } = good;
    await expect(readRunFile(await write(rest))).rejects.toMatchObject({
      message: 'method is missing; it must be "sft", "tgrpo" or "grpo"\ndataset is missing; it must be a text',
    });
  });

  it('says what is wrong with a value, with the file as the place', async () => {
    const file = await write({ ...good, parameters: { topP: 2 } });
    await expect(readRunFile(file)).rejects.toMatchObject({
      kind: 'bad-run-file',
      place: file,
      message: expect.stringContaining('parameters.topP'),
    });
  });

  it('says that a file is not JSON, or not there', async () => {
    await expect(readRunFile(await write('{ "version": 1,'))).rejects.toMatchObject({
      kind: 'bad-run-file',
      message: expect.stringContaining('not JSON'),
    });
    await expect(readRunFile(path.join(folder, 'none.run.json'))).rejects.toMatchObject({ kind: 'bad-run-file' });
  });
});

describe('parametersOfRun', () => {
  it("takes the preset, then the file's values, then the caller's", async () => {
    const file = await readRunFile(await write({ ...good, preset: 'paper', parameters: { mu: 0.5, alpha: 0.1 } }));
    const { values, preset } = parametersOfRun(file, { alpha: 0.2 });
    expect(values).toMatchObject({ mu: 0.5, alpha: 0.2, omega: 0.1, groupSize: 8 });
    expect(preset.mu).toBe(0.8);
  });

  it('refuses limits that cross, and values that do not fit', async () => {
    const file = await readRunFile(await write(good));
    expect(() => parametersOfRun(file, { minFrames: 9, maxFrames: 8 })).toThrow('minFrames (9) is above maxFrames (8)');
    expect(() => parametersOfRun(file, { beta: -1 })).toThrow('beta');
    expect(() => parametersOfRun(file, { betta: 1 })).toThrow('the nearest is beta');
  });

  it.each([{ groupSize: 1 }, { temperature: 0 }, { topK: 1 }, { topP: 0 }])(
    'refuses %j, with which nothing can be learned, and says what to set',
    async (settings) => {
      const file = await readRunFile(await write({ ...good, method: 'tgrpo' }));
      const [name = ''] = Object.keys(settings);
      expect(() => parametersOfRun(file, settings)).toThrow(
        expect.objectContaining({
          kind: 'bad-run-file',
          message: expect.stringMatching(`^${name} is [01]: .* nothing is learned\\.$`),
          remedy: expect.stringContaining(`Set ${name}`),
        }),
      );
      // SFT draws no answers to learn from.
      const sft = await readRunFile(await write({ ...good, method: 'sft' }));
      expect(() => parametersOfRun(sft, settings)).not.toThrow();
    },
  );
});

describe('listRunFiles', () => {
  it('lists faulty files with their fault, and looks neither into hidden folders nor at other files', async () => {
    await write(good, 'a.run.json');
    await write('{', 'b.run.json');
    await write(good, 'c.json');
    const found = await listRunFiles(folder);
    expect(found.map((entry) => [entry.path, entry.problem === null])).toEqual([
      ['a.run.json', true],
      ['b.run.json', false],
    ]);
  });
});
