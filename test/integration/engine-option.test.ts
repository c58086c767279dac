/** `video-r1 run --engine`: what computes is said at the command line, for a new run and for one that goes on elsewhere. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { runProgram, sampleProject, TrainerProcess } from './trainer-process.ts';

it('a new run takes any setting, one that goes on those of where it is computed, and both keep them', async () => {
  const project = await sampleProject();
  try {
    const { folder } = project;
    const engineOf = async (id: string) =>
      JSON.parse(await readFile(path.join(folder, '.video-r1', 'runs', id, 'plan.json'), 'utf8')).engine;
    const small = { questionsPerStep: 2, probeEvery: 0, evaluationQuestions: 4, maxNewTokens: 8, steps: 1 };
    const set = Object.entries(small).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
    const first = await runProgram(['run', 'sft.run.json', '--folder', folder, ...set, '--engine', 'threads=1']);
    expect(first.stdout + first.stderr).toContain('sft-1 completed after step 1 of 1');
    expect(await engineOf('sft-1')).toMatchObject({ name: 'tfjs', threads: 1 });
    const unknown = await runProgram(['run', 'sft.run.json', '--folder', folder, '--engine', 'tfsj']);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('there is no engine "tfsj"')]);

    const trainer = await TrainerProcess.start(folder);
    const client = await trainer.connect();
    await client.client.request('runs/subscribe', { runId: 'sft-1', since: 0 });
    await client.command('sft-1', { kind: 'set', parameter: 'steps', value: 2 });
    const resume = ['run', '--resume', 'sft-1', '--folder', folder];
    const busy = await runProgram([...resume, '--engine', 'threads=2']);
    expect([busy.code, busy.stderr]).toEqual([1, expect.stringContaining('--engine are read when a trainer begins')]);
    client.close();
    await trainer.stop();

    const other = await runProgram([...resume, '--engine', 'mropePositions=4.49']);
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('stays none for as long as the run goes')]);
    const gone = await runProgram([...resume, '--engine', 'threads=2']);
    expect(gone.stdout + gone.stderr).toContain('sft-1 completed after step 2 of 2');
    expect(gone.stdout + gone.stderr).toContain('The engine is set otherwise from now on: threads 1 → 2.');
    expect(await engineOf('sft-1')).toMatchObject({ threads: 2 });
    const forked = await runProgram([
      'run',
      '--fork',
      'sft-1',
      '--from',
      '2',
      '--folder',
      folder,
      '--engine',
      'threads=1',
    ]);
    expect([forked.code, forked.stderr]).toEqual([2, expect.stringContaining('--engine goes with a run file')]);
  } finally {
    await project.remove();
  }
});
