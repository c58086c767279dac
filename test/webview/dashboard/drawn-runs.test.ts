/** What charts draw: all runs on the same steps, and finer where one zooms into a run of very many. */
import { expect, it } from 'vitest';
import { type CurvesAnswer, curveNames } from '../../../trainer/protocol/curves.ts';
import { ChartGroup } from '../../../webview/dashboard/chart-group.ts';
import { DrawnRuns, joined } from '../../../webview/dashboard/drawn-runs.ts';
import { drawnWords } from '../../../webview/dashboard/drawn-words.ts';
import { Session } from '../../../webview/state/session.ts';
import { Store } from '../../../webview/ui/store.ts';
import { aRunThat } from '../../protocol/every-standing.ts';
import { someMetrics } from '../../store/records.ts';
import { curvesOf } from '../state/curves-answer.ts';
import { newConnection, ScriptedTrainer, until } from '../state/scripted-trainer.ts';

const run = (id: string) => aRunThat({ state: 'stopped' }, { id });

async function drawing(answer: (asked: Record<string, unknown>) => CurvesAnswer) {
  const trainer = new ScriptedTrainer([run('a'), run('b')], {
    'metrics/curves': async (asked) => answer(asked),
  });
  const connection = newConnection();
  const session = new Session(connection, (paint) => void setImmediate(paint));
  trainer.link(connection);
  session.choose('a');
  const { feed } = await until(session.state, (state) => state.feed?.id === 'a' && state.runs !== null);
  if (feed === null) throw new Error('There is no feed.');
  feed.need('curves');
  const group = new ChartGroup();
  const beside = new Store<readonly string[]>([]);
  const runs = new DrawnRuns(session, feed, group, beside);
  const asked = () => trainer.asked.filter(({ method }) => method === 'metrics/curves').map(({ params }) => params);
  return { trainer, group, beside, runs, asked };
}

const losses = (runs: DrawnRuns) => runs.state.get().runs.map(({ metrics }) => metrics.columns.loss.mean);

it('puts an overlaid run on the same steps, with gaps where it has none, and takes it off again', async () => {
  const { runs, beside, trainer } = await drawing(({ runId }) =>
    curvesOf((runId === 'a' ? [1, 2] : [2, 5]).map((step) => someMetrics(step, { loss: step }))),
  );
  await until(runs.state, ({ steps }) => steps.length === 2);
  beside.set(['b', 'no such run']);
  const both = await until(runs.state, ({ steps }) => steps.length === 3);
  expect([both.steps, both.extent]).toEqual([
    [1, 2, 5],
    [1, 5],
  ]);
  expect(losses(runs)).toEqual([
    [1, 2, null],
    [null, 2, 5],
  ]);
  trainer.record('b', { type: 'step', metrics: someMetrics(6, { loss: 6 }) });
  await until(runs.state, ({ steps }) => steps.includes(6));
  beside.set([]);
  expect([runs.state.get().steps, losses(runs)]).toEqual([[1, 2], [[1, 2]]]);
});

it('asks for a part that one has zoomed into where points stand for several steps, and for nothing where they do not', async () => {
  const whole = {
    ...curvesOf([]),
    ...{ size: 512, steps: [0, 512], total: 900, firstStep: 1, lastStep: 900 },
    columns: Object.fromEntries(
      curveNames.map((name) => [name, { mean: [1, 2], low: [0, 1], high: [3, 9], count: [511, 389] }]),
    ),
  };
  const { runs, group, asked } = await drawing(({ fromStep }) =>
    fromStep === undefined
      ? whole
      : { ...curvesOf([someMetrics(600), someMetrics(601)]), total: 900, firstStep: 1, lastStep: 900 },
  );
  await until(runs.state, ({ size }) => size === 512);
  group.zoom.set([599.5, 601.2]);
  const near = await until(runs.state, ({ size }) => size === 1);
  expect([near.steps, near.extent, near.total]).toEqual([[600, 601], [1, 900], 900]);
  expect(asked().at(-1)).toMatchObject({ fromStep: 589, toStep: 602 });
  // Inside what was asked for, it is there until the finer one comes; outside, the whole is.
  group.zoom.set([1, 900]);
  expect(runs.state.get().size).toBe(512);
  group.zoom.set(null);
  expect(runs.state.get().size).toBe(512);
});

it('shows the steps that a run went back over, as they were', async () => {
  const { runs, group, asked } = await drawing(({ before }) =>
    curvesOf([someMetrics(1, { loss: before === 1 ? 7 : 1 })], { attempts: [{ attempt: 1, from: 1, to: 1 }] }),
  );
  await until(runs.state, ({ steps }) => steps.length === 1);
  group.before.set(1);
  await until(runs.state, ({ runs: [first] }) => first?.metrics.columns.loss.mean[0] === 7);
  expect(asked().at(-1)).toMatchObject({ before: 1 });
  group.before.set(null);
  expect(losses(runs)).toEqual([[1]]);
});

it('joins steps without making them anew where there is nothing to add', () => {
  const steps = [1, 2, 3];
  expect(joined([steps, [2, 3]])).toBe(steps);
  expect(joined([[1, 3], [2], []])).toEqual([1, 2, 3]);
});

it('says which steps are drawn, of how many, how many a point stands for and how they are smoothed', () => {
  const drawn = { total: 143, size: 1, extent: [1, 143] as const };
  expect(drawnWords(drawn, null, 10, null)).toBe('all 143 steps, smoothed over 10');
  expect(drawnWords(drawn, [-4, 20.5], 1, null)).toBe('steps 1 to 20 of 143, not smoothed');
  expect(drawnWords({ ...drawn, total: 1 }, null, 10, { before: 1, of: 2 })).toBe(
    'one step, as before going back (1 of 2), smoothed over 10',
  );
  const many = { total: 1_000_000, size: 1024, extent: [1, 1_000_000] as const };
  expect(drawnWords(many, null, 10, null)).toBe('all 1,000,000 steps, 1,024 steps a point, their mean');
  expect(drawnWords({ ...many, size: 8 }, null, 10, null)).toMatch(/8 steps a point, smoothed over 10$/);
});
