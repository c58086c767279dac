/** Breakpoints of a run on the scripted engine: where they pause it, what they say, and that they are kept with it. */
import { describe, expect, it } from 'vitest';
import type { Breakpoint } from '../../trainer/protocol/breakpoints/breakpoint.ts';
import { type BreakpointChange, breakpointsOf } from '../../trainer/protocol/breakpoints/changes.ts';
import { StudioError } from '../../trainer/protocol/errors.ts';
import type { SafePoint } from '../../trainer/protocol/run-state.ts';
import { RunBreakpoints } from '../../trainer/runs/run-breakpoints.ts';
import { aRunThat } from '../protocol/every-standing.ts';
import { type ScriptedRun, type ScriptedRunOptions, scriptedRun } from './scripted-run.ts';

/** A run of six steps with these breakpoints. */
function runWith(
  conditions: readonly (string | Partial<BreakpointChange & { do: 'add' }>)[],
  options: ScriptedRunOptions = {},
) {
  const made = scriptedRun({ unseen: 0, ...options, parameters: { steps: 6, ...options.parameters } });
  for (const condition of conditions) {
    const given = typeof condition === 'string' ? { condition } : condition;
    change(made, { do: 'add', condition: '', logOnly: false, ...given });
  }
  return made;
}

const change = (made: ScriptedRun, change: BreakpointChange) => made.send({ kind: 'break', change });
const listOf = (made: ScriptedRun): readonly Breakpoint[] => breakpointsOf(made.summary);
const hitsOf = (made: ScriptedRun) =>
  made.bodies('breakpoint-hit').map(({ hit }) => [hit.number, hit.place.point, hit.place.step]);

describe('a breakpoint that is hit', () => {
  it('pauses the run where its condition is asked, with what caused it, and not again at that place', async () => {
    const made = runWith(['kl > 1e9', 'any(correct:true half:ordered)']);
    made.send({ kind: 'start' });
    const run = await made.untilState('paused');
    const [group] = made.bodies('group');
    const [right] = group?.group.rollouts.filter(({ correct, order }) => correct && order === 'ordered') ?? [];
    const hit = {
      ...{ number: 2, condition: 'any(correct:true half:ordered)', logOnly: false, hits: 1 },
      place: { point: 'before-update', step: 1 },
      cause: {
        sentence: 'answer 1 of question 1: correct:true, half:ordered, and 1 more',
        rolloutId: right?.id,
        groupId: group?.group.id,
        values: [],
      },
    };
    expect(run).toMatchObject({
      at: hit.place,
      why: `Breakpoint 2: ${hit.condition}: ${hit.cause.sentence}`,
      fault: null,
      memory: 'held',
      hit,
    });
    expect(made.bodies('breakpoint-hit')).toEqual([{ type: 'breakpoint-hit', hit }]);
    expect(listOf(made).map(({ hits, lastHit }) => [hits, lastHit])).toEqual([
      [0, null],
      [1, hit.place],
    ]);
    expect(made.bodies('step')).toEqual([]);
    await made.command({ kind: 'resume' });
    await made.until(({ state, step }) => state === 'paused' && step === 1);
    expect(hitsOf(made)).toEqual([
      [2, 'before-update', 1],
      [2, 'before-update', 2],
    ]);
    change(made, { do: 'disable', number: 2 });
    await made.command({ kind: 'resume' });
    expect(await made.untilState('completed')).not.toHaveProperty('hit');
    expect(hitsOf(made)).toHaveLength(2);
  });

  it.each<[string, SafePoint, number]>([
    ['step = 3', 'before-step', 3],
    ['share(half:shuffled) = 0.3333333333 or share(half:shuffled) > 0.3', 'before-update', 1],
    ['mean(accuracy, 3) >= 0', 'after-update', 3],
    ['stalled(accuracy, 4)', 'after-update', 4],
    ['any(kl >= 0) and step >= 2', 'after-update', 2],
    ['seconds >= 0', 'after-update', 1],
    ['diskFree > 0', 'before-step', 1],
  ])('%s is asked at %s, and hit in step %i', async (condition, point, step) => {
    const made = runWith([condition]);
    made.send({ kind: 'start' });
    expect(await made.untilState('paused')).toMatchObject({ at: { point, step }, hit: { number: 1 } });
  });

  it('is asked at the point that it names', async () => {
    const made = runWith([{ condition: 'accuracy >= 0', at: 'after-sampling' }]);
    made.send({ kind: 'start' });
    expect(await made.untilState('paused')).toMatchObject({ at: { point: 'after-sampling', step: 1 } });
  });

  it('goes on where it is log only, and counts each time', async () => {
    const made = runWith([{ condition: 'accuracy >= 0', logOnly: true }], { parameters: { steps: 3 } });
    made.send({ kind: 'start' });
    await made.untilState('completed');
    expect(made.states).not.toContain('paused');
    expect(made.bodies('breakpoint-hit').map(({ hit }) => [hit.hits, hit.place.step])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    expect(listOf(made)).toMatchObject([{ hits: 3, lastHit: { point: 'after-update', step: 3 } }]);
  });

  it('says the first of several, and counts them all', async () => {
    const made = runWith([{ condition: 'step = 2', logOnly: true }, 'step = 2', 'step >= 2']);
    made.send({ kind: 'start' });
    expect(await made.untilState('paused')).toMatchObject({ hit: { number: 2 } });
    expect(hitsOf(made).map(([number]) => number)).toEqual([1, 2, 3]);
  });

  it('says of a loss that is not finite that it was waited for, beside the fault that pauses the run', async () => {
    const made = runWith(['nan(loss)', 'nan(accuracy)']);
    made.onEngine = (engine) =>
      engine.failNext('forwardBackward', new StudioError('not-finite', 'The loss is NaN; no weight was changed.'));
    made.send({ kind: 'start' });
    expect(await made.untilState('paused')).toMatchObject({
      at: { point: 'before-step', step: 1 },
      why: 'Breakpoint 1: nan(loss): the update of step 1 was not made: The loss is NaN; no weight was changed',
      fault: { kind: 'not-finite' },
      hit: { number: 1, hits: 1 },
    });
    expect(hitsOf(made)).toHaveLength(1);
    await made.command({ kind: 'resume' });
    await made.untilState('completed');
  });

  it('of a step that is made again after a fault does not hit again at the point that it was let pass', async () => {
    const made = runWith(['any(half:ordered) and step = 1']);
    made.onEngine = (engine) => engine.failNext('forwardBackward', new StudioError('not-finite', 'The loss is NaN.'));
    made.send({ kind: 'start' });
    await made.untilState('paused');
    await made.command({ kind: 'resume' });
    await made.until((run) => run.state === 'paused' && run.fault !== null);
    await made.command({ kind: 'resume' });
    await made.untilState('completed');
    expect(hitsOf(made)).toHaveLength(1);
  });

  it('of SFT is asked of the answers that it samples to look at', async () => {
    const made = runWith(['any(half:ordered)', 'loss > 0 and step = 2'], {
      method: 'sft',
      parameters: { probeEvery: 3, probeQuestions: 1 },
    });
    made.send({ kind: 'start' });
    expect(await made.untilState('paused')).toMatchObject({
      at: { point: 'after-update', step: 1 },
      hit: { number: 1 },
    });
    await made.command({ kind: 'resume' });
    await made.until((run) => run.state === 'paused' && run.step === 2);
    expect(made.summary).toMatchObject({ hit: { number: 2 } });
  });
});

describe('the list of breakpoints', () => {
  const add = (condition: string): BreakpointChange => ({ do: 'add', condition, logOnly: false });

  it('is changed in every state, at once, and numbers are given once', async () => {
    const made = runWith(['step = 2']);
    made.send({ kind: 'start' });
    await made.untilState('paused');
    expect(change(made, add('kl > 1'))).toMatchObject({
      state: 'applied',
      change: { from: null, to: 'kl > 1, after-update' },
      note: 'breakpoint 2',
    });
    change(made, { do: 'edit', number: 2, condition: 'any(aha >= 4)', logOnly: true });
    change(made, { do: 'remove', number: 2 });
    change(made, add('nan(loss)'));
    await made.command({ kind: 'resume' });
    await made.untilState('completed');
    change(made, { do: 'disable', number: 3 });
    expect(listOf(made)).toEqual([
      {
        number: 1,
        condition: 'step = 2',
        at: 'before-step',
        logOnly: false,
        enabled: true,
        hits: 1,
        lastHit: { point: 'before-step', step: 2 },
      },
      { number: 3, condition: 'nan(loss)', at: 'after-update', logOnly: false, enabled: false, hits: 0, lastHit: null },
    ]);
  });

  it('counts anew where the condition is another one, and keeps the point where it is the same', () => {
    const made = runWith([{ condition: 'accuracy < 0.3', at: 'before-update' }]);
    change(made, { do: 'edit', number: 1, logOnly: true });
    expect(listOf(made)).toMatchObject([{ at: 'before-update', logOnly: true }]);
    change(made, { do: 'edit', number: 1, condition: 'kl > 0.5' });
    expect(listOf(made)).toMatchObject([{ condition: 'kl > 0.5', at: 'after-update', logOnly: true, hits: 0 }]);
  });

  it.each<[BreakpointChange, string]>([
    [add('acuracy < 0.3'), 'acuracy is not a number of a step; the nearest is accuracy, at character 1'],
    [
      { ...add('loss > 2'), at: 'before-update' } as BreakpointChange,
      'loss is known at after-update, and not yet at before-update',
    ],
    [{ do: 'edit', number: 1, condition: 'kl >' }, 'a number is missing here, at character 5'],
    [{ do: 'remove', number: 7 }, 'there is no breakpoint 7; there are 1'],
  ])('refuses %j with the reason', (asked, why) => {
    const made = runWith(['kl > 1']);
    expect(change(made, asked)).toMatchObject({ state: 'rejected', why });
    expect(listOf(made)).toHaveLength(1);
  });

  it('is what it was, with its counts, when the trainer was killed, and steps so far count for what is asked', async () => {
    const made = runWith([{ condition: 'accuracy >= 0', logOnly: true }, 'mean(accuracy, 4) >= 0'], {
      parameters: { checkpointEvery: 1 },
    });
    made.send({ kind: 'start' });
    await made.until(() => listOf(made)[0]?.hits === 2);
    const found = made.reopen();
    expect(listOf(found)).toMatchObject([{ number: 1, hits: 2 }, { number: 2 }]);
    await found.command({ kind: 'resume' });
    expect(await found.untilState('paused')).toMatchObject({ hit: { number: 2, place: { step: 4 } } });
    expect(listOf(found)).toMatchObject([{ hits: 4 }, { hits: 1 }]);
  });
});

describe('a condition that can’t be asked', () => {
  it('is told once, and ends nothing', async () => {
    const bodies: unknown[] = [];
    const breakpoints = new RunBreakpoints({
      run: () =>
        aRunThat(
          { state: 'running', doing: null },
          {
            breakpoints: {
              given: 2,
              list: ['of no language', 'diskFree < 5'].map((condition, i) => ({
                ...{
                  number: i + 1,
                  condition,
                  at: 'before-step',
                  logOnly: false,
                  enabled: true,
                  hits: 0,
                  lastHit: null,
                },
              })),
            },
          },
        ),
      diskFree: async () => 4,
      steps: () => [],
      record: (body) => bodies.push(body),
      log: () => {},
    });
    expect(await breakpoints.at({ point: 'before-step', step: 1 })).toMatchObject({
      number: 2,
      cause: { sentence: 'diskFree is 4' },
    });
    expect(await breakpoints.at({ point: 'before-step', step: 1 })).toBeNull();
    expect(bodies).toMatchObject([
      { type: 'warning', message: expect.stringMatching(/^Breakpoint 1, of no language, can’t be asked/) },
      { type: 'breakpoint-hit', hit: { number: 2 } },
    ]);
  });
});
