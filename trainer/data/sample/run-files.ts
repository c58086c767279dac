/** The run files and the prompt wording that a sample project holds. Values were chosen on each world for the small embedded model. */
import type { ModelSize, RunFile } from '../../protocol/runfile.ts';
import type { PromptTemplate } from '../../reasoning/template.ts';
import type { WorldName } from './worlds.ts';

const size: ModelSize = {
  hidden_size: 128,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 384,
  vocab_size: 512,
  vision_hidden_size: 64,
  vision_depth: 2,
  vision_num_heads: 2,
  vision_intermediate_size: 192,
};

/** What a run file holds as it is written: what has a default may be left out. */
type WrittenRunFile = Partial<RunFile> & Pick<RunFile, 'version' | 'name' | 'method' | 'dataset' | 'model'>;

const shared = {
  version: 1,
  preset: 'sample',
  evaluationDataset: 'data/eval.json',
  promptTemplate: 'prompt.json',
} as const;

type Settings = NonNullable<WrittenRunFile['parameters']>;

const supervised = { steps: 450, questionsPerStep: 24, learningRate: 1.5e-3, warmupSteps: 20 } as const;

/** What holds and rises at this size: a higher or a constant rate, or a weaker KL term, ends in answers that no longer differ. */
const reinforcement = {
  steps: 200,
  questionsPerStep: 12,
  learningRate: 2e-4,
  warmupSteps: 10,
  schedule: 'cosine',
  scheduleFloor: 0.1,
  beta2: 0.99,
  beta: 0.04,
  // The longest chain of thought in the sample has 58 tokens: an answer that revises itself is not too long.
  lengthMax: 64,
} as const;

/** Where answers are given in two ways, a few steps choose between them; a lower rate shows how. */
const choosing = { ...reinforcement, steps: 100, learningRate: 1e-4, evaluationQuestions: 0 } as const;

const settings: Readonly<Record<WorldName, Readonly<Record<'sft' | 'rl', Settings>>>> = {
  plain: { sft: supervised, rl: reinforcement },
  mixed: { sft: { ...supervised, evaluationQuestions: 0 }, rl: choosing },
  shortcut: { sft: { ...supervised, steps: 300, evaluationQuestions: 0 }, rl: choosing },
  'held-out': { sft: { ...supervised, steps: 300, evaluationQuestions: 0 }, rl: choosing },
};

/** A world's run files by name. `seed` is that of training; a world without images has no file that leaves them out. */
export function sampleRunFiles(world: WorldName, seed: number, hasImages: boolean): Record<string, WrittenRunFile> {
  const { sft, rl } = settings[world];
  const reinforced = { ...shared, seed, dataset: 'data/rl.json', model: { run: 'sft' }, parameters: rl } as const;
  return {
    'sft.run.json': {
      ...shared,
      seed,
      name: 'sft',
      description:
        'Supervised fine-tuning: a small model is made from nothing and learns to answer with a chain of thought.',
      method: 'sft',
      dataset: 'data/sft.json',
      model: { size },
      parameters: sft,
    },
    'tgrpo.run.json': {
      ...reinforced,
      name: 'tgrpo',
      description:
        'T-GRPO from the newest checkpoint of sft: eight answers on ordered frames against four on shuffled ones.',
      method: 'tgrpo',
    },
    'grpo.run.json': {
      ...reinforced,
      name: 'grpo',
      description:
        'Plain GRPO, to compare with: the same questions without shuffled frames and without the temporal reward.',
      method: 'grpo',
    },
    ...(hasImages && {
      'no-image.run.json': {
        ...reinforced,
        name: 'no-image',
        description: 'T-GRPO on videos alone, to compare with: no image question is asked.',
        method: 'tgrpo' as const,
        parameters: { ...rl, imageShare: 0 },
      },
    }),
  };
}

/**
 * No instruction at all: the small model has its form from SFT, and each token between the frames and the answer makes
 * learning slower (the same 300 steps with eight words of instruction reach 0.50 on order questions instead of 0.79).
 */
export const samplePrompt: PromptTemplate = {
  system: null,
  instruction: '',
  answerHint: { 'multiple choice': '', numerical: '', OCR: '', 'free-form': '', regression: '' },
};
