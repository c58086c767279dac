/** How long `activate` takes inside a real VS Code, against the 60 ms that it may take. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runHostTests } from '../extension/harness/host-tests.ts';
import type { BenchFigure } from './part.ts';

const limitMs = 60;

export async function benchActivation(): Promise<BenchFigure[]> {
  const scratch = await mkdtemp(path.join(tmpdir(), 'video-r1-activation-'));
  const figure = path.join(scratch, 'ms');
  try {
    const { tests } = await runHostTests({
      suite: path.join(import.meta.dirname, 'activation.suite.ts'),
      trusted: true,
      env: { VIDEO_R1_BENCH_FIGURE: figure },
    });
    const failure = tests.find((test) => test.failure !== null)?.failure;
    if (failure) throw new Error(failure);
    const value = Number(await readFile(figure, 'utf8'));
    return [
      {
        name: 'activation',
        value,
        unit: 'ms',
        note: `${(value / limitMs).toFixed(2)} of the ${limitMs} ms that it may take`,
      },
    ];
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
