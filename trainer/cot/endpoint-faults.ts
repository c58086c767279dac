/**
 * What is wrong when an endpoint gives no answer: the words of the server, in whatever form it sends them, what to do about
 * it, and whether asking again makes sense. Nothing is sent here.
 */
import { z } from 'zod';

/** `again` is worth another attempt; `question` is this request's fault alone; `all` would be the same for any other request. */
export type FaultScope = 'again' | 'question' | 'all';

export interface EndpointFault {
  readonly scope: FaultScope;
  /** Without a full stop at its end. The server's own words come as they are: they are hostile text. */
  readonly why: string;
}

export const remedies = {
  key: 'check the key: --key-env names the environment variable that holds it',
  address: 'check --endpoint, which ends with what stands before /chat/completions, most often /v1',
  place: 'check --endpoint (it ends with what stands before /chat/completions, most often /v1) and --model',
  quota: 'what was paid for is used up; see to the account at the server',
  rate: 'lower --concurrency',
  server: 'see the log of the server',
  long: 'lower --max-tokens or the frames (--set maxFrames, --set maxPixels), or serve the model with a longer context',
} as const;

const number = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^\d{3}$/)
      .transform(Number),
  ])
  .catch(Number.NaN);
const text = z.string().min(1);

/** The forms in which servers word an error, the more telling ones first. */
const told: z.ZodType<string> = z.union([
  text,
  z.object({ message: text }).transform((value) => value.message),
  z.object({ message: z.object({ message: text }) }).transform((value) => value.message.message),
  z.object({ detail: text }).transform((value) => value.detail),
  z.object({ msg: text }).transform((value) => value.msg),
  z.object({ reason: text }).transform((value) => value.reason),
  z.object({ type: text }).transform((value) => value.type),
  z.object({ code: text }).transform((value) => value.code),
]);
const listed = z
  .array(told)
  .min(1)
  .transform((all) => all.join('; '));
const toldOrListed = z.union([told, listed]);
const errorBody: z.ZodType<string> = z.union([
  z.object({ error: z.object({ error: toldOrListed }) }).transform((body) => body.error.error),
  z.object({ error: toldOrListed }).transform((body) => body.error),
  z.object({ errors: toldOrListed }).transform((body) => body.errors),
  z.object({ detail: toldOrListed }).transform((body) => body.detail),
  z.object({ message: text }).transform((body) => body.message),
  z.object({ error_msg: text }).transform((body) => body.error_msg),
  z.object({ error_message: text }).transform((body) => body.error_message),
  z.object({ msg: text }).transform((body) => body.msg),
]);
const errorStatus = z.union([
  z
    .object({ error: z.object({ code: number, status: number }).partial() })
    .transform(({ error }) => [error.code, error.status]),
  z
    .object({ code: number, status: number, status_code: number })
    .partial()
    .transform((body) => Object.values(body)),
]);

/** The server's words of an error in a reply; null where it holds none. Some wrap their reply into a list. */
export function wordsOfError(value: unknown): string | null {
  const body = Array.isArray(value) ? value[0] : value;
  return errorBody.safeParse(body).data ?? null;
}

/** The status that a reply names in its body, of those that are errors; null where it names none. */
export function statusOfError(value: unknown): number | null {
  const body = Array.isArray(value) ? value[0] : value;
  const named = errorStatus.safeParse(body).data ?? [];
  return named.find((status): status is number => status !== undefined && status >= 400 && status < 600) ?? null;
}

/** A web page as the few words that it has for its reader; null for what is none. */
export function wordsOfPage(body: string): string | null {
  if (!/^\s*(<!doctype html|<html|<head|<body)/i.test(body)) return null;
  const title = /<title[^>]*>([^<]*)/i.exec(body)?.[1]?.trim() ?? '';
  const inner = body.replace(/<(script|style|head)\b[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ');
  return title || inner.replace(/\s+/g, ' ').trim() || 'without words';
}

const isAboutLength = (words: string) =>
  /context.{0,20}(length|window|size)|too (long|large|many (tokens|images))|max(imum)?.{0,30}tokens|prompt.{0,30}exceed/i.test(
    words,
  );
const isAboutKey = (words: string) =>
  /api[ _-]?key|unauthori[sz]ed|authenticat|permission denied|invalid token/i.test(words);
const isAboutQuota = (words: string) =>
  /insufficient[ _]quota|billing|credit|balance|exceeded your current quota/i.test(words);
const isAboutPlace = (words: string) =>
  /(model|endpoint|path|route|url).{0,60}(not (be )?found|does not exist|unknown|unsupported)|unexpected endpoint|no such model|not found/i.test(
    words,
  );
const isAboutRate = (words: string) => /rate.?limit|too many requests|overloaded|busy|throttl/i.test(words);

/**
 * @param status of the answer, or the one that its body names; null where there is none but that of success
 * @param words the server's, already made short and plain
 */
export function faultOfReply(status: number | null, words: string): EndpointFault {
  const name = status === null ? 'the server answers with an error' : `HTTP ${status}`;
  const fault = (scope: FaultScope, remedy: string | null): EndpointFault => ({
    scope,
    why: `${name}: ${words || 'no reason given'}${remedy === null ? '' : ` (${remedy})`}`,
  });
  if (isAboutLength(words) && (status === null || (status >= 400 && status < 500)))
    return fault('question', remedies.long);
  switch (status) {
    case 401:
    case 407:
      return fault('all', remedies.key);
    case 402:
      return fault('all', remedies.quota);
    case 404:
    case 405:
      return fault('all', remedies.place);
    case 429:
      return isAboutQuota(words) ? fault('all', remedies.quota) : fault('again', remedies.rate);
    case 403:
      return isAboutKey(words) ? fault('all', remedies.key) : fault('question', null);
    case null:
      if (isAboutKey(words)) return fault('all', remedies.key);
      if (isAboutQuota(words)) return fault('all', remedies.quota);
      if (isAboutRate(words)) return fault('again', remedies.rate);
      if (isAboutPlace(words)) return fault('all', remedies.place);
      return fault('again', remedies.server);
  }
  return status === 408 || status === 425 || status >= 500 ? fault('again', remedies.server) : fault('question', null);
}

/**
 * @param host of the endpoint, as in its address
 * @param code the system's or Node's name of the error; empty where it has none
 */
export function faultOfConnection(host: string, code: string, message: string): EndpointFault {
  switch (code) {
    case 'ECONNREFUSED':
      return {
        scope: 'again',
        why: `connection refused: nothing listens at ${host} (start the server, or check the port of --endpoint)`,
      };
    case 'ENOTFOUND':
      return {
        scope: 'all',
        why: `there is no host of the name in ${host} (check --endpoint for a slip, and the network)`,
      };
    case 'EAI_AGAIN':
      return { scope: 'again', why: `the name in ${host} can't be looked up now (check the network)` };
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
      return {
        scope: 'again',
        why: `no connection: ${host} cut it off before the reply was whole (${remedies.server})`,
      };
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return {
        scope: 'again',
        why: `no connection: ${host} can't be reached (check --endpoint, the network and a firewall)`,
      };
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'EPROTO':
      return {
        scope: 'all',
        why: `what listens at ${host} speaks no TLS (give --endpoint with http:// instead of https://)`,
      };
    case 'HPE_INVALID_CONSTANT':
    case 'HPE_INVALID_VERSION':
      return {
        scope: 'all',
        why: `what listens at ${host} speaks no HTTP (check the port; where it expects https://, give that)`,
      };
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|ALTNAME/.test(code))
    return {
      scope: 'all',
      why: `the certificate of ${host} is not trusted: ${message} (let the environment variable NODE_EXTRA_CA_CERTS name the file of its authority)`,
    };
  if (message === 'bad port') return { scope: 'all', why: `no program may ask the port of ${host} (check --endpoint)` };
  return { scope: 'again', why: `no connection to ${host}: ${message || code}` };
}
