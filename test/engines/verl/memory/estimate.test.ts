/** What a run takes of memory: parameters as they are published, states by hand, and what makes each part smaller. */
import { describe, expect, it } from 'vitest';
import { estimateMemory, type Work } from '../../../../trainer/engines/verl/memory/estimate.ts';
import { publishedConfig } from '../../../../trainer/engines/verl/memory/models.ts';
import { adapterParameters, parameterCounts } from '../../../../trainer/engines/verl/memory/parameters.ts';
import { workOf } from '../../../../trainer/engines/verl/memory/work.ts';
import { presetParameters } from '../../../../trainer/learning/presets.ts';
import { engineSettings, type VerlSettings } from '../../../../trainer/protocol/runfile.ts';

const settings = (changes: object = {}) => engineSettings.parse({ name: 'verl', ...changes }) as VerlSettings;
const work: Work = {
  promptTokens: 1536,
  visionTokens: 1024,
  answerTokens: 512,
  answers: 8,
  reference: true,
  samples: true,
};
const of7B = (changes: object = {}, other: Partial<Work> = {}, device: 'cpu' | 'cuda' = 'cuda') =>
  estimateMemory(publishedConfig('7B'), settings(changes), { ...work, ...other }, device);
const part = (parts: readonly { what: string; bytes: number }[], what: RegExp) =>
  parts.find((one) => what.test(one.what))?.bytes;
const phase = (estimate: ReturnType<typeof of7B>, name: string) => estimate.phases.find((one) => one.name === name);
const bytesOf = (estimate: ReturnType<typeof of7B>, name: string) => phase(estimate, name)?.bytes ?? 0;

describe('parameters', () => {
  it('are those of the published models', () => {
    const counts = (['3B', '7B', '72B'] as const).map((size) => parameterCounts(publishedConfig(size)).all);
    expect(counts).toEqual([3_754_622_976, 8_292_166_656, 73_410_777_344]);
  });

  it('of an adapter are its rank times inputs and outputs of each linear layer', () => {
    const config = publishedConfig('7B');
    const layer = 3584 * 2 + 2 * (3584 + 512) + 3584 * 2 + 3 * (3584 + 18944);
    expect(adapterParameters(config, 16, false)).toBe(16 * 28 * layer);
    const block = 1280 + 3840 + 2560 + 3 * (1280 + 3420);
    expect(adapterParameters(config, 16, true) - adapterParameters(config, 16, false)).toBe(
      16 * (32 * block + 5120 * 2 + 5120 + 3584),
    );
  });
});

describe('what stays', () => {
  const all = 8_292_166_656;

  it('is 12 bytes a parameter and the reference, over the ranks', () => {
    const { resident } = of7B({ ranks: 4 });
    expect(part(resident, /^weights/)).toBe(all);
    expect(part(resident, /moments/)).toBe(2 * all);
    expect(part(resident, /^reference, bfloat16/)).toBe(all / 2);
    expect(part(phase(of7B({ ranks: 4 }), 'step')?.parts ?? [], /^gradients/)).toBe(all);
    expect(part(of7B({ ranks: 4 }, { reference: false }).resident, /^reference/)).toBeUndefined();
    expect(part(of7B({ ranks: 4 }, {}, 'cpu').resident, /^reference, float32/)).toBe(all);
  });

  it('is the base and the moments of the adapter with LoRA, whose reference is the base', () => {
    const { resident, trained, parameters } = of7B({ ranks: 2, lora: { rank: 64, alpha: 128 } });
    const adapter = adapterParameters(publishedConfig('7B'), 64, true);
    expect([trained, parameters]).toEqual([adapter, all + adapter]);
    expect(part(resident, /^weights/)).toBe((all + adapter) * 2);
    expect(part(resident, /moments/)).toBe(adapter * 4);
    expect(part(resident, /^reference/)).toBeUndefined();
  });

  it('leaves the GPUs with offload, for the memory of their machine', () => {
    const kept = of7B({ ranks: 8 });
    const off = of7B({ ranks: 8, offload: true });
    expect(part(off.resident, /weights|moments|reference/)).toBeUndefined();
    expect(off.hostBytes - kept.hostBytes).toBe(all * (4 + 8 + 2 + 4));
    const over4 = of7B({ ranks: 8, nodes: 4, mode: 'ray', offload: true });
    expect(part(over4.host, /moments/)).toBe(all * 2);
    expect(of7B({ ranks: 8, offload: true }, {}, 'cpu').resident).toEqual(of7B({ ranks: 8 }, {}, 'cpu').resident);
  });

  it('has no tower among what is trained when it is frozen', () => {
    expect(all - of7B({ freezeVision: true }).trained).toBe(676_550_144);
  });
});

describe('what comes and goes', () => {
  it('has the logits of 1024 answer tokens at a time where they are made again, else of all', () => {
    const small = of7B({ microBatchTokens: 1, freezeVision: true });
    expect(part(phase(small, 'backward')?.parts ?? [], /^logits/)).toBe(512 * 152064 * 16);
    // Rows of a prompt and eight answers: two in a micro-batch.
    const { parts = [] } = phase(of7B({ gradientCheckpointing: false }), 'backward') ?? {};
    expect(part(parts, /^logits/)).toBe(2 * 8 * 512 * 152064 * 16);
    expect(part(parts, /^kept logits/)).toBe(2 * 8 * 512 * 152064 * 10);
  });

  it('has an input of each layer for each token with gradient checkpointing, and much more without', () => {
    const { parts = [] } = phase(of7B(), 'backward') ?? {};
    const tokens = 2 * (1536 + 8 * 512);
    expect(part(parts, /^kept activations$/)).toBe(28 * tokens * 3584 * 2);
    // A row shows one video, of 4096 patches.
    expect(part(parts, /of the tower/)).toBe(32 * 2 * 4096 * 1280 * 2);
    const whole = phase(of7B({ gradientCheckpointing: false }), 'backward')?.parts ?? [];
    expect(part(whole, /^kept activations$/)).toBeGreaterThan(20 * 28 * tokens * 3584 * 2);
  });

  it('computes again on GPUs and not on a CPU, where nobody says', () => {
    const kept = (device: 'cpu' | 'cuda') => part(phase(of7B({}, {}, device), 'backward')?.parts ?? [], /^kept logits/);
    expect(kept('cuda')).toBeUndefined();
    expect(kept('cpu')).toBeGreaterThan(0);
  });

  it('holds the whole weights while it samples, and keys and values of all tokens', () => {
    const { parts = [] } = phase(of7B({ ranks: 8 }), 'sampling') ?? {};
    expect(part(parts, /^whole weights/)).toBe(2 * 8_292_166_656);
    expect(part(parts, /^keys and values/)).toBe(65536 * 2 * 512 * 2 * 29);
    expect(phase(of7B({ ranks: 8 }, { samples: false }), 'sampling')).toBeUndefined();
  });

  it.each([
    ['microBatchTokens', { microBatchTokens: 4096 }, 'backward'],
    ['more ranks', { ranks: 2 }, 'backward'],
    ['offload', { offload: true }, 'backward'],
    ['LoRA', { lora: { rank: 64, alpha: 128 } }, 'backward'],
    ['a frozen tower', { freezeVision: true }, 'backward'],
    ['sampleTokens', { sampleTokens: 8192 }, 'sampling'],
  ])('is less with %s', (_, changes, name) => {
    expect(bytesOf(of7B(changes), name)).toBeLessThan(bytesOf(of7B(), name));
  });

  it.each([
    ['no gradient checkpointing', { gradientCheckpointing: false }, 'backward'],
    ['float32', { precision: 'float32' }, 'sampling'],
  ])('is more with %s', (_, changes, name) => {
    expect(bytesOf(of7B(changes), name)).toBeGreaterThan(bytesOf(of7B(), name));
  });

  it('keeps the scores of every head with plain attention', () => {
    const kept = (attention: string) =>
      part(phase(of7B({ attention, gradientCheckpointing: false }), 'backward')?.parts ?? [], /^kept activations$/) ??
      0;
    // One answer a row with flash attention; eight, of 5632 tokens, with the others.
    const tokens = 2 * 5632;
    expect(kept('eager') - kept('sdpa')).toBe(28 * tokens * 5632 * (28 * 8 - 3));
    expect(kept('flash_attention_2') / (8 * 2048)).toBeLessThan(kept('sdpa') / tokens);
  });

  it('takes a sequence that is longer than a micro-batch alone, whole', () => {
    const longest = phase(of7B({ microBatchTokens: 1 }), 'backward')?.parts ?? [];
    expect(part(longest, /^kept activations$/)).toBe(28 * 2048 * 3584 * 2);
  });

  it('is in the memory of the machine where the ranks compute on a CPU', () => {
    const cpu = of7B({ ranks: 2, device: 'cpu' }, {}, 'cpu');
    expect(part(cpu.host, /^2 ranks/)).toBe(2 * cpu.peak.bytes);
  });

  it('of the model whole while it is loaded is one in a machine, and one a rank where the head is tied', () => {
    const load = (size: '3B' | '7B') =>
      part(estimateMemory(publishedConfig(size), settings({ ranks: 4 }), work, 'cuda').host, /loaded/);
    expect(load('7B')).toBe(4 * 8_292_166_656);
    expect(load('3B')).toBe(4 * 4 * 3_754_622_976);
  });
});

it('the longest sequence is by the parameters: frames, pixels, prompt and answer', () => {
  const parameters = presetParameters('paper', 'tgrpo');
  const paper = workOf('tgrpo', parameters);
  expect(paper).toMatchObject({
    visionTokens: 1024,
    promptTokens: 1536,
    answerTokens: parameters.maxNewTokens,
    answers: 8,
  });
  expect(workOf('tgrpo', { ...parameters, maxPromptTokens: 900 })).toMatchObject({
    promptTokens: 900,
    visionTokens: 900,
  });
  expect(workOf('tgrpo', { ...parameters, maxFrames: 32 }).visionTokens).toBe(2048);
  expect(workOf('sft', presetParameters('paper', 'sft'))).toMatchObject({
    answers: 1,
    reference: false,
    samples: false,
  });
});
