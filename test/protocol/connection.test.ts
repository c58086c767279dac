import { describe, expect, test, vi } from 'vitest';
import * as rpc from 'vscode-jsonrpc/node';
import { encodeFrames } from '../../trainer/protocol/binary.ts';
import { Client, type Handlers, Peer, type Transport } from '../../trainer/protocol/connection.ts';
import { errorKinds, StudioError } from '../../trainer/protocol/errors.ts';
import { requests } from '../../trainer/protocol/messages.ts';

/** Two ends of a line in memory; each message arrives in a turn of its own. */
class Line implements Transport {
  other: Line | null = null;
  readonly sent: (string | Uint8Array)[] = [];
  private readonly listeners: ((message: string | Uint8Array) => void)[] = [];
  private readonly closers: ((reason: string) => void)[] = [];
  private closed: string | null = null;

  static pair(): [Line, Line] {
    const [a, b] = [new Line(), new Line()];
    a.other = b;
    b.other = a;
    return [a, b];
  }

  send(message: string | Uint8Array): void {
    this.sent.push(message);
    setImmediate(() => this.other?.arrive(message));
  }

  arrive(message: string | Uint8Array): void {
    if (this.closed === null) for (const listener of this.listeners) listener(message);
  }

  onMessage(listener: (message: string | Uint8Array) => void): void {
    this.listeners.push(listener);
  }

  onClose(listener: (reason: string) => void): void {
    if (this.closed === null) this.closers.push(listener);
    else listener(this.closed);
  }

  close(): void {
    this.end('closed by this side');
    this.other?.end('closed by the other side');
  }

  end(reason: string): void {
    if (this.closed !== null) return;
    this.closed = reason;
    for (const closer of this.closers) closer(reason);
  }
}

/** Handlers that refuse everything but what a test gives. */
function handlers(given: Partial<Handlers>): Handlers {
  const refuse = async () => {
    throw new StudioError('not-found', 'not in this test');
  };
  return {
    ...Object.fromEntries(Object.keys(requests).map((method) => [method, refuse])),
    ...given,
  } as unknown as Handlers;
}

function connected(given: Partial<Handlers> = {}) {
  const [near, far] = Line.pair();
  const clientFaults: StudioError[] = [];
  const peerFaults: StudioError[] = [];
  const peer = new Peer(rpc, far, handlers(given), (fault) => peerFaults.push(fault));
  const client = new Client(rpc, near, (fault) => clientFaults.push(fault));
  return { client, peer, near, far, clientFaults, peerFaults };
}

const noRows = { rows: [], index: 0, exact: true, total: 0, first: null, last: null, more: false };
const turn = () => new Promise(setImmediate);

describe('requests', () => {
  test('defaults are filled in before the handler sees the parameters', async () => {
    const list = vi.fn<Handlers['rollouts/list']>(async () => noRows);
    const { client } = connected({ 'rollouts/list': list });
    expect(await client.request('rollouts/list', { runId: 'a' })).toEqual(noRows);
    expect(list).toHaveBeenCalledWith({ runId: 'a', query: '', limit: 200 });
  });

  test('errors of every kind arrive as they were thrown: kind, message, place, remedy', async () => {
    for (const kind of errorKinds) {
      const { client } = connected({
        'runs/list': async () => {
          throw new StudioError(kind, 'what', { place: 'where', remedy: 'do this' });
        },
      });
      const thrown = await client.request('runs/list', {}).catch((fault: unknown) => fault);
      expect(thrown).toBeInstanceOf(StudioError);
      expect(thrown).toMatchObject({ kind, message: 'what', place: 'where', remedy: 'do this' });
    }
  });

  test('an error without place and remedy arrives without them', async () => {
    const { client } = connected();
    const thrown = await client.request('runs/list', {}).catch((fault: unknown) => fault);
    expect(thrown).toMatchObject({ kind: 'not-found', place: undefined, remedy: undefined });
  });

  test('a fault that is no StudioError arrives as internal and is told to the peer', async () => {
    const { client, peerFaults } = connected({
      'runs/list': async () => {
        throw new TypeError('oops');
      },
    });
    await expect(client.request('runs/list', {})).rejects.toMatchObject({ kind: 'internal', message: 'oops' });
    expect(peerFaults.map((fault) => fault.cause)).toEqual([expect.any(TypeError)]);
  });

  test('an answer that does not fit the contract is refused by the client', async () => {
    const { client } = connected({ 'metrics/get': async () => ({ steps: [{ step: 'one' }] }) as never });
    await expect(client.request('metrics/get', { runId: 'a' })).rejects.toMatchObject({
      kind: 'bad-request',
      message: expect.stringMatching(/metrics\/get/),
    });
  });

  test('parameters that do not fit are refused with the place and never reach the handler', async () => {
    const get = vi.fn<Handlers['groups/get']>();
    const { client } = connected({ 'groups/get': get });
    await expect(client.request('groups/get', { runId: 1 } as never)).rejects.toMatchObject({
      kind: 'bad-request',
      place: 'groups/get',
    });
    expect(get).not.toHaveBeenCalled();
  });

  test('a request that this version does not know is refused by name', async () => {
    const { client } = connected();
    await expect(client.request('runs/explode' as never, {} as never)).rejects.toMatchObject({
      kind: 'bad-request',
      message: expect.stringContaining('runs/explode'),
    });
  });

  test('an error answer of some other program is reported as internal with its words', async () => {
    const [near, far] = Line.pair();
    const client = new Client(rpc, near);
    far.onMessage((data) => {
      const { id } = JSON.parse(String(data)) as { id: number };
      far.send(
        JSON.stringify({
          jsonrpc: '2.0',
          id,
          error: { code: 1, message: 'who are you?', data: { kind: 'unheard-of' } },
        }),
      );
    });
    await expect(client.request('runs/list', {})).rejects.toMatchObject({ kind: 'internal', message: 'who are you?' });
  });
});

describe('the end', () => {
  test('whoever closes, requests under way and later ones are refused with the reason', async () => {
    for (const [side, reason] of [
      ['client', 'closed by this side'],
      ['peer', 'closed by the other side'],
    ] as const) {
      const ends = connected({ 'runs/list': () => new Promise(() => {}) });
      const waiting = [ends.client.request('runs/list', {}), ends.client.request('runs/list', {})];
      const refused = waiting.map((one) =>
        expect(one).rejects.toMatchObject({ kind: 'connection-lost', message: expect.stringContaining(reason) }),
      );
      await turn();
      ends[side].close();
      await Promise.all(refused);
      expect(await ends.client.closed).toBe(reason);
      await expect(ends.client.request('runs/list', {})).rejects.toMatchObject({ kind: 'connection-lost' });
    }
  });

  test('an answer that comes when its client is gone is dropped without a fault', async () => {
    const held = Promise.withResolvers<{ runs: []; unreadable: [] }>();
    const { client, peerFaults } = connected({ 'runs/list': () => held.promise });
    const waiting = expect(client.request('runs/list', {})).rejects.toMatchObject({ kind: 'connection-lost' });
    await turn();
    client.close();
    await waiting;
    held.resolve({ runs: [], unreadable: [] });
    await turn();
    expect(peerFaults).toEqual([]);
  });

  test('a client on a transport that is closed already says so', async () => {
    const [near] = Line.pair();
    near.end('gone');
    const client = new Client(rpc, near);
    expect(await client.closed).toBe('gone');
    await expect(client.request('runs/list', {})).rejects.toMatchObject({
      kind: 'connection-lost',
      message: expect.stringContaining('gone'),
    });
  });
});

describe('notifications', () => {
  test('all listeners are told, in the order of sending and in the turn of arrival, until they are disposed of', async () => {
    const { client, peer } = connected();
    const told: string[] = [];
    const first = client.on('runs/changed', ({ run }) => told.push(`first ${run}`));
    client.on('runs/changed', ({ run }) => told.push(`second ${run}`));
    peer.notify('runs/changed', { run: null });
    await turn();
    expect(told).toEqual(['first null', 'second null']);
    first.dispose();
    peer.notify('runs/changed', { run: null });
    await turn();
    expect(told).toEqual(['first null', 'second null', 'second null']);
  });

  test('one that does not fit the contract and a listener that throws are faults, and the next one arrives', async () => {
    const { client, peer, clientFaults } = connected();
    const told: unknown[] = [];
    client.on('runs/changed', (change) => {
      told.push(change);
      if (told.length === 1) throw new Error('a listener of ours');
    });
    peer.notify('runs/changed', { run: { id: 7 } } as never);
    peer.notify('runs/changed', { run: null });
    peer.notify('runs/changed', { run: null });
    await turn();
    expect(told).toHaveLength(2);
    expect(clientFaults.map((fault) => fault.message)).toEqual([
      expect.stringMatching(/runs\/changed.*does not fit/s),
      'a listener of ours',
    ]);
  });

  test('one that this version does not know is ignored by a client and a fault to a peer', async () => {
    const { near, far, clientFaults, peerFaults } = connected();
    far.send('{"jsonrpc":"2.0","method":"runs/novelty","params":{}}');
    near.send('{"jsonrpc":"2.0","method":"runs/novelty","params":{}}');
    near.send('{"jsonrpc":"2.0","method":"$/cancelRequest"}');
    await turn();
    expect(clientFaults).toEqual([]);
    expect(peerFaults.map((fault) => fault.message)).toEqual([expect.stringContaining('runs/novelty')]);
  });
});

describe('what can not be read', () => {
  test('a peer answers it under the id null, a client that is told so reports it, and nobody answers an answer', async () => {
    const { near, far, clientFaults, peerFaults } = connected();
    near.send('rubbish');
    await turn();
    await turn();
    expect(peerFaults.map((fault) => fault.kind)).toEqual(['bad-request']);
    expect(JSON.parse(String(far.sent[0]))).toMatchObject({
      jsonrpc: '2.0',
      id: null,
      error: { code: -32700, data: { kind: 'bad-request' } },
    });
    expect(clientFaults).toMatchObject([{ kind: 'bad-request', message: 'A message is not JSON.' }]);
    await turn();
    expect(near.sent).toHaveLength(1);
    expect(far.sent).toHaveLength(1);
  });

  test('a client reports rubbish, answers nothing, and goes on', async () => {
    const { client, near, far, clientFaults } = connected({ 'runs/list': async () => ({ runs: [], unreadable: [] }) });
    far.send('rubbish');
    far.send(new Uint8Array([1, 2]));
    await turn();
    expect(clientFaults.map((fault) => fault.kind)).toEqual(['bad-request', 'bad-request']);
    expect(near.sent).toEqual([]);
    expect(await client.request('runs/list', {})).toEqual({ runs: [], unreadable: [] });
  });
});

describe('frames', () => {
  const header = { transfer: 4, key: 'k', width: 1, height: 1, count: 1 };
  const answer = { transfer: 4, width: 1, height: 1, count: 1 };

  test('the pixels that were sent before the answer are given, once', async () => {
    const { client, peer } = connected({
      'frames/get': async () => {
        peer.sendBinary(encodeFrames(header, Uint8Array.from([9, 8, 7])));
        return answer;
      },
    });
    expect(await client.frames('a', 'k')).toEqual({ header, pixels: Uint8Array.from([9, 8, 7]) });
  });

  test('an answer whose pixels did not come is an error', async () => {
    const { client } = connected({ 'frames/get': async () => answer });
    await expect(client.frames('a', 'k')).rejects.toMatchObject({
      kind: 'bad-request',
      message: expect.stringContaining('did not arrive'),
    });
  });
});
