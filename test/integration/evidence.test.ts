/** What answers of a small run stood on, from a shell: by the weights that answered, with numbers that add up, and taken up again. */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { orderWorthOf, pairDeltas } from '../../trainer/evidence/deltas.ts';
import { usualKinds, type Weighing, weighing } from '../../trainer/protocol/evidence.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { runProgram, sampleProject } from './trainer-process.ts';

let project: Awaited<ReturnType<typeof sampleProject>>;
const runFolder = () => path.join(project.folder, '.video-r1/runs/tgrpo-1');
const set = (...pairs: string[]) => pairs.flatMap((pair) => ['--set', pair]);

beforeAll(async () => {
  project = await sampleProject();
  const run = async (file: string, pairs: string[]) => {
    const trained = await runProgram(['run', file, '--folder', project.folder, ...set(...pairs)]);
    if (trained.code !== 0) throw new Error(trained.stderr);
  };
  const few = ['evaluationQuestions=2', 'probeEvery=0', 'steps=2'];
  await run('sft.run.json', [...few, 'questionsPerStep=2']);
  await run('tgrpo.run.json', [
    ...few,
    'questionsPerStep=3',
    'groupSize=2',
    'shuffledGroupSize=1',
    'maxNewTokens=12',
    'imageShare=0',
  ]);
});
afterAll(() => project?.remove());

function ofStep(step: number): string[] {
  const store = RunStore.open(runFolder());
  const groups = [...store.groups()].filter((group) => group.step === step && group.purpose === 'train');
  const ids = groups.flatMap(({ rollouts }) => rollouts.filter(({ order }) => order === 'ordered').map(({ id }) => id));
  store.dispose();
  return ids;
}

async function weighed(...args: string[]): Promise<Weighing> {
  const { code, stdout, stderr } = await runProgram([
    'weigh',
    'tgrpo-1',
    ...args,
    '--json',
    '--folder',
    project.folder,
  ]);
  expect(stderr.replaceAll('\r', '\n')).not.toContain('video-r1:');
  expect(code).toBe(0);
  return weighing.parse(JSON.parse(stdout));
}

describe('video-r1 weigh', () => {
  it('scores an answer of the first step by the weights that gave it: unchanged, it is as likely as it was', async () => {
    const [first] = ofStep(1) as [string];
    const found = await weighed(first);
    expect(found.by).toEqual({ run: 'tgrpo-1', step: 0, same: true });
    expect(Math.abs(found.lessLikely)).toBeLessThan(1e-4);
    const store = RunStore.open(runFolder());
    const { logprobs } = store.tokens(first);
    store.dispose();
    for (const [i, logprob] of found.seen.entries()) expect(Math.abs(logprob - (logprobs[i] ?? 0))).toBeLessThan(1e-3);
    const kinds = new Set(found.changes.map(({ intervention }) => intervention.kind));
    for (const kind of usualKinds)
      expect(kinds.has(kind) || found.without.some((one) => one.kind === kind), kind).toBe(true);
    expect(found.changes.filter(({ intervention }) => intervention.kind === 'order')).toHaveLength(4);
    expect(pairDeltas(found).length).toBeGreaterThan(1);
    expect(orderWorthOf(found)?.error).not.toBeNull();
    expect(await weighed(first)).toEqual(found);
  });

  it('says of an answer of the second step that the weights at hand are not those that gave it', async () => {
    const [second] = ofStep(2) as [string];
    expect((await weighed(second)).by.same).toBe(false);
    const { stdout } = await runProgram(['weigh', 'tgrpo-1', second, '--folder', project.folder]);
    expect(stdout).toContain('Scored by other weights than answered');
  });

  it('weighs all that a query keeps, and the second time nothing', async () => {
    const args = ['weigh', 'tgrpo-1', '--query', 'half:ordered', '--json', '--folder', project.folder];
    const all = JSON.parse((await runProgram(args)).stdout);
    expect(all).toMatchObject({ refused: [], cancelled: false });
    expect(all.weighed + all.before).toBe(ofStep(1).length + ofStep(2).length + probes());
    expect(JSON.parse((await runProgram(args)).stdout)).toMatchObject({ weighed: 0, before: all.weighed + all.before });
  });

  it('says what is wrong: no run, no such rollout, a query with a fault', async () => {
    expect((await runProgram(['weigh', 'zzz', 'x', '--folder', project.folder])).code).toBe(1);
    const gone = await runProgram(['weigh', 'tgrpo-1', 's9-9-o9', '--folder', project.folder]);
    expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining('There is no rollout s9-9-o9') });
    const fault = await runProgram(['weigh', 'tgrpo-1', '--query', 'orderWort<1', '--folder', project.folder]);
    expect(fault.code).not.toBe(0);
    expect(fault.stderr).toContain('orderWorth');
  });
});

/** Ordered answers of evaluations. */
function probes(): number {
  const store = RunStore.open(runFolder());
  const count = [...store.groups()]
    .filter(({ purpose }) => purpose !== 'train')
    .reduce((sum, { rollouts }) => sum + rollouts.filter(({ order }) => order === 'ordered').length, 0);
  store.dispose();
  return count;
}
