/** A chat completion that a server streams although it was asked for one piece: its events put together into the one reply. */
import { parseJson } from '../protocol/json.ts';

interface Chunk {
  readonly choices?: readonly {
    readonly delta?: { readonly content?: unknown; readonly refusal?: unknown };
    readonly finish_reason?: unknown;
  }[];
  readonly usage?: unknown;
}

/** Whether a body is a stream of server-sent events. */
export const isEventStream = (body: string): boolean => /^(\uFEFF)?\s*(data|event|id|retry)?:/.test(body);

/**
 * @returns the reply as it would have come in one piece; the event itself where that is an error; undefined where an event is
 *   no JSON or none came, or where the stream broke off before its end
 */
export function replyOfEvents(body: string): unknown {
  const events = body.split(/\r\n|\r|\n/).flatMap((line) => (line.startsWith('data:') ? [line.slice(5).trim()] : []));
  const pieces: string[] = [];
  const refusals: string[] = [];
  let finish: unknown = null;
  let usage: unknown = null;
  for (const event of events) {
    if (event === '[DONE]') break;
    const chunk = parseJson(event) as Chunk | null | undefined;
    if (chunk === undefined || chunk === null || typeof chunk !== 'object') return undefined;
    if (!Array.isArray(chunk.choices)) return chunk;
    const [choice] = chunk.choices;
    if (typeof choice?.delta?.content === 'string') pieces.push(choice.delta.content);
    if (typeof choice?.delta?.refusal === 'string') refusals.push(choice.delta.refusal);
    finish = choice?.finish_reason ?? finish;
    usage = chunk.usage ?? usage;
  }
  if (finish === null) return undefined;
  const message = { content: pieces.join(''), refusal: refusals.join('') || null };
  return { choices: [{ message, finish_reason: finish }], usage };
}
