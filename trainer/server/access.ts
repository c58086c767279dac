/**
 * Who may talk to the trainer. Everything listens on loopback, and still a web page that a person has open elsewhere, or
 * another user of the machine, could reach it; so every request needs the token, and a browser's word on where it comes from.
 *
 * - Host must be a loopback name: a foreign name that resolves to 127.0.0.1 (DNS rebinding) is refused. The port may differ
 *   from ours, as it does behind a forwarded port.
 * - Origin, on a socket, must be absent (the extension, a script) or the page's own (the pages we serve). Webviews inside
 *   VS Code open no socket; the extension passes their messages on.
 * - The token comes in the address, or, from our own pages, as a cookie that was set when a page was opened with the token.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const loopbackNames = ['127.0.0.1', 'localhost', '[::1]'];

export type Refusal = { readonly status: 401 | 403; readonly reason: string };

/** 256 random bits in 43 characters that need no escaping in an address. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/** Compares without telling by its duration how much agrees. */
function equal(given: string, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(secret));
}

export class Access {
  readonly token: string;
  /** The cookie's secret is not the token, which never leaves the address line. */
  private readonly cookieSecret = newToken();

  constructor(token: string = newToken()) {
    this.token = token;
  }

  /** Null when the request may pass. */
  refusal(request: IncomingMessage, kind: 'page' | 'socket'): Refusal | null {
    const { host = '', origin } = request.headers;
    if (!isLoopback(host))
      return {
        status: 403,
        reason: `This trainer answers on loopback only, not as ${JSON.stringify(host.slice(0, 100))}.`,
      };
    if (kind === 'socket' && origin !== undefined && origin !== `http://${host}`) {
      return {
        status: 403,
        reason: `A page of ${JSON.stringify(origin.slice(0, 100))} may not open a socket to this trainer.`,
      };
    }
    const given = this.givenToken(request);
    if (given === null && this.hasCookie(request)) return null;
    if (given !== null && equal(given, this.token)) return null;
    return {
      status: 401,
      reason:
        `${given === null ? 'The address lacks the token' : 'The token in the address is not that'} of this trainer. ` +
        'Open the page from the editor ("Video-R1: Open Dashboard"), or use the address that the trainer printed when it started; ' +
        'each start of the trainer makes a new one. A link to a place goes into the address bar of such a page, after its host, ' +
        'or into the filter of its rollouts; where a page of this browser is open already, reload here by hand.',
    };
  }

  /** The header that lets a page, opened with the token, load its assets and its socket. Null where nothing needs setting. */
  cookieFor(request: IncomingMessage): string | null {
    const given = this.givenToken(request);
    if (given === null || !equal(given, this.token)) return null;
    return `${cookieName(request)}=${this.cookieSecret}; Path=/; HttpOnly; SameSite=Strict`;
  }

  private givenToken(request: IncomingMessage): string | null {
    const query = (request.url ?? '').split('?', 2)[1];
    return query === undefined ? null : new URLSearchParams(query).get('token');
  }

  private hasCookie(request: IncomingMessage): boolean {
    const name = `${cookieName(request)}=`;
    const cookies = (request.headers.cookie ?? '').split(/;\s*/);
    return cookies.some((cookie) => cookie.startsWith(name) && equal(cookie.slice(name.length), this.cookieSecret));
  }
}

/** Browsers keep cookies by host, not by port: trainers of two folders would else take each other's place. */
function cookieName(request: IncomingMessage): string {
  return `video-r1-${/:(\d+)$/.exec(request.headers.host ?? '')?.[1] ?? '80'}`;
}

/** @param host a Host header: a name or address, with or without a port */
export function isLoopback(host: string): boolean {
  return loopbackNames.includes(host.replace(/:\d{1,5}$/, '').toLowerCase());
}
