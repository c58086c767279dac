/** All answers to some prompts, in their order. */
import type { Completion, Engine, ModelHandle, SampleOptions, SampleRequest } from '../engines/engine.ts';
import { Interrupted } from '../learning/training.ts';

export interface AllSampling {
  readonly engine: Engine;
  readonly model: ModelHandle;
  readonly options: SampleOptions;
  readonly signal: AbortSignal;
  /** Told the share of the answers that are done, 0..1. */
  onShare(share: number): void;
}

/** @returns by request, one completion a seed. @throws Interrupted when the signal ends it; StudioError as the engine does */
export async function sampleAll(requests: readonly SampleRequest[], how: AllSampling): Promise<Completion[][]> {
  const all = requests.map(({ seeds }) => new Array<Completion>(seeds.length));
  if (requests.length === 0) return all;
  const total = requests.reduce((sum, { seeds }) => sum + seeds.length, 0);
  let done = 0;
  for await (const event of how.engine.sample(how.model, requests, how.options, how.signal)) {
    if (event.kind !== 'done') continue;
    const given = all[event.request];
    if (given) given[event.index] = event.completion;
    how.onShare(++done / total);
  }
  if (how.signal.aborted) throw new Interrupted();
  return all;
}
