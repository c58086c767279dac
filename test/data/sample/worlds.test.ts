/** The worlds of the sample: each has a project that can be trained on, and earlier samples are of the plain one. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSampleProject } from '../../../trainer/data/sample/project.ts';
import { defaultCues, even, worldCounts, worldNames } from '../../../trainer/data/sample/worlds.ts';
import type { DatasetRow } from '../../../trainer/protocol/dataset.ts';
import { parametersOfRun, readRunFile } from '../../../trainer/runs/run-files.ts';
import { type FfmpegTools, findFfmpeg } from '../../../trainer/video/ffmpeg.ts';

const slowMs = 60_000;

let home: string;
let tools: FfmpegTools;

beforeAll(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'worlds-test-'));
  tools = await findFfmpeg();
});

afterAll(() => rm(home, { recursive: true, force: true }));

test(
  'a sample of an earlier version, whose mark names no world, is the plain one',
  async () => {
    const fewPlain = { sft: even(2, 2), rl: even(1, 1), eval: even(1, 1) };
    const folder = path.join(home, 'earlier');
    await createSampleProject(folder, { seed: 1, world: 'plain', tools, counts: fewPlain });
    const mark = path.join(folder, 'data', 'sample.json');
    const { world, cues, ...earlier } = JSON.parse(await readFile(mark, 'utf8')) as Record<string, unknown>;
    expect([world, cues]).toEqual(['plain', null]);
    await writeFile(mark, JSON.stringify(earlier));
    expect(await createSampleProject(folder, { seed: 1, world: 'plain', tools })).toMatchObject({ created: false });
    await expect(createSampleProject(folder, { seed: 1, tools })).rejects.toThrow(/plain world, not of the mixed/);
  },
  slowMs,
);

test(
  'each world has a project whose run files can be read; without images there is no file that leaves them out',
  async () => {
    for (const world of worldNames) {
      const folder = path.join(home, `world-${world}`);
      const one = (counts: object) => Object.fromEntries(Object.keys(counts).map((family) => [family, 1]));
      const { sft, rl, eval: unseen } = worldCounts[world];
      const counts = { sft: one(sft), rl: one(rl), eval: one(unseen) };
      const made = await createSampleProject(folder, { seed: 9, world, tools, counts });
      expect(made).toMatchObject({ world, seed: 9, cues: world === 'plain' ? null : defaultCues });
      const names = (await readdir(folder)).filter((name) => name.endsWith('.run.json'));
      expect(names.includes('no-image.run.json')).toBe(made.images > 0);
      for (const name of names) {
        const file = await readRunFile(path.join(folder, name));
        expect(file.seed).toBe(9);
        parametersOfRun(file);
      }
      const rows = JSON.parse(await readFile(path.join(folder, 'data', 'eval.json'), 'utf8')) as DatasetRow[];
      expect(rows.some((row) => row.family === 'first digit')).toBe(world === 'held-out');
      expect(rows.some((row) => row.cue_conflicts !== undefined)).toBe(world !== 'plain');
    }
  },
  slowMs,
);
