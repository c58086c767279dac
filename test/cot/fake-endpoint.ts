/** A real HTTP server that speaks the chat-completions form, and on demand every fault of such a server. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ChatRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: {
    readonly model: string;
    readonly seed: number;
    readonly temperature: number;
    readonly top_p: number;
    readonly max_tokens: number;
    readonly messages: readonly { readonly role: string; readonly content: string | readonly Part[] }[];
  };
}

export type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image_url'; readonly image_url: { readonly url: string } }
  | { readonly type: 'video_url'; readonly video_url: { readonly url: string } };

export type Reply =
  | { readonly say: string; readonly finish?: string; readonly refusal?: string; readonly usage?: unknown }
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  | 'hang'
  | 'half a body'
  | 'huge body'
  | 'reset';

/** The parts of the user's turn. */
export function userParts(request: ChatRequest): readonly Part[] {
  const content = request.body.messages.at(-1)?.content ?? [];
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

export function userText(request: ChatRequest): string {
  return userParts(request)
    .map((part) => (part.type === 'text' ? part.text : ''))
    .join('');
}

export class FakeEndpoint {
  readonly requests: ChatRequest[] = [];
  /** `http://127.0.0.1:PORT/v1` */
  readonly address: string;
  private readonly close: () => Promise<void>;

  private constructor(port: number, close: () => Promise<void>) {
    this.address = `http://127.0.0.1:${port}/v1`;
    this.close = close;
  }

  /** @param answer called with each request and how many came before it */
  static async start(answer: (request: ChatRequest, before: number) => Reply | Promise<Reply>): Promise<FakeEndpoint> {
    let endpoint: FakeEndpoint;
    const server = createServer((incoming, response) => {
      const pieces: Buffer[] = [];
      incoming.on('data', (piece: Buffer) => pieces.push(piece));
      incoming.on('end', async () => {
        const body = JSON.parse(Buffer.concat(pieces).toString());
        const request: ChatRequest = { path: incoming.url ?? '', headers: incoming.headers, body };
        const before = endpoint.requests.push(request) - 1;
        send(response, await answer(request, before));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const close = () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    endpoint = new FakeEndpoint((server.address() as AddressInfo).port, close);
    return endpoint;
  }

  /** How often each seed was asked; a seed belongs to one sample of one row. */
  timesAsked(): Map<number, number> {
    const times = new Map<number, number>();
    for (const { body } of this.requests) times.set(body.seed, (times.get(body.seed) ?? 0) + 1);
    return times;
  }

  dispose(): Promise<void> {
    return this.close();
  }
}

export function chatReply(say: string, finish = 'stop', refusal?: string, usage?: unknown): string {
  return JSON.stringify({
    id: 'x',
    object: 'chat.completion',
    choices: [
      { index: 0, message: { role: 'assistant', content: say, refusal: refusal ?? null }, finish_reason: finish },
    ],
    usage: usage === undefined ? { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 } : usage,
  });
}

function send(response: ServerResponse, reply: Reply): void {
  if (reply === 'hang') return;
  if (reply === 'reset') {
    response.socket?.destroy();
    return;
  }
  response.setHeader('content-type', 'application/json');
  if (reply === 'half a body') {
    const whole = chatReply('<think>never whole</think><answer>A</answer>');
    response.setHeader('content-length', whole.length);
    response.write(whole.slice(0, whole.length / 2), () => response.socket?.destroy());
    return;
  }
  if (reply === 'huge body') {
    response.on('error', () => {}); // the client hangs up in the middle
    response.end(chatReply('x'.repeat(8 * 1024 * 1024)));
    return;
  }
  if ('say' in reply) {
    response.end(chatReply(reply.say, reply.finish, reply.refusal, reply.usage));
    return;
  }
  response.writeHead(reply.status, reply.headers);
  response.end(reply.body ?? '');
}
