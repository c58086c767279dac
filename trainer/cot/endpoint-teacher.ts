/**
 * A teacher behind an OpenAI-compatible chat-completions endpoint, such as vLLM serves. Whatever the server says is checked
 * and bounded here; the key is read from the environment by the caller, kept in memory and sent to this endpoint alone.
 */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Frames } from '../engines/engine.ts';
import type { DataType } from '../protocol/dataset.ts';
import { StudioError } from '../protocol/errors.ts';
import { parseJson } from '../protocol/json.ts';
import { questionText } from '../reasoning/prompt.ts';
import type { PromptTemplate } from '../reasoning/template.ts';
import { badMedia } from '../video/bad-media.ts';
import { encodePng } from '../video/png.ts';
import { backoffMs, retryAfterMs } from './backoff.ts';
import {
  type EndpointFault,
  faultOfConnection,
  faultOfReply,
  remedies,
  statusOfError,
  wordsOfError,
  wordsOfPage,
} from './endpoint-faults.ts';
import { isEventStream, replyOfEvents } from './event-stream.ts';
import { type Medium, type Teacher, type TeacherAnswer, type TeacherRequest, TeacherUnavailable } from './teacher.ts';

export interface EndpointSettings {
  /** Up to and with `/v1`. */
  readonly endpoint: URL;
  readonly model: string;
  readonly key: string | null;
  readonly template: PromptTemplate;
  readonly temperature: number;
  readonly topP: number;
  readonly maxTokens: number;
  /** With the media of a dataset as files: the address under which its folder is served, or null to send them along. */
  readonly mediaBase: URL | null;
  readonly timeoutMs: number;
  /** Times that one request is sent again. */
  readonly retries: number;
  readonly callsAtOnce: number;
  /** Waits between attempts; replaced in tests. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly random?: () => number;
}

const longestReplyBytes = 4 * 1024 * 1024;
const longestMessage = 300;
/** A larger file is not sent along: as base64 it is a third larger still, and servers refuse such requests. */
export const longestFileBytes = 32 * 1024 * 1024;

const mediaTypes: Readonly<Record<string, string>> = {
  '.mp4': 'video/mp4',
  '.m4v': 'video/mp4',
  '.mov': 'video/quicktime',
  '.webm': 'video/webm',
  '.mkv': 'video/x-matroska',
  '.avi': 'video/x-msvideo',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.gif': 'image/gif',
  '.bmp': 'image/bmp',
};

const tokenCount = z.number().int().min(0).catch(0);
/** One text, or parts of one. */
const content = z.union([
  z.string(),
  z.array(z.object({ text: z.string().catch('') })).transform((parts) => parts.map(({ text }) => text).join('')),
]);
const reply = z.object({
  choices: z
    .array(
      z.object({
        message: z.object({ content: content.nullish(), refusal: z.string().nullish() }),
        finish_reason: z.string().nullish(),
      }),
    )
    .min(1),
  usage: z.object({ prompt_tokens: tokenCount, completion_tokens: tokenCount }).nullish().catch(null),
});
/** An answer that the server broke off with an error of its own. */
const brokenOff = z.object({ choices: z.tuple([z.object({ error: z.unknown() })], z.unknown()) });
/** How one attempt ended. `again` is worth another one, after `waitMs` where the server named a time. */
type Attempt =
  | { readonly kind: 'done'; readonly answer: TeacherAnswer }
  | { readonly kind: 'again'; readonly why: string; readonly waitMs: number | null }
  | { readonly kind: 'hopeless'; readonly why: string };

function attemptOf({ scope, why }: EndpointFault, waitMs: number | null): Attempt {
  switch (scope) {
    case 'again':
      return { kind: 'again', why, waitMs };
    case 'all':
      return { kind: 'hopeless', why };
    case 'question':
      return { kind: 'done', answer: { outcome: 'failed', message: why } };
  }
}

/**
 * The address that was given, checked.
 * @throws StudioError `bad-request` for anything but http or https, or with a name and password in it
 */
export function endpointOf(text: string, option: string): URL {
  const remedy = `Give ${option} an address such as http://127.0.0.1:8000/v1.`;
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new StudioError('bad-request', `${option}: that is not an address.`, { remedy, cause });
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new StudioError('bad-request', `${option}: the address must begin with http:// or https://.`, { remedy });
  if (url.username !== '' || url.password !== '')
    throw new StudioError('bad-request', `${option}: the address holds a name or a password.`, {
      remedy: 'Put the key into an environment variable and name that with --key-env.',
    });
  if (url.search !== '' || url.hash !== '')
    throw new StudioError('bad-request', `${option}: the address must end with its path.`, { remedy });
  return url;
}

/** `path` below a base address, each of its names encoded. */
function below(base: URL, names: readonly string[]): string {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${names.map(encodeURIComponent).join('/')}`;
  return url.href;
}

/** The body of a reply as text, and whether it is whole: nothing is read beyond the bound. */
async function boundedText(response: Response): Promise<{ text: string; whole: boolean }> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  let whole = true;
  for await (const piece of response.body ?? []) {
    pieces.push(piece);
    sizeBytes += piece.length;
    whole = sizeBytes <= longestReplyBytes;
    if (!whole) break;
  }
  return { text: Buffer.concat(pieces).toString('utf8'), whole };
}

export class EndpointTeacher implements Teacher {
  readonly samplesPerCall = 1;
  readonly callsAtOnce: number;
  retries = 0;
  private readonly settings: EndpointSettings;
  private readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  private readonly random: () => number;
  /** Encoded once for all samples of a question that come one after the other. */
  private readonly pictures = new WeakMap<object, readonly string[]>();

  constructor(settings: EndpointSettings) {
    this.settings = settings;
    this.callsAtOnce = settings.callsAtOnce;
    this.wait = settings.wait ?? ((ms, signal) => delay(ms, undefined, { signal }));
    this.random = settings.random ?? Math.random;
  }

  async sample(requests: readonly TeacherRequest[], stop: AbortSignal): Promise<TeacherAnswer[]> {
    return Promise.all(requests.map((request) => this.sampleOne(request, stop)));
  }

  async dispose(): Promise<void> {}

  private async sampleOne(request: TeacherRequest, stop: AbortSignal): Promise<TeacherAnswer> {
    const body = JSON.stringify(await this.body(request));
    for (let attempt = 1; ; attempt++) {
      const ended = await this.attempt(body);
      if (ended.kind === 'done') return ended.answer;
      if (ended.kind === 'hopeless') throw new TeacherUnavailable(ended.why, true);
      if (attempt > this.settings.retries) {
        const tries = attempt === 1 ? '' : `, ${attempt} times`;
        throw new TeacherUnavailable(`${ended.why}${tries}`, false);
      }
      this.retries++;
      await this.wait(ended.waitMs ?? backoffMs(attempt, this.random()), stop);
    }
  }

  private async attempt(body: string): Promise<Attempt> {
    const { endpoint, key, timeoutMs } = this.settings;
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(below(endpoint, ['chat', 'completions']), {
        method: 'POST',
        // A redirect could lead the key and the data to another host.
        redirect: 'manual',
        headers: { 'content-type': 'application/json', ...(key === null ? {} : { authorization: `Bearer ${key}` }) },
        body,
        signal: timeout,
      });
      const { text, whole } = await boundedText(response);
      if (response.ok && !whole)
        return { kind: 'done', answer: { outcome: 'failed', message: 'The reply is longer than 4 MB.' } };
      return this.read(response, text);
    } catch (thrown) {
      if (timeout.aborted) {
        const seconds = Math.round(timeoutMs / 1000);
        return {
          kind: 'again',
          why: `no reply within ${seconds} s (raise --timeout, or lower --concurrency)`,
          waitMs: null,
        };
      }
      const { cause } = thrown as Error;
      const error = cause instanceof Error ? cause : (thrown as Error);
      const { code } = error as NodeJS.ErrnoException;
      const words = this.plainWords(error.message);
      return attemptOf(faultOfConnection(endpoint.host, typeof code === 'string' ? code : '', words), null);
    }
  }

  private read(response: Response, text: string): Attempt {
    const { status } = response;
    if (status >= 300 && status < 400) {
      const to = this.plainWords(response.headers.get('location') ?? 'nowhere');
      return {
        kind: 'hopeless',
        why: `it redirects to ${to}, which is not followed; name that address if it is right`,
      };
    }
    if (response.ok) return this.readReply(text);
    const words = this.plainWords(wordsOfError(parseJson(text)) ?? wordsOfPage(text) ?? text);
    return attemptOf(faultOfReply(status, words), retryAfterMs(response.headers.get('retry-after'), Date.now()));
  }

  /** A reply that has the status of success; an error may lie in it all the same. */
  private readReply(text: string): Attempt {
    const again = (why: string): Attempt => ({ kind: 'again', why, waitMs: null });
    if (text.trim() === '') return again(`the reply is empty (${remedies.server})`);
    const page = wordsOfPage(text);
    if (page !== null)
      return { kind: 'hopeless', why: `a web page answers, no model: ${this.plainWords(page)} (${remedies.address})` };
    const isStream = isEventStream(text);
    const value = isStream ? replyOfEvents(text) : parseJson(text);
    if (value === undefined && isStream) return again('the reply is a stream that broke off before its end');
    if (value === undefined) return again(`the reply is not JSON: ${this.plainWords(text)} (${remedies.address})`);
    const checked = reply.safeParse(value);
    const choice = checked.data?.choices[0];
    const broken = brokenOff.safeParse(value).data?.choices[0];
    const errorIn = broken?.error ? { error: broken.error } : choice ? null : value;
    const words = wordsOfError(errorIn);
    if (words !== null) return attemptOf(faultOfReply(statusOfError(errorIn), this.plainWords(words)), null);
    if (!checked.success || !choice)
      return again(
        `the reply holds no answer in the form of a chat completion: ${this.plainWords(text)} (${remedies.address})`,
      );
    const { usage: counted } = checked.data;
    const usage = counted ? { tokensIn: counted.prompt_tokens, tokensOut: counted.completion_tokens } : null;
    const { content, refusal } = choice.message;
    const said = content ?? '';
    const finish = choice.finish_reason?.toLowerCase();
    if (refusal || finish === 'content_filter' || finish === 'safety')
      return { kind: 'done', answer: { outcome: 'refused', text: refusal || said, usage } };
    const outcome = finish === 'length' || finish === 'max_tokens' ? 'cut-off' : 'answered';
    return { kind: 'done', answer: { outcome, text: said, usage } };
  }

  /** A server's words as one short line, without the key, which some servers repeat. */
  private plainWords(text: string): string {
    const { key } = this.settings;
    const safe = key === null ? text : text.replaceAll(key, '(key)');
    const line = safe
      .slice(0, 4 * longestMessage)
      .replace(/[\p{C}\s]+/gu, ' ')
      .trim();
    return line.length > longestMessage ? `${line.slice(0, longestMessage)}…` : line;
  }

  private async body({ question, medium, seed }: TeacherRequest): Promise<object> {
    const { model, template, temperature, topP, maxTokens } = this.settings;
    const shown =
      medium.kind === 'frames'
        ? this.encoded(medium.frames).map((url) => ({ type: 'image_url', image_url: { url } }))
        : [await this.fileChunk(medium, question.dataType)];
    const text = { type: 'text', text: questionText(question, template) };
    return {
      model,
      messages: [
        ...(template.system === null ? [] : [{ role: 'system', content: template.system }]),
        { role: 'user', content: [...shown, text] },
      ],
      temperature,
      top_p: topP,
      max_tokens: maxTokens,
      seed,
      n: 1,
      stream: false,
    };
  }

  private encoded(frames: Frames): readonly string[] {
    const known = this.pictures.get(frames);
    if (known) return known;
    const { width, height, count, pixels } = frames;
    const frameBytes = width * height * 3;
    const urls = Array.from({ length: count }, (_, i) => {
      const png = encodePng({ width, height, pixels: pixels.subarray(i * frameBytes, (i + 1) * frameBytes) });
      return `data:image/png;base64,${png.toString('base64')}`;
    });
    this.pictures.set(frames, urls);
    return urls;
  }

  /** @throws StudioError `bad-media` for a file that is too large to be sent along, or of a form that is not known */
  private async fileChunk(medium: Extract<Medium, { kind: 'file' }>, kind: DataType): Promise<object> {
    const url = await this.fileUrl(medium);
    return kind === 'video' ? { type: 'video_url', video_url: { url } } : { type: 'image_url', image_url: { url } };
  }

  private async fileUrl({ file, folder }: Extract<Medium, { kind: 'file' }>): Promise<string> {
    const { mediaBase } = this.settings;
    if (mediaBase) return below(mediaBase, path.relative(folder, file).split(path.sep));
    const type = mediaTypes[path.extname(file).toLowerCase()];
    if (!type) throw badMedia(file, 'its ending is not one of a video or image that can be sent along');
    const { size } = await stat(file);
    if (size > longestFileBytes)
      throw badMedia(file, `it has ${(size / 1e6).toFixed(0)} MB, and at most 32 MB are sent along; use --media-base`);
    return `data:${type};base64,${(await readFile(file)).toString('base64')}`;
  }
}
