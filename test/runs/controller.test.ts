/** Whatever is asked of the controller, in whatever order, and whenever it is killed, what must always be so is so. */
import fc from 'fast-check';
import { afterAll, expect, it, vi } from 'vitest';
import {
  type CommandKind,
  type CommandRequest,
  commandKinds,
  commandRequest,
} from '../../trainer/protocol/commands.ts';
import { DrivenTrainer } from './driven-trainer.ts';
import { scriptedMedia } from './scripted-run.ts';

vi.mock('../../trainer/video/load.ts', () => ({
  MediaLoader: class {
    load = scriptedMedia([], () => {}).load;
    prefetch() {}
    async dispose() {}
  },
}));
vi.mock('../../trainer/video/ffmpeg.ts', () => ({
  findFfmpeg: async () => ({ ffmpeg: 'none', ffprobe: 'none', version: 'none', source: 'a test' }),
}));

/** What a sequence knows of what it did. */
interface Model {
  sent: { readonly runId: string; readonly id: string; readonly request: CommandRequest }[];
}
type Step = fc.AsyncCommand<Model, DrivenTrainer>;

const point = fc.constantFrom('before-step', 'after-sampling', 'before-update', 'after-update');

const aStep = fc.integer({ min: 1, max: 4 });
const anAnswer = fc
  .tuple(aStep, fc.nat({ max: 1 }), fc.constantFrom('o', 's'))
  .map(([step, n, half]) => `s${step}-0-${half}${n}`);
const why = fc.constant('a test');

/** Each kind of command with what it may ask, sound or not. */
const requests: { readonly [K in CommandKind]: fc.Arbitrary<unknown> } = {
  start: fc.constant({}),
  queue: fc.constant({}),
  dequeue: fc.constant({}),
  pause: fc.record({ release: fc.boolean(), at: point }, { requiredKeys: [] }),
  resume: fc.record({ from: fc.nat({ max: 4 }), confirmed: fc.constant(true) }, { requiredKeys: [] }),
  stop: fc.record({ when: fc.constantFrom('after-step', 'now') }),
  step: fc.record({ count: fc.integer({ min: 1, max: 2 }) }),
  'run-to': fc.record({ point, step: fc.integer({ min: 1, max: 5 }) }, { requiredKeys: ['point'] }),
  save: fc.constant({}),
  evaluate: fc.constant({}),
  'read-labels': fc.constant({}),
  mask: fc.record({ step: aStep, rollouts: fc.uniqueArray(anAnswer, { minLength: 1 }), masked: fc.boolean(), why }),
  rescore: fc.record({
    step: aStep,
    rollout: anAnswer,
    scores: fc.option(fc.record({ accuracy: fc.constantFrom(0, 1) })),
    why,
  }),
  skip: fc.record({ row: fc.nat({ max: 5 }), skipped: fc.boolean(), why }),
  mix: fc.record({ weights: fc.constantFrom(null, { s: 2 }, { other: 1 }) }),
  break: fc.record({
    change: fc.oneof(
      fc.record({
        do: fc.constant('add'),
        condition: fc.constantFrom('any(correct:true)', 'loss > 0', 'los >'),
        logOnly: fc.boolean(),
      }),
      fc.record({ do: fc.constantFrom('enable', 'disable', 'remove'), number: fc.integer({ min: 1, max: 3 }) }),
    ),
  }),
  pin: fc.record({ step: fc.nat({ max: 5 }) }),
  unpin: fc.record({ step: fc.nat({ max: 5 }) }),
  'remove-checkpoint': fc.record(
    { step: fc.nat({ max: 5 }), confirmed: fc.constant(true) },
    { requiredKeys: ['step'] },
  ),
  set: fc.constantFrom<unknown>(
    { parameter: 'learningRate', value: 0.1 },
    { parameter: 'learningRate', value: 'much' },
    { parameter: 'steps', value: 6 },
    { parameter: 'lengthMin', value: 10_000 },
    { parameter: 'seed', value: 3 },
  ),
};
/** Those that make a run go on, more often: a run that rests refuses most others. */
const often: readonly CommandKind[] = ['start', 'resume', 'step', 'run-to', 'pause'];
const request = fc
  .constantFrom(...commandKinds, ...often, ...often)
  .chain((kind) => requests[kind].map((asked) => commandRequest.parse({ kind, ...(asked as object) })));

const step = (name: string, run: (model: Model, real: DrivenTrainer) => Promise<void> | void): Step => ({
  check: () => true,
  run: async (model, real) => run(model, real),
  toString: () => name,
});

const steps: fc.Arbitrary<Step>[] = [
  ...Array.from({ length: 4 }, () =>
    fc.tuple(fc.nat({ max: 1 }), request).map(([run, asked]) =>
      step(`run ${run}: ${JSON.stringify(asked)}`, (model, real) => {
        const runId = real.runIds[run % real.runIds.length] as string;
        const id = `c${model.sent.length}`;
        model.sent.push({ runId, id, request: asked });
        expect(real.send(runId, id, asked)).toMatchObject({ id, request: asked });
      }),
    ),
  ),
  fc.nat().map((which) =>
    step(`send ${which} again`, (model, real) => {
      const sent = model.sent[which % Math.max(1, model.sent.length)];
      if (sent) expect(real.send(sent.runId, sent.id, sent.request)).toMatchObject({ id: sent.id });
    }),
  ),
  fc.integer({ min: 1, max: 20 }).map((count) => step(`${count} events`, (_, real) => real.some(count))),
  fc.integer({ min: 1, max: 8 }).map((count) => step(`${count} turns`, (_, real) => real.turns(count))),
  fc
    .tuple(fc.nat({ max: 3 }), fc.boolean())
    .map(([client, isLost]) =>
      step(`client ${client} ${isLost ? 'is lost' : 'comes back'}`, (_, real) => real.reconnect(client, isLost)),
    ),
  fc.constant(
    step('kill', async (_, real) => {
      await real.kill();
      await real.open();
    }),
  ),
  fc.constantFrom('tgrpo' as const, 'sft' as const).map((method) =>
    step(`create ${method}`, async (_, real) => {
      if (real.runIds.length < 2) await real.create(method);
    }),
  ),
];

const total = { transitions: new Set<string>(), events: 0, commands: 0, sequences: 0 };
afterAll(() => {
  const { sequences, commands, events, transitions } = total;
  console.log(
    `${sequences} sequences: ${commands} commands, ${events} events, ${transitions.size} transitions of state`,
  );
});

/** Ten parts, so that what fails is found among a hundred. */
it.each(Array.from({ length: 10 }, (_, part) => part + 1))(
  'part %i of 10, 100 sequences of commands, kills and reconnections: no illegal state, no event lost or doubled, log and store agree, every command ends',
  async () => {
    const property = fc.asyncProperty(
      fc.boolean(),
      fc.commands(steps, { maxCommands: 30, size: 'max' }),
      async (isStarted, sequence) => {
        const real = new DrivenTrainer();
        const model: Model = { sent: [] };
        try {
          await real.open();
          await real.create('tgrpo');
          if (isStarted) real.send(real.runIds[0] as string, 'first', { kind: 'start' });
          await fc.asyncModelRun(() => ({ model, real }), sequence);
          await real.settle();
          expect(await real.check()).toEqual([]);
        } finally {
          await real.remove();
          total.sequences++;
          total.events += real.events;
          total.commands += model.sent.length;
          for (const transition of real.transitions) total.transitions.add(transition);
        }
      },
    );
    await fc.assert(property, { numRuns: 100 });
  },
  600_000,
);
