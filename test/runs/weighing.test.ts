/** Answers are weighed by the weights at hand: those of a paused run itself, else of the nearest checkpoint; what is done is kept. */
import { expect, test } from 'vitest';
import { asStudioError, StudioError } from '../../trainer/protocol/errors.ts';
import type { Weighing } from '../../trainer/protocol/evidence.ts';
import { heldWorth, type WeighingAsked, WeighingJob, type WeighingProgress } from '../../trainer/runs/weighing.ts';
import { WeightsDesk } from '../../trainer/runs/weights-at-hand.ts';
import { ScriptedEngine } from '../engines/scripted-engine.ts';
import { aLoadedQuestion } from '../learning/scripted-training.ts';
import { type ScriptedRun, scriptedRun } from './scripted-run.ts';

const usual = { kinds: null, checkpoint: null };
const never = new AbortController().signal;

function weighingOf(made: ScriptedRun) {
  const engines: ScriptedEngine[] = [];
  const desk = new WeightsDesk({
    createEngine: async () => {
      const engine = new ScriptedEngine();
      engines.push(engine);
      return engine;
    },
    runs: () => [made.summary],
    log: () => {},
  });
  const { frames } = aLoadedQuestion(0, { dataType: 'video' });
  const job = new WeighingJob(desk, async () => frames);
  const told: WeighingProgress[] = [];
  const compute = (asked: Partial<WeighingAsked> & Pick<WeighingAsked, 'rollouts'>, signal: AbortSignal = never) =>
    job.compute(made.run, { ...usual, ...asked }, signal, (progress) => told.push(progress));
  return { engines, desk, job, told, compute };
}

const orderedOf = (made: ScriptedRun, step: number) =>
  [...made.run.store.groups()]
    .filter((group) => group.step === step && group.purpose === 'train')
    .flatMap(({ rollouts }) => rollouts.filter(({ order }) => order === 'ordered').map(({ id }) => id));

async function completed(options: Parameters<typeof scriptedRun>[0] = {}): Promise<ScriptedRun> {
  const made = scriptedRun({ unseen: 0, ...options });
  made.send({ kind: 'start' });
  await made.untilState('completed');
  return made;
}

test('a run at rest is weighed by the checkpoint that is nearest to each answer, in an engine of its own', async () => {
  const made = await completed();
  const { compute, engines, desk } = weighingOf(made);
  const [first] = orderedOf(made, 1) as [string];
  const last = orderedOf(made, 3).at(0) as string;
  expect(await compute({ rollouts: [first, last] })).toMatchObject({ weighed: 2, before: 0, refused: [] });
  // The weights of the start answered in step 1; those of step 2, which answered in step 3, were not saved.
  expect(made.run.store.weighing(first)?.by).toEqual({ run: 'tgrpo-1', step: 0, same: true });
  expect(made.run.store.weighing(last)?.by).toEqual({ run: 'tgrpo-1', step: 3, same: false });
  expect(
    made.run.store.group(made.run.store.findPlace({ rolloutId: first }).groupId as string).rollouts[0],
  ).toMatchObject({
    orderWorth: { worth: 0, uses: false, step: 0, same: true },
  });
  await desk.letGo();
  expect(engines.map(({ calls }) => calls.at(-1))).toEqual(engines.map(() => 'dispose'));
});

test('what was scored for a credit alone gives way in lists to a weighing by other weights', async () => {
  const [made, other] = [await completed(), await completed()];
  const last = orderedOf(made, 3).at(0) as string;
  await weighingOf(other).compute({ rollouts: [last] });
  const found = other.run.store.weighing(last) as Weighing;
  // As training scores it: one shuffle, by the weights that answered.
  const ofOrder = found.changes.filter(({ intervention }) => intervention.kind === 'order').slice(0, 1);
  const scored: Weighing = { ...found, by: { run: null, step: 2, same: true }, forCredit: true, changes: ofOrder };
  made.run.record({ type: 'weighed', answers: { [last]: heldWorth(scored) } }, { weighings: [scored] });
  const listed = () =>
    made.run.store
      .group(made.run.store.findPlace({ rolloutId: last }).groupId as string)
      .rollouts.find(({ id }) => id === last);
  expect(listed()?.orderWorth).toMatchObject({ error: null, uses: null, step: 2, same: true });
  await weighingOf(made).compute({ rollouts: [last] });
  expect(made.run.store.weighing(last)?.by).toMatchObject({ step: 3, same: false });
  expect(listed()?.orderWorth).toMatchObject({ error: 0, uses: false, step: 3, same: false });
});

test('what the same weights have weighed is left as it is, and taken up again after a stop', async () => {
  const made = await completed();
  const { compute, told } = weighingOf(made);
  const rollouts = orderedOf(made, 1);
  await compute({ rollouts: rollouts.slice(0, 1) });
  const { at } = made.run.store.weighing(rollouts[0] as string) ?? {};
  const stop = new AbortController();
  stop.abort();
  expect(await compute({ rollouts }, stop.signal)).toMatchObject({ weighed: 0, cancelled: true });
  expect(await compute({ rollouts })).toMatchObject({ weighed: rollouts.length - 1, before: 1, cancelled: false });
  expect(made.run.store.weighing(rollouts[0] as string)?.at).toBe(at);
  expect(told.at(-1)).toMatchObject({ done: rollouts.length - 1, total: rollouts.length - 1 });
});

test('of two who weigh the same at once one finds it done', async () => {
  const made = await completed();
  const { compute } = weighingOf(made);
  const rollouts = orderedOf(made, 1);
  const both = await Promise.all([compute({ rollouts }), compute({ rollouts })]);
  for (const { weighed, before } of both) expect(weighed + before).toBe(rollouts.length);
  expect(both.reduce((sum, { weighed }) => sum + weighed, 0)).toBe(rollouts.length);
});

test('a paused run uses its own weights, and goes on as if nobody had', async () => {
  const plain = await completed();
  const made = scriptedRun({ unseen: 0 });
  made.send({ kind: 'step', count: 1 });
  await made.until((run) => run.state === 'paused');
  const { compute, engines } = weighingOf(made);
  const rollouts = orderedOf(made, 1);
  expect(await compute({ rollouts })).toMatchObject({ weighed: rollouts.length });
  expect(engines).toHaveLength(0);
  expect(made.run.store.weighing(rollouts[0] as string)?.by).toEqual({ run: 'tgrpo-1', step: 1, same: false });
  made.send({ kind: 'resume' });
  await made.untilState('completed');
  const numbers = ({ run }: ScriptedRun) =>
    run.store.metrics().map(({ step, loss, gradNorm, kl }) => [step, loss, gradNorm, kl]);
  expect(numbers(made)).toEqual(numbers(plain));
});

test('a run that goes on is not used, says so, and is with a share of its time', async () => {
  const made = scriptedRun({ unseen: 0, parameters: { steps: 40 } });
  made.onEngine = (engine) => {
    const gate = engine.holdNext('optimStep');
    void gate.entered.then(async () => {
      const { job } = weighingOf(made);
      const asked = { ...usual, rollouts: orderedOf(made, 1) };
      expect(await job.cost(made.run, asked)).toMatchObject({
        by: null,
        refusal: expect.stringMatching(/tgrpo-1 is running.*Pause tgrpo-1/s),
      });
      made.send({ kind: 'set', parameter: 'evidenceShare', value: 1 });
      gate.open();
    });
  };
  made.send({ kind: 'start' });
  await made.until((run) => run.parameters.evidenceShare === 1);
  const { compute, engines } = weighingOf(made);
  const rollouts = orderedOf(made, 1);
  expect(await compute({ rollouts })).toMatchObject({ weighed: rollouts.length });
  expect(engines).toHaveLength(0);
  // A checkpoint is not loaded beside it, whatever the share.
  const fault = await compute({ rollouts, checkpoint: 0 }).catch(asStudioError);
  expect(fault).toMatchObject({ kind: 'conflict', remedy: 'Pause tgrpo-1.' });
  await made.untilState('completed');
  const gone = await compute({ rollouts, checkpoint: 39 }).catch(asStudioError);
  expect(gone).toMatchObject({ kind: 'not-found', remedy: 'The nearest that is kept is of step 40.' });
});

test('what is not there and what was not kept is refused by name; a single one is said at once', async () => {
  const made = await completed();
  const { compute, job } = weighingOf(made);
  await expect(compute({ rollouts: ['s9-9-o9'] })).rejects.toThrow(/no rollout s9-9-o9/);
  const [first] = orderedOf(made, 1) as [string];
  const { compute: other } = {
    compute: (rollouts: string[]) =>
      new WeighingJob(
        new WeightsDesk({ createEngine: async () => new ScriptedEngine(), runs: () => [made.summary], log: () => {} }),
        async () => {
          throw new StudioError('bad-media', 'The file has changed.', { place: 'a.mp4' });
        },
      ).compute(made.run, { ...usual, rollouts }, never, () => {}),
  };
  await expect(other([first])).rejects.toThrow('The file has changed.');
  const several = await other(orderedOf(made, 1));
  expect(several).toMatchObject({ weighed: 0 });
  expect(several.refused.map(({ why }) => why)[0]).toContain('The file has changed.');
  expect(await job.cost(made.run, { ...usual, rollouts: [] })).toMatchObject({ refusal: 'There is nothing to weigh.' });
});

test('an engine that died while nobody asked it is opened anew by who asks next', async () => {
  const made = await completed();
  const { compute, engines } = weighingOf(made);
  const [first, second] = orderedOf(made, 1) as [string, string];
  await compute({ rollouts: [first] });
  engines[0]?.die();
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(await compute({ rollouts: [second] })).toMatchObject({ weighed: 1, refused: [] });
  expect(engines).toHaveLength(2);
});

test('a checkpoint that is named is taken or said to be missing', async () => {
  const made = await completed();
  const { compute } = weighingOf(made);
  const [first] = orderedOf(made, 1) as [string];
  await compute({ rollouts: [first], checkpoint: 3 });
  expect(made.run.store.weighing(first)?.by).toMatchObject({ step: 3, same: false });
  const fault = await compute({ rollouts: [first], checkpoint: 2 }).catch(asStudioError);
  expect(String(fault)).toContain('no whole checkpoint of step 2');
  // What other weights found afterwards does not take the place of what those found that answered.
  await compute({ rollouts: [first] });
  await compute({ rollouts: [first], checkpoint: 3, kinds: ['order'] });
  expect(made.run.store.weighing(first)?.by).toMatchObject({ step: 0, same: true });
});
