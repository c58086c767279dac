/** Real videos and images in several codecs, where the folder with them is there beside the checkout. */
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GroupWithRollouts } from '../../trainer/protocol/records.ts';
import { faultOf } from '../../trainer/protocol/run-state.ts';
import { type TestClient, TrainerProcess } from './trainer-process.ts';

const clips = path.resolve(import.meta.dirname, '../../../shared/clips');
const there = existsSync(path.join(clips, 'questions.json'));
if (!there) console.log(`Skipped: the folder with real clips, ${clips}, is not there.`);

const size = {
  hidden_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  intermediate_size: 128,
  vocab_size: 600,
  vision_hidden_size: 32,
  vision_depth: 1,
  vision_num_heads: 1,
  vision_intermediate_size: 64,
};
const frames = { minPixels: 12_544, maxPixels: 12_544, imageMinPixels: 12_544, imageMaxPixels: 25_088, maxFrames: 8 };

describe.skipIf(!there)('training on real clips', () => {
  let folder: string;
  let trainer: TrainerProcess;
  let client: TestClient;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'video-r1-clips-'));
    await cp(clips, path.join(folder, 'clips'), { recursive: true });
    // No question is about the portrait clip, so one is added here.
    const questions = JSON.parse(await readFile(path.join(clips, 'questions.json'), 'utf8')) as object[];
    const portrait = {
      problem_id: 'portrait',
      problem: 'What does the clip show?',
      data_type: 'video',
      problem_type: 'free-form',
      options: [],
      solution: '<answer>a keyboard</answer>',
      path: './rotated_90.mov',
      data_source: 'clips',
    };
    await writeFile(path.join(folder, 'clips', 'with-portrait.json'), JSON.stringify([...questions, portrait]));
    const runFile = (name: string, method: string, model: object, parameters: object) =>
      writeFile(
        path.join(folder, `${name}.run.json`),
        JSON.stringify({
          version: 1,
          name,
          method,
          dataset: 'clips/with-portrait.json',
          model,
          parameters: { ...frames, ...parameters },
        }),
      );
    await runFile(
      'sft',
      'sft',
      { size },
      { steps: 6, questionsPerStep: 4, probeEvery: 3, probeQuestions: 2, warmupSteps: 0 },
    );
    await runFile(
      'tgrpo',
      'tgrpo',
      { run: 'sft' },
      {
        steps: 3,
        questionsPerStep: 7,
        groupSize: 3,
        shuffledGroupSize: 2,
        maxNewTokens: 24,
        skipFlatGroups: false,
      },
    );
    trainer = await TrainerProcess.start(folder);
    client = await trainer.connect();
  });
  afterAll(async () => {
    client?.close();
    await trainer?.stop();
    if (folder) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  async function train(runFile: string): Promise<string> {
    const id = await client.create(runFile, {});
    await client.client.request('runs/command', { runId: id, id: 'start', command: { kind: 'start' } });
    const { run } = await client.until(
      id,
      'state',
      (body) => body.run.state === 'completed' || body.run.state === 'failed',
    );
    expect(faultOf(run)).toBeNull();
    return id;
  }

  it('does SFT on the rows with a chain of thought, and says that the others are left out', async () => {
    const id = await train('sft.run.json');
    const { runs } = await client.client.request('runs/list', {});
    const run = runs.find((candidate) => candidate.id === id);
    expect(run).toMatchObject({ state: 'completed', skipped: 0 });
    const [warning] = client.bodies(id, 'warning');
    expect(warning?.message).toMatch(/\d+ of 19 rows have no chain of thought/);
    const losses = client.bodies(id, 'step').map(({ metrics }) => metrics.loss as number);
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
  });

  it('does T-GRPO on all, every file read, frames in the shape in which a person sees them', async () => {
    const id = await train('tgrpo.run.json');
    const groups = client.bodies(id, 'group').map(({ group }) => group);
    expect(new Set(groups.map(({ question }) => question.row)).size).toBe(19);
    expect(client.bodies(id, 'skipped')).toEqual([]);
    const of = (file: string) => groups.find(({ question }) => question.path.endsWith(file)) as GroupWithRollouts;
    for (const { media, question } of groups) {
      expect(media.width % 28 === 0 && media.height % 28 === 0).toBe(true);
      const shape = media.width / media.height / (media.sourceWidth / media.sourceHeight);
      expect(Math.abs(Math.log(shape)), question.path).toBeLessThan(0.5);
      const { header } = await client.client.frames(id, media.key);
      expect([header.width, header.height, header.count]).toEqual([media.width, media.height, media.indices.length]);
    }
    // 568 x 320 pixels are stored, with the word that they are to be turned.
    const rotated = of('rotated_90.mov').media;
    expect([rotated.sourceWidth, rotated.sourceHeight]).toEqual([320, 568]);
    expect(rotated.height).toBeGreaterThan(rotated.width);
    expect(of('energy.mp4').media).toMatchObject({ sourceWidth: 640, sourceHeight: 360 });
    expect(of('frame_counter_h265.mp4').media.indices.length).toBeGreaterThanOrEqual(4);
  });
});
