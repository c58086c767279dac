/** What an engine computes on, as it is said. */
import { expect, it } from 'vitest';
import { computesOn, sizeWords } from '../../trainer/protocol/engine-words.ts';
import { type EngineStatus, engineStatus } from '../../trainer/protocol/run-state.ts';

const threads: EngineStatus = {
  ...{ name: 'e', backend: 'b', threads: 2, parameters: 1, why: '' },
  capabilities: null,
};
const gpu = { name: 'NVIDIA H200', memoryBytes: 150e9 };

it('threads, or ranks on devices, those that are alike together', () => {
  expect(computesOn(threads)).toBe('2 threads');
  expect(computesOn({ ...threads, threads: 1 })).toBe('1 thread');
  expect(computesOn({ ...threads, ranks: 1 })).toBe('1 rank');
  expect(computesOn({ ...threads, ranks: 8, devices: Array(8).fill(gpu) })).toBe(
    '8 ranks on 8 × NVIDIA H200 of 150 GB',
  );
  const mixed = [gpu, { name: 'CPU', memoryBytes: null }, gpu];
  expect(computesOn({ ...threads, ranks: 3, devices: mixed })).toBe('3 ranks on 2 × NVIDIA H200 of 150 GB, CPU');
});

it('millions or billions of parameters', () => {
  expect(sizeWords({ parameters: 530_000 })).toBe('0.53 M parameters');
  expect(sizeWords({ parameters: 8_290_000_000 })).toBe('8.29 B parameters');
});

it('a status that is older than ranks and devices is read as it is', () => {
  expect(engineStatus.parse(threads)).toEqual(threads);
});
