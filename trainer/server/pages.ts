/**
 * The pages in a browser tab. `page.html` is served for every page, with `{{page}}`, `{{nonce}}` and `{{assets}}` filled
 * in; what it loads lies beside it or in `assets/` and is asked for as `/assets/<name>`. Nothing else of the disk can be reached.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { type WebviewPage, webviewPages } from '../protocol/pages.ts';
import type { Access } from './access.ts';
import { type Exports, exportsPath } from './exports.ts';

const mimeTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
};

/** One plain file name: no folder, no leading dot. */
const assetName = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;

const commonHeaders = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

/** What a page may load and where it may connect: its own server, and scripts only as the page names them. */
function contentSecurityPolicy(nonce: string, host: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' blob: data:",
    "font-src 'self'",
    `connect-src 'self' ws://${host}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

export interface Serving {
  readonly access: Access;
  readonly exports: Exports;
  readonly pagesFolder: string;
}

/** Answers one HTTP request. Rejects where a file breaks off as it is sent: the connection is to be ended then. */
export async function servePage(
  request: IncomingMessage,
  response: ServerResponse,
  { access, exports, pagesFolder }: Serving,
): Promise<void> {
  const send = (status: number, type: string, body: string | Uint8Array, headers: Record<string, string> = {}) => {
    response.writeHead(status, {
      ...commonHeaders,
      'Content-Type': type,
      'Content-Length': Buffer.byteLength(body),
      ...headers,
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  const say = (status: number, text: string, headers?: Record<string, string>) =>
    send(status, 'text/plain; charset=utf-8', `${text}\n`, headers);

  if (request.method !== 'GET' && request.method !== 'HEAD')
    return say(405, 'Only GET is answered here.', { Allow: 'GET, HEAD' });
  const refusal = access.refusal(request, 'page');
  if (refusal) return say(refusal.status, refusal.reason);

  const [path = '/'] = (request.url ?? '/').split('?', 1);
  const name = path.slice(1) || 'dashboard';
  const asset = name.startsWith('assets/') ? name.slice('assets/'.length) : null;
  /* Where somebody goes by an address that names no page, the page itself says which there are. */
  const isWrong =
    asset === null && !name.startsWith(exportsPath) && /\btext\/html\b/.test(request.headers.accept ?? '');
  const page = pageOfPath(name) ?? (isWrong ? 'dashboard' : undefined);
  if (page !== undefined) {
    const template = await readBeside(pagesFolder, 'page.html');
    if (template === null)
      return say(503, `The pages are not built: there is no page.html in ${pagesFolder}. Run "npm run build".`);
    const nonce = randomBytes(16).toString('base64');
    const html = template
      .toString('utf8')
      .replaceAll('{{nonce}}', nonce)
      .replaceAll('{{page}}', page)
      .replaceAll('{{assets}}', '/assets');
    const cookie = access.cookieFor(request);
    return send(pageOfPath(name) === undefined ? 404 : 200, 'text/html; charset=utf-8', html, {
      'Content-Security-Policy': contentSecurityPolicy(nonce, request.headers.host ?? ''),
      ...(cookie && { 'Set-Cookie': cookie }),
    });
  }
  if (name.startsWith(exportsPath)) {
    if (await exports.send(name.slice(exportsPath.length), request, response, commonHeaders)) return;
    return say(404, 'This file was fetched already, or the page that had it made is closed. Export it again.');
  }
  const type = asset === null ? undefined : mimeTypes[extname(asset)];
  if (asset !== null && assetName.test(asset) && type !== undefined) {
    const bytes = await readBeside(pagesFolder, asset);
    if (bytes) return send(200, type, bytes);
  }
  return say(404, `There is no such page. The pages are ${webviewPages.map((one) => `/${one}`).join(', ')}.`);
}

/** The page of a path that a link has: alone, or after the names of a project and a run. The page itself reads those. */
function pageOfPath(name: string): WebviewPage | undefined {
  const segments = name.split('/');
  return segments.length > 3 ? undefined : webviewPages.find((page) => page === segments.at(-1));
}

/** A file's bytes; null when it is not there or is not a file that can be read. */
function readBeside(folder: string, name: string): Promise<Buffer | null> {
  return readFile(join(folder, name)).catch(() => null);
}
