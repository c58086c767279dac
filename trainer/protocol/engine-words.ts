/** What an engine computes on, in words for people. Loads nothing. */
import type { EngineStatus } from './run-state.ts';

const counted = (count: number, one: string) => `${count} ${one}${count === 1 ? '' : 's'}`;

/** `NVIDIA H200`, with its memory where that is known. */
function deviceWords({ name, memoryBytes }: NonNullable<EngineStatus['devices']>[number]): string {
  return memoryBytes === null ? name : `${name} of ${Math.round(memoryBytes / 1e9)} GB`;
}

/** `2 threads`, or of an engine of several processes `8 ranks on 8 × NVIDIA H200 of 150 GB`. */
export function computesOn({ threads, ranks, devices = [] }: EngineStatus): string {
  if (ranks === undefined) return counted(threads, 'thread');
  const kinds = Map.groupBy(devices.map(deviceWords), (words) => words);
  const on = [...kinds].map(([words, alike]) => (alike.length === 1 ? words : `${alike.length} × ${words}`)).join(', ');
  return `${counted(ranks, 'rank')}${on === '' ? '' : ` on ${on}`}`;
}

/** `0.53 M parameters`, `8.29 B parameters`. */
export function sizeWords({ parameters }: Pick<EngineStatus, 'parameters'>): string {
  const [size, unit] = parameters < 1e9 ? [parameters / 1e6, 'M'] : [parameters / 1e9, 'B'];
  return `${size.toFixed(2)} ${unit} parameters`;
}
