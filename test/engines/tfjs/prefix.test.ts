/** An answer goes on from any of its tokens as if it had never been cut, and frames without content are zeros. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Completion, Engine, Frames, ModelHandle, Prompt } from '../../../trainer/engines/engine.ts';
import { specialTokens } from '../../../trainer/engines/engine.ts';
import { createTfjsEngine } from '../../../trainer/engines/tfjs/engine.ts';
import { framePairs, makePatches, pairKey } from '../../../trainer/engines/tfjs/model/patches.ts';
import { clip, imagePrompt, newModel, question, sampleAll, train, videoPrompt } from './tiny.ts';

let engine: Engine;
let model: ModelHandle;

beforeAll(async () => {
  engine = await createTfjsEngine({ name: 'tfjs', backend: 'wasm', threads: 2 });
  // Half learned, so that answers differ.
  model = await newModel(engine, 3);
  await train(engine, model, 12);
});

afterAll(() => engine.dispose());

const tall = clip(['red', 'red', 'blue', 'blue', 'green', 'green'], 28, 84);
/** The time of the second runs far ahead of the text behind it. */
const prompts: readonly Prompt[] = [
  videoPrompt(tall, question),
  videoPrompt({ ...tall, sampleFps: 0.1 }, question),
  [...imagePrompt(clip(['red'], 28, 56), question), { kind: 'text', text: 'Well, ' }],
];

const begun = (prompt: Prompt, ids: Int32Array): Prompt => [...prompt, { kind: 'tokens', ids: [...ids] }];

async function one(prompt: Prompt, seed: number, temperature: number, stop: string[] = []): Promise<Completion> {
  const [[answer]] = (await sampleAll(engine, model, [{ prompt, seeds: [seed] }], {
    temperature,
    maxTokens: 30,
    stop,
  })) as [[Completion]];
  return answer;
}

/** The first answer that is long enough to be cut, with its seed. */
async function long(prompt: Prompt, temperature: number): Promise<{ seed: number; whole: Completion }> {
  for (let seed = 0; ; seed++) {
    const whole = await one(prompt, seed, temperature);
    if (whole.tokens.length > 8) return { seed, whole };
  }
}

function close(a: ArrayLike<number>, b: ArrayLike<number>): void {
  expect(a.length).toBe(b.length);
  for (let i = 0; i < a.length; i++) expect(a[i]).toBeCloseTo(b[i] ?? Number.NaN, 4);
}

test.each([0, 1])(
  'what is sampled behind a part of an answer, at temperature %d, is the rest of it',
  async (temperature) => {
    for (const prompt of prompts) {
      const { seed, whole } = await long(prompt, temperature);
      for (const cut of [0, 1, 5, whole.tokens.length - 2]) {
        const rest = await one(begun(prompt, whole.tokens.subarray(0, cut)), seed, temperature);
        const own = Math.min(rest.tokens.length, whole.tokens.length - cut);
        expect([...rest.tokens.subarray(0, own)]).toEqual([...whole.tokens.subarray(cut)]);
        close(rest.logprobs.subarray(0, own), whole.logprobs.subarray(cut));
        close((rest.entropy ?? []).slice(0, own), (whole.entropy ?? []).slice(cut));
      }
    }
  },
);

test('tokens in a prompt have the log-probabilities behind them that the same tokens have in an answer', async () => {
  for (const prompt of prompts) {
    const { tokens } = (await long(prompt, 1)).whole;
    const [whole, rest] = await engine.forward(model, [
      { prompt, answer: { tokens } },
      { prompt: begun(prompt, tokens.subarray(0, 6)), answer: { tokens: tokens.subarray(6) } },
    ]);
    close(rest?.logprobs ?? [], whole?.logprobs.subarray(6) ?? []);
  }
});

test('a text that ends answers may begin in the tokens that stand already', async () => {
  const [prompt] = prompts as [Prompt];
  const { seed, whole } = await long(prompt, 1);
  const cut = 4;
  const stop = whole.pieces.slice(cut - 1, cut + 2).join('');
  const rest = await one(begun(prompt, whole.tokens.subarray(0, cut)), seed, 1, [stop]);
  expect(rest).toMatchObject({ stopReason: 'stop', pieces: whole.pieces.slice(cut, cut + 2) });
});

test('tokens are shown as what they are', async () => {
  const prompt: Prompt = [
    { kind: 'special', token: specialTokens.turnStart },
    { kind: 'text', text: 'red, then' },
  ];
  const { text, ids, pieces } = await engine.render(model, prompt);
  const shown = await engine.render(model, [{ kind: 'tokens', ids: [...ids] }]);
  expect(shown).toMatchObject({ text, ids, pieces });
});

test.each([
  ['beyond the vocabulary', () => 100_000],
  ['below 0', () => -1],
  ['between two tokens', () => 1.5],
  ['that stands for a video', async () => await idOf(specialTokens.video)],
  ['that stands for an image', async () => await idOf(specialTokens.image)],
])('a token %s is refused', async (_what, id) => {
  const prompt: Prompt = [...(prompts[0] as Prompt), { kind: 'tokens', ids: [await id()] }];
  await expect(engine.render(model, prompt)).rejects.toMatchObject({ kind: 'bad-request' });
  await expect(engine.forward(model, [{ prompt, answer: { tokens: Int32Array.of(1) } }])).rejects.toMatchObject({
    kind: 'bad-request',
  });
});

/** Of the token that stands for a medium, as a rendered prompt has it. */
async function idOf(token: string): Promise<number> {
  const shown = token === specialTokens.video ? videoPrompt(clip(['red']), '') : imagePrompt(clip(['red']), '');
  const { ids, pieces } = await engine.render(model, shown);
  return ids[pieces.indexOf(token)] as number;
}

test('frames without content are zeros to the model, whatever their pixels are, and no other frames', async () => {
  const blank: Frames = { ...tall, blank: true };
  const medium = { ...tall, order: [0, 1] };
  const [pair] = framePairs({ ...medium, blank: true });
  const [other] = framePairs(medium);
  expect(makePatches(pair as NonNullable<typeof pair>).every((value) => value === 0)).toBe(true);
  expect(pairKey(pair as NonNullable<typeof pair>)).not.toBe(pairKey(other as NonNullable<typeof other>));
  const scored = async (...all: readonly Frames[]) =>
    (
      await engine.forward(
        model,
        all.map((frames) => ({ prompt: videoPrompt(frames, question), answer: { text: 'red' } })),
      )
    ).map(({ logprobs }) => [...logprobs]);
  // The same key and size, in one call and after each other: neither takes the other's frames.
  const [seen, unseen] = await scored(tall, blank);
  expect(unseen).not.toEqual(seen);
  expect(await scored(blank)).toEqual([unseen]);
  expect(await scored({ ...clip(['green', 'red', 'red', 'red', 'red', 'red'], 28, 84), blank: true })).toEqual([
    unseen,
  ]);
});
