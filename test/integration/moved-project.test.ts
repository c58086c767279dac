import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram, sampleProject, TrainerProcess } from './trainer-process.ts';

let project: Awaited<ReturnType<typeof sampleProject>>;
let moved: string;
let disk: string;
beforeAll(async () => {
  project = await sampleProject();
  moved = `${project.folder}-moved`;
  disk = `${project.folder}-disk`;
});
afterAll(async () => {
  for (const folder of [moved, disk, `${disk}2`]) await rm(folder, { recursive: true, force: true });
  await project?.remove();
});

const parameters = { steps: 3, evaluationQuestions: 4, probeEvery: 1, probeQuestions: 1, questionsPerStep: 4 };

describe('a project', () => {
  it('that was moved goes on with its runs and with its own data, and an export names no folder above it', async () => {
    const first = await TrainerProcess.start(project.folder);
    const before = await first.connect();
    const id = await before.create('sft.run.json', { ...parameters, checkpointEvery: 0 });
    await before.command(id, { kind: 'step', count: 1 });
    await before.until(id, 'state', ({ run }) => run.state === 'paused');
    await before.command(id, { kind: 'save' });
    await before.command(id, { kind: 'pin', step: 1, note: 'before it moved' });
    before.close();
    await first.stop();
    // A copy, whose original is no longer the same: it must not be read.
    await cp(project.folder, moved, { recursive: true });
    await rm(path.join(project.folder, 'data'), { recursive: true });

    const { code, stdout, stderr } = await runProgram(['run', '--resume', id, '--folder', moved]);
    expect(stderr).toBe('');
    expect(stdout).toContain(`${id} completed after step 3 of 3`);
    expect(code).toBe(0);

    const run = path.join(moved, '.video-r1', 'runs', id);
    expect(JSON.parse(await readFile(path.join(run, 'plan.json'), 'utf8'))).toMatchObject({
      ...{ dataset: 'data/sft.json', evaluationDataset: 'data/eval.json', runFile: 'sft.run.json' },
    });
    const second = await TrainerProcess.start(moved);
    const after = await second.connect();
    const { events } = await after.client.request('runs/subscribe', { runId: id, since: 0 }).then(() => after);
    const { checkpoints } = await after.client.request('checkpoints/list', { runId: id });
    expect(checkpoints.at(-1)?.folder).toBe(`.video-r1/runs/${id}/checkpoints/step-000003`);
    expect(checkpoints.find(({ step }) => step === 1)?.pin?.note).toBe('before it moved');
    const shelf = await after.client.request('checkpoints/state', { runId: id });
    expect(shelf.checkpoints.map(({ step, fault }) => [step, fault])).toEqual([
      [1, null],
      [3, null],
    ]);
    const { run: fork } = await after.client.request('runs/fork', { runId: id, from: 1, start: false });
    expect(fork.from).toBe(`${id}, step 1`);
    expect((await after.client.request('checkpoints/removal', { runId: id, step: 1 })).asks).toEqual([
      `${fork.id} was made from it.`,
      'tester pinned it: before it moved.',
    ]);
    const text = JSON.stringify(events);
    expect(text).toContain('"dataset":"data/eval.json"');
    expect(text).not.toContain(project.folder);
    after.close();
    await second.stop();
  });

  it('whose dataset lies outside of it says what is not there, and takes the place where it lies now', async () => {
    const data = path.join(moved, 'data');
    await mkdir(disk);
    for (const name of await readdir(data)) await cp(path.join(data, name), path.join(disk, name), { recursive: true });
    const file = JSON.parse(await readFile(path.join(moved, 'sft.run.json'), 'utf8')) as Record<string, unknown>;
    const outside = { ...file, name: 'outside', dataset: path.join(disk, 'sft.json'), evaluationDataset: undefined };
    await writeFile(path.join(moved, 'outside.run.json'), JSON.stringify(outside));
    const first = await TrainerProcess.start(moved);
    const client = await first.connect();
    const id = await client.create('outside.run.json', { ...parameters, steps: 2, probeEvery: 0 });
    client.close();
    await first.stop();
    await rename(disk, `${disk}2`);

    const lost = await runProgram(['run', '--resume', id, '--folder', moved]);
    expect(lost.code).toBe(1);
    expect(lost.stderr).toContain('It lies outside the project and is not there.');
    expect(lost.stderr).toContain(`--map ${path.join(disk, 'sft.json')}=NEW`);
    const wrong = await runProgram(['run', '--resume', id, '--folder', moved, '--map', `${disk}=${disk}3`]);
    expect(wrong.code).toBe(2);
    const found = await runProgram(['run', '--resume', id, '--folder', moved, '--map', `${disk}=${disk}2`]);
    expect(found.stdout).toContain(`${id} completed after step 2 of 2`);
  });

  it('whose media lie behind links is checked and trained on once their folder is allowed, and keeps that', async () => {
    const set = path.join(moved, 'linked');
    await mkdir(set);
    const rows = JSON.parse(await readFile(path.join(`${disk}2`, 'sft.json'), 'utf8')) as { path: string }[];
    for (const { path: named } of rows) {
      const link = path.join(set, named);
      await mkdir(path.dirname(link), { recursive: true });
      if (!existsSync(link)) await symlink(path.join(`${disk}2`, named), link);
    }
    const dataset = path.join(set, 'd.json');
    await writeFile(dataset, JSON.stringify(rows));
    const refused = await runProgram(['check', dataset, '--media']);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain('--allow-root');
    const read = await runProgram(['check', dataset, '--media', '--allow-root', `${disk}2`]);
    expect(read.stdout).toContain('0 errors');

    const file = JSON.parse(await readFile(path.join(moved, 'sft.run.json'), 'utf8')) as Record<string, unknown>;
    const linked = { ...file, name: 'linked', dataset: 'linked/d.json', evaluationDataset: undefined };
    await writeFile(path.join(moved, 'linked.run.json'), JSON.stringify(linked));
    const set1 = ['--set', 'steps=1', '--set', 'questionsPerStep=2', '--set', 'probeEvery=0'];
    const named = ['run', 'linked.run.json', '--folder', moved, ...set1];
    const none = await runProgram(named);
    expect(none.code).toBe(1);
    expect(none.stderr).toContain('--allow-root');
    const allowed = await runProgram([...named, '--allow-root', `${disk}2`]);
    expect(allowed.stdout).toContain('linked-2 completed after step 1 of 1');
    const plan = path.join(moved, '.video-r1', 'runs', 'linked-2', 'plan.json');
    expect(JSON.parse(await readFile(plan, 'utf8'))).toMatchObject({ allowedRoots: [`${disk}2`] });
  });
});
