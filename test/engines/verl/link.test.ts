/** The socket's client end: who is taken for a gateway, what its silence and its nonsense lead to, and that nothing is left open. */
import { createServer, type Server } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { GatewayLink, type LinkOptions } from '../../../trainer/engines/verl/link.ts';
import { encodeMessage, type WireValue } from '../../../trainer/engines/verl/wire.ts';
import { StudioError } from '../../../trainer/protocol/errors.ts';
import { greeting, type Handlers, Refusal, ScriptedGateway, token } from './scripted-gateway.ts';

let gateway: ScriptedGateway | null = null;
afterEach(async () => {
  await gateway?.stop();
  gateway = null;
});

async function linked(
  handlers: Partial<Handlers> = {},
  options: LinkOptions = {},
): Promise<[ScriptedGateway, GatewayLink]> {
  gateway = await ScriptedGateway.start(handlers);
  const { link } = await GatewayLink.open(gateway.address, token, options);
  onTestFinished(() => link.close());
  return [gateway, link];
}

/** Something that listens, greets nobody and says `bytes`. */
async function stranger(bytes: Uint8Array | null): Promise<string> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (bytes !== null) socket.write(bytes);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.close();
  });
  return `127.0.0.1:${(server.address() as { port: number }).port}`;
}

const bytesOf = (message: WireValue): Buffer => Buffer.concat(encodeMessage(message));
const failed = (promise: Promise<unknown>): Promise<StudioError> =>
  promise.then(
    () => {
      throw new Error('It did not fail.');
    },
    (error: unknown) => error as StudioError,
  );

describe('greeting', () => {
  it('gives what the gateway says of itself', async () => {
    gateway = await ScriptedGateway.start();
    const { link, hello } = await GatewayLink.open(gateway.address, token);
    expect(hello).toMatchObject({ ranks: 1, device: 'cpu', capabilities: { exactKl: false, topAlternatives: 20 } });
    link.close();
  });

  it('without the token is refused', async () => {
    gateway = await ScriptedGateway.start();
    const { address } = gateway;
    expect(await failed(GatewayLink.open(address, 'sesame'))).toMatchObject({
      message: "The token is not this gateway's.",
      place: address,
    });
  });

  it('of a gateway of another version is refused by the number', async () => {
    gateway = await ScriptedGateway.start();
    gateway.greeting = { protocol: 2, whatever: true };
    expect(await failed(GatewayLink.open(gateway.address, token))).toMatchObject({
      kind: 'engine-failed',
      message: 'The gateway speaks version 2 of the protocol, this client 1.',
      remedy: expect.stringContaining('this version'),
    });
  });

  it('of what is no gateway says what is wrong with it', async () => {
    gateway = await ScriptedGateway.start();
    gateway.greeting = { ...greeting, ranks: 0 };
    const error = await failed(GatewayLink.open(gateway.address, token));
    expect(error.message).toBe('What answered is no gateway: ranks must be at least 1, not 0.');
  });

  it('where nothing listens any more names the address and what to do', async () => {
    gateway = await ScriptedGateway.start();
    const { address } = gateway;
    await gateway.stop();
    gateway = null;
    expect(await failed(GatewayLink.open(address, token))).toMatchObject({
      kind: 'engine-failed',
      place: address,
      message: expect.stringContaining('ECONNREFUSED'),
      remedy: expect.stringContaining('engine.attach.address'),
    });
  });

  it.each(['29610', '127.0.0.1:99999', 'localhost'])('at %j is no address', async (address) => {
    expect((await failed(GatewayLink.open(address, token))).message).toContain('this is no host:port');
  });

  it('of a web server is no message', async () => {
    const address = await stranger(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await failed(GatewayLink.open(address, token))).toMatchObject({
      kind: 'engine-failed',
      place: address,
      message: expect.stringMatching(
        /^The gateway sent what is no message of its protocol: it is of \d+ and \d+ bytes/,
      ),
    });
  });

  it('that never comes is given up', async () => {
    const address = await stranger(null);
    const error = await failed(GatewayLink.open(address, token, { greetingMs: 20 }));
    expect(error.message).toBe('Nothing answered the greeting within 0.02 s.');
    expect(error.remedy).toContain('serves another client');
  });
});

describe('a request', () => {
  it('is answered by its own answer, in whatever order they come', async () => {
    let first: (() => void) | undefined;
    const [, link] = await linked({
      memory: () =>
        new Promise((resolve) => {
          first = () => resolve({ bytes: 1, tensors: 2, byRank: [1] });
        }),
      ping: () => {
        first?.();
        return { busy: 'memory', forMs: 12 };
      },
    });
    const memory = link.request('memory', {});
    await gateway?.next('memory');
    expect(await link.request('ping', {})).toEqual({ busy: 'memory', forMs: 12 });
    expect(await memory).toEqual({ bytes: 1, tensors: 2, byRank: [1] });
  });

  it('that is refused fails with kind, place and remedy, and the link goes on', async () => {
    const refused = new Refusal('disk-full', 'No space.', { place: '/data', remedy: 'Free some.' });
    const [, link] = await linked({
      saveState: () => {
        throw refused;
      },
    });
    expect(await failed(link.request('saveState', { model: 0, folder: '/data' }))).toMatchObject({
      ...{ kind: 'disk-full', message: 'No space.', place: '/data', remedy: 'Free some.' },
    });
    expect(await link.request('optimStep', optimStep)).toEqual({ gradNorm: 0.5 });
  });

  it('that is refused with a code that is not known fails as one of the engine', async () => {
    const [, link] = await linked({
      memory: () => {
        throw new Refusal('flat-tyre', 'Psst.');
      },
    });
    expect(await failed(link.request('memory', {}))).toMatchObject({ kind: 'engine-failed', message: 'Psst.' });
  });

  it.each<[string, WireValue, string]>([
    ['gives no number', { gradNorm: 'much' }, 'of optimStep, gradNorm must be a number, not the text "much"'],
    ['gives nothing', null, 'of optimStep, the answer must be an object, not null'],
  ])('whose answer %s ends the link', async (_, answer, message) => {
    const [, link] = await linked({ optimStep: () => answer });
    const other = failed(link.request('optimStep', optimStep));
    expect((await other).message).toBe(`The gateway sent what is no message of its protocol: ${message}.`);
    expect((await failed(link.request('memory', {}))).message).toBe((await other).message);
  });
});

const optimStep = { model: 0, learningRate: 1, beta1: 0, beta2: 0, epsilon: 1, weightDecay: 0, gradClipNorm: 0 };

describe('what nobody asked for', () => {
  it.each<[string, WireValue, string]>([
    ['an answer to no request', { id: 99, result: {} }, 'it answers request 99, which nobody made'],
    ['a list', [1, 2], 'the message must be an object'],
    ['an event of a request without any', { id: 1, event: {} }, 'it is an event of a request that has none'],
    ['a message without an end', { id: 1 }, 'the message'],
  ])('%s ends the link, and all that is open fails', async (_, message, said) => {
    const [, link] = await linked({ memory: () => new Promise(() => undefined) });
    const open = failed(link.request('memory', {}));
    await gateway?.next('memory');
    gateway?.say(bytesOf(message));
    const error = await open;
    expect(error.kind).toBe('engine-failed');
    expect(error.message).toContain(said);
  });

  it('an error of no request is the reason that is given', async () => {
    const [, link] = await linked({ memory: () => new Promise(() => undefined) });
    const open = failed(link.request('memory', {}));
    gateway?.say(bytesOf({ id: null, error: { code: 'bad-request', message: 'A message is not JSON.' } }));
    expect((await open).message).toBe('A message is not JSON.');
  });
});

describe('garbage', () => {
  it('of any kind fails what is open as an error of the engine', async () => {
    const plain = fc.json().map((text) => Buffer.concat(encodeMessage(JSON.parse(text) as WireValue)));
    const near = fc
      .record(
        { id: fc.integer({ min: 0, max: 3 }), result: fc.jsonValue(), event: fc.jsonValue() },
        { requiredKeys: [] },
      )
      .map((message) => bytesOf(message as WireValue));
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 100 }).map((raw) => Buffer.from(raw)),
      plain,
      near,
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (garbage) => {
        const scripted = await ScriptedGateway.start({ optimStep: () => new Promise(() => undefined) });
        const { link } = await GatewayLink.open(scripted.address, token);
        const open = failed(link.request('optimStep', optimStep));
        await scripted.next('optimStep');
        scripted.say(garbage);
        await scripted.stop();
        const error = await open;
        expect(error).toBeInstanceOf(StudioError);
        expect(error.kind).toBe('engine-failed');
      }),
      { numRuns: 60 },
    );
  });
});

describe('a link that is lost', () => {
  it.each([
    ['between messages', Buffer.alloc(0), 'The gateway closed the connection.'],
    ['within one', Buffer.of(40, 0, 0, 0, 0, 0), 'The gateway closed the connection in the middle of a message.'],
  ])('%s fails what is open and all that follows', async (_, before, message) => {
    const [, link] = await linked({ memory: () => new Promise(() => undefined) });
    const open = [failed(link.request('memory', {})), failed(link.request('memory', {}))];
    await gateway?.next('memory');
    gateway?.say(before);
    await gateway?.stop();
    for (const error of await Promise.all(open)) expect(error).toMatchObject({ kind: 'engine-failed', message });
    expect((await failed(link.request('memory', {}))).message).toBe(message);
  });

  it('is explained before anybody is told', async () => {
    const explain = async (lost: StudioError) => new StudioError('engine-failed', `${lost.message} Its log is empty.`);
    const [, link] = await linked({ memory: () => new Promise(() => undefined) }, { explain });
    const open = failed(link.request('memory', {}));
    await gateway?.next('memory');
    gateway?.breakOff();
    expect((await open).message).toBe('The gateway closed the connection. Its log is empty.');
  });

  it('by its own closing needs no explanation', async () => {
    let isAsked = false;
    const [, link] = await linked(
      { memory: () => new Promise(() => undefined) },
      {
        explain: async (lost) => {
          isAsked = true;
          return lost;
        },
      },
    );
    const open = failed(link.request('memory', {}));
    link.close();
    expect((await open).message).toBe('The engine was closed.');
    expect(isAsked).toBe(false);
  });
});

describe('heartbeat', () => {
  it('a gateway that answers no ping is given up after as many', async () => {
    const [, link] = await linked(
      { memory: () => new Promise(() => undefined) },
      { pingEveryMs: 4, mostUnanswered: 3 },
    );
    const open = failed(link.request('memory', {}));
    if (gateway !== null) gateway.isSilent = true;
    expect((await open).message).toBe('The gateway has not answered for 0.012 s: it hangs, or its machine is gone.');
    expect(gateway?.of('ping').length).toBeLessThanOrEqual(4);
  });

  it('one that computes for long and answers pings is waited for', async () => {
    let finish: (() => void) | undefined;
    const [, link] = await linked(
      {
        memory: () =>
          new Promise((resolve) => {
            finish = () => resolve({ bytes: 1, tensors: 2, byRank: [1] });
          }),
      },
      { pingEveryMs: 1, mostUnanswered: 30 },
    );
    const open = link.request('memory', {});
    for (let pings = 0; pings < 60; pings++) await gateway?.next('ping');
    finish?.();
    expect(await open).toEqual({ bytes: 1, tensors: 2, byRank: [1] });
  });
});
