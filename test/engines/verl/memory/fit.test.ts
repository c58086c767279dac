/** Whether a run fits: the numbers when it does not, and only such ways out as make it fit. */
import { describe, expect, it } from 'vitest';
import type { Work } from '../../../../trainer/engines/verl/memory/estimate.ts';
import {
  type Asked,
  judge,
  type Room,
  refuseWhatCantFit,
  waysToFit,
  wayWords,
} from '../../../../trainer/engines/verl/memory/fit.ts';
import { publishedConfig } from '../../../../trainer/engines/verl/memory/models.ts';
import { requireRoom } from '../../../../trainer/engines/verl/memory/start.ts';
import { engineSettings, type VerlSettings } from '../../../../trainer/protocol/runfile.ts';

const gib = 2 ** 30;
const work: Work = {
  promptTokens: 1536,
  visionTokens: 1024,
  answerTokens: 768,
  answers: 8,
  reference: true,
  samples: true,
};
const settings = (changes: object) => engineSettings.parse({ name: 'verl', ...changes }) as VerlSettings;
const asked = (size: '3B' | '7B' | '72B', changes: object = {}): Asked => ({
  config: publishedConfig(size),
  settings: settings(changes),
  work,
});
const gpus = (gibibytes: number, host: number | null = null): Room => ({
  device: 'cuda',
  gpuBytes: gibibytes * gib,
  hostBytes: host === null ? null : host * gib,
});

describe('7B with FSDP2', () => {
  it('fits on four GPUs of 80 GiB, and not on one', () => {
    expect(judge(asked('7B', { ranks: 4 }), gpus(80))).toMatchObject({ lacks: [], isTight: false });
    expect(judge(asked('7B'), gpus(80)).lacks).toEqual([
      expect.stringMatching(
        /^Each GPU needs 1\d\d\.\d GiB in the (backward pass|optimizer's step), and has 80\.0 GiB$/,
      ),
    ]);
  });

  it('says when it fits by less than what the allocator may lose', () => {
    const { estimate } = judge(asked('7B', { ranks: 4 }), gpus(80));
    const peak = estimate.peak.bytes / gib;
    expect(judge(asked('7B', { ranks: 4 }), gpus(peak * 1.02))).toMatchObject({ lacks: [], isTight: true });
    expect(judge(asked('7B', { ranks: 4 }), gpus(peak * 0.99)).lacks).toHaveLength(1);
  });

  it('needs a machine that holds what is offloaded', () => {
    expect(judge(asked('7B', { ranks: 4, offload: true }), gpus(80, 100)).lacks).toEqual([
      expect.stringMatching(/^A machine's memory must hold 1\d\d\.\d GiB, and is 100\.0 GiB$/),
    ]);
    expect(judge(asked('7B', { ranks: 4, offload: true }), gpus(80, 256)).lacks).toEqual([]);
  });

  it('gives vLLM its share of the GPU beside what stays', () => {
    const vllm = { mode: 'ray', sampler: 'vllm', ranks: 4 };
    expect(judge(asked('7B', { ...vllm, samplerMemory: 0.9 }), gpus(80)).lacks).toEqual([
      expect.stringMatching(/^Each GPU needs 100\.\d GiB while vLLM samples/),
    ]);
    expect(judge(asked('7B', { ...vllm, samplerMemory: 0.9, offload: true }), gpus(80)).lacks).toEqual([]);
    expect(judge(asked('7B', { ...vllm, samplerMemory: 0.1 }), gpus(80)).lacks).toEqual([
      expect.stringMatching(/^vLLM needs 17\.\d GiB .* samplerMemory 0\.1 gives it 8\.0 GiB$/),
    ]);
    expect(judge(asked('7B', { ...vllm, samplerMemory: 0.15, tensorParallel: 2 }), gpus(80)).lacks).toEqual([]);
  });
});

describe('ways out', () => {
  it.each([
    ['7B', 1, 80],
    ['7B', 2, 40],
    ['3B', 1, 24],
    ['3B', 1, 80],
    ['72B', 64, 80],
  ] as const)('of %s on %d GPUs of %d GiB each make it fit', (size, ranks, gibibytes) => {
    const own = asked(size, { ranks });
    const ways = waysToFit(own, gpus(gibibytes));
    for (const way of ways) {
      const changed = { ...own, settings: { ...own.settings, ...way } };
      expect([wayWords(way), judge(changed, gpus(gibibytes)).lacks]).toEqual([wayWords(way), []]);
      expect(engineSettings.safeParse(changed.settings).error).toBeUndefined();
    }
    expect(new Set(ways.map(wayWords)).size).toBe(ways.length);
  });

  it('change one thing each, and take fewer tokens at a time only where that is not enough', () => {
    expect(waysToFit(asked('3B'), gpus(40)).map(wayWords)).toEqual([
      '"offload": true',
      '"lora": {"rank":64,"alpha":128}',
      '"ranks": 2 with "microBatchTokens": 8192',
    ]);
  });

  it('stand in the refusal with the numbers; without one it says so', () => {
    const refusal = (own: Asked, room: Room) => {
      try {
        refuseWhatCantFit(own, room, 'a.run.json');
        return null;
      } catch (error) {
        return error;
      }
    };
    expect(refusal(asked('7B'), gpus(80))).toMatchObject({
      kind: 'engine-failed',
      place: 'a.run.json',
      message: expect.stringMatching(/^The model has 8\.29 billion parameters, .* Each GPU needs 1\d\d\.\d GiB/),
      remedy: expect.stringMatching(/^It fits with "offload": true; or /),
    });
    expect(refusal(asked('72B'), gpus(24))).toMatchObject({ remedy: expect.stringMatching(/^Take a smaller model/) });
    expect(refusal(asked('7B', { ranks: 8 }), gpus(80))).toBeNull();
  });
});

describe('a start on this machine', () => {
  const gpu = { name: 'H100', memoryBytes: 80 * gib, freeBytes: 80 * gib, driver: '580' };
  const start = (changes: object, count: number, memoryBytes = 512 * gib) =>
    requireRoom(asked('7B', changes), 'a.run.json', new AbortController().signal, async () => ({
      gpus: Array.from({ length: count }, () => gpu),
      memoryBytes,
    }));

  it('is refused where it can’t fit, and where there are fewer GPUs than ranks', async () => {
    await expect(start({ ranks: 1 }, 8)).rejects.toMatchObject({ message: expect.stringMatching(/has 80\.0 GiB/) });
    await expect(start({ ranks: 8 }, 4)).rejects.toMatchObject({
      message: '8 ranks take a GPU each, and there are 4 here.',
    });
    await expect(start({ device: 'cuda' }, 0)).rejects.toMatchObject({
      message: expect.stringMatching(/nvidia-smi lists none/),
    });
    await expect(start({ ranks: 1 }, 0, 16 * gib)).rejects.toMatchObject({
      message: expect.stringMatching(/A machine's memory must hold \d+\.\d GiB, and is 16\.0 GiB/),
    });
    await expect(start({ ranks: 8 }, 8)).resolves.toBeUndefined();
  });

  it('is not judged where others’ machines compute', async () => {
    await expect(start({ attach: { address: 'a:1', tokenFile: 't' } }, 0)).resolves.toBeUndefined();
    await expect(start({ ranks: 64, mode: 'ray', ray: 'head:6379', device: 'cuda' }, 0)).resolves.toBeUndefined();
    await expect(start({ ranks: 64, mode: 'ray', nodes: 8, device: 'cuda' }, 1)).resolves.toBeUndefined();
  });
});
