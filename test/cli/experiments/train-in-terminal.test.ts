/** What a terminal says of a run that others steer or that a fault stops, and how its command ends. */
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type BesideAnother, TerminalSession } from '../../../trainer/cli/experiments/train-in-terminal.ts';
import type { TrainerAtHand } from '../../../trainer/cli/experiments/trainer-at-hand.ts';
import { LiveLine } from '../../../trainer/cli/terminal/progress.ts';
import { StudioError } from '../../../trainer/protocol/errors.ts';
import type { RunSummary } from '../../../trainer/protocol/run-state.ts';
import { aRunThat } from '../../protocol/every-standing.ts';
import { type ScriptedRun, type ScriptedRunOptions, scriptedRun } from '../../runs/scripted-run.ts';

interface Sitting {
  readonly made: ScriptedRun;
  readonly session: TerminalSession;
  /** What was printed so far. */
  said(): string;
  until(text: string): Promise<void>;
}

/** A run before a terminal: in this process (`isOurs`) or in another trainer, with somebody at the terminal or not. */
function sit(
  given: { isOurs?: boolean; isInteractive?: boolean; beside?: RunSummary[] } & ScriptedRunOptions = {},
): Sitting {
  const { isOurs = true, isInteractive = true, beside: others = [], ...options } = given;
  const made = scriptedRun({ unseen: 0, ...options, others: () => others });
  let printed = '';
  let look = () => {};
  const out = {
    isTTY: false,
    write: (text: string) => {
      printed += text;
      look();
      return true;
    },
  };
  const trainer: TrainerAtHand = {
    at: {
      pid: 4711,
      host: '127.0.0.1',
      port: 1,
      token: 't',
      protocol: { major: 3, minor: 0 },
      version: '1',
      startedAt: 0,
    },
    isOurs,
    lost: new Promise(() => {}),
    runs: () => [made.summary, ...others],
    create: async () => made.summary,
    fork: async () => made.summary,
    resumption: async (_run, from) => made.run.resumption(from),
    delete: async () => {},
    command: async (_run, id, request) => made.run.command(id, request, 'terminal'),
    follow: async (_run, listener) => {
      made.listener = listener;
      return { dispose: () => {} };
    },
  };
  const line = new LiveLine(out as unknown as NodeJS.WriteStream, 0);
  const session = new TerminalSession(trainer, '/projects/a', line, isInteractive);
  onTestFinished(() => session.dispose());
  const until = async (text: string) => {
    while (!printed.includes(text))
      await new Promise<void>((resolve) => {
        look = resolve;
      });
  };
  return { made, session, said: () => printed, until };
}

const resume = /ctl resume --run tgrpo-1 --folder \/projects\/a/;
const faults = [
  new StudioError('disk-full', 'No space is left on the disk that holds the run.', { remedy: 'Free some space.' }),
  new StudioError('not-finite', 'The loss is not a finite number.', { place: 'step 1', remedy: 'Lower the rate.' }),
];

describe('a fault that pauses the run', () => {
  it.each(faults)('is told with what to do, and the terminal hears that the run goes on: $kind', async (fault) => {
    const { made, session, said, until } = sit();
    made.onEngine = (engine) => engine.failNext('optimStep', fault);
    const trained = session.train({ resume: 'tgrpo-1' });
    await until('ctl resume');
    expect(said()).toContain(`tgrpo-1 is paused at before-step, step 1: ${fault.message}`);
    expect(said()).toContain(fault.remedy);
    expect(said()).toMatch(resume);
    made.send({ kind: 'resume' });
    expect((await trained).state).toBe('completed');
    expect(said()).toContain('resume applied at before-step, step 1: paused → running, by ada');
    expect(said()).toContain('tgrpo-1 goes on.');
  });

  it.each(faults)('where nobody is at the terminal, ends it with 1, the run saved: $kind', async (fault) => {
    const { made, session, said } = sit({ isInteractive: false });
    made.onEngine = (engine) => engine.failNext('optimStep', fault);
    expect(await session.train({ resume: 'tgrpo-1' })).toMatchObject({ state: 'paused', memory: 'released' });
    expect(session.exitCode).toBe(1);
    expect(said()).toContain(fault.message);
    expect(said()).toContain('Nobody is at this terminal');
    expect(said()).not.toContain('goes on.');
  });
});

it('a step says how right answers on shuffled frames were where such were drawn, and nothing of them where not', async () => {
  const linesOf = async (parameters: ScriptedRunOptions['parameters'] & {}) => {
    const { session, said } = sit({ parameters });
    await session.train({ resume: 'tgrpo-1' });
    return said();
  };
  expect(await linesOf({})).toMatch(/accuracy 0\.50 ordered, 0\.00 shuffled \| temporal/);
  expect(await linesOf({ temporalCredit: 'answer' })).toMatch(/accuracy 0\.50 ordered \| \d+ tokens/);
});

describe('what another client does', () => {
  it('prints a line each: a changed value, a pause with how to go on, a save, a resume, a stop', async () => {
    const { made, session, said, until } = sit({ isInteractive: false, parameters: { steps: 1000 } });
    const trained = session.train({ resume: 'tgrpo-1' });
    await made.untilState('running');
    await made.command({ kind: 'set', parameter: 'learningRate', value: 5e-5 });
    await made.command({ kind: 'pause', release: false });
    await until('It waits in memory');
    await made.command({ kind: 'save' });
    await made.command({ kind: 'resume' });
    await made.command({ kind: 'stop', when: 'after-step' });
    expect((await trained).state).toBe('stopped');
    expect(said()).toMatch(/set applied at before-step, step \d+ \(learningRate: [\d.e-]+ → 0.00005\), by ada/);
    expect(said()).toMatch(/pause applied (at|in) .*, by ada/);
    expect(said()).toMatch(
      /tgrpo-1 is paused (at|in) .*\nIt waits in memory\. Go on with F5 on its page, or .*ctl resume/,
    );
    expect(said()).toMatch(/save applied .*, by ada/);
    expect(said()).toMatch(/resume applied .*, by ada/);
    expect(said()).toMatch(/stop applied .*, by ada/);
    expect(session.exitCode).not.toBe(1);
  });

  it('does not print what this terminal asked for itself', async () => {
    const { session, said } = sit();
    await session.train({ resume: 'tgrpo-1' });
    expect(said()).not.toContain('by ');
  });
});

it('a question that is left out is told with how to look all of them over, once', async () => {
  const { session, said } = sit({ unreadable: [0, 1] });
  await session.train({ resume: 'tgrpo-1' });
  expect(said()).toContain('left out: ');
  expect(said().match(/check .*train\.json looks all of them over/g)).toHaveLength(1);
});

describe('an engine that fails', () => {
  const died = new StudioError('engine-failed', 'The engine died.');
  const goOn = /run --resume tgrpo-1 --folder \/projects\/a \(--engine KEY=VALUE sets the engine otherwise\)/;

  it('while the run trains leaves it paused, which is said with the command that takes it up again', async () => {
    const { made, session, said } = sit();
    made.onEngine = (engine) => engine.failNext('optimStep', died);
    await expect(session.train({ resume: 'tgrpo-1' })).rejects.toThrow('The engine died.');
    expect(made.summary).toMatchObject({ state: 'paused', memory: 'released' });
    expect(said()).toMatch(/tgrpo-1 is paused after step 0 of 3\. /);
    expect(said()).toMatch(goOn);
    expect(said()).not.toContain('failed after');
  });

  it('at the start fails the run, which has not begun then', async () => {
    const { made, session, said } = sit();
    made.onEngine = (engine) => engine.failNext('createModel', died);
    let begun = 0;
    const trained = session.train({ resume: 'tgrpo-1' }, undefined, () => begun++);
    await expect(trained).rejects.toThrow('The engine died.');
    expect(made.summary.state).toBe('failed');
    expect(said()).toMatch(/tgrpo-1 failed after step 0 of 3\. /);
    expect(said()).toMatch(goOn);
    expect(begun).toBe(0);
    made.onEngine = () => {};
    await session.train({ resume: 'tgrpo-1' }, undefined, () => begun++);
    expect(begun).toBe(1);
  });
});

describe('beside a run that computes', () => {
  const other = aRunThat({ state: 'running', doing: null }, { id: 'sft-1', name: 'sft' });

  it('nothing is begun before it is known what to do', async () => {
    const { made, session } = sit({ beside: [other], isOurs: false });
    const refuse: BesideAnother = async ({ id }) => {
      throw new StudioError('conflict', `${id} is running.`);
    };
    await expect(session.train({ resume: 'tgrpo-1' }, refuse)).rejects.toThrow('sft-1 is running.');
    expect(made.summary.state).toBe('created');
    expect(made.events).toEqual([]);
  });

  it('a queued run is told with its place, waited for, and followed when its turn has come', async () => {
    const others = [other];
    const { made, session, said, until } = sit({ beside: others, isOurs: false });
    const onBegun = vi.fn();
    const trained = session.train({ resume: 'tgrpo-1' }, async () => 'queue', onBegun);
    await until('tgrpo-1 is queued: 1 of 1, while sft-1 is running.');
    expect(onBegun).toHaveBeenCalledOnce();
    others.length = 0;
    made.send({ kind: 'start' });
    expect((await trained).state).toBe('completed');
    expect(said()).toContain('tgrpo-1 goes on.');
  });

  it('one that is taken off the queue by another client ends the waiting', async () => {
    const { made, session, until } = sit({ beside: [other], isOurs: false });
    const trained = session.train({ resume: 'tgrpo-1' }, async () => 'queue');
    await until('is queued');
    made.send({ kind: 'dequeue' });
    expect((await trained).state).toBe('created');
  });

  it("a fault in another's trainer, where nobody is at the terminal, leaves the run there and names the way on", async () => {
    const { made, session, said, until } = sit({ isOurs: false, isInteractive: false });
    made.onEngine = (engine) => engine.failNext('optimStep', faults[0] as StudioError);
    const trained = session.train({ resume: 'tgrpo-1' });
    expect(await trained).toMatchObject({ state: 'paused', memory: 'held' });
    await until('process 4711');
    expect(session.exitCode).toBe(1);
    expect(said()).toMatch(resume);
  });
});
