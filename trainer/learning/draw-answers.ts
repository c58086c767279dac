/**
 * Answers as the engine writes them, through pauses. A pause ends every open answer within a token; what is finished is kept, and
 * the others are written again from their seeds when the run goes on, so that a pause changes no answer where seeds are exact, and no
 * question counts by half.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Completion, Engine, ModelHandle, SampleEvent, SampleOptions, SampleRequest } from '../engines/engine.ts';
import { StudioError } from '../protocol/errors.ts';
import { Interrupted, type SamplingGate } from './training.ts';

export interface Drawing {
  readonly engine: Engine;
  readonly model: ModelHandle;
  readonly sampling: SampleOptions;
  readonly signal: AbortSignal;
  /** Absent where nothing pauses it. */
  readonly gate?: SamplingGate;
}

/** An engine that can't end answers is not waited for longer than this when the run is to stand still, in milliseconds. */
const patienceMs = 500;

/**
 * @param stretch runs the work of one stretch of sampling, to time it: what is between two of them is no work
 * @param onProgress `text`: what the first answer says so far
 * @returns for each request an answer per seed
 * @throws Interrupted when the signal or the gate ends it; as the engine does
 */
export async function drawAnswers(
  requests: readonly SampleRequest[],
  { engine, model, sampling, signal, gate }: Drawing,
  stretch: (work: () => Promise<void>) => Promise<void>,
  onProgress: (hint: { done: number; total: number; text: string }) => void,
): Promise<Completion[][]> {
  const answers = requests.map(({ seeds }) => new Array<Completion | undefined>(seeds.length).fill(undefined));
  const total = answers.reduce((sum, { length }) => sum + length, 0);
  let done = 0;
  for (;;) {
    const open = requests.flatMap(({ prompt, seeds }, request) => {
      const left = seeds.flatMap((seed, index) => (answers[request]?.[index] === undefined ? [{ seed, index }] : []));
      return left.length === 0 ? [] : [{ prompt, seeds: left.map(({ seed }) => seed), request, left }];
    });
    const pause = gate?.begin();
    let text = '';
    await stretch(async () => {
      const until = pause === undefined ? signal : AbortSignal.any([signal, pause]);
      const events = engine.sample(model, open, sampling, until);
      for await (const event of engine.capabilities.abort ? events : notLongerThan(events, until)) {
        if (event.kind === 'progress') continue;
        const { request, left } = open[event.request] as (typeof open)[number];
        const { index } = left[event.index] as (typeof left)[number];
        if (event.kind === 'delta') {
          if (request !== 0 || index !== 0) continue;
          text += event.text;
        } else if (event.completion.stopReason !== 'aborted') {
          (answers[request] as (Completion | undefined)[])[index] = event.completion;
          done++;
        }
        onProgress({ done, total, text: text.slice(-400) });
      }
    });
    if (signal.aborted) throw new Interrupted();
    if (done === total) return answers as Completion[][];
    if (gate === undefined || pause?.aborted !== true)
      throw new StudioError('engine-failed', `The engine gave ${done} of the ${total} answers that it was asked for.`, {
        remedy: 'Resume the run: the step is made again.',
      });
    await gate.hold();
  }
}

/** The events of an engine that writes answers to their end whatever it is told: it is left to itself soon after the signal. */
async function* notLongerThan(events: AsyncIterable<SampleEvent>, signal: AbortSignal): AsyncGenerator<SampleEvent> {
  const reader = events[Symbol.asyncIterator]();
  const over = new Promise<'over'>((resolve) => {
    const end = () => void wait(patienceMs, 'over' as const).then(resolve);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
  for (;;) {
    const next = reader.next();
    const event = await Promise.race([next, over]);
    if (event === 'over') {
      next.then(
        () => reader.return?.().catch(() => undefined),
        () => undefined,
      );
      return;
    }
    if (event.done) return;
    yield event.value;
  }
}
