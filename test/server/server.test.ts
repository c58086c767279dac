import { once } from 'node:events';
import { createConnection } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import * as rpc from 'vscode-jsonrpc/node';
import { WebSocket } from 'ws';
import { connectSocket } from '../../trainer/client/socket.ts';
import { Client } from '../../trainer/protocol/connection.ts';
import { socketAddress } from '../../trainer/protocol/discovery.ts';
import { StudioError } from '../../trainer/protocol/errors.ts';
import { unsigned } from '../../trainer/protocol/messages.ts';
import type { RunEvent } from '../../trainer/protocol/records.ts';
import { protocolVersion } from '../../trainer/protocol/version.ts';
import { maxMessageBytes } from '../../trainer/server/websocket.ts';
import type { Attention } from '../../trainer/store/rollout-reader.ts';
import { aGroup, aRun, someMetrics } from '../store/records.ts';
import { waitsForEver } from './service.ts';
import { Collected, connect, type Serving, serve } from './serving.ts';

/** A bare socket, for what no client of ours would send. */
async function rawSocket({
  server,
}: Serving): Promise<{ socket: WebSocket; answers: Collected<Record<string, unknown>> }> {
  const socket = new WebSocket(socketAddress(server.discovery));
  const answers = new Collected<Record<string, unknown>>();
  socket.on('message', (data) => answers.add(JSON.parse(String(data)) as Record<string, unknown>));
  onTestFinished(() => socket.terminate());
  await once(socket, 'open');
  return { socket, answers };
}

async function closing(socket: WebSocket): Promise<{ code: number; reason: string }> {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
  return { code, reason: String(reason) };
}

function collect(client: Client): Collected<RunEvent> {
  const events = new Collected<RunEvent>();
  client.on('run/event', (event) => events.add(event));
  return events;
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('the first word', () => {
  test('a client that speaks our version is told of the trainer', async () => {
    const serving = await serve();
    const client = new Client(rpc, await connectSocket(serving.server.discovery));
    onTestFinished(() => client.close());
    const answer = await client.request('initialize', {
      protocol: { major: protocolVersion.major, minor: 99 },
      client: 'test',
      author: 'ada',
    });
    expect(answer).toEqual({ protocol: protocolVersion, trainer: serving.service.info });
    await expect(
      client.request('initialize', { protocol: protocolVersion, client: 'test', author: 'ada' }),
    ).rejects.toMatchObject({ kind: 'bad-request' });
  });

  test('a client of another major version is refused with both versions and what to do, and nothing else is answered', async () => {
    const serving = await serve();
    const client = new Client(rpc, await connectSocket(serving.server.discovery));
    onTestFinished(() => client.close());
    const other = { major: protocolVersion.major + 1, minor: 3 };
    await expect(
      client.request('initialize', { protocol: other, client: 'Studio 2', author: 'ada' }),
    ).rejects.toMatchObject({
      kind: 'protocol-version',
      message: expect.stringMatching(
        new RegExp(`${other.major}\\.3.*${protocolVersion.major}\\.${protocolVersion.minor}`),
      ),
      remedy: expect.stringMatching(/start it from the newer/),
    });
    await expect(client.request('runs/list', {})).rejects.toMatchObject({
      kind: 'bad-request',
      message: expect.stringContaining('initialize'),
    });
  });

  test('until then a client is told of nothing', async () => {
    const serving = await serve();
    const { socket, answers } = await rawSocket(serving);
    serving.service.change(null);
    socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'runs/list' }));
    await answers.until((all) => all.length === 1);
    expect(answers.items[0]).toMatchObject({ id: 1, error: { data: { kind: 'bad-request' } } });
  });
});

describe('requests', () => {
  test('a queue and suggestions are asked for in the name of who said hello, and a draw can be given up', async () => {
    const serving = await serve();
    const client = await connect(serving);
    const draw = { runId: 'a', order: 'random', query: 'correct:true', seed: 5, limit: 3 } as const;
    expect(await client.request('queue/draw', draw)).toEqual({ items: [], matching: 7 });
    const answer = { rolloutId: 's1-g0-o0', detector: 'repetition', span: null, accepted: true };
    expect(await client.request('suggestions/list', { runId: 'a', rolloutId: 's1-g0-o0' })).toEqual({
      suggestions: [],
    });
    expect(await client.request('suggestions/answer', { runId: 'a', ...answer })).toEqual({ ids: ['answered'] });
    expect(serving.service.askedOfReview).toMatchObject([
      { runId: 'a', asked: { order: 'random', seed: 5, limit: 3, expression: { field: 'correct' } }, author: 'ada' },
      ['a', 's1-g0-o0', 'ada'],
      ['a', answer, 'ada'],
    ]);
    await expect(client.request('queue/draw', { ...draw, query: 'correct:perhaps' })).rejects.toMatchObject({
      kind: 'bad-request',
      place: expect.stringMatching(/^\d+\.\.\d+$/),
    });
    await expect(client.request('queue/draw', { ...draw, limit: 501 })).rejects.toMatchObject({ kind: 'bad-request' });
    const endless = client.request('queue/draw', { ...draw, seed: waitsForEver });
    await client.request('rollouts/cancel', { runId: 'a' });
    await expect(endless).rejects.toMatchObject({ kind: 'cancelled' });
  });

  test('an error arrives with its kind, place and remedy, and the author of a request is who said hello', async () => {
    const serving = await serve();
    const client = await connect(serving);
    await expect(client.request('runs/create', { runFile: 'sft.run.json' })).rejects.toMatchObject({
      kind: 'bad-run-file',
      message: 'unknown key learningrate',
      place: 'sft.run.json:4',
      remedy: 'Did you mean learningRate?',
    });
    expect(serving.service.created).toEqual([{ request: { runFile: 'sft.run.json', start: true }, by: 'ada' }]);
    serving.service.addRun('a');
    const { command } = await client.request('runs/command', { runId: 'a', id: 'c1', command: { kind: 'stop' } });
    expect(command).toMatchObject({ id: 'c1', by: 'ada', request: { kind: 'stop', when: 'after-step' } });
  });

  test('the store is read through: lists, groups, tokens, annotations', async () => {
    const serving = await serve();
    const store = serving.service.addRun('a');
    store.appendAll([
      { type: 'group', group: aGroup(1) },
      { type: 'step', metrics: someMetrics(1) },
    ]);
    const client = await connect(serving);
    expect(
      (await client.request('rollouts/list', { runId: 'a', query: 'correct:false' })).rows.map((row) => row.id),
    ).toEqual(['s1-g0-o1']);
    expect(await client.request('groups/get', { runId: 'a', groupId: 's1-g0' })).toEqual({ group: aGroup(1) });
    expect(await client.request('groups/prompt', { runId: 'a', groupId: 's1-g0' })).toMatchObject({
      text: aGroup(1).prompt,
      ids: null,
    });
    await expect(client.request('groups/prompt', { runId: 'a', groupId: 'nobody' })).rejects.toMatchObject({
      kind: 'not-found',
    });
    expect(await client.request('metrics/get', { runId: 'a' })).toEqual({ steps: [someMetrics(1)] });
    await expect(client.request('rollouts/tokens', { runId: 'a', rolloutId: 's1-g0-o0' })).rejects.toMatchObject({
      kind: 'not-found',
    });
    expect((await client.request('runs/list', {})).unreadable).toEqual(serving.service.unreadable());
    const drop = { runId: 'a', annotation: { rolloutId: 's1-g0-o0', flag: null, verdict: 'drop' } } as const;
    expect(await client.request('annotations/add', drop)).toEqual({ ids: ['said'] });
    const saidBy = async () =>
      (await client.request('annotations/list', { runId: 'a' })).annotations.map(({ author }) => author);
    expect(await saidBy()).toEqual(['ada']);
    expect((await client.request('annotations/export', { runId: 'a' })).count).toBe(1);
    expect(await client.request('annotations/retract', { runId: 'a', id: 'said' })).toEqual({ id: 'back' });
    expect(await client.request('author/set', { author: ' Ann ' })).toEqual({ author: 'Ann' });
    await client.request('annotations/add', drop);
    expect(await saidBy()).toEqual(['Ann']);
    await client.request('annotations/retract', { runId: 'a', id: 'said' });
    expect(await client.request('annotations/list', { runId: 'a' })).toEqual({ annotations: [] });
    await client.request('author/set', { author: unsigned });
    await expect(client.request('annotations/add', drop)).rejects.toThrow('Nobody signs');
    await expect(client.request('metrics/get', { runId: 'b' })).rejects.toMatchObject({ kind: 'not-found' });
  });

  test('a query with a fault is refused with its place in the line and what to put there', async () => {
    const serving = await serve();
    serving.service.addRun('a');
    const client = await connect(serving);
    for (const method of ['rollouts/list', 'rollouts/count'] as const) {
      await expect(client.request(method, { runId: 'a', query: 'flagged corect:true' })).rejects.toMatchObject({
        kind: 'bad-request',
        message: expect.stringContaining('corect'),
        place: '8..14',
        remedy: 'correct',
      });
    }
  });

  test('rollouts are counted by chip in one request', async () => {
    const serving = await serve();
    serving.service.addRun('a').append({ type: 'group', group: aGroup(1) });
    const client = await connect(serving);
    expect(await client.request('rollouts/count', { runId: 'a', query: 'right or correct:false' })).toEqual({
      matching: 3,
      total: 3,
      filled: 1,
      outdated: 0,
      weighed: null,
      facets: {},
    });
    const { facets } = await client.request('rollouts/count', { runId: 'a', query: 'half:ordered', facets: true });
    expect(facets).toMatchObject({
      'half:ordered': 2,
      'half:shuffled': 1,
      'correct:true': 1,
      'type:ocr': 0,
      flagged: 0,
    });
  });

  test('lists and counts tell how far they are, and end when the client cancels them', async () => {
    const serving = await serve();
    serving.service.addRun('a');
    const asked = new Collected<string>();
    const until = (what: string, { signal, onProgress }: Attention) => {
      asked.add(what);
      onProgress?.(3, 10);
      return new Promise<never>((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new StudioError('cancelled', 'The request was cancelled.')));
      });
    };
    serving.service.listRollouts = (_, __, attention) => until('list', attention);
    serving.service.countRollouts = (_, __, attention) => until('count', attention);
    const client = await connect(serving);
    const progress = new Collected<unknown>();
    client.on('rollouts/progress', (params) => progress.add(params));
    const requests = [
      client.request('rollouts/list', { runId: 'a', sort: { by: 'reward', descending: true } }),
      client.request('rollouts/count', { runId: 'a' }),
    ];
    const ended = Promise.allSettled(requests);
    await asked.until((all) => all.length === 2);
    await progress.until((all) => all.length === 2);
    expect(progress.items[0]).toEqual({ runId: 'a', done: 3, total: 10 });
    await client.request('rollouts/cancel', { runId: 'a' });
    for (const outcome of await ended) expect(outcome).toMatchObject({ reason: { kind: 'cancelled' } });
  });

  test('a newer count, unsubscribing and closing end the one before, of that run and client alone', async () => {
    const serving = await serve();
    for (const id of ['a', 'b']) serving.service.addRun(id);
    const signals: AbortSignal[] = [];
    const begun = new Collected<number>();
    serving.service.countRollouts = (_, __, { signal = new AbortController().signal }) => {
      begun.add(signals.push(signal));
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new StudioError('cancelled', 'The request was cancelled.')));
      });
    };
    const [client, other] = [await connect(serving), await connect(serving)];
    const cancelled = (counting: Promise<unknown>) => expect(counting).rejects.toMatchObject({ kind: 'cancelled' });
    const begin = async (asking: Client, runId: string): Promise<Promise<unknown>[]> => {
      const counting = asking.request('rollouts/count', { runId });
      counting.catch(() => {});
      const { length } = begun.items;
      await begun.until((all) => all.length > length);
      return [counting];
    };
    const [first] = await begin(client, 'a');
    await begin(other, 'a');
    await begin(client, 'b');
    const [newer] = await begin(client, 'a');
    await cancelled(first as Promise<unknown>);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false, false, false]);
    await client.request('runs/unsubscribe', { runId: 'a' });
    await cancelled(newer as Promise<unknown>);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false, false, true]);
    client.close();
    await expect.poll(() => signals.map(({ aborted }) => aborted)).toEqual([true, false, true, true]);
  });

  test('frames come as bytes, several at a time without mixing them up', async () => {
    const serving = await serve();
    serving.service.addRun('a');
    const client = await connect(serving);
    const answers = await Promise.all(['k1', 'k2', 'k3'].map((key) => client.frames('a', key)));
    expect(answers.map(({ header }) => [header.key, header.width, header.height, header.count])).toEqual([
      ['k1', 2, 3, 2],
      ['k2', 2, 3, 2],
      ['k3', 2, 3, 2],
    ]);
    expect([...(answers[1]?.pixels ?? [])]).toEqual(numbers(0, 35));
  });

  test('a fault of ours is answered, written to the log, and ends nothing', async () => {
    const serving = await serve();
    serving.service.addRun('a');
    const client = await connect(serving);
    await expect(client.frames('a', 'broken')).rejects.toMatchObject({ kind: 'internal', message: 'a fault of ours' });
    expect(serving.lines.join('\n')).toMatch(/"test".*a fault of ours.*TypeError/s);
    expect((await client.request('runs/list', {})).runs).toHaveLength(1);
  });

  test('shutdown is answered once everything is saved', async () => {
    const serving = await serve();
    const client = await connect(serving);
    expect(await client.request('trainer/shutdown', {})).toEqual({});
    expect(serving.service.shutdowns).toBe(1);
    await serving.server.close();
    expect(serving.service.shutdowns).toBe(1);
    expect(await client.closed).toBe('the trainer ends');
  });
});

describe('rubbish', () => {
  test.each([
    ['not JSON', '{"jsonrpc": ', -32700, null],
    ['a JSON number', '7', -32600, null],
    ['a batch', '[{"jsonrpc":"2.0","id":1,"method":"runs/list"}]', -32600, null],
    ['another version of JSON-RPC', '{"id":1,"method":"runs/list"}', -32600, 1],
    ['a method that is no text', '{"jsonrpc":"2.0","id":"x","method":7}', -32600, 'x'],
    ['an id that is an object', '{"jsonrpc":"2.0","id":{},"method":"runs/list"}', -32600, null],
    ['parameters by position', '{"jsonrpc":"2.0","id":1,"method":"runs/list","params":["a"]}', -32602, 1],
    [
      'parameters of a wrong shape',
      '{"jsonrpc":"2.0","id":1,"method":"runs/subscribe","params":{"runId":7}}',
      -32602,
      1,
    ],
    ['a method of the prototype', '{"jsonrpc":"2.0","id":1,"method":"constructor"}', -32601, 1],
    ['an unknown method', '{"jsonrpc":"2.0","id":1,"method":"runs/explode"}', -32601, 1],
    ['an answer to nothing', '{"jsonrpc":"2.0","id":null,"result":1}', -32600, null],
    [
      'nesting without end',
      `{"jsonrpc":"2.0","id":1,"method":"runs/list","params":${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}}`,
      null,
      1,
    ],
  ])('%s is answered with an error or read, and the next request is served', async (_, text, code, id) => {
    const serving = await serve();
    const { socket, answers } = await rawSocket(serving);
    socket.send(text);
    await answers.until((all) => all.length === 1);
    expect(answers.items[0]).toMatchObject(
      code === null ? { jsonrpc: '2.0' } : { jsonrpc: '2.0', id, error: { code, data: { kind: 'bad-request' } } },
    );
    const hello = { protocol: protocolVersion, client: 'raw', author: 'ada' };
    socket.send(JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'initialize', params: hello }));
    await answers.until((all) => all.length === 2);
    expect(answers.items[1]).toMatchObject({ id: 2, result: { protocol: protocolVersion } });
  });

  test.each([
    ['an unknown notification', '{"jsonrpc":"2.0","method":"runs/explode","params":{}}'],
    ['a cancellation of nothing', '{"jsonrpc":"2.0","method":"$/cancelRequest"}'],
    ['a cancellation of rubbish', '{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":{}}}'],
    ['a trace setting of rubbish', '{"jsonrpc":"2.0","method":"$/setTrace","params":null}'],
    ['an answer to a request that was never made', '{"jsonrpc":"2.0","id":99,"result":1}'],
    ['an error answer without an error', '{"jsonrpc":"2.0","id":null,"error":null}'],
  ])('%s is not answered and the next request is served', async (_, text) => {
    const serving = await serve();
    const { socket, answers } = await rawSocket(serving);
    socket.send(text);
    socket.send(JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'runs/list' }));
    await answers.until((all) => all.length === 1);
    expect(answers.items[0]).toMatchObject({ id: 2, error: { message: expect.stringContaining('initialize') } });
  });

  test('bytes are not taken, and a client that goes on with rubbish is closed with the reason', async () => {
    const serving = await serve();
    const { socket } = await rawSocket(serving);
    const closed = closing(socket);
    for (const _ of numbers(1, 20)) socket.send(new Uint8Array([1, 2, 3]));
    expect(await closed).toEqual({ code: 1008, reason: expect.stringMatching(/20 messages.*bytes/) });
    expect(serving.lines[0]).toMatch(/a new client: A client sent bytes/);
    await connect(serving);
  });

  test('a message beyond the limit closes the connection and nothing else', async () => {
    const serving = await serve();
    const { socket } = await rawSocket(serving);
    const closed = closing(socket);
    socket.send('x'.repeat(maxMessageBytes + 1));
    expect((await closed).code).toBe(1009);
    await connect(serving);
  });

  test('a frame that breaks the protocol, and text that is not UTF-8, close the connection and nothing else', async () => {
    const serving = await serve();
    const { socket } = await rawSocket(serving);
    const closed = closing(socket);
    socket.send(Buffer.from([0xff, 0xfe]), { binary: false });
    expect((await closed).code).toBe(1007);
    const other = await rawSocket(serving);
    const ended = closing(other.socket);
    (other.socket as unknown as { _socket: { write(bytes: Buffer): void } })._socket.write(
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    );
    await ended;
    await connect(serving);
  });

  test('a raw connection that does not speak HTTP is answered and ended', async () => {
    const serving = await serve();
    const raw = createConnection(serving.server.discovery.port, '127.0.0.1');
    raw.write('\x16\x03\x01 hello\r\n\r\n');
    let text = '';
    for await (const chunk of raw) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    await connect(serving);
  });
});

describe('subscriptions', () => {
  test('events of the past come first, then those that happen, in order, none twice', async () => {
    const serving = await serve();
    const store = serving.service.addRun('a');
    for (const step of numbers(1, 50)) store.append({ type: 'step', metrics: someMetrics(step) });
    const client = await connect(serving);
    const events = collect(client);
    const { run } = await client.request('runs/subscribe', { runId: 'a', since: 10 });
    expect(run.id).toBe('a');
    // Some of these fall into the time in which the past is being sent.
    for (const step of numbers(51, 80)) {
      serving.service.record('a', { type: 'step', metrics: someMetrics(step) });
      if (step % 5 === 0) await new Promise(setImmediate);
    }
    await events.until((all) => all.at(-1)?.seq === 80);
    expect(events.items.map((event) => event.seq)).toEqual(numbers(11, 80));
    expect(events.items).toEqual(store.events(10, 100));
  });

  test('a client that comes back with what it has misses nothing', async () => {
    const serving = await serve();
    serving.service.addRun('a');
    const first = await connect(serving);
    const seen = collect(first);
    await first.request('runs/subscribe', { runId: 'a' });
    for (const step of numbers(1, 5)) serving.service.record('a', { type: 'step', metrics: someMetrics(step) });
    await seen.until((all) => all.length === 5);
    first.close();
    for (const step of numbers(6, 9)) serving.service.record('a', { type: 'step', metrics: someMetrics(step) });
    const second = await connect(serving);
    const rest = collect(second);
    await second.request('runs/subscribe', { runId: 'a', since: 5 });
    serving.service.record('a', { type: 'warning', message: 'now' });
    await rest.until((all) => all.at(-1)?.seq === 10);
    expect(rest.items.map((event) => event.seq)).toEqual(numbers(6, 10));
  });

  test('only what was subscribed to is sent, and no more of it after unsubscribing', async () => {
    const serving = await serve();
    serving.service.addRun('a');
    serving.service.addRun('b');
    const client = await connect(serving);
    const events = collect(client);
    await client.request('runs/subscribe', { runId: 'a' });
    serving.service.record('b', { type: 'warning', message: 'b' });
    serving.service.record('a', { type: 'warning', message: 'a' });
    await events.until((all) => all.length === 1);
    await client.request('runs/unsubscribe', { runId: 'a' });
    serving.service.record('a', { type: 'warning', message: 'a' });
    await client.request('runs/list', {});
    expect(events.items.map((event) => event.body)).toEqual([{ type: 'warning', message: 'a' }]);
  });

  test('an advisory is muted by who asks, and told to all who follow', async () => {
    const serving = await serve();
    serving.service.addRun('a');
    const client = await connect(serving);
    const events = collect(client);
    await client.request('runs/subscribe', { runId: 'a' });
    const { author } = await client.request('author/set', { author: 'Ann' });
    await client.request('advisories/mute', { runId: 'a', key: 'stalled' });
    await client.request('advisories/mute', { runId: 'a', key: 'stalled', muted: false });
    await events.until((all) => all.length === 2);
    expect(events.items.map(({ body }) => body)).toEqual(
      [true, false].map((muted) => ({ type: 'advisory-muted', key: 'stalled', muted, by: author })),
    );
  });

  test('a client that holds more events than there are is told to start afresh', async () => {
    const serving = await serve();
    serving.service.addRun('a');
    const client = await connect(serving);
    await expect(client.request('runs/subscribe', { runId: 'a', since: 7 })).rejects.toMatchObject({
      kind: 'conflict',
      remedy: expect.stringContaining('0'),
    });
    await expect(client.request('runs/subscribe', { runId: 'b' })).rejects.toMatchObject({ kind: 'not-found' });
  });

  test('a reader that stops reading is not queued up for: the server holds a bounded amount, and hands on the rest when it reads again', async () => {
    const serving = await serve();
    const store = serving.service.addRun('a');
    const slow = new WebSocket(socketAddress(serving.server.discovery));
    onTestFinished(() => slow.terminate());
    const seqs: number[] = [];
    const hints: unknown[] = [];
    const done = new Promise<void>((resolve) => {
      slow.on('message', (data) => {
        const message = JSON.parse(String(data)) as { method?: string; params?: { seq: number } };
        if (message.method === 'run/sampling') hints.push(message);
        if (message.method !== 'run/event') return;
        seqs.push(message.params?.seq ?? 0);
        if (message.params?.seq === 400) resolve();
      });
    });
    await once(slow, 'open');
    slow.send(
      JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: { protocol: protocolVersion, client: 'slow', author: 'ada' },
      }),
    );
    slow.send(JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'runs/subscribe', params: { runId: 'a' } }));
    await once(slow, 'message');
    slow.pause();

    // 40 MB of events: more than the system's socket buffers hold.
    const reads: number[] = [];
    const events = store.events.bind(store);
    store.events = (since, limit) => {
      reads.push(since);
      return events(since, limit);
    };
    for (const step of numbers(1, 400)) {
      serving.service.record('a', { type: 'group', group: aGroup(step, { prompt: 'x'.repeat(100_000) }) });
      serving.service.sample({ runId: 'a', step, done: 0, total: 1, text: '', problem: '' });
      if (step % 20 === 0) await new Promise(setImmediate);
    }
    // Another client is served all the while.
    const other = await connect(serving);
    expect((await other.request('runs/list', {})).runs).toHaveLength(1);
    const sentBefore = Math.max(...reads);
    expect(sentBefore).toBeLessThan(300);
    expect(hints.length).toBeLessThan(300);
    slow.resume();
    await done;
    expect(seqs).toEqual(numbers(1, 400));
  });

  test('hints go to those who watch the run', async () => {
    const serving = await serve();
    serving.service.addRun('a');
    const [watcher, other] = [await connect(serving), await connect(serving)];
    const hints = new Collected<unknown>();
    const stray = new Collected<unknown>();
    watcher.on('run/sampling', (hint) => hints.add(hint));
    other.on('run/sampling', (hint) => stray.add(hint));
    await watcher.request('runs/subscribe', { runId: 'a' });
    const hint = { runId: 'a', step: 1, done: 2, total: 8, text: '<think>It', problem: 'Which way?' };
    serving.service.sample(hint);
    await hints.until((all) => all.length === 1);
    await other.request('runs/list', {});
    expect(hints.items).toEqual([hint]);
    expect(stray.items).toEqual([]);
  });

  test('changes of runs go to everyone, and a run that is deleted ends its subscriptions without ending the connection', async () => {
    const serving = await serve();
    serving.service.addRun('a');
    const clients = [await connect(serving), await connect(serving)];
    const told = clients.map((client) => {
      const changes = new Collected<string | null>();
      client.on('runs/changed', ({ run }) => changes.add(run?.state ?? null));
      return changes;
    });
    await clients[0]?.request('runs/subscribe', { runId: 'a' });
    serving.service.change(aRun({ id: 'a', state: 'stopped' }));
    await clients[1]?.request('runs/delete', { runId: 'a' });
    for (const changes of told) await changes.until((all) => all.length === 2);
    expect(told.map((changes) => changes.items)).toEqual([
      ['stopped', null],
      ['stopped', null],
    ]);
    expect(await clients[0]?.request('runs/list', {})).toMatchObject({ runs: [] });
  });
});

describe('the end of a connection', () => {
  test('a request that waits when the connection ends is refused with the reason', async () => {
    const serving = await serve();
    serving.service.addRun('a');
    serving.service.frames = () => new Promise(() => {});
    const client = await connect(serving);
    const waiting = client.frames('a', 'k');
    const refused = expect(waiting).rejects.toMatchObject({
      kind: 'connection-lost',
      message: expect.stringContaining('the trainer ends'),
    });
    await client.request('runs/list', {});
    await serving.server.close();
    await refused;
    await expect(client.request('runs/list', {})).rejects.toMatchObject({ kind: 'connection-lost' });
  });

  test('a client that does not answer pings is cut off, one that does is not', async () => {
    const serving = await serve({ heartbeatMs: 200 });
    const dead = new WebSocket(socketAddress(serving.server.discovery), { autoPong: false });
    const cutOff = closing(dead);
    const alive = await rawSocket(serving);
    const pings = new Collected<number>();
    alive.socket.on('ping', () => pings.add(1));
    expect((await cutOff).code).toBe(1006);
    const before = pings.items.length;
    await pings.until((all) => all.length >= before + 2);
    expect(alive.socket.readyState).toBe(WebSocket.OPEN);
  });

  test('the server forgets who left', async () => {
    const serving = await serve();
    serving.service.addRun('a');
    const client = await connect(serving);
    await client.request('runs/subscribe', { runId: 'a' });
    client.close();
    await client.closed;
    const other = await connect(serving);
    const events = collect(other);
    await other.request('runs/subscribe', { runId: 'a' });
    serving.service.record('a', { type: 'warning', message: 'on' });
    await events.until((all) => all.length === 1);
    await serving.server.close();
    expect(serving.service.listening).toBe(0);
  });
});
