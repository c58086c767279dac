/** Measures the processor time of a run's steps while this process makes them, and keeps the sums beside its run file. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { addCosts, costOfStep, type StepCosts, stepCosts } from '../../evaluation/step-cost.ts';
import { parseJson } from '../../protocol/json.ts';
import type { RunEvent } from '../../protocol/records.ts';
import type { Hosting } from './hosting.ts';
import { replaceFile } from './kept-work.ts';

export class StepMeter {
  private readonly file: string;
  private readonly groupSize: number;
  private readonly listening: { dispose(): void };
  private sum: StepCosts | null = null;
  private last: number | null = null;

  /** @param file that the sums are kept in. @param name of the run */
  constructor(trainer: Hosting['trainer'], file: string, name: string, groupSize: number) {
    this.file = file;
    this.groupSize = groupSize;
    this.listening = trainer.listen({
      onEvent: (event) => {
        if (trainer.runs().find(({ id }) => id === event.runId)?.name === name) this.onEvent(event);
      },
      onRunsChanged: () => {},
      onSampling: () => {},
    });
  }

  /** Ends measuring; what earlier sittings measured is added to. */
  async keep(): Promise<void> {
    this.listening.dispose();
    if (this.sum === null) return;
    const before = await readCosts(this.file);
    await replaceFile(this.file, `${JSON.stringify(addCosts(before, this.sum), null, 1)}\n`);
  }

  /** A step lasts from the end of the one before it; of the first of a sitting, which loads and compiles, nothing is taken. */
  private onEvent({ body }: RunEvent): void {
    if (body.type !== 'step') return;
    const { user, system } = process.cpuUsage();
    const now = (user + system) / 1e6;
    if (this.last !== null) this.sum = addCosts(this.sum, costOfStep(body.metrics, this.groupSize, now - this.last));
    this.last = now;
  }
}

/** @returns null where nothing was measured */
export async function readCosts(file: string): Promise<StepCosts | null> {
  if (!existsSync(file)) return null;
  return stepCosts.safeParse(parseJson(await readFile(file, 'utf8'))).data ?? null;
}
