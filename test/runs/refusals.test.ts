/** The trainer answers every command as `refusal` says it will, in every state that a run can be driven to; and each has one end. */
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CommandRequest, hasEnded, refusal } from '../../trainer/protocol/commands.ts';
import { StudioError } from '../../trainer/protocol/errors.ts';
import { reduceRun } from '../../trainer/protocol/reduce-run.ts';
import { isComputing, runStates } from '../../trainer/protocol/run-state.ts';
import { isOfShelf } from '../../trainer/runs/checkpoint-shelf.ts';
import type { Gate, Primitive, ScriptedEngine } from '../engines/scripted-engine.ts';
import { everyRequest, requestName } from '../protocol/every-standing.ts';
import { type ScriptedRun, type ScriptedRunOptions, scriptedRun } from './scripted-run.ts';

/** A run in a state, and what keeps it there. */
interface Driven {
  readonly made: ScriptedRun;
  readonly gate: Gate | null;
}

const isHeld = (made: ScriptedRun) => made.summary.state === 'paused';

async function started(
  at: Primitive,
  kind: 'start' | 'evaluate' = 'start',
  options: ScriptedRunOptions = {},
): Promise<Driven> {
  const made = scriptedRun(options);
  const entered = Promise.withResolvers<Gate>();
  made.onEngine = (engine) => {
    made.onEngine = () => {};
    const gate = engine.holdNext(at);
    void gate.entered.then(() => entered.resolve(gate));
  };
  made.send({ kind });
  return { made, gate: await entered.promise };
}

const then = (...requests: CommandRequest[]) => ({
  async of(driven: Promise<Driven>): Promise<Driven> {
    const { made, gate } = await driven;
    for (const request of requests) made.send(request);
    return { made, gate };
  },
});

/** A run that rests so once a gate is opened. */
async function rested(driven: Promise<Driven>, state: 'paused' | 'stopped' | 'completed' | 'failed'): Promise<Driven> {
  const { made, gate } = await driven;
  gate?.open();
  await made.untilState(state);
  return { made, gate: null };
}

const pause: CommandRequest = { kind: 'pause', release: false };
const release: CommandRequest = { kind: 'pause', release: true };
const broken = () => new StudioError('bad-model', 'The weights are of another model.');

const drivers: Record<string, () => Promise<Driven>> = {
  created: async () => ({ made: scriptedRun(), gate: null }),
  starting: () => started('createModel'),
  queued: async () => {
    const made = scriptedRun();
    made.send({ kind: 'queue' });
    return { made, gate: null };
  },
  running: () => started('forwardBackward'),
  'running an evaluation': () => started('sample'),
  pausing: () => then(pause).of(started('forwardBackward')),
  'pausing to release': () => then(release).of(started('forwardBackward')),
  'pausing while it starts': () => then(pause).of(started('createModel')),
  'paused after sampling': () => rested(then(pause).of(started('render', 'start', { unseen: 0 })), 'paused'),
  'paused after an update': () => rested(then(pause).of(started('forwardBackward')), 'paused'),
  'paused before a step': () => rested(then(pause).of(started('createModel')), 'paused'),
  'paused by a fault': () => {
    const made = started('forwardBackward');
    void made.then(({ made: { engine } }) => engine.failNext('optimStep', new StudioError('not-finite', 'NaN')));
    return rested(made, 'paused');
  },
  'paused, its memory free': () => rested(then(release).of(started('forwardBackward')), 'paused'),
  stopping: () => then({ kind: 'stop', when: 'after-step' }).of(started('forwardBackward')),
  'stopping now': () => then({ kind: 'stop', when: 'now' }).of(started('forwardBackward')),
  'stopping while it starts': () => then({ kind: 'stop', when: 'now' }).of(started('createModel')),
  'saving at its end': () =>
    then({ kind: 'stop', when: 'after-step' }).of(
      started('saveState', 'start', { method: 'sft', parameters: { steps: 1 } }),
    ),
  'freeing its memory': () => then().of(started('dispose', 'start', { parameters: { steps: 1 } })),
  stopped: () => rested(then({ kind: 'stop', when: 'now' }).of(started('forwardBackward')), 'stopped'),
  'evaluating at rest': () => started('sample', 'evaluate'),
  'evaluating while it loads': () => started('createModel', 'evaluate'),
  'evaluating while held': async () => {
    const { made } = await rested(then(pause).of(started('forwardBackward')), 'paused');
    const gate = made.engine.holdNext('sample');
    made.send({ kind: 'evaluate' });
    await gate.entered;
    return { made, gate };
  },
  completed: () => rested(started('dispose', 'start', { parameters: { steps: 1 } }), 'completed'),
  failed: () => {
    const made = started('forwardBackward');
    void made.then(({ made: { engine } }) => engine.failNext('optimStep', broken()));
    return rested(made, 'failed');
  },
};

/** What the questions of a run in memory can be against, which no table knows of. */
const ofQuestions = /There is no row \d+: the dataset has|No question of this run is from the source/;

/** Sends a command, and holds the answer to what the table says, and the shelf of checkpoints. @returns whether it was taken */
function ask(made: ScriptedRun, request: CommandRequest): boolean {
  const { summary } = made;
  const why = refusal(request, summary, [summary]) ?? (isOfShelf(request) ? made.run.shelf.refusal(request) : null);
  const answer = made.send(request);
  const said = answer.state === 'rejected' ? answer.why : null;
  const isOfQuestions = (request.kind === 'skip' || request.kind === 'mix') && ofQuestions.test(said ?? '');
  const expected = isOfQuestions ? (why ?? said) : why;
  expect([summary.state, requestName(request), said]).toEqual([summary.state, requestName(request), expected]);
  return said === null;
}

/** Lets the run come to rest, and looks whether all that it wrote down is whole. */
async function close({ made, gate }: Driven): Promise<void> {
  const begun = scriptedBeginning(made);
  gate?.open();
  await Promise.all([made.run.shutDown(), ...made.engines.map(openAll)]);
  expect(isComputing(made.summary.state)).toBe(false);
  expect(isHeld(made) && made.summary.state === 'paused' ? made.summary.memory : 'released').toBe('released');
  const commands = made.bodies('command').map(({ command }) => command);
  for (const id of new Set(commands.map((command) => command.id))) {
    const life = commands.filter((command) => command.id === id);
    expect(life[0]?.state).toBe('requested');
    expect([id, life.map(({ request, state }) => [request.kind, state]), life.filter(hasEnded).length]).toEqual([
      ...[id, life.map(({ request, state }) => [request.kind, state]), 1],
    ]);
    expect(life.findIndex(hasEnded)).toBe(life.length - 1);
  }
  expect(made.events.map(({ seq }) => seq)).toEqual(made.events.map((_, i) => i + 1));
  expect(made.events.reduce(reduceRun, begun)).toEqual(made.summary);
}

/** The run as it was created, as far as events can tell. */
const scriptedBeginning = (made: ScriptedRun) => ({ ...made.summary, seq: 0 });

async function openAll(engine: ScriptedEngine): Promise<void> {
  engine.openGates();
}

/** States that the walk has been to. */
const reached = new Set<string>();

describe('a run that is driven to a state', () => {
  it.each(Object.entries(drivers))('%s: answers every command as the table says', async (_, drive) => {
    const driven = await drive();
    const { summary } = driven.made;
    reached.add(summary.state);
    const taken = everyRequest.filter((request) => refusal(request, summary, [summary]) === null);
    // What is refused changes nothing, so that one run will do for all of it.
    for (const request of everyRequest) if (!taken.includes(request)) ask(driven.made, request);
    const [first, ...others] = taken;
    if (first) ask(driven.made, first);
    await close(driven);
    for (const request of others) {
      const again = await drive();
      ask(again.made, request);
      await close(again);
    }
  });

  it('was driven to every state there is', () => {
    expect([...reached].sort()).toEqual([...runStates].sort());
  });
});

describe('a run that is steered at random', () => {
  const primitives: Primitive[] = ['sample', 'forwardBackward', 'optimStep', 'saveState', 'dispose', 'createModel'];
  const action = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...everyRequest).map((request) => ({ kind: 'ask' as const, request })) },
    { weight: 5, arbitrary: fc.integer({ min: 1, max: 12 }).map((turns) => ({ kind: 'wait' as const, turns })) },
    { weight: 2, arbitrary: fc.constantFrom(...primitives).map((primitive) => ({ kind: 'hold' as const, primitive })) },
    { weight: 2, arbitrary: fc.constant({ kind: 'open' as const }) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          fc.constantFrom('sample', 'optimStep', 'saveState'),
          fc.constantFrom('not-finite', 'disk-full', 'engine-failed'),
        )
        .map(([primitive, fault]) => ({ kind: 'fail' as const, primitive, fault })),
    },
  );

  it('answers as the table says, gives every command one end, and leaves one history', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 30 }), async (actions) => {
        const made = scriptedRun({ unseen: 1, questions: 2, parameters: { steps: 4, questionsPerStep: 1 } });
        for (const act of actions) {
          const engine = made.engines.at(-1);
          if (act.kind === 'ask') ask(made, act.request);
          else if (act.kind === 'wait') for (let turn = 0; turn < act.turns; turn++) await setImmediate();
          else if (act.kind === 'hold') engine?.holdNext(act.primitive);
          else if (act.kind === 'open') engine?.openGates();
          else engine?.failNext(act.primitive as Primitive, new StudioError(act.fault as 'disk-full', 'On demand.'));
        }
        await close({ made, gate: null });
        made.kill();
      }),
      { numRuns: 30 },
    );
  });
});
