/** `video-r1 ctl`: the words of a shell as commands, and what is said of a run and of a command's end. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { adviceLines, ctlCommand, listLine } from '../../../trainer/cli/commands/ctl.ts';
import { breakLines } from '../../../trainer/cli/commands/ctl-break.ts';
import { readRequest } from '../../../trainer/cli/commands/ctl-forms.ts';
import { callHere } from '../../../trainer/cli/terminal/callable.ts';
import { endLine, endLineOfAnother, waitLine } from '../../../trainer/cli/terminal/command-end.ts';
import type { Advisory } from '../../../trainer/protocol/advisories.ts';
import { waysNow } from '../../../trainer/protocol/advisory-words.ts';
import type { Breakpoint } from '../../../trainer/protocol/breakpoints/breakpoint.ts';
import { commandKinds, commands, refusal } from '../../../trainer/protocol/commands.ts';
import { FakeTrainer, recordOf } from '../../extension/trainer/fake-trainer.ts';
import { aRunThat, everyRequest, everyRun, requestName } from '../../protocol/every-standing.ts';

const plain = { release: false, now: false };

describe('the words of a command', () => {
  test('say every command that a run takes', () => {
    expect(readRequest(['start'], plain)).toEqual({ kind: 'start' });
    expect(readRequest(['pause'], plain)).toEqual({ kind: 'pause', release: false });
    expect(readRequest(['pause'], { ...plain, release: true })).toEqual({ kind: 'pause', release: true });
    expect(readRequest(['pause'], { ...plain, at: 'before-update' })).toMatchObject({ at: 'before-update' });
    expect(readRequest(['run-to', 'after-update', '12'], plain)).toEqual({
      ...{ kind: 'run-to', point: 'after-update', step: 12 },
    });
    expect(readRequest(['resume'], plain)).toEqual({ kind: 'resume' });
    expect(readRequest(['step'], plain)).toEqual({ kind: 'step', count: 1 });
    expect(readRequest(['step', '5'], plain)).toEqual({ kind: 'step', count: 5 });
    expect(readRequest(['stop'], plain)).toEqual({ kind: 'stop', when: 'after-step' });
    expect(readRequest(['stop'], { ...plain, now: true })).toEqual({ kind: 'stop', when: 'now' });
    expect(readRequest(['save'], plain)).toEqual({ kind: 'save' });
    expect(readRequest(['evaluate'], plain)).toEqual({ kind: 'evaluate' });
    const arms = ['direct', 'reversed'];
    expect(readRequest(['evaluate', ...arms], plain)).toEqual({ kind: 'evaluate', arms });
    expect(() => readRequest(['evaluate', 'backwards'], plain)).toThrow('backwards is neither');
    expect(readRequest(['read-labels'], plain)).toEqual({ kind: 'read-labels' });
    expect(readRequest(['set', 'learningRate', '5e-5'], plain)).toEqual({
      kind: 'set',
      parameter: 'learningRate',
      value: 5e-5,
    });
    expect(readRequest(['pin', '40'], { ...plain, note: ' best ' })).toEqual({ kind: 'pin', step: 40, note: 'best' });
    expect(readRequest(['unpin', '0'], plain)).toEqual({ kind: 'unpin', step: 0 });
    expect(readRequest(['remove-checkpoint', '40'], { ...plain, yes: true })).toEqual({
      ...{ kind: 'remove-checkpoint', step: 40 },
    });
    expect(readRequest(['checkpoints'], plain)).toBe('checkpoints');
    expect(readRequest(['queue'], plain)).toEqual({ kind: 'queue' });
    expect(readRequest(['queue', 'sft.run.json'], plain)).toEqual({ kind: 'queue' });
    expect(readRequest(['dequeue'], plain)).toEqual({ kind: 'dequeue' });
    const why = 'a wrong label';
    expect(readRequest(['mask', 's4-0-o0', 's4-0-o1'], { ...plain, why })).toMatchObject({
      ...{ kind: 'mask', rollouts: ['s4-0-o0', 's4-0-o1'], masked: true, why },
    });
    expect(readRequest(['mask', 's4-0-o0'], { ...plain, why, off: true })).toMatchObject({ masked: false });
    expect(readRequest(['rescore', 's4-0-o0', 'accuracy=1', 'format=0'], { ...plain, why })).toMatchObject({
      ...{ kind: 'rescore', rollout: 's4-0-o0', scores: { accuracy: 1, format: 0 } },
    });
    expect(readRequest(['rescore', 's4-0-o0', 'found'], { ...plain, why })).toMatchObject({ scores: null });
    expect(readRequest(['skip', '7'], { ...plain, why })).toEqual({ kind: 'skip', row: 7, skipped: true, why });
    expect(readRequest(['mix', 'STAR=2', 'a=b=0.5'], plain)).toEqual({
      ...{ kind: 'mix', weights: { STAR: 2, 'a=b': 0.5 } },
    });
    expect(readRequest(['mix', 'none'], plain)).toEqual({ kind: 'mix', weights: null });
    const change = { do: 'edit', number: 3, condition: 'kl > 1', at: 'after-update', logOnly: true };
    expect(readRequest(['break', 'edit', '3', 'kl > 1'], { ...plain, at: 'after-update', log: true })).toEqual({
      ...{ kind: 'break', change },
    });
    expect(readRequest(['break', 'edit', '3'], { ...plain, 'no-log': true })).toEqual({
      ...{ kind: 'break', change: { do: 'edit', number: 3, logOnly: false } },
    });
    expect(readRequest(['break', 'add', 'disk-low'], plain)).toMatchObject({ change: { condition: 'diskFree < 5' } });
    expect(readRequest(['break', 'remove', '3'], plain)).toEqual({
      kind: 'break',
      change: { do: 'remove', number: 3 },
    });
    expect(readRequest(['break'], plain)).toBe('breakpoints');
    expect(readRequest(['list'], plain)).toBe('list');
    expect(readRequest(['delete'], plain)).toBe('delete');
    expect(readRequest(['mute', 'stalled'], plain)).toBe('mute');
    expect(readRequest(['unmute', 'stalled'], plain)).toBe('unmute');
  });

  test.each([
    [['dance'], plain, 'There is no command dance'],
    [['toString'], plain, 'There is no command toString'],
    [['paus'], plain, 'the nearest is pause'],
    [[], plain, 'Name a command'],
    [['pause', 'now'], plain, 'pause takes no now'],
    [['pause'], { ...plain, at: 'before-updat' }, 'before-update'],
    [['resume'], { ...plain, at: 'before-update' }, 'resume takes no --at'],
    [['run-to', 'the-end'], plain, 'the-end'],
    [['run-to', 'before-step', 'x'], plain, 'STEP'],
    [['pin'], plain, 'pin wants the step of a checkpoint'],
    [['pin', 'best'], plain, 'STEP'],
    [['save'], { ...plain, note: 'x' }, 'save takes no --note'],
    [['pin', '4'], { ...plain, yes: true }, 'pin takes no --yes'],
    [['list', 'all'], plain, 'list takes no all'],
    [['mute', 'stalled', 'now'], plain, 'mute takes no now'],
    [['resume'], { ...plain, now: true }, 'resume takes no --now'],
    [['stop'], { ...plain, release: true }, 'stop takes no --release'],
    [['break', 'ad', 'kl > 1'], plain, 'the nearest is add'],
    [['break', 'add', 'kl', '>', '1'], plain, 'stands in quotes'],
    [['break', 'edit', '1'], plain, 'what is to be changed'],
    [['break', 'remove', 'x'], plain, 'N'],
    [['pause'], { ...plain, log: true }, 'pause takes no --log'],
    [['step', '0'], plain, '0 is none'],
    [['step', 'two'], plain, 'two is none'],
    [['mask'], { ...plain, why: 'w' }, 'by their ids'],
    [['mask', 's4-0-o0'], plain, 'mask wants --why'],
    [['rescore', 's4-0-o0', 'right'], { ...plain, why: 'w' }, 'right is not of that form'],
    [['rescore', 's4-0-o0', 'length=1'], { ...plain, why: 'w' }, 'length is none'],
    [['skip', 'seven'], { ...plain, why: 'w' }, 'ROW'],
    [['mix', 'STAR'], plain, 'STAR is not of that form'],
    [['pause'], { ...plain, why: 'w' }, 'pause takes no --why'],
    [['set', 'learningRate'], plain, 'Name a parameter and its value'],
  ])('%j %j is refused', (words, options, message) => {
    expect(() => readRequest(words, options)).toThrow(message);
  });

  test('are all in the help, with what the protocol calls them', () => {
    for (const kind of commandKinds)
      expect(ctlCommand.help).toMatch(new RegExp(`^  ${kind}\\b.*  ${commands[kind].label}`, 'm'));
  });
});

describe('the list', () => {
  test('says where a paused run stands and why, and how long one that goes on has left', () => {
    const at = { point: 'before-update', step: 34 } as const;
    const createdAt = new Date(2026, 10, 28, 16, 5).getTime();
    const paused = aRunThat(
      { state: 'paused', at, why: 'the loss rose', fault: null, memory: 'held' },
      { step: 33, createdAt },
    );
    expect(listLine(paused, [paused])).toBe(
      'tgrpo-1          2026-11-28 16:05  paused     step 33/100  at before-update, step 34: the loss rose',
    );
    // 97 steps of 2 seconds.
    expect(listLine(aRunThat({ state: 'running', doing: null }, { pace: [1000, 3000], createdAt }), [])).toBe(
      'tgrpo-1          2026-11-28 16:05  running    step 3/100  3m 14s left',
    );
    const spiked: Breakpoint = {
      ...{ number: 1, condition: 'any("\u001b[31m")', at: 'before-update', logOnly: false, enabled: true },
      ...{ hits: 0, lastHit: null },
    };
    const hostile = aRunThat(
      {
        state: 'paused',
        at: { point: 'before-update', step: 2 },
        why: 'any("\u001b[31m")',
        fault: null,
        memory: 'held',
      },
      { createdAt },
    );
    expect(breakLines({ ...hostile, breakpoints: { given: 1, list: [spiked] } })[0]).toContain('any("\\u001b[31m")');
    const request = { kind: 'pin', step: 3, note: '\u001b[31m' } as const;
    const ended = { id: 'a', number: 1, request, by: 'ada', requestedAt: 0, endedAt: 0, at: null, change: null };
    expect(endLine({ ...ended, state: 'applied', note: '\u001b[31m' })).toBe('pin applied: \\u001b[31m');
    expect(endLineOfAnother({ ...ended, state: 'failed', why: 'no', by: '\u0007' })).toBe('pin failed: no, by \\u0007');
    expect(listLine(hostile, [hostile])).toContain('any("\\u001b[31m")');
    expect(listLine(aRunThat({ state: 'completed' }, { step: 100, createdAt }), [])).toBe(
      'tgrpo-1          2026-11-28 16:05  completed  step 100/100',
    );
    const queued = aRunThat({ state: 'queued', since: 1, before: { state: 'created' } }, { step: 0, createdAt });
    const other = aRunThat({ state: 'running', doing: null }, { id: 'sft-1' });
    expect(listLine(queued, [queued, other])).toBe(
      'tgrpo-1          2026-11-28 16:05  queued     step 0/100  1 of 1, while sft-1 is running',
    );
  });
});

describe('what needs a person', () => {
  const told: Advisory = {
    ...{ key: 'source-fails:source a', rule: 'source-fails', since: 40, numbers: {} },
    message: 'To 20 questions of the source “a\u202e” 3 % are right.',
    ways: [
      { kind: 'look', query: `source:"a" correct:false`, why: 'to see what is answered instead' },
      { kind: 'set', parameter: 'temperature', value: 1.2, why: 'so that answers differ' },
      { kind: 'person', why: 'Mend its rows.' },
    ],
  };
  const run = aRunThat({ state: 'running', doing: null }, { advisories: [told] });

  test('stands below its run in the list, each way on as a line that can be typed', () => {
    const lines = adviceLines(run, 'sample');
    expect(lines.map((line) => line.replace(callHere(), 'CALL'))).toEqual([
      '  One kind of question fails (source-fails:source a, since step 40). To 20 questions of the source “a\\u202e” 3 % are right.',
      `    to see what is answered instead: CALL open tgrpo-1 --query 'source:"a" correct:false' --folder sample`,
      '    so that answers differ: CALL ctl set temperature 1.2 --run tgrpo-1 --folder sample',
      '    Mend its rows.',
    ]);
    expect(adviceLines({ ...run, muted: ['source-fails:source a'] }, 'sample')).toEqual([]);
    expect(adviceLines({ ...run, muted: ['source-fails'] }, 'sample')).toEqual([]);
  });

  test('of a run that is complete has no way on that sets, pauses or stops anything', () => {
    const ways: Advisory['ways'] = [
      ...told.ways,
      ...(['pause', 'stop', 'evaluate'] as const).map((command) => ({ kind: 'command', command, why: 'now' }) as const),
      { kind: 'fork', from: 2, set: { temperature: 1.2 }, why: 'from before' },
    ];
    const kindsOf = (standing: Parameters<typeof aRunThat>[0]) =>
      waysNow({ ...told, ways }, aRunThat(standing)).map((way) => (way.kind === 'command' ? way.command : way.kind));
    expect(kindsOf({ state: 'completed' })).toEqual(['look', 'person', 'evaluate', 'fork']);
    expect(kindsOf({ state: 'stopped' })).toHaveLength(ways.length);
    const lines = adviceLines(aRunThat({ state: 'completed' }, { advisories: [told] }), 'sample');
    expect(lines.join('\n')).toContain('Mend its rows.');
    expect(lines.join('\n')).not.toContain('ctl set');
  });
});

test.each([
  [{ kind: 'pause', release: false }, { point: null }, 'pause waits for the next safe point'],
  [{ kind: 'save' }, { point: 'after-update', step: 4 }, 'save waits for after-update of step 4'],
  [{ kind: 'pause', release: true }, null, /^pause waits for the end of the step .* saved$/],
  [{ kind: 'start' }, null, 'start waits until the model is loaded'],
  [{ kind: 'resume' }, null, 'resume waits until the model is loaded'],
  [{ kind: 'evaluate' }, null, 'evaluate waits until the questions are answered'],
  [{ kind: 'read-labels' }, null, 'read-labels is under way'],
] as const)('what %j waits for: %j', (request, scheduled, words) => {
  const taken = { id: 'a', number: 1, request, by: 'ada', requestedAt: 1 };
  const line = waitLine(
    scheduled === null
      ? { ...taken, state: 'requested' }
      : { ...taken, state: 'scheduled', change: null, ...scheduled },
  );
  expect(line).toEqual(typeof words === 'string' ? words : expect.stringMatching(words));
});

describe('a command that is sent', () => {
  let trainer: FakeTrainer;
  let printed: string;
  beforeEach(async () => {
    trainer = new FakeTrainer();
    await trainer.listen();
    printed = '';
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += text;
      return true;
    });
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await trainer.dispose();
  });
  const ctl = (...words: string[]) => ctlCommand.run([...words, '--folder', trainer.project]);

  const typed = everyRequest.map((request) => {
    switch (request.kind) {
      case 'pause':
        return [request.kind, ...(request.release ? ['--release'] : [])];
      case 'stop':
        return [request.kind, ...(request.when === 'now' ? ['--now'] : [])];
      case 'step':
        return [request.kind, String(request.count)];
      case 'run-to':
        return [request.kind, request.point, ...(request.step === undefined ? [] : [String(request.step)])];
      case 'mask':
        return [request.kind, ...request.rollouts, '--why', request.why];
      case 'rescore':
        return [request.kind, request.rollout, `accuracy=${request.scores?.accuracy}`, '--why', request.why];
      case 'skip':
        return [request.kind, String(request.row), '--why', request.why, ...(request.skipped ? [] : ['--off'])];
      case 'mix':
        return [request.kind, ...Object.entries(request.weights ?? {}).map(([name, weight]) => `${name}=${weight}`)];
      case 'break': {
        const { change } = request;
        return [request.kind, change.do, change.do === 'add' ? change.condition : String(change.number)];
      }
      case 'set':
        return [request.kind, request.parameter, String(request.value)];
      case 'pin':
        return [request.kind, String(request.step), '--note', request.note];
      case 'unpin':
      case 'remove-checkpoint':
        return [request.kind, String(request.step)];
      default:
        return [request.kind];
    }
  });

  test.each(everyRequest.map((request, i) => [requestName(request), i] as const))(
    '%s: in every state it is sent when the rules take it, and else the sentence that refuses it is said',
    async (_, i) => {
      const request = everyRequest[i] as (typeof everyRequest)[number];
      trainer.handlers['runs/command'] = async ({ id, command }) => ({
        command: recordOf(id, command, { state: 'applied' }),
      });
      // A command line is a process of its own; the walk takes each state with steps left and questions to be evaluated on.
      for (const run of everyRun.filter(({ step, evaluationDataset }) => step === 3 && evaluationDataset !== null)) {
        trainer.runs = [run];
        trainer.commands.length = 0;
        printed = '';
        const code = await ctl(...(typed[i] as string[]));
        const why = refusal(request, run, [run]);
        if (why === null) {
          expect(trainer.commands.map(({ command }) => command)).toEqual([request]);
          expect({ code, printed }).toEqual({
            code: 0,
            printed: `tgrpo-1: ${request.kind} applied at after-update, step 4\n`,
          });
        } else {
          expect(trainer.commands).toEqual([]);
          expect({ code, printed }).toEqual({ code: 1, printed: `tgrpo-1: ${request.kind} rejected: ${why}\n` });
        }
      }
    },
  );

  test('that is not over at once says what it waits for', async () => {
    trainer.runs = [aRunThat({ state: 'running', doing: null })];
    let said = '';
    const told = Promise.withResolvers<void>();
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      said += text;
      told.resolve();
      return true;
    });
    let id = '';
    const request = { kind: 'pause', release: true } as const;
    trainer.handlers['runs/command'] = async ({ id: asked, command }) => {
      id = asked;
      return { command: recordOf(asked, command, { state: 'scheduled' }) };
    };
    const ended = ctl('pause', '--release');
    await told.promise;
    expect(said).toBe('tgrpo-1: pause waits for the end of the step that is under way, and until the run is saved\n');
    trainer.emit('tgrpo-1', 6, { type: 'command', command: recordOf(id, request, { state: 'applied' }) });
    expect(await ended).toBe(0);
    expect(said.match(/waits/g)).toHaveLength(1);
    expect(printed).toBe('tgrpo-1: pause applied at after-update, step 4\n');
  });

  test('to set a breakpoint are not sent with a fault in the condition, and say where it is', async () => {
    trainer.runs = [aRunThat({ state: 'running', doing: null })];
    expect(await ctl('break', 'add', 'mean(acuracy, 20) < 0.3')).toBe(1);
    expect(trainer.commands).toEqual([]);
    expect(printed).toBe(
      'tgrpo-1: break rejected: acuracy is not a number of a step; the nearest is accuracy, at character 6\n',
    );
  });

  test('list the breakpoints with what they were hit by so far', async () => {
    const one = { number: 1, condition: 'any(aha >= 4)', at: 'before-update', logOnly: false, enabled: true } as const;
    const list = [
      { ...one, hits: 2, lastHit: { point: 'before-update', step: 4 } as const },
      {
        ...one,
        number: 3,
        condition: 'kl > 1',
        at: 'after-update' as const,
        logOnly: true,
        hits: 1,
        lastHit: { point: 'after-update', step: 2 } as const,
      },
      { ...one, number: 4, enabled: false, hits: 0, lastHit: null },
    ];
    trainer.runs = [aRunThat({ state: 'running', doing: null }, { breakpoints: { given: 4, list } })];
    expect(await ctl('break')).toBe(0);
    expect(printed.split('\n').map((line) => line.replace(/ {2,}/g, '  '))).toEqual([
      '1  any(aha >= 4), before-update  hit 2 times, last at 4',
      '3  kl > 1, after-update, log only  logged at 2',
      '4  any(aha >= 4), before-update, disabled  disabled',
      '',
    ]);
    printed = '';
    expect(await ctl('break', 'list', '--json')).toBe(0);
    expect(JSON.parse(printed)).toEqual({ breakpoints: list });
  });

  test('deletes a checkpoint for a person who agreed, after it said what that means', async () => {
    trainer.runs = [aRunThat({ state: 'stopped' })];
    trainer.handlers['runs/command'] = async ({ id, command }) => ({
      command: recordOf(id, command, { state: 'applied' }),
    });
    trainer.handlers['checkpoints/removal'] = async () => ({
      ...{ folder: 'x', sizeBytes: 1e6, asks: ['It is the newest, from which a resume goes on.'] },
    });
    let said = '';
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      said += text;
      return true;
    });
    expect(await ctl('remove-checkpoint', '3', '--yes')).toBe(0);
    expect(said).toBe('tgrpo-1: It is the newest, from which a resume goes on.\n');
    expect(trainer.commands.map(({ command }) => command)).toEqual([
      { kind: 'remove-checkpoint', step: 3, confirmed: true },
    ]);
  });

  test('lists checkpoints with why each is kept and what the disk has left', async () => {
    const run = aRunThat({ state: 'stopped' }, { step: 20 });
    trainer.runs = [{ ...run, parameters: { ...run.parameters, checkpointsKept: 1 } }];
    const at = new Date(2026, 10, 28, 16, 5).getTime();
    const saved = (step: number, more: object) => ({
      ...{ id: `step-${step}`, step, at, folder: '', sizeBytes: 2.5e6, reason: 'schedule' as const, ...more },
    });
    trainer.handlers['checkpoints/list'] = async () => ({
      checkpoints: [saved(10, { pin: { note: 'good\u001b[31m', by: 'ada', at } }), saved(20, {})],
    });
    trainer.handlers['evaluations/list'] = async () => ({ evaluations: [] });
    trainer.handlers['checkpoints/state'] = async () => ({
      ...{ freeBytes: 3e9, asideBytes: 1e6 },
      checkpoints: [
        { step: 10, fault: 'model.safetensors is missing', usedBy: ['tried-1'] },
        { step: 20, fault: null, usedBy: [] },
      ],
    });
    expect(await ctl('checkpoints')).toBe(0);
    expect(printed.split('\n')).toEqual([
      'step 20       2026-11-28 16:05      2.5 MB  last',
      "step 10       2026-11-28 16:05      2.5 MB  pinned: good\\u001b[31m; tried-1 made from it; can't be used: model.safetensors is missing",
      '2 checkpoints, 5.0 MB, 1.0 MB put aside; 3.0 GB free; keeps the last 1, pinned ones and those saved by hand',
      '',
    ]);
  });

  test('again under an id is sent whatever the run does now, so that the trainer says what became of it', async () => {
    trainer.runs = [aRunThat({ state: 'pausing', release: false })];
    trainer.handlers['runs/command'] = async ({ id, command }) => ({
      command: recordOf(id, command, { state: 'applied' }),
    });
    expect(await ctl('pause', '--id', 'tuesday-1')).toBe(0);
    expect(trainer.commands).toMatchObject([{ id: 'tuesday-1', command: { kind: 'pause' } }]);
    await expect(ctl('pause', '--id', 'a b')).rejects.toThrow('--id a b');
    await expect(ctl('list', '--id', 'tuesday-1')).rejects.toThrow('list takes no');
  });

  test('with a run file makes a run, at once or when its turn comes, and does not wait for it', async () => {
    const asked: unknown[] = [];
    trainer.handlers['runs/create'] = async (request) => {
      asked.push(request);
      return { run: aRunThat({ state: 'queued', since: 1, before: { state: 'created' } }, { id: 'sft-2' }) };
    };
    expect(await ctl('queue', 'sft.run.json')).toBe(0);
    expect(await ctl('start', 'sft.run.json')).toBe(0);
    expect(asked).toEqual([
      { runFile: 'sft.run.json', start: 'queue' },
      { runFile: 'sft.run.json', start: true },
    ]);
    expect(printed).toBe('sft-2: queued\nsft-2: queued\n');
    await expect(ctl('start', 'sft.run.json', '--run', 'sft-1')).rejects.toThrow('no --run');
  });

  test('to fork beside a run that computes says that the new one waits, and how it takes its turn', async () => {
    const fork = aRunThat({ state: 'created' }, { id: 'slower-1' });
    trainer.handlers['runs/fork'] = async () => ({ run: fork });
    expect(await ctl('fork', 'sft-1', '--from', '200', '--name', 'slower')).toBe(0);
    expect(printed).toMatch(
      /^slower-1: goes on from sft-1, step 200; another run computes, so it waits\. .* ctl queue --run slower-1 /,
    );
    printed = '';
    trainer.handlers['runs/fork'] = async () => ({
      run: aRunThat({ state: 'starting', doing: 'loading the model' }, { id: 'slower-1' }),
    });
    await ctl('fork', 'sft-1', '--from', '200', '--name', 'slower');
    expect(printed).toBe('slower-1: goes on from sft-1, step 200\n');
  });

  test('to delete wants a name, and deletes that run', async () => {
    trainer.runs = [aRunThat({ state: 'stopped' })];
    const deleted: string[] = [];
    trainer.handlers['runs/delete'] = async ({ runId }) => {
      deleted.push(runId);
      return {};
    };
    await expect(ctl('delete')).rejects.toThrow('--run');
    await expect(ctl('delete', '--run', 'sft-9')).rejects.toMatchObject({ kind: 'not-found' });
    expect(await ctl('delete', '--run', 'tgrpo-1')).toBe(0);
    expect({ deleted, printed }).toEqual({ deleted: ['tgrpo-1'], printed: 'tgrpo-1: deleted\n' });
  });

  test('to a trainer that dies before the end says under which id to ask again', async () => {
    trainer.runs = [aRunThat({ state: 'running', doing: null })];
    trainer.handlers['runs/command'] = async () => {
      trainer.cut();
      return new Promise(() => {});
    };
    await expect(ctl('save', '--id', 'tuesday-2')).rejects.toMatchObject({
      kind: 'connection-lost',
      remedy: expect.stringContaining('tuesday-2'),
    });
  });

  test('in a folder whose trainer died without a word says that none is there', async () => {
    trainer.announce({ pid: 2 ** 22 - 3, port: 1 });
    await expect(ctl('list')).rejects.toMatchObject({ kind: 'not-found', remedy: expect.stringContaining('serve') });
  });
});
