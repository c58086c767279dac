/**
 * Answers scored again under interventions have the log-probabilities that transformers 5.24 gives them (test/fidelity/interventions.py):
 * prompts as the product makes them, all in one call, with what they have in common computed once.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine, Frames, ModelHandle, Prompt } from '../../../trainer/engines/engine.ts';
import { specialTokens } from '../../../trainer/engines/engine.ts';
import { toSymbols } from '../../../trainer/engines/qwen/tokenizer/byte-symbols.ts';
import { writeSafetensors } from '../../../trainer/engines/tfjs/checkpoint/safetensors.ts';
import { createTfjsEngine } from '../../../trainer/engines/tfjs/engine.ts';
import type { AnsweredQuestion } from '../../../trainer/evidence/interventions/asked.ts';
import { changedPrompt, seenPrompt } from '../../../trainer/evidence/interventions/changed-prompt.ts';
import type { Intervention } from '../../../trainer/protocol/evidence.ts';
import { floats, frames, imageToken, videoToken, weight } from './made-model.ts';

interface Clip {
  readonly name: string;
  readonly frames: number;
  readonly height: number;
  readonly width: number;
  readonly fps?: number;
}

interface Asked {
  readonly question: { readonly problem: string; readonly options: readonly string[] };
  readonly clip: Clip;
  readonly seen: readonly number[] | null;
  readonly answer: string;
}

interface Case extends Asked {
  readonly name: string;
  /** Asked and answered before, in the same prompt. */
  readonly first?: Asked;
  /** Null scores the answer as it was seen. */
  readonly interventions: readonly (Intervention | null)[];
  /** By intervention, with a placeholder for each vision token. */
  readonly prompts: readonly (readonly number[])[];
  readonly tokens: readonly number[];
  readonly weights: readonly string[];
}

interface Fixture {
  /** Character i is token 8 + i. */
  readonly alphabet: string;
  readonly cases: readonly Case[];
  /** `logprobs` of the answer tokens, case by case and intervention by intervention; `loss` of all with their weights. */
  readonly models: readonly { readonly name: string; readonly logprobs: readonly string[]; readonly loss: number }[];
}

interface Model {
  readonly name: string;
  readonly config: object;
  readonly parameters: Readonly<Record<string, readonly number[]>>;
}

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8')) as T;
}

const { alphabet, cases, models } = read<Fixture>('interventions.json');
const parameters = read<{ models: readonly Model[] }>('qwen.json').models;

const template = {
  system: null,
  instruction: '',
  answerHint: { 'multiple choice': '', numerical: '', OCR: '', 'free-form': '', regression: '' },
};

const special = [
  [0, specialTokens.pad],
  [imageToken, specialTokens.image],
  [videoToken, specialTokens.video],
  [3, specialTokens.visionStart],
  [4, specialTokens.visionEnd],
  [5, specialTokens.turnStart],
  [6, specialTokens.turnEnd],
] as const;

const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false };

/** One token a character. */
const tokenizer = {
  added_tokens: special.map(([id, content]) => ({ id, content, special: true })),
  normalizer: null,
  pre_tokenizer: byteLevel,
  post_processor: byteLevel,
  decoder: byteLevel,
  model: {
    type: 'BPE',
    vocab: Object.fromEntries(Array.from(alphabet, (character, i) => [toSymbols(character).join(''), 8 + i])),
    merges: [],
  },
};

function answered({ question, clip, seen }: Asked): AnsweredQuestion {
  const { name, frames: count, height, width, fps = 1 } = clip;
  const shown: Frames = {
    ...{ key: name, width, height, count, place: null, sampleFps: fps },
    pixels: frames(name, count, height, width),
  };
  const dataType = seen === null ? 'image' : 'video';
  const problemType = question.options.length > 0 ? 'multiple choice' : 'numerical';
  return {
    question: { ...question, options: [...question.options], problemType, dataType },
    frames: shown,
    seen,
    template,
  };
}

function before({ first }: Case): Prompt {
  if (first === undefined) return [];
  return [
    ...seenPrompt(answered(first)),
    { kind: 'text', text: first.answer },
    { kind: 'special', token: specialTokens.turnEnd },
    { kind: 'text', text: '\n' },
  ];
}

const sequences = cases.flatMap((own) =>
  own.interventions.map((intervention, i) => {
    const asked = answered(own);
    const changed = intervention === null ? seenPrompt(asked) : changedPrompt(asked, intervention);
    return {
      name: `${own.name}, ${JSON.stringify(intervention)}`,
      prompt: [...before(own), ...changed],
      answer: { tokens: Int32Array.from(own.tokens), weights: floats(own.weights[i] as string) },
      ids: own.prompts[i],
    };
  }),
);

let engine: Engine;
let scratch: string;

beforeAll(async () => {
  engine = await createTfjsEngine({ name: 'tfjs', backend: 'wasm', threads: 2 });
  scratch = await mkdtemp(join(tmpdir(), 'interventions-'));
});

afterAll(async () => {
  await engine.dispose();
  await rm(scratch, { recursive: true });
});

async function load({ config, parameters: shapes }: Model): Promise<ModelHandle> {
  const folder = await mkdtemp(join(scratch, 'model-'));
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
  const tensors = Object.entries(shapes).map(([name, shape]) => weight(name, shape));
  await writeSafetensors(join(folder, 'model.safetensors'), tensors);
  return await engine.createModel({ kind: 'folder', folder, optimizer: false }, 'policy');
}

describe.each(models)('$name', ({ name, logprobs, loss }) => {
  let model: ModelHandle;

  beforeAll(async () => {
    model = await load(parameters.find((one) => one.name === name) as Model);
  });

  afterAll(() => engine.unload(model));

  test('the changed prompts are the tokens that transformers was given', async () => {
    for (const { name: what, prompt, ids } of sequences) {
      const rendered = await engine.render(model, prompt);
      expect([...rendered.ids], what).toEqual(ids);
    }
  });

  test('log-probabilities agree to 1e-4, all in one call', async () => {
    const scored = await engine.forward(model, sequences);
    expect(scored).toHaveLength(logprobs.length);
    sequences.forEach(({ name: what }, i) => {
      const [own, theirs] = [scored[i]?.logprobs ?? [], floats(logprobs[i] as string)];
      expect(own.length).toBe(theirs.length);
      const worst = theirs.reduce((most, value, k) => Math.max(most, Math.abs(value - (own[k] ?? Number.NaN))), 0);
      expect(worst, what).toBeLessThan(1e-4);
    });
    // What is changed makes a difference: no two interventions of an answer give the same.
    const distinct = new Set(scored.map((own) => own.logprobs.join()));
    expect(distinct.size).toBe(scored.length);
  });

  test('the loss over the same answers with weights of tokens agrees to 1e-4', async () => {
    const report = await engine.forwardBackward(model, { kind: 'cross-entropy', sequences, promptTokens: false });
    expect(Math.abs(report.loss - loss)).toBeLessThan(1e-4);
    await engine.optimStep(model, {
      ...{ learningRate: 0, beta1: 0, beta2: 0, epsilon: 1e-8, weightDecay: 0, gradClipNorm: 0 },
    });
  });
});
