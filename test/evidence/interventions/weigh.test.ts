/** What changes nothing is worth exactly nothing, on a real model; and what tokens are worth adds up to what the answer is worth. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { permutation, randomFrom } from '../../../trainer/data/random.ts';
import type { Engine, ModelHandle } from '../../../trainer/engines/engine.ts';
import { createTfjsEngine } from '../../../trainer/engines/tfjs/engine.ts';
import {
  answerDelta,
  changesOf,
  deltasOf,
  orderDeltas,
  orderWorthOf,
  pairDeltas,
  sumOver,
} from '../../../trainer/evidence/deltas.ts';
import type { WeighedAnswer } from '../../../trainer/evidence/interventions/asked.ts';
import { changedPrompt } from '../../../trainer/evidence/interventions/changed-prompt.ts';
import { orderWeighing, type Weighed, weigh } from '../../../trainer/evidence/interventions/weigh.ts';
import { wordsOf } from '../../../trainer/evidence/words.ts';
import { type Intervention, interventionKinds } from '../../../trainer/protocol/evidence.ts';
import { parseCompletion } from '../../../trainer/reasoning/completion.ts';
import { newModel, train } from '../../engines/tfjs/tiny.ts';
import { answered } from './answered.ts';

const texts = [
  '<think>red, then blue. So red.</think><answer>A</answer>',
  '<think>It goes left. Then it goes right.</think>\n<answer>B</answer>',
  '<think>yellow</think><answer>C</answer>',
];

const sampleTemplate = {
  system: null,
  instruction: '',
  answerHint: { 'multiple choice': '', numerical: '', OCR: '', 'free-form': '', regression: '' },
};

/** A video of frames of one colour each, in an order that may repeat some, and one of the answers. */
const shown = fc
  .tuple(
    fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 2, maxLength: 7 }),
    fc.nat(),
    fc.constantFrom(...texts),
  )
  .map(([colours, seed, text]) => ({ colours, seen: permutation(colours.length, randomFrom(seed)), text }));

describe.each([
  ['wasm', 2, 30],
  ['cpu', 1, 2],
] as const)('on %s', (backend, threads, numRuns) => {
  let engine: Engine;
  let model: ModelHandle;

  beforeAll(async () => {
    engine = await createTfjsEngine({ name: 'tfjs', backend, threads });
    model = await newModel(engine, 4);
    if (backend === 'wasm') await train(engine, model, 6);
  });

  afterAll(() => engine.dispose());

  async function answerOf(colours: readonly number[], seen: readonly number[], text: string): Promise<WeighedAnswer> {
    const { ids, pieces } = await engine.render(model, [{ kind: 'text', text }]);
    const { think, answer, problems } = parseCompletion(text);
    return {
      ...answered({ colours, seen, pieces, ids: [...ids] }),
      ...{ text, parsed: { think, answer, problems }, template: sampleTemplate },
    };
  }

  /** Of all kinds, and of the given ones besides. */
  async function weighed(answer: WeighedAnswer, more: readonly Intervention[] = []): Promise<Weighed> {
    const wanted = { kinds: interventionKinds, shuffles: 3, seed: 1, commitment: true };
    const order = await orderWeighing(engine, model, answer, wanted);
    const [{ scoring }] = order.interventions as [(typeof order.interventions)[number]];
    const added = more.map((intervention) => ({
      ...{ intervention, first: 0 },
      scoring: {
        ...scoring,
        ...{ from: 0, to: answer.ids.length },
        sequence: { prompt: changedPrompt(answer, intervention), answer: { tokens: answer.ids } },
      },
    }));
    const [found] = await weigh(engine, model, [{ ...order, interventions: [...order.interventions, ...added] }]);
    return found as Weighed;
  }

  test('an intervention that changes nothing gives 0 exactly', async () => {
    await fc.assert(
      fc.asyncProperty(shown, async ({ colours, seen, text }) => {
        const answer = await answerOf(colours, seen, text);
        const found = await weighed(answer, [{ kind: 'order', order: [...seen] }]);
        const nothing = found.changes.at(-1) as Weighed['changes'][number];
        expect(deltasOf(found, nothing)).toEqual(answer.pieces.map(() => 0));
        // Frames without content are another thing, so that the property is not met by an engine that is blind.
        expect(changesOf(found, 'blind').map((change) => answerDelta(found, change))).not.toEqual([0]);
      }),
      { numRuns },
    );
  });

  test('a shuffle of frames that are all alike gives 0 exactly, and so does their exchange', async () => {
    await fc.assert(
      fc.asyncProperty(shown, async ({ colours: [colour = 0, ...others], seen, text }) => {
        const answer = await answerOf([colour, ...others.map(() => colour)], seen, text);
        const found = await weighed(answer);
        const ofFrames = found.changes.filter(({ intervention: { kind } }) =>
          ['order', 'reversed', 'pair', 'one frame'].includes(kind),
        );
        expect(ofFrames.length).toBeGreaterThan(3);
        for (const change of ofFrames) expect(deltasOf(found, change).every((delta) => delta === 0)).toBe(true);
        expect(orderWorthOf(found)).toMatchObject({ worth: 0 });
      }),
      { numRuns },
    );
  });

  test('frames that are alike may be exchanged with each other among others that are not', async () => {
    const answer = await answerOf([10, 200, 10, 90], [0, 1, 2, 3], texts[0] as string);
    const found = await weighed(answer, [
      { kind: 'order', order: [2, 1, 0, 3] },
      { kind: 'order', order: [1, 0, 2, 3] },
    ]);
    const [alike, other] = found.changes.slice(-2).map((change) => deltasOf(found, change));
    expect(alike?.every((delta) => delta === 0)).toBe(true);
    expect(other?.some((delta) => delta !== 0)).toBe(true);
  });

  test('Δ of tokens adds up to Δ of words and of the answer', async () => {
    await fc.assert(
      fc.asyncProperty(shown, async ({ colours, seen, text }) => {
        const answer = await answerOf(colours, seen, text);
        const found = await weighed(answer);
        const words = wordsOf(text, answer.pieces);
        const inWords = new Set(words.flatMap(({ tokens }) => tokens));
        const rest = answer.pieces.map((_, i) => i).filter((i) => !inWords.has(i));
        for (const change of found.changes) {
          const deltas = deltasOf(found, change);
          const total = answerDelta(found, change);
          const byWord = words.reduce((sum, { tokens }) => sum + sumOver(deltas, tokens), sumOver(deltas, rest));
          expect(byWord).toBeCloseTo(total, 9);
          const seenSum = change.logprobs.reduce((sum, _, i) => sum + (found.seen[change.first + i] ?? Number.NaN), 0);
          expect(total).toBeCloseTo(seenSum - change.logprobs.reduce((sum, own) => sum + own, 0), 9);
        }
        const shuffles = changesOf(found, 'order').map((change) => answerDelta(found, change));
        const mean = shuffles.reduce((sum, own) => sum + own, 0) / shuffles.length;
        expect(orderWorthOf(found)?.worth).toBeCloseTo(mean, 9);
        expect(orderDeltas(found)?.reduce((sum, own) => sum + own, 0)).toBeCloseTo(mean, 9);
        changesOf(found, 'pair').forEach((change, pair) => {
          expect(pairDeltas(found)[pair]).toBeCloseTo(answerDelta(found, change), 9);
        });
      }),
      { numRuns },
    );
  });
});
