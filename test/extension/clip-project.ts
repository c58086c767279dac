/**
 * A project on a real clip, for the README's picture of it: SFT on all the questions of the folder that have a chain of
 * thought, then a few steps of T-GRPO on the questions about one clip. A small model, minutes on a CPU; what it says is its own.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runProgram } from '../integration/trainer-process.ts';

/** The clip of the picture: from Big Buck Bunny, (c) Blender Foundation, CC BY 3.0. */
const clip = 'bigbuckbunny.mp4';

const size = {
  hidden_size: 128,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 384,
  vocab_size: 1024,
  vision_hidden_size: 64,
  vision_depth: 2,
  vision_num_heads: 2,
  vision_intermediate_size: 192,
};

/** Frames of 308 x 168 pixels: large enough to be looked at, small enough for minutes. */
const frames = { maxFrames: 8, minPixels: 51_744, maxPixels: 51_744, imageMinPixels: 51_744, imageMaxPixels: 51_744 };

/**
 * Makes the project in `folder` from a folder with `questions.json` in Video-R1's form and the clips that it names, and
 * trains both runs to their end.
 * @returns minutes that the training took
 * @throws Error with what the trainer said when a run doesn't come to its end
 */
export async function trainOnClip(clips: string, folder: string): Promise<number> {
  const questions = JSON.parse(readFileSync(path.join(clips, 'questions.json'), 'utf8')) as {
    path: string;
    process?: string;
  }[];
  const write = (file: string, value: unknown) =>
    writeFileSync(path.join(folder, file), JSON.stringify(value, null, 1));
  const told = questions.filter(({ process }) => process);
  const one = questions.filter((question) => path.basename(question.path) === clip);
  for (const question of [...told, ...one]) {
    const copy = path.join(folder, 'clips', question.path);
    mkdirSync(path.dirname(copy), { recursive: true });
    cpSync(path.join(clips, question.path), copy);
  }
  write('clips/told.json', told);
  write('clips/one.json', one);
  const runFile = (name: string, dataset: string, model: object, parameters: object) =>
    write(`${name}.run.json`, {
      version: 1,
      name,
      method: name,
      dataset,
      model,
      parameters: { ...frames, ...parameters },
    });
  runFile('sft', 'clips/told.json', { size }, { steps: 108, questionsPerStep: 6, learningRate: 2e-3, probeEvery: 0 });
  runFile(
    'tgrpo',
    'clips/one.json',
    { run: 'sft' },
    {
      steps: 6,
      questionsPerStep: 2,
      groupSize: 8,
      shuffledGroupSize: 4,
      maxNewTokens: 96,
      lengthMin: 16,
      lengthMax: 64,
    },
  );
  const start = Date.now();
  for (const name of ['sft', 'tgrpo']) {
    const { code, stderr } = await runProgram(['run', path.join(folder, `${name}.run.json`)], folder);
    if (code !== 0) throw new Error(`The run ${name} on the clip ended with ${code}: ${stderr}`);
  }
  return (Date.now() - start) / 60_000;
}
