/** A model small enough for tests, clips of a square that changes colour or place, and questions about them. */
import type {
  Completion,
  Engine,
  Frames,
  ModelHandle,
  Prompt,
  SampleOptions,
  SampleRequest,
} from '../../../trainer/engines/engine.ts';
import { specialTokens } from '../../../trainer/engines/engine.ts';
import type { ModelSize } from '../../../trainer/protocol/runfile.ts';

export const tinySize: ModelSize = {
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 48,
  vocab_size: 320,
  vision_hidden_size: 16,
  vision_depth: 1,
  vision_num_heads: 2,
  vision_intermediate_size: 24,
};

const colours = { red: [220, 40, 40], green: [40, 200, 60], blue: [50, 80, 230], yellow: [230, 220, 40] } as const;
export type Colour = keyof typeof colours;
export const colourNames = Object.keys(colours) as Colour[];

/** Frames full of one colour each. */
export function clip(shown: readonly Colour[], width = 28, height = 28): Frames {
  const pixels = new Uint8Array(new SharedArrayBuffer(shown.length * width * height * 3));
  shown.forEach((colour, frame) => {
    for (let i = 0; i < width * height; i++) pixels.set(colours[colour], 3 * (frame * width * height + i));
  });
  const key = `${shown.join('-')} ${width}x${height}`;
  return { key, width, height, count: shown.length, pixels, place: null, sampleFps: 2 };
}

export function videoPrompt(frames: Frames, question: string, order?: readonly number[]): Prompt {
  return [
    { kind: 'special', token: specialTokens.turnStart },
    { kind: 'text', text: 'user\n' },
    { kind: 'special', token: specialTokens.visionStart },
    { kind: 'video', frames, order: order ?? Array.from({ length: frames.count }, (_, i) => i) },
    { kind: 'special', token: specialTokens.visionEnd },
    { kind: 'text', text: question },
    { kind: 'special', token: specialTokens.turnEnd },
    { kind: 'text', text: '\nassistant\n' },
  ];
}

export function imagePrompt(frames: Frames, question: string): Prompt {
  return videoPrompt(frames, question).map((chunk) =>
    chunk.kind === 'video' ? { kind: 'image', frames: chunk.frames } : chunk,
  );
}

export const question = 'Which colour comes first?';
export const answerText = (first: Colour, then: Colour): string =>
  `<think>${first}, then ${then}</think><answer>${first}</answer>`;

export const tinyTexts: readonly string[] = colourNames
  .flatMap((a) => colourNames.map((b) => answerText(a, b)))
  .concat(question, question);

/** Eight questions with their answers: two colours one after the other. */
export function rows(): { prompt: Prompt; answer: { text: string } }[] {
  return colourNames.flatMap((first, i) =>
    [1, 2].map((step) => {
      const then = colourNames[(i + step) % 4] as Colour;
      return {
        prompt: videoPrompt(clip([first, first, then, then]), question),
        answer: { text: answerText(first, then) },
      };
    }),
  );
}

export const tinyStep = {
  learningRate: 1e-2,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.01,
  gradClipNorm: 1,
};

export async function newModel(engine: Engine, seed = 1): Promise<ModelHandle> {
  return await engine.createModel({ kind: 'new', size: tinySize, seed, texts: tinyTexts }, 'policy');
}

/** Trains on the eight rows. */
export async function train(engine: Engine, model: ModelHandle, steps: number): Promise<number[]> {
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    losses.push(
      (await engine.forwardBackward(model, { kind: 'cross-entropy', sequences: rows(), promptTokens: false })).loss,
    );
    await engine.optimStep(model, { ...tinyStep, learningRate: tinyStep.learningRate * Math.min(1, (step + 1) / 10) });
  }
  return losses;
}

/** All completions of a sampling call, by request and index. */
export async function sampleAll(
  engine: Engine,
  model: ModelHandle,
  requests: readonly SampleRequest[],
  options: Partial<SampleOptions> = {},
  signal = new AbortController().signal,
): Promise<Completion[][]> {
  const all: Completion[][] = requests.map(() => []);
  for await (const event of engine.sample(
    model,
    requests,
    { maxTokens: 24, temperature: 1, topP: 1, ...options },
    signal,
  )) {
    if (event.kind === 'done') (all[event.request] as Completion[])[event.index] = event.completion;
  }
  return all;
}
