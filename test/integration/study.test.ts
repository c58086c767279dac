/** A study of the smallest size on the real engine: two projects of one world, stopped once and gone on with. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSampleProject } from '../../trainer/data/sample/project.ts';
import { defaultCues } from '../../trainer/data/sample/worlds.ts';
import { findFfmpeg } from '../../trainer/video/ffmpeg.ts';
import { program, runProgram } from './trainer-process.ts';

let folder: string;
const at = (...names: string[]) => path.join(folder, ...names);
const json = async (...names: string[]) => JSON.parse(await readFile(at(...names), 'utf8'));

const tiny = ['maxNewTokens=8', 'questionsPerStep=2', 'groupSize=2'].flatMap((set) => ['--set', set]);
const scope = ['--worlds', 'always-right', '--arms', 'credit,tgrpo-felt', '--groups', '2', ...tiny];
const steps = ['--steps', '3', '--sft-steps', '2'];
const study = (...more: string[]) => ['study', folder, ...scope, ...more];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'video-r1-study-'));
  const tools = await findFfmpeg(undefined);
  const few = { cuedDirection: 4, cuedFirstColour: 4 };
  for (const seed of [1, 2])
    await createSampleProject(at(`always-right-${seed}`), {
      ...{ seed, tools, world: 'shortcut', cues: { ...defaultCues, rl: 1 } },
      counts: { sft: few, rl: few, eval: few },
    });
});
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

describe('video-r1 study', () => {
  it('ended by Ctrl-C goes on over all its projects, pools them by world, and does nothing of it again', async () => {
    const args = study('--seeds', '5', ...steps);
    const stopped = await interruptedAt('study-sft-s5: training', args);
    expect(stopped).toMatchObject({ code: 130, stderr: expect.stringContaining('the same command goes on') });
    const first = await runProgram(args);
    expect(first.stderr).not.toMatch(/always-right, data seed 1: study-sft-s5: training/);
    expect(first.stderr).toMatch(/^2 projects, 2 starts, 4 arms: about \d+ .* on 2 cores/);
    expect(first.stderr).toContain('always-right, data seed 2: study-credit-s5: training');
    expect(first.code).toBe(0);

    const { worlds, leftOut, projects } = await json('study.json');
    expect(projects).toEqual({ done: 2, of: 2 });
    expect(leftOut.join('; ')).toMatch(/^worlds plain, shortcut; seeds 1, 2, 3, 4; arms .*credit-1-none; steps 4 to/);
    expect(worlds).toHaveLength(1);
    expect(worlds[0].runs.map((run: { stage: string; dataSeed: number }) => [run.stage, run.dataSeed])).toEqual(
      [1, 2].flatMap((seed) => ['start', 'tgrpo-felt', 'credit'].map((stage) => [stage, seed])),
    );
    const [verdict] = worlds[0].verdicts;
    expect(verdict).toMatchObject({ first: 'credit', second: 'tgrpo-felt' });
    expect(verdict.sentence).toMatch(/credit, K = 1 .* felt T-GRPO .*2 pairs; data seed 1: /);
    expect(first.stdout).toContain(verdict.sentence);
    expect(first.stdout).not.toContain('So far');
    expect(first.stdout).toMatch(/^Other than in the whole study: SFT of 2 steps; maxNewTokens 8; /m);
    expect(first.stdout).toMatch(/\/study\.md\n.*\/study\.json\n.* serve --folder .*always-right-1\n$/);
    const credit = worlds[0].rows.find(({ stage }: { stage: string }) => stage === 'credit');
    expect(Object.keys(credit.figures)).toEqual(expect.arrayContaining(['use of order', 'processor s a step']));
    expect(credit.figures['c, wrong'].mean).toEqual(expect.any(Number));
    expect(await readFile(at('study.md'), 'utf8')).toContain('cue always right in RL');
    const trained = await json('always-right-2', 'ablation', 'study-credit-s5.run.json');
    expect(trained).toMatchObject({ seed: 5, parameters: { temporalCredit: 'answer', steps: 3, groupSize: 2 } });
    expect(trained.model.checkpoint).toContain('study-sft-s5');

    const again = await runProgram(args);
    expect(again.code).toBe(0);
    expect(again.stderr).not.toMatch(/: training|loading the model|Making the sample/);
    // What was there already says nothing of how long the rest takes.
    expect(again.stderr).not.toContain('about 0 s left');
    expect(again.stdout).toBe(first.stdout);

    const refused = await runProgram(study('--seeds', '5', '--steps', '3', '--sft-steps', '1'));
    expect(refused.stderr).toContain('sft.parameters.steps: 2 against 1');
  });

  it('does not look at what is held out unless it is asked to', async () => {
    for (const early of [
      ['--worlds', 'held-out'],
      ['--data-seeds', '1,3'],
    ]) {
      const refused = await runProgram(['study', folder, ...early]);
      expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('--held-out takes them') });
    }
    const both = await runProgram(['study', folder, '--held-out', '--data-seeds', '3']);
    expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('takes no --data-seeds') });
  });
});

/** Starts the program and sends Ctrl-C once it has said a text. */
function interruptedAt(text: string, args: readonly string[]): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    if (!child.killed && stderr.includes(text)) child.kill('SIGINT');
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stderr })));
}
