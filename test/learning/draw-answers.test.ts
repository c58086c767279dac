/** Answers drawn through pauses: the same as without, and none twice. */
import { describe, expect, it } from 'vitest';
import type { Completion, SampleEvent, SampleOptions, SampleRequest } from '../../trainer/engines/engine.ts';
import { createTfjsEngine } from '../../trainer/engines/tfjs/engine.ts';
import { drawAnswers } from '../../trainer/learning/draw-answers.ts';
import { Interrupted, type SamplingGate } from '../../trainer/learning/training.ts';
import { type AskedAnswer, ScriptedEngine, tokensOf } from '../engines/scripted-engine.ts';
import { newModel } from '../engines/tfjs/tiny.ts';

const sampling: SampleOptions = { maxTokens: 24, temperature: 1, topP: 1 };
const requests: readonly SampleRequest[] = [
  { prompt: [{ kind: 'text', text: 'which colour is it?' }], seeds: [1, 2, 3] },
  { prompt: [{ kind: 'text', text: 'and which is it now?' }], seeds: [4, 5] },
];
const signal = new AbortController().signal;
const untimed = (work: () => Promise<void>) => work();

/** Pauses at the sampling events whose numbers, over all stretches, are named. */
function pausedAt(...numbers: readonly number[]) {
  let stretch = new AbortController();
  let events = 0;
  const made = {
    holds: 0,
    gate: {
      begin: () => {
        stretch = new AbortController();
        return stretch.signal;
      },
      hold: async () => {
        made.holds++;
      },
    } satisfies SamplingGate,
    onProgress: () => {
      if (numbers.includes(++events)) stretch.abort();
    },
  };
  return made;
}

const plain = (answers: readonly Completion[][]) =>
  answers.map((of) => of.map(({ tokens, logprobs, stopReason }) => [[...tokens], [...logprobs], stopReason]));

describe('answers of the embedded engine', () => {
  it('are those of sampling that nobody paused, bit for bit', { timeout: 60_000 }, async () => {
    const engine = await createTfjsEngine({ backend: 'wasm', threads: 1 } as never);
    try {
      const model = await newModel(engine, 4);
      const sampling = { maxTokens: 400, temperature: 1, topP: 1 };
      const straight = await drawAnswers(requests, { engine, model, sampling, signal }, untimed, () => {});
      let holds = 0;
      const gate: SamplingGate = {
        // The first pause is there before the first token, the next ones come while answers are written.
        begin: () => (holds === 0 ? AbortSignal.abort() : holds < 4 ? AbortSignal.timeout(4 * holds) : signal),
        hold: async () => void holds++,
      };
      const through = await drawAnswers(requests, { engine, model, sampling, signal, gate }, untimed, () => {});
      expect(holds).toBeGreaterThan(0);
      expect(plain(through)).toEqual(plain(straight));
    } finally {
      await engine.dispose();
    }
  });
});

describe('answers through a pause', () => {
  const think = (seed: number) => `<think>${'x'.repeat(seed)}</think><answer>B</answer>`;

  it('keeps those that are finished, and writes each of the others from its own seed', async () => {
    const asked: number[] = [];
    const engine = new ScriptedEngine(({ seed }: AskedAnswer) => {
      asked.push(seed);
      return think(seed);
    });
    const model = await engine.createModel({ kind: 'new', size: {} as never, seed: 1, texts: [] }, 'policy');
    // Each answer has two events: its text, and its end.
    const made = pausedAt(4);
    const told: number[] = [];
    const answers = await drawAnswers(
      requests,
      { engine, model, sampling: { ...sampling, maxTokens: 90 }, signal, gate: made.gate },
      untimed,
      ({ done }) => {
        told.push(done);
        made.onProgress();
      },
    );
    expect(made.holds).toBe(1);
    expect(asked).toEqual([1, 2, 3, 4, 5]);
    expect(answers.map((of) => of.map(({ text }) => text))).toEqual([
      [think(1), think(2), think(3)],
      [think(4), think(5)],
    ]);
    expect(told.at(-1)).toBe(5);
    expect(told).toEqual([...told].sort((a, b) => a - b));
  });

  it('stands still in no stretch of work, and is given up where the run ends there', async () => {
    const engine = new ScriptedEngine(() => think(1));
    const model = await engine.createModel({ kind: 'new', size: {} as never, seed: 1, texts: [] }, 'policy');
    const made = pausedAt(1);
    let isWorking = false;
    const drawn = drawAnswers(
      requests,
      {
        ...{ engine, model, sampling, signal },
        gate: {
          begin: made.gate.begin,
          hold: async () => {
            expect(isWorking).toBe(false);
            throw new Interrupted();
          },
        },
      },
      async (work) => {
        isWorking = true;
        await work();
        isWorking = false;
      },
      made.onProgress,
    );
    await expect(drawn).rejects.toBeInstanceOf(Interrupted);
  });

  it('does not wait for an engine that writes every answer to its end', async () => {
    const engine = new ScriptedEngine(() => think(1));
    const endless = Promise.withResolvers<void>();
    let isFirst = true;
    const deaf = {
      capabilities: { ...engine.capabilities, abort: false },
      async *sample(...[model, asked, options]: Parameters<ScriptedEngine['sample']>): AsyncIterable<SampleEvent> {
        yield { kind: 'delta', request: 0, index: 0, text: 'x' };
        if (isFirst) {
          isFirst = false;
          await endless.promise;
        }
        yield* engine.sample(model, asked, options, new AbortController().signal);
      },
    };
    const model = await engine.createModel({ kind: 'new', size: {} as never, seed: 1, texts: [] }, 'policy');
    const made = pausedAt(1);
    const answers = await drawAnswers(
      requests,
      { engine: deaf as never, model, sampling: { ...sampling, maxTokens: 90 }, signal, gate: made.gate },
      untimed,
      made.onProgress,
    );
    expect(made.holds).toBe(1);
    expect(answers.flat().map(({ tokens }) => tokens.length)).toEqual(Array(5).fill(tokensOf(think(1)).length + 1));
    endless.resolve();
  });

  it('refuses an engine that gives fewer answers than it was asked for', async () => {
    const engine = new ScriptedEngine(() => think(1));
    const model = await engine.createModel({ kind: 'new', size: {} as never, seed: 1, texts: [] }, 'policy');
    const lazy = {
      capabilities: engine.capabilities,
      async *sample(...[of, asked, ...rest]: Parameters<ScriptedEngine['sample']>) {
        yield* engine.sample(of, asked.slice(0, 1), ...rest);
      },
    };
    const drawn = drawAnswers(requests, { engine: lazy as never, model, sampling, signal }, untimed, () => {});
    await expect(drawn).rejects.toMatchObject({
      kind: 'engine-failed',
      message: 'The engine gave 3 of the 5 answers that it was asked for.',
    });
  });
});
