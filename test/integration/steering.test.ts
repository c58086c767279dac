import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleProject, type TestClient, TrainerProcess } from './trainer-process.ts';

let project: Awaited<ReturnType<typeof sampleProject>>;
let trainer: TrainerProcess;
let client: TestClient;

beforeAll(async () => {
  project = await sampleProject();
  trainer = await TrainerProcess.start(project.folder);
  client = await trainer.connect();
});
afterAll(async () => {
  client?.close();
  await trainer?.stop();
  await project?.remove();
});

const few = {
  steps: 6,
  evaluationQuestions: 8,
  probeEvery: 2,
  probeQuestions: 2,
  checkpointEvery: 2,
  questionsPerStep: 8,
};

describe('a run that is steered over the socket', () => {
  it('runs SFT to its end with gapless events, probes on ordered and shuffled frames, checkpoints and evaluations', async () => {
    const id = await client.create('sft.run.json', few);
    expect((await client.command(id, { kind: 'start' })).state).toBe('applied');
    await client.until(id, 'state', ({ run }) => run.state === 'completed');

    const events = client.events.filter((event) => event.runId === id);
    expect(events.map((event) => event.seq)).toEqual(events.map((_, i) => i + 1));
    const steps = events.flatMap(({ body }) => (body.type === 'step' ? [body.metrics] : []));
    expect(steps.map((metrics) => metrics.step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(steps.every((metrics) => metrics.loss !== null && Number.isFinite(metrics.loss))).toBe(true);
    expect((steps.at(-1)?.loss as number) < (steps[0]?.loss as number)).toBe(true);

    const probes = client.bodies(id, 'group').filter(({ group }) => group.purpose === 'probe');
    expect(probes.length).toBeGreaterThan(0);
    const video = probes.find(({ group }) => group.question.dataType === 'video');
    expect(video?.group.rollouts.map((rollout) => rollout.order)).toEqual([
      'ordered',
      'ordered',
      'shuffled',
      'shuffled',
    ]);

    const { evaluations } = await client.client.request('evaluations/list', { runId: id });
    expect(evaluations.map((evaluation) => evaluation.step)).toEqual([0, 6]);
    const { checkpoints } = await client.client.request('checkpoints/list', { runId: id });
    expect(checkpoints.map((checkpoint) => checkpoint.step).sort()).toEqual([2, 4, 6]);
  });

  it('pauses so that no step goes on, takes a new learning rate, and uses it from the step it names', async () => {
    const id = await client.create('sft.run.json', {
      ...few,
      steps: 12,
      schedule: 'constant',
      warmupSteps: 0,
      learningRate: 1e-3,
      evaluationQuestions: 4,
    });
    await client.command(id, { kind: 'start' });
    const stepsOf = () => client.bodies(id, 'step').map(({ metrics }) => metrics);
    await client.until(id, 'step', ({ metrics }) => metrics.step === 2);
    const paused = await client.command(id, { kind: 'pause', release: false });
    expect(paused).toMatchObject({ state: 'applied' });
    const heldAt = stepsOf().length;
    const evaluated = await client.command(id, { kind: 'evaluate' });
    expect(evaluated.state).toBe('applied');
    expect(stepsOf()).toHaveLength(heldAt);

    const set = client.command(id, { kind: 'set', parameter: 'learningRate', value: 2e-4 });
    await client.command(id, { kind: 'resume' });
    const applied = await set;
    expect(applied).toMatchObject({
      state: 'applied',
      change: { from: 1e-3, to: 2e-4 },
      at: { point: 'before-step', step: expect.any(Number) },
    });
    const from = applied.state === 'applied' ? (applied.at?.step ?? Number.NaN) : Number.NaN;
    await client.until(id, 'state', ({ run }) => run.state === 'completed');
    for (const metrics of stepsOf()) expect(metrics.learningRate).toBe(metrics.step < from ? 1e-3 : 2e-4);
  });

  it('trains T-GRPO from the newest SFT checkpoint, with rewards that add up and advantages that sum to zero', async () => {
    const id = await client.create('tgrpo.run.json', {
      steps: 2,
      questionsPerStep: 6,
      evaluationQuestions: 4,
      skipFlatGroups: false,
    });
    await client.command(id, { kind: 'start' });
    const { run } = await client.until(id, 'state', (body) => body.run.state === 'completed');
    expect(run.from).toContain('sft-');
    const groups = client.events.flatMap(({ runId, body }) =>
      runId === id && body.type === 'group' && body.group.purpose === 'train' ? [body.group] : [],
    );
    expect(groups).toHaveLength(12);
    for (const group of groups) {
      const ordered = group.rollouts.filter((rollout) => rollout.order === 'ordered');
      expect(ordered).toHaveLength(8);
      expect(group.rollouts.length - ordered.length).toBe(group.question.dataType === 'video' ? 4 : 0);
      expect(ordered.reduce((sum, rollout) => sum + (rollout.advantage ?? Number.NaN), 0)).toBeCloseTo(0, 6);
      for (const { reward } of group.rollouts)
        expect(reward.parts.reduce((sum, part) => sum + part.value, 0)).toBeCloseTo(reward.total, 9);
      const { header, pixels } = await client.client.frames(id, group.media.key);
      expect([header.width, header.height, header.count]).toEqual([
        group.media.width,
        group.media.height,
        group.media.indices.length,
      ]);
      expect(pixels.length).toBe(header.width * header.height * header.count * 3);
    }

    // Token by token: what the engine was given and wrote, and what the reference said of it once the update was made.
    for (const { step, kl: stepKl } of client.bodies(id, 'step').map(({ metrics }) => metrics)) {
      let [klSum, tokenCount] = [0, 0];
      for (const { id: groupId } of groups.filter((group) => group.step === step)) {
        const prompt = await client.client.request('groups/prompt', { runId: id, groupId });
        expect(prompt.pieces?.join('')).toBe(prompt.text);
        expect(prompt.ids).toHaveLength(prompt.pieces?.length ?? Number.NaN);
        const { group } = await client.client.request('groups/get', { runId: id, groupId });
        for (const rollout of group.rollouts.filter(({ order }) => order === 'ordered')) {
          const tokens = await client.client.request('rollouts/tokens', { runId: id, rolloutId: rollout.id });
          expect(tokens.ids).toHaveLength(rollout.tokenCount);
          expect(Object.keys(tokens.missing ?? {})).toEqual(['trainerLogprobs']);
          const reference = tokens.referenceLogprobs as number[];
          const k3 = tokens.logprobs.map((logprob, i) => {
            const d = (reference[i] as number) - logprob;
            return Math.exp(d) - d - 1;
          });
          expect(k3.reduce((sum, value) => sum + value) / k3.length).toBeCloseTo(rollout.kl ?? Number.NaN, 6);
          klSum += (rollout.kl ?? Number.NaN) * rollout.tokenCount;
          tokenCount += rollout.tokenCount;
          tokens.alternatives?.forEach((likeliest, i) => {
            for (const { id: token, logprob } of likeliest)
              if (token === tokens.ids?.[i]) expect(logprob).toBeCloseTo(tokens.logprobs[i] as number, 5);
          });
        }
      }
      expect(klSum / tokenCount).toBeCloseTo(stepKl ?? Number.NaN, 9);
    }
  });

  it('stops at once, saves, and can be resumed to its end', async () => {
    const id = await client.create('sft.run.json', { ...few, evaluationQuestions: 4 });
    await client.command(id, { kind: 'start' });
    await client.until(id, 'step');
    await client.command(id, { kind: 'stop', when: 'now' });
    await client.until(id, 'state', ({ run }) => run.state === 'stopped');
    expect((await client.command(id, { kind: 'resume' })).state).toBe('applied');
    await client.until(id, 'state', ({ run }) => run.state === 'completed');
    const { steps } = await client.client.request('metrics/get', { runId: id });
    expect(steps.map((metrics) => metrics.step)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('refuses a second run while one is computing, and says which', async () => {
    const first = await client.create('sft.run.json', { ...few, steps: 50, evaluationQuestions: 4 });
    const second = await client.create('sft.run.json', { ...few, evaluationQuestions: 4 });
    await client.command(first, { kind: 'start' });
    expect(await client.command(second, { kind: 'start' })).toMatchObject({
      state: 'rejected',
      why: expect.stringMatching(/^sft-\d+ is (starting|running); pause or stop it first, or queue this run$/),
    });
    await client.command(first, { kind: 'stop', when: 'now' });
    await client.until(first, 'state', ({ run }) => run.state === 'stopped');
  });
});
