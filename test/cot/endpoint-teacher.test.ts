import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type EndpointSettings,
  EndpointTeacher,
  endpointOf,
  longestFileBytes,
} from '../../trainer/cot/endpoint-teacher.ts';
import type { Medium, TeacherRequest } from '../../trainer/cot/teacher.ts';
import type { Question } from '../../trainer/protocol/records.ts';
import { questionText } from '../../trainer/reasoning/prompt.ts';
import { defaultTemplate } from '../../trainer/reasoning/template.ts';
import { encodePng } from '../../trainer/video/png.ts';
import { clip } from '../engines/tfjs/tiny.ts';
import { type ChatRequest, FakeEndpoint, type Reply, userParts } from './fake-endpoint.ts';

const question: Question = {
  row: 0,
  dataset: 'd.json',
  problemId: '1',
  problem: 'Which way?',
  problemType: 'multiple choice',
  dataType: 'video',
  options: ['A. left', 'B. right'],
  solution: 'A',
  path: './a b/é#1.mp4',
  source: '',
  family: null,
  needsOrder: null,
};
const frames = clip(['red', 'green', 'blue']);
const request = (medium: Medium = { kind: 'frames', frames }): TeacherRequest => ({
  question,
  medium,
  sample: 0,
  seed: 77,
});
const never = new AbortController().signal;
const good: Reply = { say: '<think>To the left.</think><answer>A</answer>' };

let endpoint: FakeEndpoint | null = null;
let waits: number[] = [];
afterEach(async () => {
  await endpoint?.dispose();
  endpoint = null;
  waits = [];
});

/** A teacher on a server that gives these replies, one after the other, and the last one for ever. Its waits take no time. */
async function teacherOf(
  replies: readonly Reply[],
  change: Partial<EndpointSettings> = {},
  onRequest: () => void = () => {},
): Promise<EndpointTeacher> {
  endpoint = await FakeEndpoint.start((_, before) => {
    onRequest();
    return replies[Math.min(before, replies.length - 1)] as Reply;
  });
  return new EndpointTeacher({
    endpoint: endpointOf(endpoint.address, '--endpoint'),
    model: 'm/large',
    key: null,
    template: defaultTemplate,
    temperature: 0.7,
    topP: 0.9,
    maxTokens: 99,
    mediaBase: null,
    timeoutMs: 20_000,
    retries: 3,
    callsAtOnce: 4,
    wait: async (ms) => void waits.push(ms),
    random: () => 0.5,
    ...change,
  });
}
const askOne = async (teacher: EndpointTeacher, medium?: Medium) => (await teacher.sample([request(medium)], never))[0];
const only = () => endpoint?.requests[0] as ChatRequest;

describe('what an endpoint is sent', () => {
  it('is one chat completion: system, frames in order as PNG, then the question’s text as training words it', async () => {
    const teacher = await teacherOf([good]);
    expect(await askOne(teacher)).toEqual({
      outcome: 'answered',
      text: '<think>To the left.</think><answer>A</answer>',
      usage: { tokensIn: 100, tokensOut: 20 },
    });
    const { body, path: at, headers } = only();
    expect(at).toBe('/v1/chat/completions');
    expect(headers.authorization).toBeUndefined();
    expect(body).toMatchObject({ model: 'm/large', seed: 77, temperature: 0.7, top_p: 0.9, max_tokens: 99 });
    expect(body.messages[0]).toEqual({ role: 'system', content: defaultTemplate.system });
    const bytes = 28 * 28 * 3;
    const pictures = [0, 1, 2].map((i) => ({
      type: 'image_url',
      image_url: {
        url: `data:image/png;base64,${encodePng({ width: 28, height: 28, pixels: frames.pixels.subarray(i * bytes, (i + 1) * bytes) }).toString('base64')}`,
      },
    }));
    expect(userParts(only())).toEqual([...pictures, { type: 'text', text: questionText(question, defaultTemplate) }]);
  });

  it('has no system turn where the template has none, and the key as a bearer where there is one', async () => {
    const teacher = await teacherOf([good], { template: { ...defaultTemplate, system: null }, key: 'secret-1' });
    await askOne(teacher);
    expect(only().body.messages.map(({ role }) => role)).toEqual(['user']);
    expect(only().headers.authorization).toBe('Bearer secret-1');
  });

  describe('with files instead of frames', () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'video-r1-cot-'));
      await writeFile(path.join(folder, 'é #1.mp4'), 'bytes');
      await writeFile(path.join(folder, 'large.mp4'), '');
      await truncate(path.join(folder, 'large.mp4'), longestFileBytes + 1);
      await writeFile(path.join(folder, 'x.txt'), 'text');
    });
    afterAll(() => rm(folder, { recursive: true }));
    const file = (name: string): Medium => ({ kind: 'file', file: path.join(folder, name), folder });

    it('is the file’s address below the base, each name encoded', async () => {
      const teacher = await teacherOf([good], { mediaBase: new URL('http://media.test/set/') });
      await askOne(teacher, { kind: 'file', file: path.join(folder, 'a b', 'é#1?.mp4'), folder });
      expect(userParts(only())[0]).toEqual({
        type: 'video_url',
        video_url: { url: 'http://media.test/set/a%20b/%C3%A9%231%3F.mp4' },
      });
    });

    it('is the file itself without a base', async () => {
      await askOne(await teacherOf([good]), file('é #1.mp4'));
      expect(userParts(only())[0]).toEqual({
        type: 'video_url',
        video_url: { url: `data:video/mp4;base64,${Buffer.from('bytes').toString('base64')}` },
      });
    });

    it('is nothing for a file that is too large or no video', async () => {
      const teacher = await teacherOf([good]);
      await expect(askOne(teacher, file('large.mp4'))).rejects.toMatchObject({ kind: 'bad-media' });
      await expect(askOne(teacher, file('x.txt'))).rejects.toMatchObject({ kind: 'bad-media' });
      expect(endpoint?.requests).toEqual([]);
    });
  });
});

describe('what an endpoint answers', () => {
  it.each<[string, Reply, object]>([
    ['length', { say: '<think>and', finish: 'length' }, { outcome: 'cut-off', text: '<think>and' }],
    ['a refusal', { say: '', refusal: 'I can not.' }, { outcome: 'refused', text: 'I can not.' }],
    ['a content filter', { say: 'x', finish: 'content_filter' }, { outcome: 'refused', text: 'x' }],
    ['no usage', { say: 'x', usage: null }, { outcome: 'answered', text: 'x', usage: null }],
    [
      'a usage of nonsense',
      { say: 'x', usage: { prompt_tokens: -1, completion_tokens: 'x' } },
      { usage: { tokensIn: 0, tokensOut: 0 } },
    ],
  ])('is read with %s', async (_, reply, answer) => {
    expect(await askOne(await teacherOf([reply]))).toMatchObject(answer);
  });

  it.each<[string, Reply]>([
    ['429', { status: 429 }],
    ['408', { status: 408 }],
    ['500', { status: 500, body: 'oops' }],
    ['503 and a page', { status: 503, body: '<html>' }],
    ['malformed JSON', { status: 200, body: '{"choices": [' }],
    ['another form', { status: 200, body: '{"object": "list"}' }],
    ['no choices', { status: 200, body: '{"choices": []}' }],
    ['half a body', 'half a body'],
    ['a reset', 'reset'],
  ])('is asked for again after %s', async (_, reply) => {
    const teacher = await teacherOf([reply, reply, good]);
    expect(await askOne(teacher)).toMatchObject({ outcome: 'answered' });
    expect(teacher.retries).toBe(2);
    expect(waits).toEqual([750, 1500]);
    expect(new Set(endpoint?.requests.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  });

  it('is asked for again when none comes in time', async () => {
    const teacher = await teacherOf(['hang', good], { timeoutMs: 200 });
    expect(await askOne(teacher)).toMatchObject({ outcome: 'answered' });
    expect(teacher.retries).toBe(1);
  });

  it('is waited for as long as Retry-After says, within bounds', async () => {
    const later = (value: string): Reply => ({ status: 429, headers: { 'retry-after': value } });
    await askOne(await teacherOf([later('7'), later('99999'), later('Wed, 21 Oct 2015 07:28:00 GMT'), good]));
    expect(waits).toEqual([7000, 120_000, 0]);
  });

  it('is given up after the last try, saying what the server said', async () => {
    const teacher = await teacherOf([
      { status: 503, body: '{"error": {"message": "model is\\u001b[31m loading\\n"}}' },
    ]);
    await expect(askOne(teacher)).rejects.toMatchObject({
      name: 'TeacherUnavailable',
      forAll: false,
      message: 'HTTP 503: model is [31m loading (see the log of the server), 4 times',
    });
    expect(endpoint?.requests.length).toBe(4);
  });

  it('fails the question at once when the server finds the request wrong, in its words', async () => {
    const long = `prompt is too long ${'x'.repeat(1000)}`;
    const teacher = await teacherOf([{ status: 400, body: JSON.stringify({ error: { message: long } }) }]);
    const answer = await askOne(teacher);
    expect(answer).toMatchObject({
      outcome: 'failed',
      message: expect.stringContaining(`HTTP 400: ${long.slice(0, 300)}… (lower --max-tokens`),
    });
    expect(endpoint?.requests.length).toBe(1);
  });

  it('fails the question when it is longer than 4 MB', async () => {
    expect(await askOne(await teacherOf(['huge body']))).toEqual({
      outcome: 'failed',
      message: 'The reply is longer than 4 MB.',
    });
  });

  it.each([401, 404, 405])('ends the work at once on %i, without repeating the key', async (status) => {
    const body = JSON.stringify({ error: { message: 'Incorrect key secret-1 given' } });
    const teacher = await teacherOf([{ status, body }], { key: 'secret-1' });
    await expect(askOne(teacher)).rejects.toMatchObject({
      forAll: true,
      message: expect.stringContaining(`HTTP ${status}: Incorrect key (key) given (check `),
    });
  });

  const length = "This endpoint's maximum context length is 8192 tokens.";
  it.each<[string, unknown]>([
    ['an error with a message and a code', { error: { message: length, code: 400 } }],
    ['an error of one text', { error: length }],
    ['a message', { object: 'error', message: length, code: 400 }],
    ['a detail', { detail: length }],
    ['details in a list', { detail: [{ loc: ['body'], msg: length }] }],
    ['errors in a list', { errors: [{ message: length }] }],
    ['an error in an error', { error: { error: { message: length } } }],
    ['a list around it', [{ error: { message: length } }]],
    ['an answer that broke off', { choices: [{ message: { content: '' }, error: { message: length, code: 400 } }] }],
  ])('is the server’s own words when an error lies in a reply that says success: %s', async (_, body) => {
    const teacher = await teacherOf([{ status: 200, body: JSON.stringify(body) }]);
    expect(await askOne(teacher)).toMatchObject({ outcome: 'failed', message: expect.stringContaining(length) });
    expect(endpoint?.requests.length).toBe(1);
  });

  it.each<[string, Reply, RegExp, number]>([
    ['a wrong key', { status: 200, body: '{"error": {"message": "no", "code": 401}}' }, /no \(check the key/, 1],
    ['a key without a code', { status: 200, body: '{"error": "Invalid API key"}' }, /check the key/, 1],
    ['a model that is not there', { status: 200, body: '{"error": "model \'m\' not found"}' }, /--model/, 1],
    ['a wrong path', { status: 200, body: '{"error": "Unexpected endpoint or method."}' }, /--endpoint/, 1],
    ['what is used up', { status: 429, body: '{"error": {"code": "insufficient_quota"}}' }, /used up/, 1],
    [
      'a page with success',
      { status: 200, body: '<!doctype html><title>Sign in</title>' },
      /page.*Sign in.*--endpoint/,
      1,
    ],
    [
      'a page of 404',
      { status: 404, body: '<html><h1>Not Found</h1>nginx' },
      /404: Not Found nginx \(check --endpoint/,
      1,
    ],
    [
      'too much at once',
      { status: 200, body: '{"error": {"message": "slow", "code": "429"}}' },
      /slow \(lower --conc/,
      4,
    ],
    ['nothing', { status: 200, body: '' }, /the reply is empty/, 4],
    ['what is no JSON', { status: 200, body: 'upstream oops' }, /not JSON: upstream oops/, 4],
    ['another form', { status: 200, body: '{"object": "list"}' }, /no answer.*"object": "list"/, 4],
    ['half a stream', { status: 200, body: 'data: {"choices": [{"delta": {"content": "a"}}]}\n\n' }, /broke off/, 4],
  ])('names a way out, and is asked for again only where that helps: %s', async (_, reply, message, times) => {
    await expect(askOne(await teacherOf([reply]))).rejects.toMatchObject({
      forAll: times === 1,
      message: expect.stringMatching(message),
    });
    expect(endpoint?.requests.length).toBe(times);
  });

  it('is put together where the server streams it though it was not asked to', async () => {
    const event = (value: object) => `data: ${JSON.stringify(value)}\r\n\r\n`;
    const body = [
      ': keep-alive\n\n',
      event({ choices: [{ delta: { role: 'assistant', content: '' } }] }),
      event({ choices: [{ delta: { content: '<think>ö' } }] }),
      event({ choices: [{ delta: { content: '</think>' }, finish_reason: 'length' }] }),
      event({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 2 } }),
      'data: [DONE]\n\n',
    ].join('');
    expect(await askOne(await teacherOf([{ status: 200, body }]))).toEqual({
      outcome: 'cut-off',
      text: '<think>ö</think>',
      usage: { tokensIn: 3, tokensOut: 2 },
    });
    const error = event({ error: { message: length, code: 400 } });
    expect(await askOne(await teacherOf([{ status: 200, body: error }]))).toMatchObject({ outcome: 'failed' });
  });

  it('does not follow a redirect: the other server gets nothing', async () => {
    const other = await FakeEndpoint.start(() => good);
    for (const status of [301, 302, 307, 308]) {
      const location = `${other.address}/chat/completions`;
      const teacher = await teacherOf([{ status, headers: { location } }], { key: 'secret-1' });
      await expect(askOne(teacher)).rejects.toMatchObject({ forAll: true, message: expect.stringContaining(location) });
      await endpoint?.dispose();
    }
    expect(other.requests).toEqual([]);
    await other.dispose();
  });

  it('says that nobody listens', async () => {
    const teacher = await teacherOf([good], { retries: 0 });
    await endpoint?.dispose();
    await expect(askOne(teacher)).rejects.toMatchObject({
      forAll: false,
      message: expect.stringMatching(/^connection refused: nothing listens at 127\.0\.0\.1:\d+ \(start the server/),
    });
  });
});

describe('an endpoint that is being asked', () => {
  it('may finish its answer when the work is stopped, and is not asked again', async () => {
    const stop = new AbortController();
    const wait = async (_: number, signal: AbortSignal) => signal.throwIfAborted();
    const first = await teacherOf([good], { wait }, () => stop.abort());
    expect(await first.sample([request()], stop.signal)).toMatchObject([{ outcome: 'answered' }]);
    await endpoint?.dispose();
    const second = await teacherOf([{ status: 500 }, good], { wait });
    await expect(second.sample([request()], stop.signal)).rejects.toMatchObject({ name: 'AbortError' });
    expect(endpoint?.requests.length).toBe(1);
  });
});

describe('endpointOf', () => {
  it.each(['nothing', 'ftp://host/v1', 'http://user:pass@host/v1', 'http://host/v1?key=1', 'file:///etc/passwd'])(
    'refuses %s',
    (text) => {
      expect(() => endpointOf(text, '--endpoint')).toThrow(expect.objectContaining({ kind: 'bad-request' }));
    },
  );
});
